//! The shape of what surrounds the steps of a workflow.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::{Duration, Expression, Id, OneOrMany, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

/// An event that ends a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    /// Name, list or glob.
    event: OneOrMany,
    /// Only the outcome of the action that this step of the same run made.
    of: Option<Id>,
    /// Only an event for which this holds.
    r#where: Option<Expression>,
}

/// What counts as success.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Goal {
    /// Name, list or glob.
    event: OneOrMany,
    /// Only the outcome of the action that this step of the same run made.
    of: Option<Id>,
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
pub(super) enum Unit {
    /// Single people.
    Contact,
}

/// Where an action goes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    /// E-mail.
    Email,
    /// In-app nudge.
    Nudge,
    /// Task for a person.
    Task,
    /// Signed request to a system of the company.
    Webhook,
}

/// A statistical stop, valid under continuous looking. Checked, and not enforced by this version.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Kill {
    /// One rate against a limit.
    Rate(KillRate),
    /// Treated against held out, on the goal.
    Lift(KillLift),
}

/// One rate against a limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KillRate {
    /// Its permanent id.
    id: Id,
    /// One outcome per another: `unsubscribed / delivered.email`.
    rate: Rate,
    /// The highest share that is fine.
    limit: Percent,
    /// How old an exposure has to be to count.
    matured_after: Duration,
    /// What happens.
    then: Effect,
}

/// Treated against held out, on the goal.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KillLift {
    /// Its permanent id.
    id: Id,
    /// What is compared.
    lift: LiftOf,
    /// The difference below which it stops; may be negative.
    worse_than: Difference,
    /// How old an exposure has to be to count.
    matured_after: Option<Duration>,
    /// What happens.
    then: Effect,
}

/// What a lift is measured on.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LiftOf {
    /// The workflow's goal.
    Goal,
}

/// A difference of shares such as `0%` or `-2%`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Difference(#[schemars(regex(pattern = r"^\s*-?[0-9]+(\.[0-9]+)?\s*%\s*$"))] String);

/// One outcome per another, each with an optional channel: `unsubscribed / delivered.email`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Rate(
    #[schemars(regex(
        pattern = r"^\s*(sent|delivered|failed|opened|clicked|unsubscribed|hard_bounced|complained|done|rejected)(\.(email|nudge|task|webhook))?\s*/\s*(sent|delivered|failed|opened|clicked|unsubscribed|hard_bounced|complained|done|rejected)(\.(email|nudge|task|webhook))?\s*$"
    ))]
    String,
);

/// An outcome with an optional channel: `unsubscribed`, `delivered.email`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Metric(
    #[schemars(regex(
        pattern = r"^(sent|delivered|failed|opened|clicked|unsubscribed|hard_bounced|complained|done|rejected)(\.(email|nudge|task|webhook))?$"
    ))]
    String,
);

/// What a rule does when it trips.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    /// The workflow is stopped until a person resumes it.
    Pause,
    /// It goes back to stage shadow.
    Demote,
    /// What is pending is held.
    Hold,
    /// The previous plugin takes over.
    Fallback,
    /// People are told.
    Alert,
}

/// A fast, deterministic stop. Only `actions` is enforced by this version.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Breaker {
    /// Too many actions of a channel.
    Actions(BreakerActions),
    /// Too many outcomes of a kind.
    Rate(BreakerRate),
    /// A source of outcomes that went quiet.
    Silent(BreakerSilent),
    /// A score that fails.
    Errors(BreakerErrors),
}

/// More than `above` actions within a window pause the workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakerActions {
    /// Its permanent id.
    id: Id,
    /// Which actions count.
    actions: Channel,
    /// The most that is fine.
    above: u32,
    /// Counted over this long.
    window: Duration,
    /// What happens; in this version every word acts as `pause`.
    then: Effect,
}

/// Too many outcomes of a kind. Checked, and not enforced by this version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakerRate {
    /// Its permanent id.
    id: Id,
    /// One outcome per another: `hard_bounced / sent.email`.
    rate: Rate,
    /// The highest share that is fine.
    above: Percent,
    /// Counted over this long.
    window: Duration,
    /// Not before this many were sent.
    min_sent: u32,
    /// What happens.
    then: Effect,
}

/// A source of outcomes that went quiet. Checked, and not enforced by this version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakerSilent {
    /// Its permanent id.
    id: Id,
    /// The outcome that should come.
    silent: Metric,
    /// For how long it may be quiet.
    r#for: Duration,
    /// What happens.
    then: Effect,
}

/// A score that fails. Checked, and not enforced by this version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakerErrors {
    /// Its permanent id.
    id: Id,
    /// The score: `score.churn`.
    #[schemars(regex(pattern = r"^score\.[A-Za-z_][A-Za-z0-9_]*$"))]
    errors: String,
    /// The highest share of failures that is fine.
    above: Percent,
    /// Counted over this long.
    window: Duration,
    /// What happens.
    then: Effect,
}

/// What a person has to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Review {
    /// Who has to approve a new version. Checked, and not enforced by this version.
    launch: Option<Launch>,
    /// Gates for single actions.
    actions: Option<Vec<Gate>>,
}

/// Who has to approve a new version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Launch {
    /// The role that decides.
    by: Id,
    /// Not the one who wrote it.
    not_author: Option<bool>,
}

/// Which actions a person has to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    /// Its permanent id.
    id: Id,
    /// Only where this holds.
    when: Option<Expression>,
    /// Channels it covers; all without it.
    channels: Option<Vec<Channel>>,
    /// The share that is drawn; all without it.
    sample: Option<Percent>,
    /// The role that decides.
    by: Id,
    /// How long a person has.
    expires: Duration,
    /// What silence means.
    if_expired: IfExpired,
}

/// What silence means.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum IfExpired {
    /// The action is withheld.
    Reject,
    /// The action goes.
    Approve,
}
