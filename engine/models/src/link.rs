//! From raw values to answers: links, and the shares of classes.

use crate::math::{exp, sigmoid};
use crate::trees::MAX_VALUE;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Classes of a model.
pub const MAX_CLASSES: usize = 100;

/// From the raw value to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The raw value is log-odds, the answer a probability.
    Sigmoid,
    /// The answer is the raw value.
    Identity,
    /// The answer is e^raw, such as a count.
    Exp,
    /// Classes: shares are e^raw over their sum.
    Softmax,
    /// Classes: shares are sigmoid(raw) over their sum.
    OneVsRest,
    /// Classes: shares are the raw values over their sum, those below 0 as 0.
    Shares,
}

impl Link {
    /// Whether the answer is a share for each class.
    pub fn is_of_classes(self) -> bool {
        matches!(self, Link::Softmax | Link::OneVsRest | Link::Shares)
    }

    /// The answer of a model that gives one number.
    pub(crate) fn number(self, raw: f64) -> f64 {
        match self {
            Link::Sigmoid => sigmoid(raw),
            Link::Exp => exp(raw),
            Link::Identity | Link::Softmax | Link::OneVsRest | Link::Shares => raw,
        }
    }

    /// The shares of classes with these raw values, which sum to 1.
    pub(crate) fn shares(self, raws: Vec<f64>) -> Vec<f64> {
        let count = raws.len();
        let parts: Vec<f64> = match self {
            Link::OneVsRest => raws.into_iter().map(sigmoid).collect(),
            // Not `max`: which zero that gives is left open.
            Link::Shares => raws.into_iter().map(|raw| if raw > 0.0 { raw } else { 0.0 }).collect(),
            _ => {
                let top = raws.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                raws.into_iter().map(|raw| exp(raw - top)).collect()
            }
        };
        let sum = parts.iter().fold(0.0, |sum, part| sum + part);
        // Where every part vanished nothing is known.
        let even = 1.0 / count as f64;
        parts.into_iter().map(|part| if sum > 0.0 { part / sum } else { even }).collect()
    }

    /// What contradicts itself in the classes of a model; `bases` holds their raw values before anything else.
    pub(crate) fn classes_problem(self, labels: &[String], bases: &[f64]) -> Option<String> {
        if self.is_of_classes() == labels.is_empty() {
            return Some("`labels` belong to the links `softmax`, `one_vs_rest` and `shares`, and to no other".into());
        }
        if labels.is_empty() {
            return None;
        }
        if !(2..=MAX_CLASSES).contains(&labels.len()) || bases.len() != labels.len() {
            return Some(format!("classes are 2 to {MAX_CLASSES}, with as many `bases`"));
        }
        if !bases.iter().all(|base| base.abs() <= MAX_VALUE) {
            return Some(format!("`bases` must be finite and at most {MAX_VALUE:e} in size"));
        }
        let distinct: HashSet<&String> = labels.iter().collect();
        let named = labels.iter().all(|label| (1..=100).contains(&label.len()));
        (distinct.len() != labels.len() || !named).then(|| "labels differ and have 1 to 100 bytes".into())
    }
}

/// The class with the largest share, the first of equal ones; 0 where there are none.
pub(crate) fn top(shares: &[f64]) -> usize {
    (1..shares.len()).fold(0, |top, class| if shares[class] > shares[top] { class } else { top })
}
