//! The shape of features, of workflows and of audiences.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::{Expression, OneOrMany, Window};
use schemars::JsonSchema;
use serde::Deserialize;

/// A number computed of events. Its first key says how.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Feature {
    /// How many events came.
    Count(Count),
    /// The sum of a field.
    Sum(Sum),
    /// The smallest value of a field.
    Min(Min),
    /// The largest value of a field.
    Max(Max),
    /// The arithmetic mean of a field.
    Average(Average),
    /// How many different values a field had.
    Distinct(Distinct),
    /// The earliest value of a field.
    First(First),
    /// The latest value of a field.
    Last(Last),
    /// One window divided by another.
    Ratio(Ratio),
    /// Days since the last event.
    DaysSince(DaysSince),
    /// Computed from other features and the contact.
    Expr(Computed),
}

/// Whose events count.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Over {
    /// Those of the contact.
    Contact,
    /// Those of all contacts of its account.
    Account,
}

/// `count: session.started` with `window: 7d`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    /// Counts these events: name, list or glob.
    count: OneOrMany,
    /// Where they count: `7d`, or `14d..7d` for from 14 to 7 days ago.
    window: Window,
    /// Only events for which this holds; reads `event`, `contact` and `account`.
    r#where: Option<Expression>,
    /// Whose events count; the contact's without it.
    over: Option<Over>,
}

/// `sum: order.paid` with `of: total` and `window: 90d`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    /// Sums a field of these events: name, list or glob.
    sum: OneOrMany,
    /// The field: number, money, percent, duration or bool.
    of: String,
    /// Where they count: `7d`, or `14d..7d` for from 14 to 7 days ago.
    window: Window,
    /// Only events for which this holds; reads `event`, `contact` and `account`.
    r#where: Option<Expression>,
    /// Whose events count; the contact's without it.
    over: Option<Over>,
}

/// The aggregates that differ by their name only.
macro_rules! aggregate {
    ($name:ident, $key:ident, $says:literal) => {
        #[doc = $says]
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            #[doc = $says]
            $key: OneOrMany,
            /// The field: number, money, percent, duration or bool.
            of: String,
            /// Where they count: `7d`, or `14d..7d` for from 14 to 7 days ago.
            window: Window,
            /// The value where there was none.
            never: f64,
            /// Only events for which this holds; reads `event`, `contact` and `account`.
            r#where: Option<Expression>,
            /// Whose events count; the contact's without it.
            over: Option<Over>,
        }
    };
}

aggregate!(Min, min, "The smallest value of a field of these events.");
aggregate!(Max, max, "The largest value of a field of these events.");
aggregate!(Average, average, "The arithmetic mean of a field of these events.");
aggregate!(First, first, "The earliest value of a field of these events.");
aggregate!(Last, last, "The latest value of a field of these events.");

/// `distinct: page.viewed` with `of: path` and `window: 7d`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Distinct {
    /// Counts the different values of a field of these events.
    distinct: OneOrMany,
    /// The field, of any type.
    of: String,
    /// Where they count: `7d`, or `14d..7d` for from 14 to 7 days ago.
    window: Window,
    /// Only events for which this holds; reads `event`, `contact` and `account`.
    r#where: Option<Expression>,
    /// Whose events count; the contact's without it.
    over: Option<Over>,
}

/// `ratio: session.started` with `window: 7d` and `against: 14d..7d`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ratio {
    /// Divides one window of these events by another.
    ratio: OneOrMany,
    /// Sums of this field instead of counts.
    of: Option<String>,
    /// The dividend.
    window: Window,
    /// The divisor.
    against: Window,
    /// The value where the divisor is 0.
    never: f64,
    /// Only events for which this holds; reads `event`, `contact` and `account`.
    r#where: Option<Expression>,
    /// Whose events count; the contact's without it.
    over: Option<Over>,
}

/// `days_since: session.started` with `never: 999`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DaysSince {
    /// Days (with fraction) since the last of these events.
    days_since: OneOrMany,
    /// The value where there was none.
    never: f64,
    /// Only events for which this holds; reads `event`, `contact` and `account`.
    r#where: Option<Expression>,
    /// Whose events count; the contact's without it.
    over: Option<Over>,
}

/// `expr: feature.a / max(feature.b, 1)`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Computed {
    /// Computed from `feature`, `contact` and `account`.
    expr: Expression,
}
