//! A run: one contact's way through one workflow version.

use crate::arm::Assignment;
use crate::map::Map;
use crate::time::{Span, Time};
use crate::value::Value;
use crate::workflow::Goal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a run stands. A contact holds it until it is over and its goal can no longer be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Hash of (workspace, workflow, contact, entry source and id), 32 hex digits.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The version it entered with and keeps.
    pub version: String,
    /// What started it, frozen.
    pub entry: EntryEvent,
    /// Where it is.
    pub status: RunStatus,
    /// Its arm, fixed when it first plans an action.
    pub assignment: Option<Assignment>,
    /// When it first planned an action (or would have): the start of the comparison.
    pub exposed_at: Option<Time>,
    /// When its goal was reached.
    pub goal_at: Option<Time>,
    /// What that was worth.
    pub goal_value: Option<f64>,
    /// When it was over.
    pub ended_at: Option<Time>,
    /// Until when one of its actions may still be pending.
    pub pending_until: Option<Time>,
    /// The arm of each `split` that it passed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub splits: BTreeMap<String, String>,
    /// A score was unavailable and the workflow wants a person of this role to see what follows: (score, role).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<(String, String)>,
    /// Out of the comparison: the contact was on both sides of it before two records became one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub crossed: bool,
}

/// What started a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EntryEvent {
    /// Source of the event.
    pub source: String,
    /// Its id.
    pub id: String,
    /// Its time.
    pub time: Time,
    /// Its declared fields.
    #[serde(serialize_with = "crate::map::serialize")]
    pub fields: Map<String, Value>,
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RunStatus {
    /// Stands in a wait.
    Waiting {
        /// The author's step id.
        step: String,
        /// Goes on at this time.
        until: Time,
    },
    /// Stands before a step that could not be evaluated.
    Held {
        /// The author's step id.
        step: String,
        /// Why: `score_unavailable`, `expression`, `render`, `version_gone`.
        reason: String,
        /// Since when.
        since: Time,
        /// Tried again at this time.
        retry_at: Time,
    },
    /// Came to its end.
    Done,
    /// Was ended before.
    Left {
        /// Why.
        reason: String,
    },
}

/// The time between two tries of a held run.
pub const RETRY_EVERY: Span = Span::seconds(3_600);
/// A run held this long leaves.
pub const HELD_AT_MOST: Span = Span::days(7);

impl Run {
    /// The id of the run that an event starts.
    pub fn id_of(workspace: &str, workflow: &str, contact: &str, source: &str, id: &str) -> String {
        hex::encode(crate::action::hash16("run", &[workspace, workflow, contact, source, id]))
    }

    /// Not over yet.
    pub fn active(&self) -> bool {
        matches!(self.status, RunStatus::Waiting { .. } | RunStatus::Held { .. })
    }

    /// When it has to be looked at again without an event.
    pub fn deadline(&self) -> Option<Time> {
        match self.status {
            RunStatus::Waiting { until, .. } => Some(until),
            RunStatus::Held { retry_at, .. } => Some(retry_at),
            _ => None,
        }
    }

    /// The step it stands at.
    pub fn step(&self) -> Option<&str> {
        match &self.status {
            RunStatus::Waiting { step, .. } | RunStatus::Held { step, .. } => Some(step),
            _ => None,
        }
    }

    /// The state's word.
    pub fn word(&self) -> &'static str {
        match self.status {
            RunStatus::Waiting { .. } => "waiting",
            RunStatus::Held { .. } => "held",
            RunStatus::Done => "done",
            RunStatus::Left { .. } => "left",
        }
    }

    /// Until when something can still come of it once it is over: its goal, or an action that is pending.
    pub fn open_until(&self, goal: Option<&Goal>) -> Option<Time> {
        let goal = goal.filter(|_| self.goal_at.is_none() && self.exposed_at.is_some());
        goal.map(|goal| self.goal_window(goal.window).1).max(self.pending_until)
    }

    /// From when and until when its goal counts: from the exposure, or the entry where nothing was planned.
    pub fn goal_window(&self, window: Span) -> (Time, Time) {
        let from = self.exposed_at.unwrap_or(self.entry.time);
        (from, from + window)
    }
}
