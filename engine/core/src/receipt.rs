//! Receipts: the full reason for an action, or for its absence, as values that are stored and shown.

use crate::action::ReasonCode;
use crate::map::Map;
use crate::score::{Reason, Shadow};
use crate::time::Time;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a guard said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Nothing against it.
    Pass,
    /// Not before a time.
    Wait,
    /// Never.
    Never,
}

/// One guard, asked for one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The guard: its kind, and its id where the policy gives one (`cap weekly`).
    pub guard: String,
    /// What it said.
    pub said: Said,
    /// The reason it would give.
    pub reason: Option<ReasonCode>,
    /// What it counted.
    pub counter: Option<f64>,
    /// Its limit.
    pub limit: Option<f64>,
    /// Where it said wait: until when.
    pub until: Option<Time>,
    /// In words.
    pub detail: String,
}

/// The reason trail of one handled event or wake-up of one contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The event's key, or the wake-up's, 32 hex digits.
    pub id: String,
    /// The contact.
    pub contact: String,
    /// The event; `None` for a wake-up.
    pub event: Option<EventNote>,
    /// The time it is decided for: the event's, or that of the last deadline.
    pub at: Time,
    /// Older than what was already decided: state only.
    pub late: bool,
    /// What it meant for each workflow that it touched.
    pub entries: Vec<Entry>,
}

/// What a receipt keeps of an event: no personal value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventNote {
    /// Id within its source.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its type.
    pub kind: String,
    /// Its time.
    pub time: Time,
    /// Its declared fields; personal ones are masked.
    #[serde(serialize_with = "crate::map::serialize")]
    pub fields: Map<String, Value>,
}

/// What one decision meant for one run, or for a start that did not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The workflow.
    pub workflow: String,
    /// Its version.
    pub version: String,
    /// The run; `None` where none started.
    pub run: Option<String>,
    /// The time it was decided for.
    pub at: Time,
    /// One word and its reason: `started`, `not started: …`, `went on`, `goal`, `left: …`, `held: …`.
    pub what: String,
    /// Each step and rule that was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
    /// Feature values that were read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, f64>,
    /// Scores that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreNote>,
    /// Ids of the actions that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

/// One step or rule that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The author's id of the step or case, or `start`, `goal`, `leave_when`.
    pub step: String,
    /// The expression, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What came of it.
    pub result: String,
    /// The names that the expression read, with their values; personal ones are masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, Option<Value>)>,
}

/// One score that a decision read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreNote {
    /// Its name in the workflow.
    pub name: String,
    /// The plugin.
    pub plugin: String,
    /// The score; `None` where it was unavailable.
    pub value: Option<f64>,
    /// The band it falls in.
    pub band: Option<String>,
    /// Classes with their shares, largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, f64)>,
    /// A ranking's items, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<String>,
    /// Code and message, where it was unavailable.
    pub failure: Option<String>,
    /// Why, strongest first.
    pub reasons: Vec<Reason>,
    /// sha256 of the plugin.
    pub digest: Option<String>,
    /// What the plugin saw.
    pub inputs: Vec<(String, Option<Value>)>,
    /// The decision lies inside the plugin's training period: the score has seen what it predicts.
    pub in_training: bool,
    /// What the plugin's challenger said, where it has one; nothing was decided by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
}

/// What stands in place of a personal value.
pub const MASK: &str = "(personal)";
/// The longest text that a receipt shows, in bytes: a receipt is for people, and an event may carry a megabyte.
pub const LONGEST_TEXT: usize = 256;

/// A value as a receipt shows it: masked where it is personal, shortened where it is long.
pub fn shown(value: &Value, personal: bool) -> Value {
    match value {
        _ if personal => Value::Text(MASK.into()),
        Value::Text(text) if text.len() > LONGEST_TEXT => {
            Value::Text(format!("{}… ({} bytes)", &text[..text.floor_char_boundary(LONGEST_TEXT)], text.len()))
        }
        other => other.clone(),
    }
}
