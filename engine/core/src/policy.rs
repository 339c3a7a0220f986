//! The policy that binds every workflow, and what is live in the store: stages, kills.

use crate::action::Channel;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rules that bind all workflows of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How often a contact may be reached.
    pub caps: Vec<Cap>,
    /// When a contact may not be reached.
    pub quiet_hours: Vec<QuietHours>,
    /// Share of contacts held out of everything, 0 to 1.
    pub global_holdout: f64,
    /// Who is never contacted.
    #[serde(default)]
    pub never: Never,
    /// How many tasks a person can take.
    #[serde(default)]
    pub capacity: Vec<Capacity>,
    /// What may be spent; checked and reported by backtests, not enforced yet.
    #[serde(default)]
    pub budgets: Vec<Budget>,
}

/// Who is never contacted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Never {
    /// Names of audiences.
    pub audiences: Vec<String>,
    /// Only contacts whose field `country` is one of these are contacted; empty = all.
    pub countries_outside: Vec<String>,
}

/// At most `max` actions per assignee in a rolling window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Its id.
    pub id: String,
    /// Channels it counts and binds.
    pub channels: Vec<Channel>,
    /// The most in a window.
    pub max: u32,
    /// The rolling window.
    pub window: Span,
}

/// At most so much money in a rolling window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Its id.
    pub id: String,
    /// Channels it counts.
    pub channels: Vec<Channel>,
    /// The most in a window.
    pub max: crate::value::Money,
    /// The rolling window.
    pub window: Span,
}

/// At most `max` actions per contact in a rolling window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cap {
    /// Its id.
    pub id: String,
    /// Channels it counts and binds.
    pub channels: Vec<Channel>,
    /// The most in a window.
    pub max: u32,
    /// The rolling window.
    pub window: Span,
    /// The least time between two.
    pub gap: Option<Span>,
    /// Purposes that are neither counted nor bound.
    pub exempt: Vec<String>,
}

/// Hours in which a channel is silent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuietHours {
    /// Channels it binds.
    pub channels: Vec<Channel>,
    /// Minute of the day at which silence begins, local time.
    pub from_minute: u16,
    /// Minute of the day at which it ends; smaller than `from_minute` = over midnight.
    pub to_minute: u16,
    /// The contact's zone, or a fixed one.
    pub zone: ZoneChoice,
    /// The zone of a contact whose own is unknown or invalid.
    pub zone_if_unknown: String,
}

/// Whose local time counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ZoneChoice {
    /// The contact's own: its first declared field of type `zone`.
    Contact,
    /// This IANA zone.
    Fixed(String),
}

/// How far a workflow may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Decide and show, send nothing.
    Shadow,
    /// Send inside tight limits.
    Limited,
    /// Send.
    Full,
}

impl Stage {
    /// The word used in files, tables and output.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Shadow => "shadow",
            Stage::Limited => "limited",
            Stage::Full => "full",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Stage> {
        [Stage::Shadow, Stage::Limited, Stage::Full].into_iter().find(|stage| stage.word() == word)
    }
}

/// The limits of the stage `limited`, by default those of the reference rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageLimits {
    /// Share of contacts that the workflow may touch at all, 0 to 1.
    pub share: f64,
    /// Share of those that are held out, 0 to 1.
    pub holdout: f64,
    /// The most actions that may enter `sending` in any 24 h.
    pub per_day: u32,
}

impl Default for StageLimits {
    fn default() -> Self {
        StageLimits { share: 0.4, holdout: 0.5, per_day: 200 }
    }
}

/// What the store says of a workflow's stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageState {
    /// The stage.
    pub stage: Stage,
    /// The limits while it is `limited`.
    pub limits: StageLimits,
}

impl Default for StageState {
    /// A workflow that nobody promoted only watches.
    fn default() -> Self {
        StageState { stage: Stage::Shadow, limits: StageLimits::default() }
    }
}

/// What a kill covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum KillScope {
    /// Everything.
    All,
    /// One workflow.
    Workflow(String),
    /// One channel.
    Channel(Channel),
}

impl KillScope {
    /// Reads `all`, `workflow:NAME`, `channel:NAME`.
    ///
    /// # Errors
    /// A sentence that names the forms.
    pub fn parse(text: &str) -> Result<KillScope, String> {
        match text.split_once(':') {
            None if text == "all" => Ok(KillScope::All),
            Some(("workflow", name)) if !name.is_empty() => Ok(KillScope::Workflow(name.to_owned())),
            Some(("channel", name)) => Channel::parse(name)
                .map(KillScope::Channel)
                .ok_or_else(|| format!("`{name}` is not a channel: use email, nudge, task or webhook")),
            _ => Err(format!("`{text}` is not a scope: use all, workflow:NAME or channel:NAME")),
        }
    }

    /// Whether an action of this workflow and channel is inside.
    pub fn covers(&self, workflow: &str, channel: Channel) -> bool {
        match self {
            KillScope::All => true,
            KillScope::Workflow(name) => name == workflow,
            KillScope::Channel(one) => *one == channel,
        }
    }
}

impl From<KillScope> for String {
    fn from(scope: KillScope) -> String {
        match scope {
            KillScope::All => "all".into(),
            KillScope::Workflow(name) => format!("workflow:{name}"),
            KillScope::Channel(channel) => format!("channel:{}", channel.word()),
        }
    }
}

impl TryFrom<String> for KillScope {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        KillScope::parse(&text)
    }
}

/// One kill in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kill {
    /// What it stops.
    pub scope: KillScope,
    /// Why.
    pub reason: String,
    /// Who: a person or `breaker:ID`.
    pub by: String,
    /// Since when.
    pub at: Time,
}

/// What is live beside the published files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// Stage by workflow; absent = shadow.
    pub stages: BTreeMap<String, StageState>,
    /// Kills in force.
    pub kills: Vec<Kill>,
}

impl Live {
    /// The stage of a workflow.
    pub fn stage(&self, workflow: &str) -> StageState {
        self.stages.get(workflow).cloned().unwrap_or_default()
    }

    /// The first kill that covers an action.
    pub fn kill(&self, workflow: &str, channel: Channel) -> Option<&Kill> {
        self.kills.iter().find(|kill| kill.scope.covers(workflow, channel))
    }
}
