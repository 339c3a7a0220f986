//! `staunch model eval`: how good a model is on rows whose outcome is known.

use super::files::{self, KIT};
use super::qualities::Qualities;
use super::{failed, foreign};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use staunch_core::Time;
use staunch_models::{Measured, Model as Trained, Table, TableOptions, scores};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Eval {
    /// The model: ours, or of LightGBM, XGBoost or scikit-learn as `model compile` reads it.
    model: PathBuf,
    /// The table: the inputs of the model and a label column; other columns are not looked at.
    #[arg(long)]
    data: PathBuf,
    /// The label column: 0 or 1, true or false, yes or no; rows without one are left out.
    #[arg(long)]
    label: String,
    /// The column with the instant of a row.
    #[arg(long)]
    at: Option<String>,
    /// Only rows from this time on (needs --at).
    #[arg(long, requires = "at")]
    from: Option<String>,
    /// The column whose rows belong together when intervals are computed.
    #[arg(long)]
    group: Option<String>,
    /// A column by whose values the qualities are broken down.
    #[arg(long)]
    segment: Option<String>,
    /// Writes the model's answer for each row, in order, with the label: `value` and `label`.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Also writes the card (Markdown), the picture of its calibration (SVG) and `evaluation.json` into this folder.
    #[arg(long)]
    kit: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Eval) -> Result<bool> {
    let kit = args.kit.as_deref().map(|folder| (folder, &KIT[..]));
    files::writable(args.output.as_deref(), kit, &[&args.model, &args.data])?;
    let model = foreign::open(&args.model)?;
    let table = table(args, &model)?;
    let answers = scores(&model, &table).map_err(failed)?;
    let qualities = Qualities::of(&answers, &table, Measured::Given)?;
    if let Some(path) = &args.output {
        let line = |(p, label): (&f64, &bool)| format!("{p},{}\n", u8::from(*label));
        let lines: String = answers.iter().zip(&table.labels).map(line).collect();
        files::write(path, format!("value,label\n{lines}").as_bytes())?;
    }
    if let Some(folder) = &args.kit {
        files::write_kit(folder, &qualities.kit(&model, None))?;
    }
    match args.format {
        Format::Json => output::json(&qualities.document()),
        Format::Text => output::say(&qualities.said()),
    }
    Ok(true)
}

/// The table with those columns that the model or the options name, each of the type that the model reads.
fn table(args: &Eval, model: &Trained) -> Result<Table> {
    let head = model.head();
    let texts = head.inputs.iter().filter(|input| !input.categories.is_empty());
    let options = TableOptions {
        inputs: model.input_names().map(str::to_owned).collect(),
        label: args.label.clone(),
        at: args.at.clone(),
        group: args.group.clone(),
        segment: args.segment.clone(),
        texts: texts.map(|input| input.name.to_owned()).collect(),
        ..TableOptions::default()
    };
    let table = files::table(&args.data, &options)?;
    let Some(from) = &args.from else { return Ok(table) };
    let from = Time::parse(from)
        .ok_or_else(|| CliError::usage(format!("`{from}` is no time"), "write it as 2011-09-01T00:00:00Z"))?;
    let late: Vec<usize> = (0..table.len()).filter(|&row| table.at[row] >= from).collect();
    Ok(table.pick(&late))
}
