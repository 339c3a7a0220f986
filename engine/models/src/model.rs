//! The model file: our own JSON, checked on reading, and prediction by it. What a kind of model has of its own lies in a
//! file of its own.

use crate::error::ModelError;
use crate::linear::LinearModel;
use crate::logistic::LogisticModel;
use crate::trees::{TreesInput, TreesModel};
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;
use staunch_core::time::Time;
use std::collections::HashSet;

/// The format that this version writes.
pub const FORMAT: u32 = 1;
/// A row of the contract carries no more reasons.
pub const MAX_REASONS: usize = 16;
/// Inputs of a model.
pub const MAX_INPUTS: usize = 512;
const MAX_NAME: usize = 100;
const MAX_TEXT: usize = 2_000;

/// A trained model of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Model {
    /// Logistic regression.
    Logistic(LogisticModel),
    /// Tree ensemble.
    Trees(TreesModel),
    /// Linear model of another library.
    Linear(LinearModel),
}

/// Where a model comes from and what it is good for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Who answers for it.
    pub owner: String,
    /// What it is meant for, in a sentence.
    pub purpose: String,
    /// First instant of the training data, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<String>,
    /// First instant after the training data and its labels, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_until: Option<String>,
    /// Training rows.
    pub rows: u64,
    /// Training rows with a positive label.
    pub positives: u64,
    /// Qualities on held-out rows.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Labelled outcomes that a workspace should have before it relies on the model.
    pub minimum_outcomes: u32,
    /// When it must be trained again, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// One measured quality with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `auc`, `log_loss`, `brier`, `ece`, `lift_10`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Interval, low end.
    pub low: f64,
    /// Interval, high end.
    pub high: f64,
}

/// What one input adds to the raw value of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The input's name.
    pub input: String,
    /// Signed share of the raw value, which is the log-odds where the answer is a probability.
    pub contribution: f64,
}

/// What a model of any kind says of itself.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// What it is, for people.
    pub kind: &'static str,
    /// Format of its file.
    pub format: u32,
    /// The plugin's name.
    pub name: &'a str,
    /// The plugin's version.
    pub version: &'a str,
    /// What it reads, in order.
    pub inputs: Vec<Input<'a>>,
    /// Labels of its classes; none where it gives one number.
    pub labels: &'a [String],
    /// The raw value that a row starts from: raw = base + all contributions, up to rounding. None for classes.
    pub base: Option<f64>,
    /// Lowest and highest value that it ever gives, where there are such.
    pub range: Option<(f64, f64)>,
    /// Named parts of the range, from low to high.
    pub bands: &'a [Band],
    /// Where it comes from and how good it is.
    pub card: &'a Card,
}

/// An input as the manifest names it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its unit, for people.
    pub unit: &'a Option<String>,
    /// Texts that it knows; none where it is a number.
    pub categories: &'a [String],
}

impl<'a> Input<'a> {
    /// An input of trees.
    pub(crate) fn of(input: &'a TreesInput) -> Input<'a> {
        Input { name: &input.name, unit: &input.unit, categories: &input.categories }
    }
}

impl Head<'_> {
    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format {} is not {FORMAT}", self.format));
        }
        let name_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.chars().all(name_ok) {
            return Some(format!("the name `{}` must be small letters, digits and `-`", self.name));
        }
        if self.version.is_empty() || self.version.len() > MAX_NAME {
            return Some("the version must be 1 to 100 bytes".into());
        }
        self.inputs_problem().or_else(|| self.bands_problem()).or_else(|| self.card.problem())
    }

    fn inputs_problem(&self) -> Option<String> {
        if self.inputs.len() > MAX_INPUTS {
            return Some(format!("{} inputs; a model has at most {MAX_INPUTS}", self.inputs.len()));
        }
        let mut names = HashSet::new();
        for Input { name, unit, categories } in &self.inputs {
            if !names.insert(name) {
                return Some(format!("two inputs are named `{name}`"));
            }
            if name.is_empty() || name.len() > MAX_NAME {
                return Some(format!("input `{name}`: a name is 1 to 100 bytes"));
            }
            if unit.as_ref().is_some_and(|unit| unit.len() > MAX_NAME) {
                return Some(format!("input `{name}`: a unit is at most 100 bytes"));
            }
            let known: HashSet<&String> = categories.iter().collect();
            if known.len() < categories.len() || categories.iter().any(|text| text.len() > MAX_TEXT) {
                return Some(format!("input `{name}`: its texts differ and have at most {MAX_TEXT} bytes"));
            }
        }
        None
    }

    fn bands_problem(&self) -> Option<String> {
        let (low, high) = self.range.unwrap_or((f64::MIN, f64::MAX));
        let sound = |band: &Band| (1..=MAX_NAME).contains(&band.name.len()) && (low..=high).contains(&band.from);
        if !self.bands.iter().all(sound) {
            return Some("a band has a name of 1 to 100 bytes and starts inside the range of the model".into());
        }
        if self.range.is_some() && self.bands.first().is_some_and(|band| band.from != low) {
            return Some(format!("the first band must start at {low}"));
        }
        let ascending = self.bands.windows(2).all(|pair| pair[0].from < pair[1].from);
        (!ascending).then(|| "bands must go from low to high".into())
    }
}

