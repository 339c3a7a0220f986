//! One decision from its input to its transition: deadlines first, then the event, then what it sets in motion.

use super::scope::{Moment, Reads};
use super::{ActionOutcome, Detail, Env, Scores, Subject, Transition, starts, steps};
use crate::account::{self, AccountDelta};
use crate::action::{Action, hash16};
use crate::contact::Contact;
use crate::event::Event;
use crate::facts::grow;
use crate::feature::{FactDef, Over};
use crate::map::Map;
use crate::receipt::{Decision, Entry, EventNote, Trace, shown};
use crate::run::{EntryEvent, Run, RunStatus};
use crate::score::ScoreRequest;
use crate::time::{DAY, Span, Time};
use crate::workflow::Workflow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The score that has to be known before the decision can go on.
pub(super) type Need = (String, ScoreRequest);

/// Facts that no workflow counts any more are forgotten after this long.
const FORGET_AFTER: Span = Span::days(400);

/// A decision under way.
pub(super) struct Walk<'a> {
    pub env: &'a Env<'a>,
    pub contact: Contact,
    pub scores: &'a Scores,
    pub actions: Vec<Action>,
    pub entries: Vec<Entry>,
    pub cancelled: Vec<String>,
    /// The contact that turned out to be the same person.
    pub other: Option<Contact>,
    pub aliases: Vec<String>,
    pub merged: Option<Contact>,
    /// What the event adds to the account of the contact.
    pub delta: Option<AccountDelta>,
    /// Whether a receipt is wanted.
    pub full: bool,
    /// Runs that are new or changed, by their place in the contact, the last change last.
    touched: Vec<usize>,
    decision: Option<Decision>,
    outcome: Option<ActionOutcome>,
    at: Time,
}

/// What one entry of the receipt is about.
pub(super) struct Note<'w> {
    pub workflow: &'w Workflow,
    pub run: Option<String>,
    pub at: Time,
    pub what: String,
    pub trace: Vec<Trace>,
    pub reads: Reads,
    pub actions: Vec<String>,
}

