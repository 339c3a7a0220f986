//! The shape of what surrounds the steps of a workflow.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::{Duration, Expression, OneOrMany, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

/// An event that ends a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    /// Name, list or glob.
    event: OneOrMany,
    /// Only an event for which this holds.
    r#where: Option<Expression>,
}

/// What counts as success.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Goal {
    /// Name, list or glob.
    event: OneOrMany,
    /// Only an event for which this holds.
    r#where: Option<Expression>,
    /// How long after the exposure it counts.
    window: Duration,
    /// The field that says what it is worth, such as `event.total`.
    value: Option<String>,
}

/// Who is held out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Experiment {
    /// What is drawn.
    unit: Unit,
    /// The share that gets nothing.
    holdout: Percent,
}

/// What is drawn.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// Single people.
    Contact,
}

/// Where an action goes.
#[derive(Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    /// E-mail.
    Email,
    /// In-app nudge.
    Nudge,
    /// Task for a person.
    Task,
}

/// More than `above` actions within a window pause the workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaker {
    /// Its permanent id.
    id: String,
    /// Which actions count.
    actions: Channel,
    /// The most that is fine.
    above: u32,
    /// Counted over this long.
    window: Duration,
    /// What happens.
    then: Pause,
}

/// What a breaker does.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Pause {
    /// The workflow is stopped until a person resumes it.
    Pause,
}

/// What a person has to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Review {
    /// Gates for single actions.
    actions: Vec<Gate>,
}

/// Which actions a person has to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Gate {
    /// Its permanent id.
    id: String,
    /// Only where this holds.
    when: Option<Expression>,
    /// Channels it covers; all without it.
    channels: Option<Vec<Channel>>,
    /// The share that is drawn; all without it.
    sample: Option<Percent>,
    /// The role that decides.
    by: String,
    /// How long a person has.
    expires: Duration,
    /// What silence means.
    if_expired: IfExpired,
}

/// What silence means.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IfExpired {
    /// The action is withheld.
    Reject,
    /// The action goes.
    Approve,
}
