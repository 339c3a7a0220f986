//! The decision: (contact, event or time, workflows, scores) in, a finished transition out — or the scores it needs.
//!
//! Deterministic: the worker, `test`, `simulate` and `why` run this same code. Nothing here knows a store.

mod act;
mod catalog;
mod features;
mod scope;
mod starts;
mod steps;
mod walk;

pub use catalog::{Catalog, Workspace};

use crate::action::Action;
use crate::contact::Contact;
use crate::event::Event;
use crate::expr::Evaluator;
use crate::policy::Live;
use crate::receipt::Decision;
use crate::run::Run;
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use std::collections::BTreeMap;

/// Renders messages. `channels` implements it; pure like the evaluator.
pub trait Renderer: Send + Sync {
    /// An e-mail: subject, text part, HTML part.
    ///
    /// # Errors
    /// What failed, in words without personal values.
    fn email(&self, template: &str, values: &serde_json::Value) -> Result<(String, String, Option<String>), String>;
    /// A nudge: title, text.
    ///
    /// # Errors
    /// As above.
    fn nudge(&self, template: &str, values: &serde_json::Value) -> Result<(String, String), String>;
    /// A short text of a workflow file, such as a task's title.
    ///
    /// # Errors
    /// As above.
    fn text(&self, source: &str, values: &serde_json::Value) -> Result<String, String>;
}

/// What a decision may use beside its input.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The published workflows and what surrounds them.
    pub catalog: &'a Catalog,
    /// Stages and kills, live.
    pub live: &'a Live,
    /// Evaluates expressions.
    pub evaluator: &'a dyn Evaluator,
    /// Renders messages.
    pub renderer: &'a dyn Renderer,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An event of this contact.
    Event(Event),
    /// Time went on to this instant: deadlines up to it are due. The number makes the wake-up's id unique: the
    /// version of the contact's row.
    Wake(Time, i64),
}

/// Scores by key, as far as they are known. The key is made by the core; the caller hands it back.
pub type Scores = BTreeMap<String, ScoreOutcome>;

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Score these first, add the results under their keys, and call again with the same input.
    Need(Vec<(String, ScoreRequest)>),
    /// Finished.
    Done(Box<Transition>),
}

/// All that one decision changes. It commits as one or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The contact afterwards.
    pub contact: Contact,
    /// The receipt; `None` for a wake-up with nothing due.
    pub decision: Option<Decision>,
    /// New actions.
    pub actions: Vec<Action>,
    /// Runs that are new or changed, as rows for reports.
    pub runs: Vec<Run>,
    /// Runs whose pending actions are withheld with reason `left`.
    pub cancelled: Vec<String>,
    /// What an outcome event says of an earlier action.
    pub outcome: Option<ActionOutcome>,
    /// When this contact has to be looked at without an event.
    pub wake_at: Option<Time>,
}

/// An outcome event of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionOutcome {
    /// The action.
    pub action: String,
    /// The event's type, such as `nudge.clicked`.
    pub kind: String,
    /// When.
    pub at: Time,
}

/// Decides one input for one contact.
///
/// # Errors
/// A sentence where the event does not fit its declared shape. The event is to be parked; nothing changed.
pub fn decide(env: &Env<'_>, contact: &Contact, input: &Input, scores: &Scores) -> Result<Outcome, String> {
    let mut walk = walk::Walk::new(env, contact.clone(), scores);
    let result = match input {
        Input::Event(event) => walk.event(event)?,
        Input::Wake(now, version) => walk.wake(*now, *version),
    };
    Ok(match result {
        Ok(()) => Outcome::Done(Box::new(walk.finish())),
        Err(need) => Outcome::Need(vec![need]),
    })
}

#[cfg(test)]
mod tests;
