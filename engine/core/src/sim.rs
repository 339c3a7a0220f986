//! A world in memory on virtual time: the same decision and the same gate as the worker's, with nothing outside.
//!
//! `staunch test`, `simulate` and the training tables run on it.

mod dispatch;

use crate::action::{Action, ActionState, Channel, ReasonCode};
use crate::arm::Arm;
use crate::contact::Contact;
use crate::decide::{Catalog, Env, Input, Outcome, Renderer, Scores, Transition, decide};
use crate::event::{Event, EventKey};
use crate::expr::Evaluator;
use crate::guards::Sent;
use crate::policy::Live;
use crate::receipt::Decision;
use crate::run::{Run, RunStatus};
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Something that a test can expect.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Time,
    /// Whose.
    pub contact: String,
    /// The workflow.
    pub workflow: String,
    /// The author's step id.
    pub step: String,
    /// What.
    pub what: Happened,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The action went out.
    Sent,
    /// The action, or the run before the step, is held.
    Held {
        /// Why.
        reason: ReasonCode,
        /// Until when, where that is known.
        until: Option<Time>,
    },
    /// The action waits for a person.
    Review,
    /// The action never goes.
    Withheld {
        /// Why.
        reason: ReasonCode,
    },
}

/// What the world is made of.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Published workflows.
    pub catalog: &'a Catalog,
    /// Evaluates expressions.
    pub evaluator: &'a dyn Evaluator,
    /// Renders messages.
    pub renderer: &'a dyn Renderer,
    /// Answers one row for a plugin at a time.
    pub score: &'a dyn Fn(&ScoreRequest, Time) -> ScoreOutcome,
}

/// Contacts, runs and actions in memory.
pub struct World<'a> {
    parts: Parts<'a>,
    /// Stages and kills; a test may change them.
    pub live: Live,
    /// What happened, in order.
    pub log: Vec<Happening>,
    /// Receipts, in order, where they are wanted.
    pub decisions: Option<Vec<Decision>>,
    /// All actions, in the order of their plans.
    pub actions: Vec<Action>,
    /// The last state of every run.
    pub runs: HashMap<String, Run>,
    contacts: HashMap<String, Contact>,
    decided: HashSet<EventKey>,
    /// How far time has gone; it never goes back.
    clock: Time,
    wakes: BTreeSet<(Time, String)>,
    due: BTreeSet<Due>,
    by_run: HashMap<String, Vec<usize>>,
    sent: HashMap<String, Vec<Sent>>,
    workflow_sent: HashMap<String, Vec<(Time, Channel)>>,
    /// The catalog with the arm that a test forces.
    forced: Option<Catalog>,
}

/// When the gate is asked about an action, and about whom first at equal times: the higher priority, then the older.
type Due = (Time, Reverse<u8>, usize);

