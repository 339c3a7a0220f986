//! The shape of workflow files.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::raw_around::{Breaker, Experiment, Goal, Leave, Review};
use super::{Duration, Expression, OneOrMany, Window};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A workflow: what starts a run, what it computes, what it does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflow {
    /// Its permanent name.
    workflow: String,
    /// For people.
    title: String,
    /// Who answers for it.
    owner: String,
    /// The consent purpose that every action inherits.
    purpose: String,
    /// 0 to 100: who wins a capped slot.
    #[schemars(range(min = 0, max = 100))]
    priority: Option<u8>,
    /// What starts a run.
    start: Start,
    /// Numbers computed of a contact's events.
    features: Option<BTreeMap<String, Feature>>,
    /// What plugins say.
    scores: Option<BTreeMap<String, Score>>,
    /// What happens, in order.
    steps: Vec<StepOrStop>,
    /// What a second start event does to an active run.
    while_running: Option<WhileRunning>,
    /// Events that end a run at any step.
    leave_when: Option<Vec<Leave>>,
    /// What counts as success.
    goal: Option<Goal>,
    /// Who is held out.
    experiment: Option<Experiment>,
    /// Fast deterministic stops.
    breakers: Option<Vec<Breaker>>,
    /// What a person has to approve.
    review: Option<Review>,
}

/// What starts a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    /// Name, list or glob.
    event: OneOrMany,
    /// Must hold of the event and the contact.
    when: Option<Expression>,
    /// The shortest time between two entries of a contact.
    again_after: Option<Duration>,
}

/// One of: `count` with `window`, `sum` with `of` and `window`, `days_since` with `never`, `expr`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Feature {
    /// Counts these events.
    count: Option<OneOrMany>,
    /// Sums a field of these events.
    sum: Option<OneOrMany>,
    /// The field that is summed.
    of: Option<String>,
    /// Where they count.
    window: Option<Window>,
    /// Only events for which this holds.
    r#where: Option<Expression>,
    /// Days since the last of these events.
    days_since: Option<OneOrMany>,
    /// The value where there was none.
    never: Option<f64>,
    /// Computed from other features and the contact.
    expr: Option<Expression>,
}

/// A score of a plugin.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Score {
    /// Its name in `staunch.lock`.
    plugin: String,
    /// What it sees: `feature.x`, `contact.x` or `entry.x`.
    inputs: Vec<String>,
    /// What happens when it gives nothing.
    if_unavailable: IfUnavailable,
}

/// `hold`, `skip`, or a substitute.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum IfUnavailable {
    /// A word.
    Word(IfUnavailableWord),
    /// A value instead.
    Substitute(Substitute),
}

/// What happens to the run.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IfUnavailableWord {
    /// It waits.
    Hold,
    /// It ends.
    Skip,
}

/// A value instead of a score.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Substitute {
    /// The value.
    expr: Expression,
    /// Why it may reach an effect.
    accept_risk: Option<String>,
}

/// A step, or the word `stop`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum StepOrStop {
    /// The run is done.
    Stop(StopWord),
    /// A step; its first key names its kind and its id.
    Step(Box<Step>),
}

/// The run is done.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StopWord {
    /// The run is done.
    Stop,
}

/// One of `choose`, `wait`, `task`, `email`, `nudge`, `stop`, with the step's permanent id as its value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Step {
    /// The first case that holds wins.
    choose: Option<String>,
    /// The cases.
    first: Option<Vec<Case>>,
    /// Where none holds.
    r#else: Option<Branch>,
    /// Waits for a time or an event.
    wait: Option<String>,
    /// How long.
    r#for: Option<Duration>,
    /// Which event.
    event: Option<OneOrMany>,
    /// Only an event for which this holds.
    r#where: Option<Expression>,
    /// At most this long.
    up_to: Option<Duration>,
    /// Where it came.
    if_seen: Option<Branch>,
    /// Where it did not.
    if_not: Option<Branch>,
    /// A task for a person.
    task: Option<String>,
    /// Where the task goes.
    connector: Option<String>,
    /// For whom; may hold `{{ contact.x }}`.
    assignee: Option<String>,
    /// Its title; may hold `{{ contact.x }}`.
    title: Option<String>,
    /// Due after this long.
    due: Option<Duration>,
    /// After this long it is not sent any more.
    expires: Option<Duration>,
    /// An e-mail.
    email: Option<String>,
    /// An in-app nudge.
    nudge: Option<String>,
    /// The message template.
    template: Option<String>,
    /// The run is done.
    stop: Option<String>,
}

/// One case of a choice.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Its permanent id.
    case: String,
    /// Must hold.
    when: Expression,
    /// Its steps.
    r#do: Vec<StepOrStop>,
}

/// `stop`, `continue` or steps.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Branch {
    /// A word.
    Word(BranchWord),
    /// Steps of its own.
    Steps(Vec<StepOrStop>),
}

/// What happens then.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BranchWord {
    /// The run is done.
    Stop,
    /// The run goes on behind this step.
    Continue,
}

/// A second start event while a run is active.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WhileRunning {
    /// Nothing happens.
    Ignore,
    /// The run ends and a new one starts.
    Restart,
}
