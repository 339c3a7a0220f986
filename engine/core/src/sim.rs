//! A world in memory on virtual time: the same decision and the same gate as the worker's, with nothing outside.
//!
//! `staunch test`, `simulate` and the training tables run on it.

mod dispatch;
mod resume;

use crate::account::{Account, Accounts};
use crate::action::{Action, ActionState, Channel, ReasonCode};
use crate::contact::Contact;
use crate::decide::{Catalog, Detail, Env, Input, Outcome, Renderer, Scores, Subject, Transition, decide, other_id};
use crate::event::{Event, EventKey};
use crate::expr::Evaluator;
use crate::guards::Sent;
use crate::map::{Map, Table};
use crate::policy::Live;
use crate::receipt::{Check, Decision};
use crate::run::{Run, RunStatus};
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

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

/// What happened to a run beside its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It came to its end.
    Done {
        /// At this step, where the last one is known.
        step: String,
    },
    /// It ended before.
    Left {
        /// Why.
        reason: String,
    },
    /// It reached its goal.
    Goal,
    /// It did not start.
    NotStarted {
        /// Why.
        reason: String,
    },
}

/// A guard that stood in the way of an action, for a while or for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stop {
    /// The action, by its place in `actions`.
    pub action: usize,
    /// The guard, with its id where the policy gives one (`cap weekly`).
    pub guard: String,
    /// For ever.
    pub never: bool,
    /// The reason it gave.
    pub reason: ReasonCode,
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
    /// What happened, in order; nothing where the world is `quiet`.
    pub log: Vec<Happening>,
    /// Nobody reads the log.
    pub quiet: bool,
    /// What happened to runs, in order: (when, contact, workflow, what). Kept with receipts only.
    pub turns: Vec<(Time, String, String, Turn)>,
    /// Receipts, in order, where they are wanted.
    pub decisions: Option<Vec<Decision>>,
    /// What the guards said at the last-moment gate, by action, where receipts are wanted.
    pub gates: Table<String, Vec<Check>>,
    /// Every guard that ever stood in the way of an action, each once. Kept with receipts only.
    pub stops: BTreeSet<Stop>,
    /// The actions, in the order of their plans.
    pub actions: Vec<Action>,
    /// How many older ones were taken out: places count from the first ever.
    gone: usize,
    /// When each action entered `sending`, by its place in `actions`.
    sent_at: Table<usize, Time>,
    /// The last state of every run.
    pub runs: Table<String, Box<Run>>,
    /// Channels and connectors that answer nothing: what goes there is held and tried again.
    pub down: BTreeSet<String>,
    /// How many inputs were decided.
    pub decided_count: u64,
    /// How many runs started.
    pub started: u64,
    /// How often a run went on from where it stood, or ended there.
    pub advanced: u64,
    contacts: Table<String, Box<Contact>>,
    accounts: Accounts,
    aliases: Table<String, String>,
    decided: HashSet<EventKey, foldhash::quality::RandomState>,
    /// How far time has gone; it never goes back.
    clock: Time,
    wakes: BTreeSet<(Time, String)>,
    due: BTreeSet<Due>,
    by_run: Table<String, Vec<usize>>,
    sent: Table<String, Vec<Sent>>,
    workflow_sent: Table<String, Vec<(Time, Channel)>>,
    assigned: Table<String, Vec<(Channel, Time)>>,
    /// The catalog with what a test forces.
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
            quiet: false,
            turns: Vec::new(),
            decisions: None,
            gates: Table::default(),
            stops: BTreeSet::new(),
            actions: Vec::new(),
            gone: 0,
            sent_at: Table::default(),
            runs: Table::default(),
            down: BTreeSet::new(),
            decided_count: 0,
            started: 0,
            advanced: 0,
            contacts: Table::default(),
            accounts: Accounts::new(),
            aliases: Table::default(),
            decided: HashSet::default(),
            clock: Time(i64::MIN),
            wakes: BTreeSet::new(),
            due: BTreeSet::new(),
            by_run: Table::default(),
            sent: Table::default(),
            workflow_sent: Table::default(),
            assigned: Table::default(),
            forced: None,
        }
    }

    /// Puts a contact into the world as it is.
    pub fn put(&mut self, contact: Contact) {
        if let Some(at) = contact.wake_at() {
            self.wakes.insert((at, contact.id.clone()));
        }
        self.aliases.extend(contact.aliases.iter().map(|alias| (alias.clone(), contact.id.clone())));
        self.contacts.insert(contact.id.clone(), Box::new(contact));
    }

    /// Puts an account into the world as it is.
    pub fn put_account(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), account);
    }

    /// All contacts.
    pub fn contacts(&self) -> &Table<String, Box<Contact>> {
        &self.contacts
    }

    /// All accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// From now on the catalog of a test: it says on which side of everything its contact is, and when schedules tick.
    pub fn force(&mut self, change: impl FnOnce(Catalog) -> Catalog) {
        self.forced = Some(change(self.catalog().clone()));
    }

    fn env(&self, detail: Detail) -> Env<'_> {
        Env {
            catalog: self.catalog(),
            live: &self.live,
            evaluator: self.parts.evaluator,
            renderer: self.parts.renderer,
            accounts: &self.accounts,
            detail,
            score: Some(self.parts.score),
        }
    }

    fn catalog(&self) -> &Catalog {
        self.forced.as_ref().unwrap_or(self.parts.catalog)
    }

    /// Handles one event, after everything that is due before it. What is due at its very instant goes once time moves
    /// on, so that other events of this instant, of whomever, are decided first.
    ///
    /// # Errors
    /// What the decision refuses.
    pub fn event(&mut self, mut event: Event) -> Result<(), String> {
        let (key, now) = (event.key(), event.time);
        self.run_before(now);
        self.clock = self.clock.max(now);
        if self.decided.contains(&key) {
            return Ok(());
        }
        if let Some(id) = self.aliases.get(&event.contact) {
            event.contact.clone_from(id);
        }
        let contact = event.contact.clone();
        self.decide(&contact, &Input::Event(event))?;
        self.decided.insert(key);
        Ok(())
    }

    /// Starts a scheduled workflow for a contact, whatever its schedule says.
    pub fn tick(&mut self, contact: &str, workflow: &str, at: Time) {
        self.run_before(at);
        self.clock = self.clock.max(at);
        // Only events are refused.
        let _ = self.decide(contact, &Input::Tick(workflow.to_owned(), at));
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
                let _ = self.decide(&contact, &Input::Wake(at, 0));
            }
            self.dispatch();
        }
    }

    fn decide(&mut self, id: &str, input: &Input) -> Result<(), String> {
        let mut subject = Subject::from(self.take_contact(id));
        if let Input::Event(event) = input
            && let Some(other) = other_id(event)
        {
            let other = self.aliases.get(other).cloned().unwrap_or_else(|| other.to_owned());
            subject.other = self.contacts.remove(&other).filter(|_| other != id).map(|contact| *contact);
        }
        let wakes = [Some(&subject.contact), subject.other.as_ref()];
        let wakes: Vec<(Time, String)> =
            wakes.into_iter().flatten().filter_map(|one| Some((one.wake_at()?, one.id.clone()))).collect();
        let detail = if self.decisions.is_some() { Detail::Full } else { Detail::Outline };
        let transition = match decide(&self.env(detail), subject, input, &Scores::new()) {
            Ok(Outcome::Done(transition)) => *transition,
            // Never: scores are answered at once. The subject is not lost in any case.
            Ok(Outcome::Need(back, _)) => return self.put_back(*back, "a score was not answered".to_owned()),
            Err(refused) => return self.put_back(*refused.subject, refused.why),
        };
        for wake in wakes {
            self.wakes.remove(&wake);
        }
        self.decided_count += 1;
        self.take(transition);
        Ok(())
    }

    fn put_back(&mut self, subject: Subject, why: String) -> Result<(), String> {
        self.contacts.insert(subject.contact.id.clone(), Box::new(subject.contact));
        self.contacts.extend(subject.other.map(|other| (other.id.clone(), Box::new(other))));
        Err(why)
    }

    /// The contact, out of the world while it is decided about.
    fn take_contact(&mut self, id: &str) -> Contact {
        match self.contacts.get_mut(id) {
            Some(contact) => std::mem::take(&mut **contact),
            None => Contact::new(id),
        }
    }

    fn take(&mut self, transition: Transition) {
        let id = transition.contact.id.clone();
        if let Some(at) = transition.wake_at {
            self.wakes.insert((at, id.clone()));
        }
        if let Some(delta) = &transition.account {
            self.accounts.entry(delta.id.clone()).or_insert_with(|| Account::new(&delta.id)).apply(delta);
        }
        for alias in transition.aliases {
            self.aliases.insert(alias, id.clone());
        }
        if let Some(merged) = transition.merged {
            // Caps count what either record got.
            let got = self.sent.remove(&merged.id).unwrap_or_default();
            let all = self.sent.entry(id.clone()).or_default();
            all.extend(got);
            all.sort_by_key(|sent| sent.at);
            self.contacts.insert(merged.id.clone(), Box::new(merged));
        }
        self.note_turns(&id, transition.at, &transition.runs, transition.decision.as_ref());
        for mut run in transition.runs {
            self.note_held(&id, &run);
            if self.decisions.is_none() {
                // What started it stands in the contact; nobody asks for it here.
                run.entry.fields = Map::new();
            }
            match self.runs.get_mut(&run.id) {
                Some(before) => {
                    self.advanced += u64::from(before.status != run.status);
                    **before = run;
                }
                None => {
                    self.started += 1;
                    self.runs.insert(run.id.clone(), Box::new(run));
                }
            }
        }
        for action in transition.actions {
            self.plan(action);
        }
        for run in &transition.cancelled {
            self.cancel(run, transition.at);
        }
        if let Some(all) = &mut self.decisions {
            all.extend(transition.decision);
        }
        // Its place in the map is kept, empty, while it is decided about.
        match self.contacts.get_mut(&id) {
            Some(place) => **place = transition.contact,
            None => drop(self.contacts.insert(id, Box::new(transition.contact))),
        }
    }

    fn note_turns(&mut self, contact: &str, at: Time, runs: &[Run], decision: Option<&Decision>) {
        let Some(decision) = decision else { return };
        for run in runs {
            let before = self.runs.get(&run.id);
            let was_over = before.is_some_and(|before| !before.active());
            let mut turns = Vec::new();
            if run.goal_at.is_some() && before.is_none_or(|before| before.goal_at.is_none()) {
                turns.push(Turn::Goal);
            }
            match &run.status {
                RunStatus::Done if !was_over => {
                    let own = decision.entries.iter().rev().filter(|entry| entry.run.as_ref() == Some(&run.id));
                    let last = own.flat_map(|entry| entry.trace.iter().rev()).next().map(|trace| trace.step.clone());
                    turns.push(Turn::Done { step: last.unwrap_or_default() });
                }
                RunStatus::Left { reason } if !was_over => turns.push(Turn::Left { reason: reason.clone() }),
                _ => {}
            }
            let at = run.ended_at.or(run.goal_at).unwrap_or(at);
            self.turns.extend(turns.into_iter().map(|turn| (at, contact.to_owned(), run.workflow.clone(), turn)));
        }
        for entry in &decision.entries {
            if let Some(reason) = entry.what.strip_prefix("not started: ") {
                let turn = Turn::NotStarted { reason: reason.to_owned() };
                self.turns.push((entry.at, contact.to_owned(), entry.workflow.clone(), turn));
            }
        }
    }

    /// A run that is held before a step is news once for each step and reason.
    fn note_held(&mut self, contact: &str, run: &Run) {
        if self.quiet {
            return;
        }
        let held = |run: &Run| match &run.status {
            RunStatus::Held { step, reason, since, .. } => Some((step.clone(), reason.clone(), *since)),
            _ => None,
        };
        let Some((step, reason, since)) = held(run) else { return };
        if self.runs.get(&run.id).and_then(|run| held(run)) != Some((step.clone(), reason.clone(), since)) {
            let reason = ReasonCode::parse(&reason).unwrap_or(ReasonCode::Expression);
            let (contact, workflow, what) =
                (contact.to_owned(), run.workflow.clone(), Happened::Held { reason, until: None });
            self.log.push(Happening { at: since, contact, workflow, step, what });
        }
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
