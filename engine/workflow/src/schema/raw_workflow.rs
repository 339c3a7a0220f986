//! The shape of workflow files.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::raw_around::{Breaker, Experiment, Goal, Kill, Leave, Review};
use super::raw_feature::Feature;
use super::raw_step::Step;
use super::{Duration, Expression, Id, OneOrMany};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A workflow: what starts a run, what it computes, what it does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflow {
    /// Its permanent name.
    workflow: Id,
    /// For people.
    title: String,
    /// Who answers for it.
    owner: String,
    /// The consent purpose that every action inherits; declared under `purposes` of `staunch.yaml`.
    purpose: Id,
    /// 0 to 100: who wins a capped slot; 50 without it.
    #[schemars(range(min = 0, max = 100))]
    priority: Option<u8>,
    /// What starts a run.
    start: Start,
    /// Numbers computed of a contact's events, read as `feature.NAME`.
    features: Option<BTreeMap<String, Feature>>,
    /// What plugins say, read as `score.NAME`.
    scores: Option<BTreeMap<String, Score>>,
    /// What happens, in order.
    #[schemars(length(min = 1))]
    steps: Vec<Step>,
    /// What a second start does to an active run; `ignore` without it.
    while_running: Option<WhileRunning>,
    /// Events that end a run at any step, and withhold what it has pending.
    leave_when: Option<Vec<Leave>>,
    /// What counts as success.
    goal: Option<Goal>,
    /// Who is held out.
    experiment: Option<Experiment>,
    /// Statistical stops. Checked, and not enforced by this version.
    kill: Option<Vec<Kill>>,
    /// Fast deterministic stops.
    breakers: Option<Vec<Breaker>>,
    /// What a person has to approve.
    review: Option<Review>,
}

/// What starts a run: events, or a schedule over an audience.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Start {
    /// Events.
    Event(StartEvent),
    /// A schedule.
    Schedule(StartSchedule),
}

/// A run starts with an event.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartEvent {
    /// Name, list or glob.
    event: OneOrMany,
    /// Must hold of the event and the contact.
    when: Option<Expression>,
    /// The shortest time between two entries of a contact.
    again_after: Option<Duration>,
}

/// A run starts by the clock, for everybody in an audience.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartSchedule {
    /// `09:00 MON-FRI`, or five fields of cron and a zone: `"0 9 * * MON Europe/Berlin"`.
    schedule: Schedule,
    /// Whose clock: `contact`, or an IANA zone; that of the workspace without it.
    zone: Option<String>,
    /// For whom; declared under `audiences` of `staunch.yaml`.
    audience: Id,
    /// Must hold of the contact.
    when: Option<Expression>,
    /// The shortest time between two entries of a contact.
    again_after: Option<Duration>,
}

/// A time and weekdays, or five fields of cron and a zone.
#[derive(Deserialize, JsonSchema)]
struct Schedule(
    #[schemars(regex(
        pattern = r"^([0-2][0-9]:[0-5][0-9]( +(MON|TUE|WED|THU|FRI|SAT|SUN)([-,](MON|TUE|WED|THU|FRI|SAT|SUN))*)?|\S+( +\S+){4,5})$"
    ))]
    String,
);

/// A score of a plugin.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Score {
    /// Its name in `staunch.lock`.
    plugin: Id,
    /// What it sees: `feature.x`, `contact.x`, `account.x` or `entry.x`.
    inputs: Vec<Input>,
    /// What happens when it gives nothing.
    if_unavailable: IfUnavailable,
}

/// A field or feature.
#[derive(Deserialize, JsonSchema)]
struct Input(#[schemars(regex(pattern = r"^(feature|contact|account|entry)\.[A-Za-z_][A-Za-z0-9_]*$"))] String);

/// `hold`, `review`, `skip`, or a substitute.
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
    /// It waits and tries again.
    Hold,
    /// It goes on as if conditions on the score were false, and a person sees every action of it.
    Review,
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

/// A second start while a run is active.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WhileRunning {
    /// Nothing happens.
    Ignore,
    /// The run ends and a new one starts.
    Restart,
}
