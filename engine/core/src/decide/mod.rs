//! The decision: (contact, event or time, workflows, scores) in, a finished transition out — or the scores it needs.
//!
//! Deterministic: the worker, `test`, `simulate` and `why` run this same code. Nothing here knows a store.

mod act;
mod catalog;
mod exclude;
mod features;
mod identity;
mod migrate;
mod scope;
mod starts;
mod steps;
mod ticks;
mod walk;

pub use catalog::{Catalog, Workspace};
pub use exclude::{excluded, in_audience};
pub use identity::other_id;
pub use migrate::{Existing, Migration, has_place, same_shape};

use crate::account::{AccountDelta, Accounts};
use crate::action::Action;
use crate::contact::Contact;
use crate::event::Event;
use crate::expr::Evaluator;
use crate::policy::Live;
use crate::receipt::Decision;
use crate::run::Run;
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use crate::workflow::Workflow;
use std::collections::BTreeMap;

/// Renders messages. `channels` implements it; pure like the evaluator.
pub trait Renderer: Send + Sync {
    /// An e-mail by a template of this workflow's version: subject, text part, HTML part.
    ///
    /// # Errors
    /// What failed, in words without personal values.
    fn email(&self, workflow: &Workflow, template: &str, values: &serde_json::Value) -> Result<Email, String>;
    /// A nudge: title, text.
    ///
    /// # Errors
    /// As above.
    fn nudge(
        &self,
        workflow: &Workflow,
        template: &str,
        values: &serde_json::Value,
    ) -> Result<(String, String), String>;
    /// A short text of a workflow file, such as a task's title.
    ///
    /// # Errors
    /// As above.
    fn text(&self, source: &str, values: &serde_json::Value) -> Result<String, String>;
}

/// Subject, text part, HTML part.
pub type Email = (String, String, Option<String>);

/// How much a decision writes down. What it decides is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The full receipt.
    #[default]
    Full,
    /// No receipt: for simulations that only count.
    Outline,
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
    /// The accounts that may be read: at least that of the contact, and the one that the event names.
    pub accounts: &'a Accounts,
    /// Whether a receipt is wanted.
    pub detail: Detail,
    /// Where a score can be had at once, so that nobody has to be asked again.
    pub score: Option<Score<'a>>,
}

/// Answers one row of a plugin as of an instant.
pub type Score<'a> = &'a dyn Fn(&ScoreRequest, Time) -> ScoreOutcome;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An event of this contact.
    Event(Event),
    /// Time went on to this instant: deadlines up to it are due. The number makes the wake-up's id unique: the
    /// version of the contact's row.
    Wake(Time, i64),
    /// The scheduled start of a workflow at this instant, whatever its schedule says: for tests.
    Tick(String, Time),
    /// A newly published version says what becomes of runs under way.
    Migrate(Migration),
}

/// Whom it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// The contact.
    pub contact: Contact,
    /// For an event that says that two ids are one person ([`other_id`]): the other contact, where it exists.
    pub other: Option<Contact>,
}

impl From<Contact> for Subject {
    fn from(contact: Contact) -> Subject {
        Subject { contact, other: None }
    }
}

/// Scores by key, as far as they are known. The key is made by the core; the caller hands it back.
pub type Scores = BTreeMap<String, ScoreOutcome>;

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Score these first, add the results under their keys, and call again with the same subject and input.
    Need(Box<Subject>, Vec<(String, ScoreRequest)>),
    /// Finished.
    Done(Box<Transition>),
}

/// An event that does not fit its declared shape: it is to be parked, nothing changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// As it was handed in.
    pub subject: Box<Subject>,
    /// A sentence for people.
    pub why: String,
}

/// All that one decision changes. It commits as one or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The contact afterwards.
    pub contact: Contact,
    /// The time it was decided for.
    pub at: Time,
    /// The receipt; `None` for a wake-up with nothing due, and where none was wanted.
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
    /// What the event adds to an account.
    pub account: Option<AccountDelta>,
    /// Ids that are this contact's from now on.
    pub aliases: Vec<String>,
    /// The other contact after it was merged into this one: an empty record that points here.
    pub merged: Option<Contact>,
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

/// Decides one input for one contact. The subject comes back in every case.
///
/// # Errors
/// [`Refused`] where the event does not fit its declared shape. The event is to be parked.
pub fn decide(env: &Env<'_>, subject: Subject, input: &Input, scores: &Scores) -> Result<Outcome, Refused> {
    // Only what may be asked again, or refused, needs a copy of the contact.
    let copy = may_return(env, &subject, input).then(|| subject.clone());
    let mut walk = walk::Walk::new(env, subject, scores);
    let result = match input {
        Input::Event(event) => match walk.event(event) {
            Ok(result) => result,
            Err(why) => return Err(Refused { subject: Box::new(copy.unwrap_or_default()), why }),
        },
        Input::Wake(now, version) => walk.wake(*now, *version),
        Input::Tick(workflow, at) => walk.tick(workflow, *at),
        Input::Migrate(migration) => {
            walk.migrate(migration);
            Ok(())
        }
    };
    Ok(match result {
        Ok(()) => Outcome::Done(Box::new(walk.finish())),
        Err(need) => Outcome::Need(Box::new(copy.unwrap_or_default()), vec![need]),
    })
}

/// Whether this input can end in a refusal or in the wish for a score.
fn may_return(env: &Env<'_>, subject: &Subject, input: &Input) -> bool {
    if env.score.is_some() {
        return matches!(input, Input::Event(event) if refusable(event));
    }
    let catalog = env.catalog;
    let scored = |contact: &Contact| {
        contact.runs.iter().any(|run| catalog.version(&run.workflow, &run.version).is_some_and(|flow| flow.scored()))
            || (!contact.ticks.is_empty() && catalog.scheduled().any(|flow| flow.scored()))
    };
    let starts = match input {
        Input::Event(event) => refusable(event) || catalog.starts(&event.kind).any(|flow| flow.scored()),
        Input::Tick(..) => true,
        Input::Wake(..) | Input::Migrate(_) => false,
    };
    starts || scored(&subject.contact) || subject.other.is_some()
}

/// Only built-in events carry data that nobody declared.
fn refusable(event: &Event) -> bool {
    event.body.is_some() || ["contact.", "account.", "consent."].iter().any(|start| event.kind.starts_with(start))
}

#[cfg(test)]
mod tests;
