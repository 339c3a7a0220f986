//! The shape of steps.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::{Duration, Expression, Id, OneOrMany, Percent};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A step. Its first key names its kind, and its value the step's permanent id.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Step {
    /// The run is done.
    Word(StopWord),
    /// The first case that holds wins.
    Choose(ChooseStep),
    /// A random branch, drawn once per contact.
    Split(SplitStep),
    /// Waits for a length of time.
    WaitFor(WaitFor),
    /// Waits for a window of local time.
    WaitUntil(WaitUntil),
    /// Waits for an event.
    WaitEvent(WaitEvent),
    /// A task for a person.
    Task(TaskStep),
    /// An e-mail.
    Email(EmailStep),
    /// An in-app nudge.
    Nudge(NudgeStep),
    /// A signed request to a system of the company.
    Webhook(WebhookStep),
    /// Sets a field of the contact.
    Set(SetStep),
    /// The run is done.
    Stop(StopStep),
}

/// The run is done.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StopWord {
    /// The run is done.
    Stop,
}

/// The first case that holds wins; the run goes on behind the `choose` when the case's steps are done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChooseStep {
    /// The step's permanent id.
    choose: Id,
    /// The cases, in the order in which they are tried.
    #[schemars(length(min = 1))]
    first: Vec<Case>,
    /// What happens where none holds.
    r#else: Branch,
}

/// One case of a choice.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Its permanent id.
    case: Id,
    /// Must hold.
    when: Expression,
    /// Its steps.
    #[schemars(length(min = 1))]
    r#do: Vec<Step>,
}

/// A random branch. Its arm belongs to the contact: whoever comes by again gets the same one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitStep {
    /// The step's permanent id.
    split: Id,
    /// The share of each arm, 100% together: `{ a: 50%, b: 50% }`.
    arms: BTreeMap<String, Percent>,
    /// What happens in each arm.
    r#do: BTreeMap<String, Branch>,
}

/// Waits for a length of time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitFor {
    /// The step's permanent id.
    wait: Id,
    /// How long: `2h`, `3d`.
    r#for: Duration,
}

/// Waits until a window of local time is open where the contact lives.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitUntil {
    /// The step's permanent id.
    wait: Id,
    /// `09:00-11:00 MON-FRI`, or without weekdays for every day.
    until: LocalWindow,
}

/// Hours of local time, with weekdays: `09:00-11:00 MON-FRI`, `18:00-20:00 SAT,SUN`, `22:00-02:00`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct LocalWindow(
    #[schemars(regex(
        pattern = r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]( +(MON|TUE|WED|THU|FRI|SAT|SUN)([-,](MON|TUE|WED|THU|FRI|SAT|SUN))*)?$"
    ))]
    String,
);

/// Waits for an event, at most for a while.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitEvent {
    /// The step's permanent id.
    wait: Id,
    /// Which event: name, list or glob.
    event: OneOrMany,
    /// Only the outcome of the action that this step of the same run made.
    of: Option<Id>,
    /// Only an event for which this holds.
    r#where: Option<Expression>,
    /// At most this long.
    up_to: Duration,
    /// What happens where it came.
    if_seen: Branch,
    /// What happens where it did not.
    if_not: Branch,
}

/// A task for a person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskStep {
    /// The step's permanent id.
    task: Id,
    /// Where the task goes; a task list of the workspace without it.
    connector: Option<Id>,
    /// For whom.
    assignee: Option<Assignee>,
    /// Its title; may hold `{{ contact.x }}`.
    title: String,
    /// Due after this long.
    due: Option<Duration>,
    /// After this long it is not sent any more; 7d without it.
    expires: Option<Duration>,
}

/// A text, or people who take turns.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Assignee {
    /// May hold `{{ contact.x }}`.
    Text(String),
    /// People who take turns.
    RoundRobin(RoundRobin),
}

/// People who take turns.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundRobin {
    /// Everybody once.
    #[schemars(length(min = 1))]
    round_robin: Vec<String>,
    /// What happens where the capacity of the policy is reached.
    if_full: Option<IfFull>,
}

/// What happens with a task for somebody who has enough.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IfFull {
    /// It waits.
    Queue,
}

/// An e-mail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailStep {
    /// The step's permanent id.
    email: Id,
    /// The message template: its path below `templates/` without an ending.
    template: String,
    /// After this long it is not sent any more; 7d without it.
    expires: Option<Duration>,
}

/// An in-app nudge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NudgeStep {
    /// The step's permanent id.
    nudge: Id,
    /// The message template: its path below `templates/` without an ending.
    template: String,
    /// After this long it is not shown any more; 7d without it.
    expires: Option<Duration>,
}

/// A signed request to a system of the company.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookStep {
    /// The step's permanent id, and the name of what is sent.
    webhook: Id,
    /// A connector of kind `webhook`.
    connector: Id,
    /// What is sent: texts by name, which may hold `{{ contact.x }}`.
    fields: Option<BTreeMap<String, String>>,
    /// After this long it is not sent any more; 7d without it.
    expires: Option<Duration>,
}

/// Sets a field of the contact. Only contacts that get what the workflow decides are changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetStep {
    /// The step's permanent id.
    set: Id,
    /// A declared field: `contact.NAME`.
    #[schemars(regex(pattern = r"^contact\.[A-Za-z_][A-Za-z0-9_]*$"))]
    field: String,
    /// Its new value.
    expr: Expression,
}

/// The run is done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StopStep {
    /// The step's permanent id.
    stop: Id,
}

/// `stop`, `continue` or steps.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Branch {
    /// A word.
    Word(BranchWord),
    /// Steps of its own.
    Steps(Vec<Step>),
}

/// What happens then.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum BranchWord {
    /// The run is done.
    Stop,
    /// The run goes on behind this step.
    Continue,
}
