//! `staunch model compile` and `staunch model import`: model files of any format that is read, and what the caller says
//! of them.

use super::files::write;
use super::train::band;
use super::{about, failed};
use crate::app;
use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use staunch_models::import::{self, Format, Options};
use staunch_models::{Model, compile};
use std::path::{Path, PathBuf};

/// A model file and what it does not say itself.
#[derive(Debug, Args)]
pub struct Foreign {
    /// The model: LightGBM text, XGBoost JSON or UBJSON, ONNX of scikit-learn, or our own JSON.
    model: PathBuf,
    /// What is written.
    #[arg(short, long)]
    output: PathBuf,
    /// The plugin's name: small letters, digits and `-`; else the file's name, or what our own JSON says.
    #[arg(long)]
    name: Option<String>,
    /// The plugin's version; else 1.0.0, or what our own JSON says.
    #[arg(long)]
    version: Option<String>,
    /// What it is for, for the card.
    #[arg(long)]
    purpose: Option<String>,
    /// Who answers for it, for the card.
    #[arg(long)]
    owner: Option<String>,
    /// Named ranges of the score from low to high: NAME=FROM.
    #[arg(long = "band", value_name = "NAME=FROM")]
    bands: Vec<String>,
    /// Names of all inputs in order, where the file has none or others than the workflow.
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    inputs: Vec<String>,
    /// Names of all classes in order, where the file only numbers them.
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    labels: Vec<String>,
}

impl Foreign {
    fn read(&self) -> Result<(Model, Option<Format>)> {
        let bytes = bytes(&self.model)?;
        let format = Format::of(&bytes);
        let own = format == Some(Format::Own);
        let options = Options {
            name: self.name.clone().or_else(|| (!own).then(|| name_of(&self.model))),
            version: self.version.clone(),
            owner: self.owner.clone(),
            purpose: self.purpose.clone(),
            bands: self.bands.iter().map(|text| band(text)).collect::<Result<_>>()?,
            inputs: self.inputs.clone(),
            labels: self.labels.clone(),
        };
        Ok((import::read(&bytes, &options).map_err(|error| about(&self.model, &error))?, format))
    }
}

/// A model file of any format.
pub(super) fn open(path: &Path) -> Result<Model> {
    import::read(&bytes(path)?, &Options::default()).map_err(|error| about(path, &error))
}

/// The file, but never much more of it than is read.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let failed = |error: std::io::Error| CliError::file(path, &error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(import::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A plugin's name after the file's.
fn name_of(model: &Path) -> String {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let name: String = stem.chars().map(plain).take(100).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "model".into() } else { name.to_owned() }
}

/// To a wasm component.
pub fn to_component(args: &Foreign) -> Result<bool> {
    app::writable(&args.output, &[&args.model])?;
    let (model, _) = args.read()?;
    let wasm = compile(&model).map_err(|error| about(&args.model, &error))?;
    write(&args.output, &wasm)?;
    let digest = staunch_scoring::sha256_hex(&wasm);
    output::say(&format!(
        "{} bytes written to {}\nsha256 {digest}\npin it with `staunch lock`",
        wasm.len(),
        args.output.display()
    ));
    Ok(true)
}

/// To our own JSON.
pub fn to_json(args: &Foreign) -> Result<bool> {
    app::writable(&args.output, &[&args.model])?;
    let (model, format) = args.read()?;
    write(&args.output, &model.write().map_err(failed)?)?;
    let head = model.head();
    let kind = format.map_or("model file", Format::name);
    output::say(&format!("{kind}: a {} of {} inputs, `{}` {}", head.kind, head.inputs.len(), head.name, head.version));
    if !head.labels.is_empty() {
        output::say(&format!("classes: {}", head.labels.join(", ")));
    }
    output::say(&format!("written to {}; compile it with `staunch model compile`", args.output.display()));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_named_after_its_file() {
        let cases = [
            ("models/Churn_v2.json", "churn-v2"),
            ("churn.onnx", "churn"),
            ("__.txt", "model"),
            ("Größe.ubj", "gr--e"),
        ];
        for (path, name) in cases {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}
