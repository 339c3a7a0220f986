//! The shape of test files.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Tests of one workflow on virtual time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// The workflow.
    test: String,
    /// What `at: 0h` is, such as `2026-03-02T10:00 Europe/Berlin`.
    now: Option<String>,
    /// What cases start from.
    defaults: Option<Defaults>,
    /// The cases.
    cases: Vec<TestCase>,
}

/// What cases start from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Defaults {
    /// The stage of the workflow.
    stage: Option<StageWord>,
    /// The arm of the contact.
    arm: Option<ArmWord>,
    /// Its `id` and declared fields.
    contact: Option<BTreeMap<String, serde_json::Value>>,
    /// Its account: `id` and declared fields.
    account: Option<BTreeMap<String, serde_json::Value>>,
    /// Consent by purpose; what is not named is granted.
    consent: Option<BTreeMap<String, bool>>,
    /// What each score gives: a number, `{ label: billing, p: 0.8 }`, `{ ranking: [a, b] }` or `fails`.
    scores: Option<BTreeMap<String, GivenScore>>,
    /// The band of a score, whatever its value.
    bands: Option<BTreeMap<String, String>>,
    /// Whether gates that draw a sample draw every action.
    sample: Option<bool>,
    /// The arm that each `split` takes.
    splits: Option<BTreeMap<String, String>>,
}

/// The stage of a workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StageWord {
    /// Decides and sends nothing.
    Shadow,
    /// Inside tight limits.
    Limited,
    /// Sends.
    Full,
}

/// The arm of a contact.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ArmWord {
    /// Gets what is decided.
    Treated,
    /// Held out of this workflow.
    Holdout,
    /// Held out of everything.
    GlobalHoldout,
    /// Outside the share of the stage.
    OutsideShare,
    /// Decided while the workflow only watched.
    Shadow,
}

/// What a score gives.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum GivenScore {
    /// A value.
    Value(f64),
    /// Nothing.
    Fails(Fails),
    /// A class with its share.
    Class(Class),
    /// Items from best to worst.
    Ranking(Ranking),
}

/// A class with its share.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Class {
    /// The class.
    label: String,
    /// Its share, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    p: f64,
}

/// Items from best to worst.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ranking {
    /// The items.
    ranking: Vec<String>,
}

/// The plugin is unavailable.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fails {
    /// It gives nothing.
    Fails,
}

/// One case.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestCase {
    /// For people.
    name: String,
    /// What `at: 0h` is here.
    now: Option<String>,
    /// The stage of the workflow.
    stage: Option<StageWord>,
    /// The arm of the contact.
    arm: Option<ArmWord>,
    /// Its `id` and declared fields.
    contact: Option<BTreeMap<String, serde_json::Value>>,
    /// Its account: `id` and declared fields.
    account: Option<BTreeMap<String, serde_json::Value>>,
    /// Consent by purpose; what is not named is granted.
    consent: Option<BTreeMap<String, bool>>,
    /// What each score gives: a number, `{ label: billing, p: 0.8 }`, `{ ranking: [a, b] }` or `fails`.
    scores: Option<BTreeMap<String, GivenScore>>,
    /// The band of a score, whatever its value.
    bands: Option<BTreeMap<String, String>>,
    /// Whether gates that draw a sample draw every action.
    sample: Option<bool>,
    /// The arm that each `split` takes.
    splits: Option<BTreeMap<String, String>>,
    /// What happens.
    events: Vec<TestEvent>,
    /// What follows from it.
    expect: Vec<ExpectationOrEnd>,
}

/// Something that happens: an event with its fields, or a tick of the schedule.
#[derive(Deserialize, JsonSchema)]
struct TestEvent {
    /// Relative to `now`: `-10d`, `0h`.
    at: Offset,
    /// The event's name.
    event: Option<String>,
    /// The schedule ticks.
    tick: Option<Tick>,
    /// Another contact than the case's.
    contact: Option<String>,
    /// Outcomes: the step whose action it is about.
    of: Option<String>,
    /// Its fields.
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}

/// The schedule ticks.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tick {
    /// It starts the workflow.
    Start,
}

/// A time relative to the case's `now`: `-10d`, `0h`, `8h30m`.
#[derive(Deserialize, JsonSchema)]
struct Offset(#[schemars(regex(pattern = r"^-?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))] String);

/// An expectation, or `nothing_else`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum ExpectationOrEnd {
    /// Nothing but what is expected may happen.
    End(NothingElse),
    /// What is expected.
    Expectation(Box<Expectation>),
}

/// Nothing but what is expected may happen.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NothingElse {
    /// Nothing but what is expected may happen.
    NothingElse,
}

/// One of `sent`, `held`, `withheld`, `review`, `done`, `never` with a step's id, or `left`, `goal`, `not_started`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Expectation {
    /// Relative to `now`; not with `never`.
    at: Option<Offset>,
    /// The action went out.
    sent: Option<String>,
    /// The action waits, or the run waits before this step.
    held: Option<String>,
    /// The action will never go.
    withheld: Option<String>,
    /// A person has to decide.
    review: Option<String>,
    /// The run came to its end at this step.
    done: Option<String>,
    /// The run ended before: the event or the reason.
    left: Option<String>,
    /// The goal was reached.
    goal: Option<Reached>,
    /// No run started.
    not_started: Option<NotStarted>,
    /// The action goes out at no time.
    never: Option<String>,
    /// With this reason; only with `held` and `withheld`.
    because: Option<String>,
    /// Held until then.
    until: Option<String>,
}

/// The goal was reached.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reached {
    /// It was.
    Reached,
}

/// Why no run started.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NotStarted {
    /// The start's `when` does not hold.
    When,
    /// The last entry is too fresh.
    AgainAfter,
    /// A run is active.
    Running,
    /// The contact is not in the audience.
    Audience,
}