impl<'a> World<'a> {
    /// An empty world.
    pub fn new(parts: Parts<'a>, live: Live) -> World<'a> {
        World {
            parts,
            live,
            log: Vec::new(),
            decisions: None,
            actions: Vec::new(),
            runs: HashMap::new(),
            contacts: HashMap::new(),
            decided: HashSet::new(),
            clock: Time(i64::MIN),
            wakes: BTreeSet::new(),
            due: BTreeSet::new(),
            by_run: HashMap::new(),
            sent: HashMap::new(),
            workflow_sent: HashMap::new(),
            forced: None,
        }
    }

    /// Puts a contact into the world as it is.
    pub fn put(&mut self, contact: Contact) {
        if let Some(at) = contact.wake_at() {
            self.wakes.insert((at, contact.id.clone()));
        }
        self.contacts.insert(contact.id.clone(), contact);
    }

    /// All contacts.
    pub fn contacts(&self) -> &HashMap<String, Contact> {
        &self.contacts
    }

    /// Every assignment made from now on gets this arm: a test says on which side its contact is.
    pub fn force_arm(&mut self, arm: Arm) {
        self.forced = Some(self.parts.catalog.clone().with_arm(arm));
    }

    /// Handles one event, after everything that is due before it.
    ///
    /// # Errors
    /// What the decision refuses.
    pub fn event(&mut self, event: Event) -> Result<(), String> {
        let (key, now) = (event.key(), event.time);
        self.run_before(now);
        self.clock = self.clock.max(now);
        if !self.decided.contains(&key) {
            let contact = event.contact.clone();
            self.decide(&contact, &Input::Event(event), now)?;
            self.decided.insert(key);
            self.dispatch();
        }
        Ok(())
    }

    /// Lets time go on to `to`: deadlines and due actions, each at its own time.
    pub fn run_to(&mut self, to: Time) {
        self.run_before(Time(to.0.saturating_add(1)));
    }

    fn run_before(&mut self, end: Time) {
        loop {
            let wake = self.wakes.first().map(|(at, _)| *at);
            let due = self.due.first().map(|(at, ..)| *at);
            let Some(next) = wake.into_iter().chain(due).min().filter(|at| *at < end) else { return };
            self.clock = self.clock.max(next);
            if wake == Some(next) {
                let Some((at, contact)) = self.wakes.pop_first() else { return };
                // A wake-up cannot refuse: only events are read.
                let _ = self.decide(&contact, &Input::Wake(at, 0), at);
            }
            self.dispatch();
        }
    }

    fn decide(&mut self, id: &str, input: &Input, now: Time) -> Result<(), String> {
        let env = Env {
            catalog: self.forced.as_ref().unwrap_or(self.parts.catalog),
            live: &self.live,
            evaluator: self.parts.evaluator,
            renderer: self.parts.renderer,
        };
        let before = self.contacts.get(id).cloned().unwrap_or_else(|| Contact::new(id));
        let mut scores = Scores::new();
        let transition = loop {
            match decide(&env, &before, input, &scores)? {
                Outcome::Done(transition) => break *transition,
                Outcome::Need(wanted) => {
                    for (key, request) in wanted {
                        let outcome = (self.parts.score)(&request, now);
                        scores.insert(key, outcome);
                    }
                }
            }
        };
        self.take(&before, transition);
        Ok(())
    }

    fn take(&mut self, before: &Contact, transition: Transition) {
        if let Some(at) = before.wake_at() {
            self.wakes.remove(&(at, before.id.clone()));
        }
        if let Some(at) = transition.wake_at {
            self.wakes.insert((at, before.id.clone()));
        }
        for run in transition.runs {
            self.note_held(&before.id, &run);
            self.runs.insert(run.id.clone(), run);
        }
        for action in transition.actions {
            self.plan(action);
        }
        let at = transition.decision.as_ref().map_or(self.clock, |decision| decision.at);
        for run in &transition.cancelled {
            self.cancel(run, at);
        }
        if let Some(all) = &mut self.decisions {
            all.extend(transition.decision);
        }
        self.contacts.insert(before.id.clone(), transition.contact);
    }

    /// A run that is held before a step is news once for each step and reason.
    fn note_held(&mut self, contact: &str, run: &Run) {
        let held = |run: &Run| match &run.status {
            RunStatus::Held { step, reason, since, .. } => Some((step.clone(), reason.clone(), *since)),
            _ => None,
        };
        let Some((step, reason, since)) = held(run) else { return };
        if self.runs.get(&run.id).and_then(held) != Some((step.clone(), reason.clone(), since)) {
            let reason = ReasonCode::parse(&reason).unwrap_or(ReasonCode::Expression);
            self.say(since, contact, &run.workflow, &step, Happened::Held { reason, until: None });
        }
    }

    fn say(&mut self, at: Time, contact: &str, workflow: &str, step: &str, what: Happened) {
        let (contact, workflow, step) = (contact.to_owned(), workflow.to_owned(), step.to_owned());
        self.log.push(Happening { at, contact, workflow, step, what });
    }

    /// How many actions there are by (workflow, state, reason).
    pub fn counts(&self) -> BTreeMap<(String, ActionState, Option<ReasonCode>), u64> {
        let mut counts = BTreeMap::new();
        for action in &self.actions {
            *counts.entry((action.workflow.clone(), action.state, action.reason)).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests;
