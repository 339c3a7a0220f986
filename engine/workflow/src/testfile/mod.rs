//! Test files (`*.test.yaml`): events on virtual time and what is expected of them. Only read here; `staunch test` runs
//! them.

mod read;

#[cfg(test)]
pub(crate) use read::{CASE, DEFAULTS, EXPECT, KEYS};
pub(crate) use read::{TestAround, read};

use staunch_core::action::ReasonCode;
use staunch_core::arm::Arm;
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
    /// The stage of the workflow.
    pub stage: Stage,
    /// The arm of the contact.
    pub arm: Arm,
    /// The contact's id.
    pub contact: String,
    /// Its declared fields.
    pub fields: BTreeMap<String, Value>,
    /// What each score gives, whenever it is asked for.
    pub scores: BTreeMap<String, GivenScore>,
    /// In the author's order.
    pub events: Vec<TestEvent>,
    /// In the author's order.
    pub expect: Vec<Expectation>,
    /// Nothing but what is expected may happen.
    pub nothing_else: bool,
}

/// What a score gives in a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GivenScore {
    /// This value.
    Value(f64),
    /// Nothing: the plugin is unavailable.
    Fails,
}

/// One event of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestEvent {
    /// Relative to `now`, possibly before it.
    pub at: Span,
    /// The event's type.
    pub kind: String,
    /// Its declared fields.
    pub fields: BTreeMap<String, Value>,
}

/// What is expected to happen to a step or action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The action went out.
    Sent,
    /// The action waits, or the run waits before this step.
    Held,
    /// The action will never go.
    Withheld,
    /// A person has to decide.
    Review,
    /// The run ended at this step.
    Done,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Relative to `now`.
    pub at: Span,
    /// What.
    pub what: Expected,
    /// The step's id.
    pub step: String,
    /// With this reason.
    pub because: Option<ReasonCode>,
    /// Held until then.
    pub until: Option<Time>,
    /// Where it stands in the file, from 1.
    pub line: usize,
}
