//! Models that other libraries trained, read into our own [`Model`].
//!
//! A format is known by its first bytes, never by a file's name. Each has a file or folder of its own here that only
//! parses and translates; what all have in common (size, names, the card) is done here. Every reader takes linear time,
//! holds what it builds within [`MAX_BYTES`], `MAX_TREES` and `MAX_NODES`, and answers any bytes with a model that
//! passes [`Model::check`] or with an error that names the place.

mod lightgbm;
mod onnx;
mod single;
mod texts;
mod ubjson;
mod xgboost;

use crate::error::ModelError;
use crate::linear::{LinearInput, LinearModel};
use crate::logistic::{LogisticInput, LogisticModel};
use crate::model::{Card, FORMAT, Model};
use crate::node::Node;
use crate::trees::{Link, MAX_NODES, MAX_TREES, TreesInput, TreesModel};
use staunch_core::score::Band;

/// Size of a model file.
pub const MAX_BYTES: usize = 64 << 20;
/// Codes in the lists of all splits over categories together.
const MAX_CODES: usize = 4_000_000;
/// What a model is called where nobody said it.
const NAME: &str = "model";
/// Labelled outcomes that a workspace should have before it relies on a model that says nothing about it.
const OUTCOMES: u32 = 500;

/// What the file of a model cannot say, or says otherwise than is wanted. What is not given stays as the file has it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plugin's name: small letters, digits and `-`. A foreign file has none and becomes `model`.
    pub name: Option<String>,
    /// The plugin's version. A foreign file has none and becomes `1.0.0`.
    pub version: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is meant for, in a sentence.
    pub purpose: Option<String>,
    /// Named parts of the answer's range, from low to high.
    pub bands: Vec<Band>,
    /// Names of all inputs in order, in place of those of the file.
    pub inputs: Vec<String>,
    /// Labels of all classes in order, in place of those of the file.
    pub labels: Vec<String>,
}

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON.
    Own,
    /// Text of LightGBM.
    LightGbm,
    /// JSON of XGBoost.
    XgboostJson,
    /// UBJSON of XGBoost.
    XgboostUbjson,
    /// ONNX with the operators of `ai.onnx.ml`.
    Onnx,
}

impl Format {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Own => "model file of Staunch",
            Format::LightGbm => "LightGBM text",
            Format::XgboostJson => "XGBoost JSON",
            Format::XgboostUbjson => "XGBoost UBJSON",
            Format::Onnx => "ONNX",
        }
    }

    /// The format of a file by its content.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        let text = bytes.trim_ascii_start();
        if text.starts_with(b"tree\n") || text.starts_with(b"tree\r\n") {
            return Some(Format::LightGbm);
        }
        if let Some(inside) = text.strip_prefix(b"{") {
            // UBJSON has a length where JSON has a quotation mark; ONNX does not start with a brace.
            let inside = inside.trim_ascii_start();
            return Some(match inside.first() {
                Some(b'"') if own(inside) => Format::Own,
                Some(b'"' | b'}') | None => Format::XgboostJson,
                Some(_) => Format::XgboostUbjson,
            });
        }
        onnx::looks_like(bytes).then_some(Format::Onnx)
    }
}

/// Whether a JSON object is a model file of ours: those of XGBoost start with `learner` or `version`.
fn own(inside: &[u8]) -> bool {
    [b"\"learner\"".as_slice(), b"\"version\"", b"\"Config\""].iter().all(|key| !inside.starts_with(key))
}

/// Reads a model file of any format that is known here.
pub fn read(bytes: &[u8], options: &Options) -> Result<Model, ModelError> {
    if bytes.len() > MAX_BYTES {
        let limit = MAX_BYTES >> 20;
        return Err(ModelError::TooLarge(format!("the file has {} bytes, at most {limit} MiB are read", bytes.len())));
    }
    let format = Format::of(bytes).ok_or_else(|| unknown(bytes))?;
    let mut model = match format {
        Format::Own => Model::read(bytes)?,
        Format::LightGbm => lightgbm::read(bytes)?,
        Format::XgboostJson => xgboost::read_json(bytes)?,
        Format::XgboostUbjson => xgboost::read_ubjson(bytes)?,
        Format::Onnx => onnx::read(bytes)?,
    };
    if format != Format::Own {
        model.check().map_err(|error| broken(format, "the whole", inner(&error)))?;
    }
    apply(&mut model, options)?;
    Ok(model)
}

fn inner(error: &ModelError) -> String {
    match error {
        ModelError::Invalid(problem) => problem.clone(),
        other => other.to_string(),
    }
}

fn unknown(bytes: &[u8]) -> ModelError {
    let problem = match bytes {
        [] => "the file is empty",
        [0x80, ..] => "it is a Python pickle, which runs code of whoever wrote it and is never read",
        [b'P', b'K', ..] => "it is a zip archive",
        [0x1f, 0x8b, ..] => "it is compressed by gzip",
        [b'b', b'i', b'n', b'f', ..] => "it is the old binary format of XGBoost",
        [0, b'a', b's', b'm', ..] => "it is WebAssembly already",
        _ => "it starts like none of LightGBM text, XGBoost JSON, XGBoost UBJSON, ONNX and our own JSON",
    };
    ModelError::Foreign { format: "model file", place: "start".into(), problem: problem.into() }
}

/// A part of a file that cannot be read or contradicts another.
fn broken(format: Format, place: impl ToString, problem: impl ToString) -> ModelError {
    ModelError::Foreign { format: format.name(), place: place.to_string(), problem: problem.to_string() }
}

