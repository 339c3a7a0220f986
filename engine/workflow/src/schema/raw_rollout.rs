//! The shape of rollout files.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::Percent;
use schemars::JsonSchema;
use serde::Deserialize;

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
    baseline: Option<Baseline>,
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
    exit: Option<Vec<Exit>>,
}

/// What a rollout is compared with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Baseline {
    /// Those who are held out.
    Holdout,
}

/// What has to hold before the next stage.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "check", rename_all = "snake_case", deny_unknown_fields)]
enum Exit {
    /// The share of events that came whole.
    EventsComplete {
        /// At least this share.
        at_least: Percent,
    },
    /// Conversions against those of the CRM.
    ConversionsMatchCrm {
        /// They differ by no more.
        within: Percent,
    },
    /// Outcomes with a label.
    LabelledOutcomes {
        /// At least this many.
        at_least: u32,
        /// With fewer, scores are left out.
        r#else: Option<RulesOnly>,
    },
    /// Decisions that a person looked at.
    Reviewed {
        /// At least this many.
        at_least: u32,
    },
    /// The share that the person agreed with.
    ReviewerAgreement {
        /// At least this share.
        at_least: Percent,
    },
    /// Actions that a guardrail should have stopped.
    GuardrailBreaches {
        /// At most this many.
        at_most: u32,
    },
    /// Contacts that were treated.
    Treated {
        /// At least this many, or `planned_sample`.
        at_least: SampleSize,
    },
    /// What people decided.
    Verdict {
        /// One of these.
        one_of: Vec<Verdict>,
        /// The roles that sign it.
        signed_by: Vec<String>,
    },
}

/// Without scores.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RulesOnly {
    /// The workflow goes on without them.
    RulesOnly,
}

/// How many contacts are enough.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum SampleSize {
    /// This many.
    Count(u32),
    /// As many as the plan says.
    Planned(Planned),
}

/// As many as the plan says.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Planned {
    /// As many as `staunch rollout plan` computes.
    PlannedSample,
}

/// The ends of a comparison.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// It goes to everybody.
    Scale,
    /// It is changed and tried again.
    Revise,
    /// People go on by hand.
    KeepManual,
    /// The comparison goes on.
    NeedMoreTime,
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
    /// What a person has to see.
    review: Option<StageReview>,
}

/// What a person has to see.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StageReview {
    /// Everything that reaches a customer.
    AllCustomerFacing,
}
