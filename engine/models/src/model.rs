//! The model file: our own JSON, checked on reading, and prediction by it. What a kind of model has of its own lies in a
//! file of its own.

use crate::error::ModelError;
pub use crate::head::{Head, Input};
use crate::linear::LinearModel;
use crate::logistic::LogisticModel;
use crate::trees::TreesModel;
use serde::{Deserialize, Serialize};
use staunch_core::time::Time;

/// The format that this version writes.
pub const FORMAT: u32 = 1;
/// A row of the contract carries no more reasons.
pub const MAX_REASONS: usize = 16;
/// Inputs of a model.
pub const MAX_INPUTS: usize = 512;
pub(crate) const MAX_NAME: usize = 100;
pub(crate) const MAX_TEXT: usize = 2_000;

/// A trained model of any kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    pub(crate) fn problem(&self) -> Option<String> {
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
        let model = crate::file::parse(bytes).map_err(|e| ModelError::Invalid(e.to_string()))?;
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
