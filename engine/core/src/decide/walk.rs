//! One decision from its input to its transition: deadlines first, then the event, then what it sets in motion.

use super::scope::{Moment, Reads};
use super::{ActionOutcome, Env, Scores, Transition, features, starts, steps};
use crate::action::{Action, hash16};
use crate::contact::Contact;
use crate::event::Event;
use crate::receipt::{Decision, Entry, EventNote, Trace, shown};
use crate::run::{EntryEvent, Run};
use crate::score::ScoreRequest;
use crate::time::{Span, Time};
use crate::workflow::Workflow;
use std::cell::{Cell, RefCell};
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
    touched: Vec<Run>,
    decision: Option<Decision>,
    outcome: Option<ActionOutcome>,
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
    pub fn new(env: &'a Env<'a>, contact: Contact, scores: &'a Scores) -> Walk<'a> {
        Walk {
            env,
            contact,
            scores,
            actions: Vec::new(),
            entries: Vec::new(),
            cancelled: Vec::new(),
            touched: Vec::new(),
            decision: None,
            outcome: None,
        }
    }

    /// Handles an event. The outer error parks it; the inner one asks for a score.
    pub fn event(&mut self, event: &Event) -> Result<Result<(), Need>, String> {
        let late = event.history || self.contact.decided_to.is_some_and(|to| event.time < to);
        if !late && let Err(need) = self.deadlines(event.time, false) {
            return Ok(Err(need));
        }
        self.contact.apply(event, &self.env.catalog.workspace.schema)?;
        self.add_facts(event);
        self.outcome = outcome_of(event);
        let done = if late { self.late_goals(event) } else { self.live(event) };
        self.decision = Some(Decision {
            id: hex::encode(event.key()),
            contact: self.contact.id.clone(),
            event: Some(self.note_event(event)),
            at: event.time,
            late,
            entries: Vec::new(),
        });
        Ok(done)
    }

    /// Handles the passing of time up to `now`.
    pub fn wake(&mut self, now: Time, version: i64) -> Result<(), Need> {
        let first = self.contact.wake_at().filter(|due| *due <= now);
        self.deadlines(now, true)?;
        // A held run that was tried again in vain is no news.
        if let Some(first) = first.filter(|_| !self.entries.is_empty()) {
            let id = hash16("wake", &[&self.contact.id, &first.0.to_string(), &version.to_string()]);
            let at = self.contact.decided_to.unwrap_or(first);
            let contact = self.contact.id.clone();
            self.decision =
                Some(Decision { id: hex::encode(id), contact, event: None, at, late: false, entries: Vec::new() });
        }
        Ok(())
    }

    /// Takes every deadline before `to` (or at it, where `inclusive`) in order of time, each decided for its own time.
    fn deadlines(&mut self, to: Time, inclusive: bool) -> Result<(), Need> {
        while let Some(at) = self.contact.wake_at().filter(|at| *at < to || (inclusive && *at == to)) {
            let Some(index) = self.contact.runs.iter().position(|run| run.deadline() == Some(at)) else { break };
            self.move_to(at);
            steps::deadline(self, index, at)?;
        }
        Ok(())
    }

    fn live(&mut self, event: &Event) -> Result<(), Need> {
        self.move_to(event.time);
        starts::goals(self, event)?;
        starts::leaves(self, event)?;
        steps::event_waits(self, event)?;
        starts::starts(self, event)
    }

    /// A late event decides nothing; that a goal was reached is a measurement and still counts.
    fn late_goals(&mut self, event: &Event) -> Result<(), Need> {
        if event.history { Ok(()) } else { starts::goals(self, event) }
    }

    /// Nothing before this time is decided any more.
    fn move_to(&mut self, time: Time) {
        let to = self.contact.decided_to.map_or(time, |to| to.max(time));
        self.contact.decided_to = Some(to);
        // Facts that no workflow known here counts may be counted by one that another process knows already.
        self.contact.facts.retain(|key, log| {
            let keep = self.env.catalog.keep(key);
            log.prune(to, keep.unwrap_or(FORGET_AFTER));
            keep.is_some() || log.last.is_some_and(|last| last > to - FORGET_AFTER)
        });
    }

    fn add_facts(&mut self, event: &Event) {
        let mut new = Vec::new();
        for (fact, workflow) in self.env.catalog.facts(event) {
            let Some(number) = features::number(event, fact.of.as_deref()) else { continue };
            if let Some(filter) = &fact.filter {
                let moment = self.moment(workflow, Some(event), None, event.time);
                // A filter that cannot be evaluated leaves no fact; the checker has proved its names and types.
                if !moment.holds(filter).unwrap_or(false) {
                    continue;
                }
            }
            new.push((fact.key.clone(), number, fact.keep));
        }
        for (key, number, keep) in new {
            let log = self.contact.facts.entry(key).or_default();
            log.add(event.time, number, keep);
        }
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
            env: self.env,
            workflow,
            contact: &self.contact,
            event,
            entry,
            at,
            scores: self.scores,
            reads: RefCell::default(),
            depth: Cell::new(0),
            personal: Cell::new(false),
        }
    }

    /// The version that a run entered with.
    pub fn workflow_of(&self, run: &Run) -> Option<Arc<Workflow>> {
        self.env.catalog.version(&run.workflow, &run.version).cloned()
    }

    /// Writes one entry of the receipt.
    pub fn note(&mut self, note: Note<'_>) {
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

    /// Puts a run back at its place and remembers that it changed.
    pub fn put(&mut self, index: usize, run: Run) {
        self.touched.retain(|other| other.id != run.id);
        self.touched.push(run.clone());
        self.contact.runs[index] = run;
    }

    /// Adds a new run and gives its place.
    pub fn add(&mut self, run: Run) -> usize {
        self.touched.push(run.clone());
        self.contact.runs.push(run);
        self.contact.runs.len() - 1
    }

    /// The transition; runs that are over and past their goal's window are let go.
    pub fn finish(mut self) -> Transition {
        let to = self.contact.decided_to;
        let catalog = self.env.catalog;
        let open = |run: &Run| {
            let goal = catalog.version(&run.workflow, &run.version).and_then(|flow| flow.goal.as_ref());
            let goal_until = goal.filter(|_| run.goal_at.is_none() && run.exposed_at.is_some());
            let until = goal_until.map(|goal| run.goal_window(goal.window).1).max(run.pending_until);
            until.is_some_and(|until| to.is_none_or(|to| to <= until))
        };
        self.contact.runs.retain(|run| run.active() || open(run));
        let decision = self.decision.map(|decision| Decision { entries: self.entries, ..decision });
        Transition {
            wake_at: self.contact.wake_at(),
            contact: self.contact,
            decision,
            actions: self.actions,
            runs: self.touched,
            cancelled: self.cancelled,
            outcome: self.outcome,
        }
    }

    fn note_event(&self, event: &Event) -> EventNote {
        let declared = self.env.catalog.workspace.schema.events.get(&event.kind);
        let masked = |name: &String| declared.and_then(|fields| fields.get(name)).is_some_and(|field| field.personal);
        let fields: BTreeMap<_, _> =
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