/// The reasons of a row: strongest contribution first, ties in input order, zeros left out, at most [`MAX_REASONS`].
pub(crate) fn strongest<'a>(contributions: impl Iterator<Item = (&'a str, f64)>) -> Vec<Contribution> {
    let mut reasons: Vec<Contribution> = contributions
        .filter(|(_, contribution)| contribution.abs() > 0.0)
        .map(|(input, contribution)| Contribution { input: input.to_owned(), contribution })
        .collect();
    reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    reasons.truncate(MAX_REASONS);
    reasons
}

impl Card {
    fn problem(&self) -> Option<String> {
        if self.owner.len() > MAX_TEXT || self.purpose.len() > MAX_TEXT {
            return Some(format!("owner and purpose are at most {MAX_TEXT} bytes each"));
        }
        if self.data_from.is_some() != self.data_until.is_some() {
            return Some("`data_from` and `data_until` belong together".into());
        }
        for text in [&self.data_from, &self.data_until, &self.expires].into_iter().flatten() {
            if Time::parse(text).is_none() {
                return Some(format!("`{text}` is not an RFC 3339 time"));
            }
        }
        let finite = |metric: &Metric| [metric.value, metric.low, metric.high].iter().all(|n| n.is_finite());
        self.metrics.iter().find(|m| !finite(m)).map(|m| format!("metric `{}` is not finite", m.name))
    }
}

impl Model {
    /// Reads a model file (UTF-8 JSON) and checks that it makes sense.
    pub fn read(bytes: &[u8]) -> Result<Model, ModelError> {
        let model: Model = serde_json::from_slice(bytes).map_err(|e| ModelError::Invalid(e.to_string()))?;
        model.check()?;
        Ok(model)
    }

    /// Writes the model file: readable JSON, the same bytes for the same model, numbers exact.
    pub fn write(&self) -> Result<Vec<u8>, ModelError> {
        self.check()?;
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|e| ModelError::Invalid(e.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Finds what would make the model unusable.
    pub fn check(&self) -> Result<(), ModelError> {
        let own = match self {
            Model::Logistic(model) => model.problem(),
            Model::Trees(model) => model.problem(),
            Model::Linear(model) => model.problem(),
        };
        own.or_else(|| self.head().problem()).map_or(Ok(()), |problem| Err(ModelError::Invalid(problem)))
    }

    /// What it says of itself.
    pub fn head(&self) -> Head<'_> {
        match self {
            Model::Logistic(model) => model.head(),
            Model::Trees(model) => model.head(),
            Model::Linear(model) => model.head(),
        }
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        match self {
            Model::Logistic(model) => &model.card,
            Model::Trees(model) => &model.card,
            Model::Linear(model) => &model.card,
        }
    }

    /// The model's card, to be filled in.
    pub fn card_mut(&mut self) -> &mut Card {
        match self {
            Model::Logistic(model) => &mut model.card,
            Model::Trees(model) => &mut model.card,
            Model::Linear(model) => &mut model.card,
        }
    }

    /// The raw value of every class; of one number its own alone.
    pub fn raws(&self, row: &[Option<f64>]) -> Vec<f64> {
        match self {
            Model::Logistic(model) => vec![model.raw(row)],
            Model::Trees(model) => model.raws(row),
            Model::Linear(model) => model.raws(row),
        }
    }

    /// The share of every class, in the order of the labels; nothing where the answer is one number.
    pub fn shares(&self, row: &[Option<f64>]) -> Vec<f64> {
        match self {
            Model::Logistic(_) => Vec::new(),
            Model::Trees(model) => model.shares(row),
            Model::Linear(model) => model.shares(row),
        }
    }

    /// The code of a text for an input, `None` where the input does not know it or is a number.
    pub fn code(&self, input: usize, text: &str) -> Option<f64> {
        match self {
            Model::Logistic(_) => None,
            Model::Trees(model) => model.code(input, text),
            Model::Linear(model) => model.code(input, text),
        }
    }

    /// Names of the inputs, in order.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.head().inputs.into_iter().map(|input| input.name)
    }

    /// Per input two values beyond which nothing changes any more, low and high.
    pub fn ends(&self) -> Vec<(f64, f64)> {
        match self {
            Model::Logistic(model) => model.inputs.iter().map(|input| (input.low, input.high)).collect(),
            Model::Trees(model) => model.ends(),
            Model::Linear(model) => model.inputs.iter().map(|input| (input.low, input.high)).collect(),
        }
    }

    /// The value before the link function, such as log-odds; `row` as [`Model::predict`] takes it.
    pub fn raw(&self, row: &[Option<f64>]) -> f64 {
        match self {
            Model::Logistic(model) => model.raw(row),
            Model::Trees(model) => model.raw(row),
            Model::Linear(model) => model.raw(row),
        }
    }

    /// The value of a row and why: strongest contribution first, ties in input order, zeros left out, at most
    /// [`MAX_REASONS`]. `row` holds one finite value per input, in the model's order; one that it does not hold counts
    /// as missing.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        match self {
            Model::Logistic(model) => model.predict(row),
            Model::Trees(model) => model.predict(row),
            Model::Linear(model) => model.predict(row),
        }
    }
}
