//! Scores: what a workflow asks of a plugin, and what came back.

use crate::expr::{Expr, Root};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// One declared score of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreDef {
    /// Its name under `score.`.
    pub name: String,
    /// The plugin's name in `staunch.lock`.
    pub plugin: String,
    /// What it sees, in order: (root, name). A plugin's input is matched by the last part.
    pub inputs: Vec<(Root, String)>,
    /// What happens when the plugin gives nothing.
    pub if_unavailable: IfUnavailable,
    /// The shape of its answers, from the plugin's manifest.
    #[serde(default)]
    pub kind: ScoreKind,
    /// Cut points from low to high with names, from the plugin's manifest, for `band.NAME`; may be empty.
    pub bands: Vec<Band>,
}

/// The shape of a plugin's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// One number: `score.x`.
    #[default]
    Scalar,
    /// A share for each of these labels: `score.x.label`, `score.x.p`, `score.x.of("label")`.
    Classes(Vec<String>),
    /// Items from best to worst: `score.x.top(0) ?? …`.
    Ranking,
}

/// A named range of a scalar score: from `from` up to the next band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Its name, such as `uncertain`.
    pub name: String,
    /// The lowest score in it.
    pub from: f64,
}

/// What a workflow does when a score is unavailable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum IfUnavailable {
    /// Hold the run before the step and try again.
    Hold,
    /// Go on as if every condition on it were false, and let a person of this role see every later action of the run.
    Review(String),
    /// End the run.
    Skip,
    /// Use the value of an expression instead (`accept_risk` was given where it can reach an effect).
    Expr(Expr),
}

/// One row to score. The same request has the same answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRequest {
    /// The plugin's name.
    pub plugin: String,
    /// Inputs in the declared order: last name part, and the value if there is one.
    pub inputs: Vec<(String, Option<Value>)>,
}

impl ScoreRequest {
    /// Equal for equal requests: a hash of the plugin's name and the inputs, 32 hex digits.
    pub fn key(&self) -> String {
        let mut inputs = Vec::with_capacity(32 * self.inputs.len());
        for (name, value) in &self.inputs {
            // A number, by far the most frequent value, needs no text. Names end with a byte that is in no text.
            inputs.extend_from_slice(name.as_bytes());
            inputs.push(0xff);
            match value {
                Some(Value::Number(number)) => {
                    inputs.push(b'n');
                    inputs.extend_from_slice(&number.to_bits().to_le_bytes());
                }
                other => {
                    inputs.push(b'v');
                    inputs.extend(serde_json::to_vec(other).unwrap_or_default());
                    inputs.push(0xff);
                }
            }
        }
        crate::action::hash_hex("score", &[self.plugin.as_bytes(), &inputs])
    }
}

/// What a plugin said of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The score; for classes the share of the first label, for a ranking the score of its first item.
    pub value: f64,
    /// Classes with their shares, largest first; empty for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, f64)>,
    /// A ranking's items, best first; empty for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<String>,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
    /// sha256 of the component, hex.
    pub digest: String,
    /// Of the component's manifest: the score lies before this instant's data window end → inside its training period.
    pub trained_until: Option<crate::time::Time>,
    /// What the plugin's challenger said of the same row, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
}

/// What a challenger said: noted beside the score that counts, and never decided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    /// The challenger's version.
    pub version: String,
    /// sha256 of the component, hex.
    pub digest: String,
    /// Its score, as [`Scored::value`]; `None` where it failed.
    pub value: Option<f64>,
    /// Its label with the largest share, or its first item; `None` for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// Code and message, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Scored {
    /// A scalar answer without reasons.
    pub fn scalar(value: f64, digest: &str) -> Scored {
        let (classes, ranking, reasons) = (Vec::new(), Vec::new(), Vec::new());
        Scored { value, classes, ranking, reasons, digest: digest.to_owned(), trained_until: None, shadow: None }
    }
}

/// One contribution to a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The input it belongs to.
    pub input: String,
    /// Its share of the raw score.
    pub contribution: f64,
}

/// Why a plugin gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ScoreFailure {
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// sha256 of the plugin that was asked, hex; `None` where none was in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl ScoreFailure {
    /// A failure that no plugin answers for, or none that is known here.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> ScoreFailure {
        ScoreFailure { code: code.into(), message: message.into(), digest: None }
    }
}

/// The answer for one row.
pub type ScoreOutcome = Result<Scored, ScoreFailure>;
