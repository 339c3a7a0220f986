//! The shapes of test files and rollout files.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::Percent;
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
    /// What each score gives: a number or `fails`.
    scores: Option<BTreeMap<String, GivenScore>>,
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
    /// What each score gives: a number or `fails`.
    scores: Option<BTreeMap<String, GivenScore>>,
    /// What happens.
    events: Vec<TestEvent>,
    /// What follows from it.
    expect: Vec<ExpectationOrEnd>,
}

/// One event: when, what, and its declared fields.
#[derive(Deserialize, JsonSchema)]
struct TestEvent {
    /// Relative to `now`: `-10d`, `0h`.
    at: String,
    /// Its name.
    event: String,
    /// Its fields.
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}

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

/// One of `sent`, `held`, `withheld`, `review`, `done` with a step's id.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Expectation {
    /// Relative to `now`.
    at: String,
    /// The action went out.
    sent: Option<String>,
    /// The action waits, or the run waits before this step.
    held: Option<String>,
    /// The action will never go.
    withheld: Option<String>,
    /// A person has to decide.
    review: Option<String>,
    /// The run ended here.
    done: Option<String>,
    /// With this reason.
    because: Option<String>,
    /// Held until then.
    until: Option<String>,
}

/// The stages of a workflow's way to autonomy.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollout {
    /// Its name.
    rollout: String,
    /// The workflow.
    r#for: String,
    /// What it should answer.
    question: Option<String>,
    /// What it is compared with.
    baseline: Option<String>,
    /// Who answers for it.
    owner: Option<String>,
    /// In order of time.
    stages: Vec<Stage>,
}

/// One stage.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Stage {
    /// Which.
    stage: RolloutStage,
    /// Such as `8-14`.
    days: Option<String>,
    /// Limits while it lasts.
    limits: Option<Limits>,
    /// What has to hold before the next.
    exit: Option<Vec<BTreeMap<String, serde_json::Value>>>,
}

/// The stages.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RolloutStage {
    /// Data only.
    Readiness,
    /// Decide and show, send nothing.
    Shadow,
    /// Inside tight limits.
    Limited,
    /// Against the baseline.
    Compare,
    /// Everything.
    Full,
}

/// Limits of a stage.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// Share of contacts that the workflow may touch at all.
    share: Percent,
    /// Share of those that are held out.
    holdout: Percent,
    /// The most actions in any 24 h.
    per_day: u32,
}
