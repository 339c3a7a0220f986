//! A world in memory on virtual time: the same decision and the same gate as the worker's, with nothing outside.
//!
//! `staunch test`, `simulate` and the training tables run on it.

use crate::action::{Action, ActionState, ReasonCode};
use crate::arm::{Arm, Assignment};
use crate::breaker;
use crate::contact::Contact;
use crate::decide::{Catalog, Env, Input, Outcome, Renderer, Scores, Transition, decide};
use crate::event::{Event, EventKey};
use crate::expr::Evaluator;
use crate::guards::{Ask, Sent, UNTIL_RESUMED, Verdict, arbitrate};
use crate::policy::Live;
use crate::receipt::Decision;
use crate::run::{Run, RunStatus};
use crate::score::{ScoreOutcome, ScoreRequest};
use crate::time::Time;
use crate::workflow::IfExpired;
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
    wakes: BTreeSet<(Time, String)>,
    due: BTreeSet<(Time, usize)>,
    sent: HashMap<String, Vec<Sent>>,
    workflow_sent: HashMap<String, Vec<(Time, crate::action::Channel)>>,
    forced: Option<Arm>,
}

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
            wakes: BTreeSet::new(),
            due: BTreeSet::new(),
            sent: HashMap::new(),
            workflow_sent: HashMap::new(),
            forced: None,
        }
    }

    /// Puts a contact into the world as it is.
    pub fn put(&mut self, contact: Contact) {
        self.contacts.insert(contact.id.clone(), contact);
    }

    /// All contacts.
    pub fn contacts(&self) -> &HashMap<String, Contact> {
        &self.contacts
    }

    /// Every assignment made from now on gets this arm: a test says on which side its contact is.
    pub fn force_arm(&mut self, arm: Arm) {
        self.forced = Some(arm);
    }

    /// Handles one event, after everything that is due before it.
    ///
    /// # Errors
    /// What the decision refuses.
    pub fn event(&mut self, event: Event) -> Result<(), String> {
        self.run_before(event.time);
        if self.decided.insert(event.key()) {
            let (contact, now) = (event.contact.clone(), event.time);
            self.decide(&contact, &Input::Event(event), now)?;
            self.dispatch(now);
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
            let due = self.due.first().map(|(at, _)| *at);
            let Some(next) = wake.into_iter().chain(due).min().filter(|at| *at < end) else { return };
            if wake == Some(next) {
                let Some((at, contact)) = self.wakes.pop_first() else { return };
                // A wake-up cannot refuse: only events are read.
                let _ = self.decide(&contact, &Input::Wake(at, 0), at);
            }
            self.dispatch(next);
        }
    }

    fn decide(&mut self, id: &str, input: &Input, now: Time) -> Result<(), String> {
        let env = Env {
            catalog: self.parts.catalog,
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
        for mut run in transition.runs {
            if let (Some(arm), Some(place)) =
                (self.forced, run.assignment.as_mut().filter(|place| place.arm != Arm::Shadow))
            {
                place.arm = arm;
            }
            if let RunStatus::Held { step, reason, since, .. } = &run.status
                && self.runs.get(&run.id).is_none_or(|known| !matches!(known.status, RunStatus::Held { .. }))
            {
                let reason = ReasonCode::parse(reason).unwrap_or(ReasonCode::Expression);
                let what = Happened::Held { reason, until: None };
                self.say(*since, &before.id, &run.workflow, step, what);
            }
            self.runs.insert(run.id.clone(), run);
        }
        for action in transition.actions {
            self.plan(action);
        }
        for run in &transition.cancelled {
            self.cancel(run, transition.decision.as_ref().map_or(Time(0), |decision| decision.at));
        }
        if let Some(all) = &mut self.decisions {
            all.extend(transition.decision);
        }
        self.contacts.insert(before.id.clone(), transition.contact);
    }

    fn say(&mut self, at: Time, contact: &str, workflow: &str, step: &str, what: Happened) {
        let (contact, workflow, step) = (contact.to_owned(), workflow.to_owned(), step.to_owned());
        self.log.push(Happening { at, contact, workflow, step, what });
    }

    fn plan(&mut self, mut action: Action) {
        if let Some(arm) = self.forced.filter(|_| action.arm != Arm::Shadow) {
            self.force(&mut action, arm);
        }
        let what = match (action.state, action.reason) {
            (ActionState::Withheld, Some(reason)) => Some(Happened::Withheld { reason }),
            (ActionState::Held, Some(reason)) => {
                Some(Happened::Held { reason, until: Some(action.due_at).filter(|at| *at != UNTIL_RESUMED) })
            }
            (ActionState::Review, _) => Some(Happened::Review),
            _ => None,
        };
        if let Some(what) = what {
            self.say(action.planned_at, &action.contact, &action.workflow, &action.step, what);
        }
        let index = self.actions.len();
        match (action.state, &action.review) {
            (ActionState::Review, Some(review)) => drop(self.due.insert((review.expires_at, index))),
            (ActionState::Held | ActionState::Ready, _) => drop(self.due.insert((action.due_at, index))),
            _ => {}
        }
        self.actions.push(action);
    }

    /// Plans the action again on the side that the test names.
    fn force(&mut self, action: &mut Action, arm: Arm) {
        action.arm = arm;
        let Some(place) = self.runs.get(&action.run).and_then(|run| run.assignment.clone()) else { return };
        let contact = self.contacts.get(&action.contact).cloned().unwrap_or_else(|| Contact::new(&action.contact));
        let ruling = self.arbitrate(action, &contact, &place, action.planned_at, false);
        let needs_review = action.review.is_some();
        (action.state, action.reason, action.due_at) = match ruling {
            Verdict::Never { reasons } => (ActionState::Withheld, reasons.first().copied(), action.planned_at),
            Verdict::Hold { until, .. } if needs_review => (ActionState::Review, None, until),
            Verdict::Hold { until, reason } => (ActionState::Held, Some(reason), until),
            Verdict::Go if needs_review => (ActionState::Review, None, action.planned_at),
            Verdict::Go => (ActionState::Ready, None, action.planned_at),
        };
    }

    fn cancel(&mut self, run: &str, at: Time) {
        for index in 0..self.actions.len() {
            if self.actions[index].run == run && self.actions[index].state.pending() {
                self.end(index, ActionState::Withheld, Some(ReasonCode::Left), at);
            }
        }
    }

    fn end(&mut self, index: usize, state: ActionState, reason: Option<ReasonCode>, at: Time) {
        let action = &mut self.actions[index];
        let review = action.review.as_ref().map(|review| review.expires_at);
        let keys = [(action.due_at, index), (review.unwrap_or(action.due_at), index)];
        action.state = state;
        action.reason = reason;
        let (contact, workflow, step) = (action.contact.clone(), action.workflow.clone(), action.step.clone());
        for key in keys {
            self.due.remove(&key);
        }
        let what = match (state, reason) {
            (ActionState::Done, _) => Happened::Sent,
            (_, Some(reason)) => Happened::Withheld { reason },
            _ => return,
        };
        self.say(at, &contact, &workflow, &step, what);
    }

    /// Asks the gate for everything that is due at `now`.
    fn dispatch(&mut self, now: Time) {
        while let Some((at, index)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, index));
            self.gate(index, now);
        }
    }

    fn gate(&mut self, index: usize, now: Time) {
        let action = self.actions[index].clone();
        if action.state == ActionState::Review {
            match action.review.as_ref().map(|review| review.if_expired) {
                Some(IfExpired::Approve) => self.actions[index].state = ActionState::Ready,
                _ => return self.end(index, ActionState::Withheld, Some(ReasonCode::ReviewExpired), now),
            }
        }
        let contact = self.contacts.get(&action.contact).cloned().unwrap_or_else(|| Contact::new(&action.contact));
        let Some(place) = self.runs.get(&action.run).and_then(|run| run.assignment.clone()) else { return };
        if self.trips(&action, now) {
            return self.gate(index, now);
        }
        match self.arbitrate(&action, &contact, &place, now, true) {
            Verdict::Go => {
                let sent = Sent { channel: action.channel, purpose: action.purpose.clone(), at: now };
                self.sent.entry(action.contact.clone()).or_default().push(sent);
                self.workflow_sent.entry(action.workflow.clone()).or_default().push((now, action.channel));
                self.end(index, ActionState::Done, None, now);
            }
            Verdict::Never { reasons } => self.end(index, ActionState::Withheld, reasons.first().copied(), now),
            Verdict::Hold { until, reason } => {
                let held = &mut self.actions[index];
                (held.state, held.reason, held.due_at) = (ActionState::Held, Some(reason), until);
                self.due.insert((until, index));
                let until = Some(until).filter(|at| *at != UNTIL_RESUMED);
                self.say(now, &action.contact, &action.workflow, &action.step, Happened::Held { reason, until });
            }
        }
    }

    fn trips(&mut self, action: &Action, now: Time) -> bool {
        if self.live.kill(&action.workflow, action.channel).is_some() {
            return false;
        }
        let Some(workflow) = self.parts.catalog.version(&action.workflow, &action.version).cloned() else {
            return false;
        };
        for one in workflow.breakers.iter().filter(|one| one.channel == action.channel) {
            let all = self.workflow_sent.get(&action.workflow).map_or(&[][..], Vec::as_slice);
            let times: Vec<Time> =
                all.iter().filter(|(_, channel)| *channel == one.channel).map(|(at, _)| *at).collect();
            if let Some(kill) = breaker::trip(&workflow, one, &times, now) {
                self.live.kills.push(kill);
                return true;
            }
        }
        false
    }

    fn arbitrate(&self, action: &Action, contact: &Contact, place: &Assignment, now: Time, counted: bool) -> Verdict {
        let workspace = &self.parts.catalog.workspace;
        let stage = self.live.stage(&action.workflow);
        let sent = self.sent.get(&action.contact).map_or(&[][..], Vec::as_slice);
        let day = now - crate::time::Span::days(1);
        let all = self.workflow_sent.get(&action.workflow).map_or(&[][..], Vec::as_slice);
        let recent: Vec<Time> = all[all.partition_point(|(at, _)| *at <= day)..].iter().map(|(at, _)| *at).collect();
        let ask = Ask {
            contact,
            schema: &workspace.schema,
            policy: &workspace.policy,
            workflow: &action.workflow,
            stage: &stage,
            assignment: place,
            channel: action.channel,
            purpose: &action.purpose,
            expires_at: action.expires_at,
            kill: self.live.kill(&action.workflow, action.channel),
            sent: counted.then_some(sent),
            workflow_sent: counted.then_some(&recent),
        };
        arbitrate(&ask, now).verdict
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
