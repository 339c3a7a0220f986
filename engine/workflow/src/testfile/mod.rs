//! Test files (`*.test.yaml`): events on virtual time and what is expected of them. Only read here; `staunch test` runs
//! them.

mod expect;
mod given;
mod happens;
mod read;

#[cfg(test)]
pub(crate) use expect::EXPECT;
#[cfg(test)]
pub(crate) use given::{CASE, CLASS, DEFAULTS, RANKING};
#[cfg(test)]
pub(crate) use read::KEYS;
pub(crate) use read::{TestAround, read};

use staunch_core::action::ReasonCode;
use staunch_core::arm::Arm;
use staunch_core::map::Map;
use staunch_core::policy::Stage;
use staunch_core::time::{Span, Time};
use staunch_core::value::Value;
use std::collections::BTreeMap;

/// One test file with its defaults already put into its cases.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFile {
    /// Path of the file.
    pub file: String,
    /// The workflow under test.
    pub workflow: String,
    /// In the author's order.
    pub cases: Vec<TestCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// For people.
    pub name: String,
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// What `at: 0h` is.
    pub now: Time,
    /// The IANA zone in which the author wrote `now`: the time line of a failure is told in it.
    pub zone: String,
    /// The stage of the workflow.
    pub stage: Stage,
    /// The arm of the contact.
    pub arm: Arm,
    /// The contact's id.
    pub contact: String,
    /// Its declared fields.
    pub fields: Map<String, Value>,
    /// The account that the contact is a member of from the beginning.
    pub account: Option<GivenAccount>,
    /// Consent by purpose, as far as the case says so; consent for a purpose that is not named here is granted.
    pub consent: BTreeMap<String, bool>,
    /// What each score gives, whenever it is asked for.
    pub scores: BTreeMap<String, GivenScore>,
    /// The band of a score, whatever its value; a score that is not named here is never in a band called `uncertain`.
    pub bands: BTreeMap<String, String>,
    /// Whether review gates that draw a sample draw every action; `false` (no action) where the author says nothing.
    pub sample: bool,
    /// The arm that each `split` step takes, as far as the case says so.
    pub splits: BTreeMap<String, String>,
    /// In the author's order.
    pub events: Vec<TestEvent>,
    /// In the author's order.
    pub expect: Vec<Expectation>,
    /// Nothing but what is expected may happen.
    pub nothing_else: bool,
}

/// The account of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenAccount {
    /// Its id.
    pub id: String,
    /// Its declared fields.
    pub fields: Map<String, Value>,
}

/// What a score gives in a test.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenScore {
    /// This value (a scalar).
    Value(f64),
    /// This class with this share, 0 to 1; the other classes share the rest.
    Class {
        /// The class.
        label: String,
        /// Its share.
        p: f64,
    },
    /// These items, best first.
    Ranking(Vec<String>),
    /// Nothing: the plugin is unavailable.
    Fails,
}

/// Something that happens in a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestEvent {
    /// Relative to `now`, possibly before it.
    pub at: Span,
    /// The contact it is about; `None` = the contact of the case.
    pub contact: Option<String>,
    /// What happens.
    pub what: Happens,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

/// What happens in a test.
#[derive(Clone, Debug, PartialEq)]
pub enum Happens {
    /// An event comes.
    Event {
        /// Its type.
        kind: String,
        /// Its declared fields, typed.
        fields: Map<String, Value>,
        /// The data of a built-in event as written, without `action_id`; `None` for a declared one.
        body: Option<serde_json::Map<String, serde_json::Value>>,
        /// The step whose action this outcome is about: the runner puts that action's id into the data as `action_id`.
        of: Option<String>,
    },
    /// The workflow's schedule ticks.
    Tick,
}

/// What is expected to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The action of this step went out.
    Sent(String),
    /// The action waits, or the run waits before the step.
    Held {
        /// The step.
        step: String,
        /// With this reason.
        because: Option<ReasonCode>,
        /// Until then.
        until: Option<Time>,
    },
    /// The action of the step will never go.
    Withheld {
        /// The step.
        step: String,
        /// With this reason.
        because: Option<ReasonCode>,
    },
    /// A person has to decide about the action of this step.
    Review(String),
    /// The run came to its end at this step.
    Done(String),
    /// The run ended before, by this event (`subscription.started`) or for this reason (one of [`LEFT`]).
    Left(String),
    /// The run reached its goal.
    Goal,
    /// No run started.
    NotStarted(NotStarted),
    /// The action of this step never goes out, at no time of the case.
    Never(String),
}

/// Why a run did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// The start's `when` does not hold, or cannot be evaluated.
    When,
    /// The last entry is too fresh.
    AgainAfter,
    /// A run of the contact is active.
    Running,
    /// The contact is not in the audience of the schedule, or that cannot be told.
    Audience,
}

impl NotStarted {
    /// All of them.
    pub const ALL: [NotStarted; 4] =
        [NotStarted::When, NotStarted::AgainAfter, NotStarted::Running, NotStarted::Audience];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            NotStarted::When => "when",
            NotStarted::AgainAfter => "again_after",
            NotStarted::Running => "running",
            NotStarted::Audience => "audience",
        }
    }
}

/// Why a run can leave beside an event of `leave_when`, as the core words it.
pub const LEFT: [&str; 7] =
    ["restarted", "score_unavailable", "expression", "render", "merged", "published", "version_gone"];

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Relative to `now`; `None` only with [`Expected::Never`], which holds at every time.
    pub at: Option<Span>,
    /// What.
    pub what: Expected,
    /// Where it stands in the file, from 1.
    pub line: usize,
}
