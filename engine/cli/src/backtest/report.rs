//! The report as values; its JSON has these keys.

use super::outcome::Outcome;
use crate::playback::Unread;
use serde::Serialize;

/// The same figure of both versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Both<T> {
    /// The version that is compared with.
    pub old: T,
    /// The version of the workspace.
    pub new: T,
}

/// Two versions over one history.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The workspace.
    pub workspace: String,
    /// How the versions are called.
    pub versions: Both<String>,
    /// First and last event.
    pub from: String,
    /// First and last event.
    pub to: String,
    /// Days from the first event to the last, both included.
    pub days_count: usize,
    /// Events that were played.
    pub events: u64,
    /// Lines that are no events of the workspace.
    pub refused: Both<u64>,
    /// The first lines that are no events of the new version.
    pub unread: Vec<Unread>,
    /// Contacts of the history.
    pub contacts: usize,
    /// The stage of all workflows.
    pub stage: &'static str,
    /// Runs that started.
    pub runs: Both<usize>,
    /// Messages to contacts (everything but tasks).
    pub messages: Both<u64>,
    /// Tasks.
    pub tasks_count: Both<u64>,
    /// Who gets at least one message in which version.
    pub reach: Reach,
    /// Who gains or loses a message, by step.
    pub steps: Vec<StepRow>,
    /// How many contacts get how many messages.
    pub histogram: Vec<Bucket>,
    /// What stood in the way of actions.
    pub guards: Vec<GuardRow>,
    /// What it costs; empty where the workspace names no costs.
    pub costs: Vec<CostRow>,
    /// Actions that wait for a person, by day.
    pub reviews: Both<Load>,
    /// Tasks by assignee and day.
    pub tasks: Vec<TaskRow>,
    /// How often each rule was taken, and what followed.
    pub rules: Vec<RuleRow>,
    /// Messages by day.
    pub days: Vec<DayRow>,
    /// What became of actions.
    pub actions: Vec<ActionRow>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

/// Contacts by the versions in which they get at least one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// In the old one only.
    pub only_old: usize,
    /// In the new one only.
    pub only_new: usize,
    /// In both.
    pub both: usize,
    /// In neither.
    pub neither: usize,
}

/// One step on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepRow {
    /// The workflow.
    pub workflow: String,
    /// The step.
    pub step: String,
    /// The channel.
    pub channel: &'static str,
    /// What went out.
    pub sent: Both<u64>,
    /// Contacts that get more of it in the new version.
    pub gain: usize,
    /// Contacts that get less of it in the new version.
    pub lose: usize,
    /// Some of those who gain.
    pub gaining: Vec<String>,
    /// Some of those who lose.
    pub losing: Vec<String>,
}

/// Contacts with this many messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// How many, such as `3` or `10+`.
    pub messages: String,
    /// Contacts.
    pub contacts: Both<u64>,
}

/// One guard with one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuardRow {
    /// The guard.
    pub guard: String,
    /// `wait` or `never`.
    pub said: &'static str,
    /// The reason.
    pub reason: &'static str,
    /// Actions that it stood in the way of.
    pub actions: Both<u64>,
}

/// The cost of one channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostRow {
    /// The channel; `total` for all.
    pub channel: &'static str,
    /// Of one action.
    pub each: String,
    /// Of all.
    pub cost: Both<String>,
    /// The difference, with its sign.
    pub more: String,
}

/// A load per day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    /// Over all days.
    pub total: u64,
    /// On the worst day.
    pub max: u64,
    /// Mean over all days of the history.
    pub mean: f64,
    /// On 19 of 20 days it is not more than this.
    pub p95: u64,
}

/// The tasks of one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskRow {
    /// Whose.
    pub assignee: String,
    /// Per day.
    pub load: Both<Load>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleRow {
    /// The workflow.
    pub workflow: String,
    /// `step/case`, `step/else` or `step/arm`.
    pub rule: String,
    /// How often it was taken, by what followed.
    pub outcomes: Both<Outcome>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayRow {
    /// Such as `2011-09-01` (UTC).
    pub day: String,
    /// Messages to contacts.
    pub messages: Both<u64>,
}

/// What became of actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionRow {
    /// The workflow.
    pub workflow: String,
    /// The channel.
    pub channel: &'static str,
    /// The state.
    pub state: &'static str,
    /// The reason.
    pub reason: &'static str,
    /// How many.
    pub actions: Both<u64>,
}