/// A part of a sound file that no model of ours can express.
fn unsupported(format: Format, place: impl ToString, what: impl ToString, next: &'static str) -> ModelError {
    ModelError::Unsupported { format: format.name(), place: place.to_string(), what: what.to_string(), next }
}

/// What a foreign file becomes before anybody says more about it.
fn trees_model(inputs: Vec<TreesInput>, link: Link, trees: Vec<Vec<Node>>) -> TreesModel {
    TreesModel {
        format: FORMAT,
        name: NAME.into(),
        version: "1.0.0".into(),
        inputs,
        base: 0.0,
        labels: Vec::new(),
        bases: Vec::new(),
        link,
        scale: 1.0,
        calibration: None,
        trees,
        bands: Vec::new(),
        card: card(),
    }
}

/// The same for a linear model.
fn linear_model(inputs: Vec<LinearInput>, bases: Vec<f64>, link: Link, labels: Vec<String>) -> Model {
    let (name, version) = (NAME.into(), "1.0.0".into());
    let (bands, card) = (Vec::new(), card());
    Model::Linear(LinearModel { format: FORMAT, name, version, inputs, labels, bases, link, bands, card })
}

/// The same for a logistic regression.
fn logistic_model(inputs: Vec<LogisticInput>, intercept: f64) -> Model {
    let (name, version) = (NAME.into(), "1.0.0".into());
    let (bands, card) = (Vec::new(), card());
    Model::Logistic(LogisticModel { format: FORMAT, name, version, inputs, intercept, bands, card })
}

fn card() -> Card {
    Card { minimum_outcomes: OUTCOMES, ..Card::default() }
}

/// Counts what a model holds while it is read, so that a small file cannot become a large model.
#[derive(Debug, Default)]
struct Budget {
    trees: usize,
    nodes: usize,
    codes: usize,
}

impl Budget {
    /// One more tree of so many nodes.
    fn tree(&mut self, nodes: usize) -> Result<(), ModelError> {
        self.trees += 1;
        self.nodes = self.nodes.saturating_add(nodes);
        if self.trees > MAX_TREES {
            return Err(ModelError::TooLarge(format!("it has more than {MAX_TREES} trees")));
        }
        if self.nodes > MAX_NODES {
            return Err(ModelError::TooLarge(format!("its trees have more than {MAX_NODES} nodes together")));
        }
        Ok(())
    }

    /// So many more codes in the list of a split.
    fn codes(&mut self, codes: usize) -> Result<(), ModelError> {
        self.codes = self.codes.saturating_add(codes);
        if self.codes > MAX_CODES {
            let problem = format!("its splits over categories name more than {MAX_CODES} codes together");
            return Err(ModelError::TooLarge(problem));
        }
        Ok(())
    }
}

/// Gives inner nodes the value that is expected at them: the mean of their children, each by its weight, such as the
/// training rows that reached it. Children come behind their parents.
fn expected(nodes: &mut [Node], weights: &[f64]) {
    for at in (0..nodes.len()).rev() {
        let Some(split) = &nodes[at].split else { continue };
        let [left, right] = [split.left, split.right].map(|child| (nodes[child].value, weights[child]));
        let sum = left.1 + right.1;
        let known = left.1 >= 0.0 && right.1 >= 0.0 && sum > 0.0 && sum.is_finite();
        let share = if known { left.1 / sum } else { 0.5 };
        nodes[at].value = left.0 * share + right.0 * (1.0 - share);
    }
}

/// Puts what the caller said in place of what the file says.
fn apply(model: &mut Model, options: &Options) -> Result<(), ModelError> {
    let count = model.head().inputs.len();
    if !options.inputs.is_empty() && options.inputs.len() != count {
        return Err(ModelError::Options(format!("{} names for {count} inputs", options.inputs.len())));
    }
    let classes = model.head().labels.len();
    if !options.labels.is_empty() && options.labels.len() != classes {
        return Err(ModelError::Options(format!("{} labels for {classes} classes", options.labels.len())));
    }
    let (name, version, bands) = match model {
        Model::Logistic(model) => {
            model.inputs.iter_mut().zip(&options.inputs).for_each(|(input, name)| input.name.clone_from(name));
            (&mut model.name, &mut model.version, &mut model.bands)
        }
        Model::Linear(model) => {
            model.inputs.iter_mut().zip(&options.inputs).for_each(|(input, name)| input.name.clone_from(name));
            model.labels.iter_mut().zip(&options.labels).for_each(|(label, name)| label.clone_from(name));
            (&mut model.name, &mut model.version, &mut model.bands)
        }
        Model::Trees(model) => {
            model.inputs.iter_mut().zip(&options.inputs).for_each(|(input, name)| input.name.clone_from(name));
            model.labels.iter_mut().zip(&options.labels).for_each(|(label, name)| label.clone_from(name));
            (&mut model.name, &mut model.version, &mut model.bands)
        }
    };
    set(name, options.name.as_ref());
    set(version, options.version.as_ref());
    if !options.bands.is_empty() {
        bands.clone_from(&options.bands);
    }
    let card = model.card_mut();
    set(&mut card.owner, options.owner.as_ref());
    set(&mut card.purpose, options.purpose.as_ref());
    // The file was sound, so what is not is what was given beside it.
    model.check().map_err(|error| ModelError::Options(inner(&error)))
}

fn set(field: &mut String, wanted: Option<&String>) {
    if let Some(wanted) = wanted {
        field.clone_from(wanted);
    }
}

#[cfg(test)]
mod tests;
