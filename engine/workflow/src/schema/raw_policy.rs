//! The shape of the policy in `staunch.yaml`.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::raw_around::Channel;
use super::{Duration, Percent};
use schemars::JsonSchema;
use serde::Deserialize;

/// What binds every workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// How often a contact may be reached.
    caps: Option<Vec<Cap>>,
    /// When a contact may not be reached.
    quiet_hours: Option<Vec<Quiet>>,
    /// Who is never contacted, where, and about what.
    never: Option<Never>,
    /// What may be spent.
    budgets: Option<Vec<Budget>>,
    /// How many tasks a person can take.
    capacity: Option<Vec<Capacity>>,
    /// What may be offered.
    offers: Option<Offers>,
    /// What messages may say.
    wording: Option<Wording>,
    /// Who is held out of everything.
    holdout: Option<Holdout>,
}

/// Who is never contacted, where, and about what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Never {
    /// Names of audiences.
    audiences: Option<Vec<String>>,
    /// ISO 3166 codes; contacts in other countries are left alone.
    countries_outside: Option<Vec<Country>>,
    /// Topics.
    topics: Option<Vec<String>>,
}

/// An ISO 3166 code.
#[derive(Deserialize, JsonSchema)]
struct Country(#[schemars(regex(pattern = "^[A-Z]{2}$"))] String);

/// At most so much money in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// Its id.
    id: String,
    /// The most in a window.
    max: Money,
    /// The rolling window.
    window: Duration,
    /// What it counts.
    channels: Vec<Channel>,
}

/// At most `max` tasks per assignee in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Capacity {
    /// Its id.
    id: String,
    /// `[task]`.
    channels: Vec<Channel>,
    /// The most in a window.
    max: u32,
    /// The rolling window.
    window: Duration,
    /// Whose.
    per: Per,
}

/// Whose capacity it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Per {
    /// The person who gets the task.
    Assignee,
}

/// What may be offered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Offers {
    /// The highest discount.
    max_discount: Percent,
}

/// What messages may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wording {
    /// Wording that nothing changes.
    locked: Option<Vec<String>>,
    /// Wording that needs a person from legal.
    needs_legal: Option<Vec<String>>,
}

/// At most `max` actions per contact in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Cap {
    /// Its id.
    id: String,
    /// What it counts and binds.
    channels: Vec<Channel>,
    /// The most in a window.
    max: u32,
    /// The rolling window.
    window: Duration,
    /// The least time between two.
    gap: Option<Duration>,
    /// Purposes that are neither counted nor bound.
    exempt: Option<Vec<String>>,
}

/// When a contact may not be reached.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Quiet {
    /// What it binds.
    channels: Vec<Channel>,
    /// Such as `21:00-08:00`.
    #[schemars(regex(pattern = "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"))]
    hours: String,
    /// `contact`, or an IANA time zone.
    zone: String,
    /// The zone of a contact whose own is unknown.
    zone_if_unknown: Option<String>,
    /// What happens.
    then: Then,
}

/// What quiet hours do.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Then {
    /// The action waits until they end.
    Hold,
}

/// Who is held out of everything.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Holdout {
    /// The share.
    global: Percent,
}

/// An amount with its currency, such as `500 EUR`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Money(#[schemars(regex(pattern = r"^\s*-?[0-9]+(\.[0-9]+)?\s+[A-Z]{3}\s*$"))] String);
