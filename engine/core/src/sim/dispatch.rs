//! From plans to ends: what the worker's dispatcher and the store do, in memory.

use super::{Happened, Happening, Stop, World};
use crate::action::{Action, ActionState, Channel, ReasonCode};
use crate::arm::{Arm, Assignment};
use crate::breaker;
use crate::contact::Contact;
use crate::decide::{Detail, excluded};
use crate::guards::{Ask, Ruling, UNTIL_RESUMED, Verdict, arbitrate};
use crate::policy::Stage;
use crate::receipt::{Check, Said};
use crate::time::{Span, Time};
use crate::workflow::IfExpired;
use std::cmp::Reverse;

/// The pause before a channel that is down is tried again.
const RETRY: Span = Span::seconds(3_600);

impl World<'_> {
    pub(super) fn plan(&mut self, action: Action) {
        let what = match (action.state, action.reason) {
            (ActionState::Withheld, Some(reason)) => Some(Happened::Withheld { reason }),
            (ActionState::Held, Some(reason)) => {
                Some(Happened::Held { reason, until: Some(action.due_at).filter(|at| *at != UNTIL_RESUMED) })
            }
            (ActionState::Review, _) => Some(Happened::Review),
            _ => None,
        };
        let planned_at = action.planned_at;
        self.note_stops(self.gone + self.actions.len(), &action.checks);
        let index = self.file(action);
        if let Some(what) = what {
            self.say_of(index, planned_at, what);
        }
    }

    fn note_stops(&mut self, action: usize, checks: &[Check]) {
        if self.decisions.is_none() {
            return;
        }
        for check in checks.iter().filter(|check| check.said != Said::Pass) {
            let Some(reason) = check.reason else { continue };
            let guard = check.guard.clone();
            self.stops.insert(Stop { action, guard, never: check.said == Said::Never, reason });
        }
    }

    /// Withholds what is pending of a run that left.
    pub(super) fn cancel(&mut self, run: &str, at: Time) {
        for index in self.by_run.get(run).cloned().unwrap_or_default() {
            if self.actions[index - self.gone].state.pending() {
                self.end(index, ActionState::Withheld, Some(ReasonCode::Left), at);
            }
        }
    }

    fn end(&mut self, index: usize, state: ActionState, reason: Option<ReasonCode>, at: Time) {
        let action = &mut self.actions[index - self.gone];
        action.state = state;
        action.reason = reason;
        let review = action.review.as_ref().map(|review| review.expires_at);
        for at in [Some(action.due_at), review].into_iter().flatten() {
            self.due.remove(&(at, Reverse(action.priority), index));
        }
        let what = match (state, reason) {
            (ActionState::Done, _) => Happened::Sent,
            (_, Some(reason)) => Happened::Withheld { reason },
            _ => return,
        };
        self.say_of(index, at, what);
    }

    fn say_of(&mut self, index: usize, at: Time, what: Happened) {
        if !self.quiet {
            let action = &self.actions[index - self.gone];
            let (contact, workflow, step) = (action.contact.clone(), action.workflow.clone(), action.step.clone());
            self.log.push(Happening { at, contact, workflow, step, what });
        }
    }

    /// Asks the gate for everything that is due by now.
    pub(super) fn dispatch(&mut self) {
        let now = self.clock;
        while let Some(due) = self.due.first().copied().filter(|(at, ..)| *at <= now) {
            self.due.remove(&due);
            self.gate(due.2, now);
        }
    }

    fn gate(&mut self, index: usize, now: Time) {
        let action = &self.actions[index - self.gone];
        if action.state == ActionState::Review {
            match action.review.as_ref().map(|review| review.if_expired) {
                Some(IfExpired::Approve) => self.actions[index - self.gone].state = ActionState::Ready,
                _ => return self.end(index, ActionState::Withheld, Some(ReasonCode::ReviewExpired), now),
            }
        }
        let action = &self.actions[index - self.gone];
        let ruling = self.arbitrate(action, now);
        if self.decisions.is_some() {
            self.gates.insert(action.id.clone(), ruling.checks.clone());
            self.note_stops(index, &ruling.checks);
        }
        match ruling.verdict {
            Verdict::Go if self.is_down(&self.actions[index - self.gone]) => {
                self.hold(index, now, now + RETRY, ReasonCode::Retry)
            }
            // A breaker that trips puts a kill in force, which then holds this action like all others.
            Verdict::Go if self.trips(index, now) => self.gate(index, now),
            Verdict::Go => self.send(index, now),
            Verdict::Never { reasons } => self.end(index, ActionState::Withheld, reasons.first().copied(), now),
            Verdict::Hold { until, reason } => self.hold(index, now, until, reason),
        }
    }

    fn hold(&mut self, index: usize, now: Time, until: Time, reason: ReasonCode) {
        let held = &mut self.actions[index - self.gone];
        (held.state, held.reason, held.due_at) = (ActionState::Held, Some(reason), until);
        self.due.insert((until, Reverse(held.priority), index));
        let until = Some(until).filter(|at| *at != UNTIL_RESUMED);
        self.say_of(index, now, Happened::Held { reason, until });
    }

    /// It goes, and counts from now on.
    fn send(&mut self, index: usize, now: Time) {
        self.count_sent(index, now);
        self.end(index, ActionState::Done, None, now);
    }

    fn trips(&mut self, index: usize, now: Time) -> bool {
        let action = &self.actions[index - self.gone];
        let Some(workflow) = self.parts.catalog.version(&action.workflow, &action.version).cloned() else {
            return false;
        };
        for one in workflow.breakers.iter().filter(|one| one.channel == action.channel) {
            let recent = self.sent_since(&action.workflow, now - one.window);
            let times: Vec<Time> = recent.iter().filter(|sent| sent.1 == one.channel).map(|sent| sent.0).collect();
            if let Some(kill) = breaker::trip(&workflow, one, &times, now) {
                self.live.kills.push(kill);
                return true;
            }
        }
        false
    }

    /// What a workflow has sent after this instant.
    fn sent_since(&self, workflow: &str, after: Time) -> &[(Time, Channel)] {
        let all = self.workflow_sent.get(workflow).map_or(&[][..], Vec::as_slice);
        &all[all.partition_point(|(at, _)| *at <= after)..]
    }

    fn is_down(&self, action: &Action) -> bool {
        self.down.contains(action.channel.word())
            || action.connector.as_ref().is_some_and(|connector| self.down.contains(connector))
    }

    fn arbitrate(&self, action: &Action, now: Time) -> Ruling {
        let unknown = Contact::default();
        let env = self.env(Detail::Outline);
        // A merge may have taken the contact over.
        let id = self.aliases.get(&action.contact).unwrap_or(&action.contact);
        let contact = self.contacts.get(id).map_or(&unknown, |contact| contact);
        let workspace = &env.catalog.workspace;
        let stage = self.live.stage(&action.workflow);
        let watched = Assignment { arm: Arm::Shadow, global_bucket: 0.0, holdout_bucket: 0.0, holdout: 0.0 };
        let place = self.runs.get(&action.run).and_then(|run| run.assignment.as_ref()).unwrap_or(&watched);
        // Only that stage counts a day of the whole workflow, and a day may be long.
        let day = self.sent_since(&action.workflow, now - Span::days(1)).iter().map(|(at, _)| *at);
        let recent: Vec<Time> = day.filter(|_| stage.stage == Stage::Limited).collect();
        let excluded = excluded(&env, contact, action.channel, now);
        let assignee = action.payload.assignee();
        let assigned = assignee.and_then(|person| self.assigned.get(person)).map_or(&[][..], Vec::as_slice);
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
            sent: Some(self.sent.get(id).map_or(&[][..], Vec::as_slice)),
            workflow_sent: Some(&recent),
            excluded: excluded.as_deref(),
            assignee,
            assigned: Some(assigned),
            words: self.decisions.is_some(),
        };
        arbitrate(&ask, now)
    }
}
