//! From an uncalibrated answer to a probability that means what it says.
//!
//! Platt (1999) fits a sigmoid to the raw value; isotonic regression (Zadrozny and Elkan 2002) a rising step or line to
//! the answer.

use crate::math::sigmoid;
use serde::{Deserialize, Serialize};

/// Knots of an isotonic curve.
pub const MAX_KNOTS: usize = 1_000;

/// A calibration of one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// `sigmoid(slope · raw + intercept)`, in place of the link.
    Platt {
        /// Slope.
        slope: f64,
        /// Intercept.
        intercept: f64,
    },
    /// A line through the points (`from`, `to`), flat beyond its ends, over the answer of the link.
    Isotonic {
        /// Answers, ascending.
        from: Vec<f64>,
        /// Probabilities, not falling; as many.
        to: Vec<f64>,
    },
}

impl Calibration {
    /// The calibrated answer; `answer` is that of the link.
    pub fn apply(&self, raw: f64, answer: f64) -> f64 {
        match self {
            Calibration::Platt { slope, intercept } => sigmoid(slope * raw + intercept),
            Calibration::Isotonic { from, to } => line(from, to, answer),
        }
    }

    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Calibration::Platt { slope, intercept } if slope.is_finite() && intercept.is_finite() => None,
            Calibration::Platt { .. } => Some("slope and intercept of the calibration must be finite".into()),
            Calibration::Isotonic { from, to } => {
                if from.is_empty() || from.len() != to.len() || from.len() > MAX_KNOTS {
                    return Some(format!(
                        "an isotonic calibration has 1 to {MAX_KNOTS} values, as many `to` as `from`"
                    ));
                }
                let ascends = from.iter().all(|x| x.is_finite()) && from.windows(2).all(|pair| pair[0] < pair[1]);
                let rises = to.iter().all(|y| (0.0..=1.0).contains(y)) && to.windows(2).all(|pair| pair[0] <= pair[1]);
                (!ascends || !rises).then(|| "`from` must ascend, and `to` must not fall and lie in 0 to 1".into())
            }
        }
    }
}

/// The line through the points, flat beyond the ends.
fn line(from: &[f64], to: &[f64], x: f64) -> f64 {
    let after = from.partition_point(|knot| *knot <= x);
    match (after.checked_sub(1), from.get(after)) {
        (None, _) => to[0],
        (Some(before), None) => to[before],
        (Some(before), Some(next)) => {
            let share = (x - from[before]) / (next - from[before]);
            to[before] + share * (to[after] - to[before])
        }
    }
}