impl<'a> Walk<'a> {
    pub fn new(env: &'a Env<'a>, subject: Subject, scores: &'a Scores) -> Walk<'a> {
        Walk {
            env,
            contact: subject.contact,
            other: subject.other,
            scores,
            actions: Vec::new(),
            entries: Vec::new(),
            cancelled: Vec::new(),
            aliases: Vec::new(),
            merged: None,
            delta: None,
            full: env.detail == Detail::Full,
            touched: Vec::new(),
            decision: None,
            outcome: None,
            at: Time(i64::MIN),
        }
    }

    /// Handles an event. The outer error parks it; the inner one asks for a score.
    pub fn event(&mut self, event: &Event) -> Result<Result<(), Need>, String> {
        self.at = event.time;
        let late = event.history || self.contact.decided_to.is_some_and(|to| event.time < to);
        if !late && let Err(need) = self.deadlines(event.time, false) {
            return Ok(Err(need));
        }
        self.contact.apply(event, &self.env.catalog.workspace.schema)?;
        if let Err(need) = self.identify(event) {
            return Ok(Err(need));
        }
        self.add_facts(event);
        self.add_to_account(event)?;
        self.outcome = outcome_of(event);
        let done = if late { self.late_goals(event) } else { self.live(event) };
        // Where somebody lives decides when a schedule ticks.
        self.plan_ticks(self.contact.decided_to.unwrap_or(event.time), event.kind.starts_with("contact."));
        if self.full {
            self.decision = Some(Decision {
                id: hex::encode(event.key()),
                contact: self.contact.id.clone(),
                event: Some(self.note_event(event)),
                at: event.time,
                late,
                entries: Vec::new(),
            });
        }
        Ok(done)
    }

    /// Handles the passing of time up to `now`.
    pub fn wake(&mut self, now: Time, version: i64) -> Result<(), Need> {
        let first = self.contact.wake_at().filter(|due| *due <= now);
        self.at = first.unwrap_or(now);
        self.deadlines(now, true)?;
        self.plan_ticks(self.contact.decided_to.map_or(now, |to| to.max(now)), true);
        // A held run that was tried again in vain is no news.
        if let Some(first) = first.filter(|_| !self.entries.is_empty()) {
            let id = hash16("wake", &[&self.contact.id, &first.0.to_string(), &version.to_string()]);
            self.without_event(id, self.contact.decided_to.unwrap_or(first));
        }
        Ok(())
    }

    /// Writes the decision of a tick or a migration; `row` makes its id unique.
    pub fn decide_wake(&mut self, at: Time, row: i64) {
        self.at = at;
        let id = hash16("wake", &[&self.contact.id, &at.0.to_string(), &row.to_string(), "by hand"]);
        self.without_event(id, at);
    }

    fn without_event(&mut self, id: [u8; 16], at: Time) {
        self.at = at;
        if self.full {
            let contact = self.contact.id.clone();
            self.decision =
                Some(Decision { id: hex::encode(id), contact, event: None, at, late: false, entries: Vec::new() });
        }
    }

    /// Whether no run changed so far.
    pub fn is_untouched(&self) -> bool {
        self.touched.is_empty()
    }

    /// Takes every deadline before `to` (or at it, where `inclusive`) in order of time, each decided for its own time.
    pub fn deadlines(&mut self, to: Time, inclusive: bool) -> Result<(), Need> {
        while let Some(at) = self.contact.wake_at().filter(|at| *at < to || (inclusive && *at == to)) {
            let run = self.contact.runs.iter().position(|run| run.deadline() == Some(at));
            self.move_to(at);
            if let Some(index) = run {
                steps::deadline(self, index, at)?;
                continue;
            }
            let tick = self.contact.ticks.iter().find(|(_, tick)| **tick == at).map(|(name, _)| name.clone());
            let Some(name) = tick else { break };
            self.due_tick(&name, at)?;
        }
        Ok(())
    }

    fn live(&mut self, event: &Event) -> Result<(), Need> {
        self.move_to(event.time);
        if !self.contact.runs.is_empty() && self.env.catalog.heard(&event.kind) {
            starts::goals(self, event)?;
            starts::leaves(self, event)?;
            steps::event_waits(self, event)?;
        }
        starts::starts(self, event)
    }

    /// A late event decides nothing; that a goal was reached is a measurement and still counts.
    fn late_goals(&mut self, event: &Event) -> Result<(), Need> {
        if event.history { Ok(()) } else { starts::goals(self, event) }
    }

    /// Nothing before this time is decided any more. Once a day all facts that no window reaches any more go.
    pub fn move_to(&mut self, time: Time) {
        let before = self.contact.decided_to;
        let to = before.map_or(time, |to| to.max(time));
        self.contact.decided_to = Some(to);
        if before.is_some_and(|before| before.0.div_euclid(DAY) == to.0.div_euclid(DAY)) {
            return;
        }
        // Facts that no workflow known here counts may be counted by one that another process knows already.
        let catalog = self.env.catalog;
        self.contact.facts.retain(|key, log| {
            let keep = catalog.keep(key);
            log.prune(to, keep.unwrap_or(FORGET_AFTER));
            keep.is_some() || log.last.is_some_and(|last| last > to - FORGET_AFTER)
        });
    }

    fn add_facts(&mut self, event: &Event) {
        let (catalog, currency) = (self.env.catalog, self.env.catalog.workspace.schema.currency);
        for (fact, workflow) in catalog.facts(event, Over::Contact) {
            let Some(number) = fact.number(event, currency) else { continue };
            if self.counts(fact, workflow, event) {
                self.contact.facts.add(fact.key, event.time, number, fact.keep);
            }
        }
    }

    /// A filter that cannot be evaluated leaves no fact; the checker has proved its names and types.
    fn counts(&self, fact: &FactDef, workflow: &Workflow, event: &Event) -> bool {
        fact.filter
            .as_ref()
            .is_none_or(|filter| self.moment(workflow, Some(event), None, event.time).holds(filter).unwrap_or(false))
    }

    fn add_to_account(&mut self, event: &Event) -> Result<(), String> {
        let catalog = self.env.catalog;
        if event.kind == "account.updated" {
            self.delta = Some(account::update(event, &catalog.workspace.schema)?);
            return Ok(());
        }
        let Some((id, _)) = &self.contact.account else { return Ok(()) };
        let mut delta = AccountDelta { id: id.clone(), ..AccountDelta::default() };
        for (fact, workflow) in catalog.facts(event, Over::Account) {
            let Some(number) = fact.number(event, catalog.workspace.schema.currency) else { continue };
            if self.counts(fact, workflow, event) {
                delta.facts.push((fact.key, event.time, number, fact.keep));
            }
        }
        self.delta = Some(delta).filter(|delta| !delta.is_empty());
        Ok(())
    }

    /// The scope of a workflow at this point of the decision.
    pub fn moment<'m>(
        &'m self,
        workflow: &'m Workflow,
        event: Option<&'m Event>,
        entry: Option<&'m EntryEvent>,
        at: Time,
    ) -> Moment<'m> {
        Moment {
            scores: self.scores,
            event,
            entry,
            delta: self.delta.as_ref(),
            full: self.full,
            ..Moment::bare(self.env, workflow, &self.contact, at)
        }
    }

    /// The version that a run entered with.
    pub fn workflow_of(&self, run: &Run) -> Option<Arc<Workflow>> {
        self.env.catalog.version(&run.workflow, &run.version).cloned()
    }

    /// Writes one entry of the receipt.
    pub fn note(&mut self, note: Note<'_>) {
        if !self.full {
            return;
        }
        self.entries.push(Entry {
            workflow: note.workflow.name.clone(),
            version: note.workflow.version.clone(),
            run: note.run,
            at: note.at,
            what: note.what,
            trace: note.trace,
            features: note.reads.features,
            scores: note.reads.scores,
            actions: note.actions,
        });
    }

    /// Writes an entry about a run of which no step was looked at.
    pub fn note_of_run(&mut self, run: &Run, at: Time, what: &str) {
        if !self.full {
            return;
        }
        self.entries.push(Entry {
            workflow: run.workflow.clone(),
            version: run.version.clone(),
            run: Some(run.id.clone()),
            at,
            what: what.to_owned(),
            trace: vec![],
            features: BTreeMap::new(),
            scores: vec![],
            actions: vec![],
        });
    }

    /// Writes an entry about the contact itself.
    pub fn remark(&mut self, at: Time, what: &str) {
        if self.full {
            let empty = (vec![], BTreeMap::new(), vec![], vec![]);
            let (trace, features, scores, actions) = empty;
            let (workflow, version, what) = ("(contact)".to_owned(), String::new(), what.to_owned());
            self.entries.push(Entry { workflow, version, run: None, at, what, trace, features, scores, actions });
        }
    }

    /// Remembers that the run at this place changed.
    pub fn touch(&mut self, index: usize) {
        self.touched.retain(|other| *other != index);
        self.touched.push(index);
    }

    /// Puts a run back at its place and remembers that it changed.
    pub fn put(&mut self, index: usize, run: Run) {
        self.contact.runs[index] = run;
        self.touch(index);
    }

    /// Ends a run before its end, and withholds what it has pending. `what` is the receipt's.
    pub fn leave(&mut self, index: usize, at: Time, reason: &str, what: &str) {
        let mut run = self.contact.runs[index].clone();
        run.status = RunStatus::Left { reason: reason.to_owned() };
        run.ended_at = Some(at);
        run.pending_until = None;
        self.cancelled.push(run.id.clone());
        self.note_of_run(&run, at, what);
        self.put(index, run);
    }

    /// Adds a new run and gives its place.
    pub fn add(&mut self, run: Run) -> usize {
        grow(&mut self.contact.runs);
        self.contact.runs.push(run);
        let index = self.contact.runs.len() - 1;
        self.touch(index);
        index
    }

    /// The transition; runs that are over and past their goal's window are let go.
    pub fn finish(mut self) -> Transition {
        let to = self.contact.decided_to;
        let catalog = self.env.catalog;
        let open = |run: &Run| {
            let goal = catalog.version(&run.workflow, &run.version).and_then(|flow| flow.goal.as_ref());
            run.open_until(goal).is_some_and(|until| to.is_none_or(|to| to <= until))
        };
        let runs = self.touched.iter().filter_map(|index| self.contact.runs.get(*index).cloned()).collect();
        if !self.contact.runs.is_empty() {
            self.contact.runs.retain(|run| run.active() || open(run));
        }
        let decision = self.decision.map(|decision| Decision { entries: self.entries, ..decision });
        Transition {
            wake_at: self.contact.wake_at(),
            at: self.at,
            account: self.delta,
            aliases: self.aliases,
            merged: self.merged,
            contact: self.contact,
            decision,
            actions: self.actions,
            runs,
            cancelled: self.cancelled,
            outcome: self.outcome,
        }
    }

    fn note_event(&self, event: &Event) -> EventNote {
        let declared = self.env.catalog.workspace.schema.events.get(&event.kind);
        let masked = |name: &String| declared.and_then(|fields| fields.get(name)).is_some_and(|field| field.personal);
        let fields: Map<_, _> =
            event.fields.iter().map(|(name, value)| (name.clone(), shown(value, masked(name)))).collect();
        EventNote {
            id: event.id.clone(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            time: event.time,
            fields,
        }
    }
}

fn outcome_of(event: &Event) -> Option<ActionOutcome> {
    let known = ["email.", "task.", "nudge."].iter().any(|prefix| event.kind.starts_with(prefix))
        && crate::schema::BUILT_IN_EVENTS.contains(&event.kind.as_str());
    let action = event.body.as_ref()?.get("action_id")?.as_str()?;
    // Ids of actions are plain words; anything else is no outcome of ours.
    let plain = !action.is_empty()
        && action.len() <= 64
        && action.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (known && plain).then(|| ActionOutcome { action: action.to_owned(), kind: event.kind.clone(), at: event.time })
}
