//! A world from what was kept of another one: its rows are put back, and it goes on from there.

use super::World;
use crate::action::{Action, ActionState};
use crate::guards::Sent;
use crate::run::Run;
use crate::time::Time;
use std::cmp::Reverse;

impl World<'_> {
    /// When something is due next without an event.
    pub fn next_due(&self) -> Option<Time> {
        let wake = self.wakes.first().map(|(at, _)| *at);
        wake.into_iter().chain(self.due.first().map(|(at, ..)| *at)).min()
    }

    /// Puts the last state of a run into the world. That its contact stands in it says the contact.
    pub fn put_run(&mut self, run: Run) {
        self.runs.insert(run.id.clone(), Box::new(run));
    }

    /// Puts an action into the world as it stands, with the time at which it went; older ones first.
    pub fn put_action(&mut self, action: Action, sent_at: Option<Time>) {
        let index = self.file(action);
        if let Some(at) = sent_at {
            self.count_sent(index, at);
        }
    }

    /// Takes the oldest actions out of the world as far as they are at an end, each with the time at which it went: a
    /// long history then costs no more than what is still open.
    pub fn take_finished(&mut self) -> Vec<(Action, Option<Time>)> {
        let open = self.actions.iter().position(|action| action.state.pending()).unwrap_or(self.actions.len());
        let mut taken = Vec::with_capacity(open);
        for action in self.actions.drain(..open) {
            let at = self.sent_at.remove(&self.gone);
            if let Some(places) = self.by_run.get_mut(&action.run) {
                places.retain(|place| *place != self.gone);
                if places.is_empty() {
                    self.by_run.remove(&action.run);
                }
            }
            self.gone += 1;
            taken.push((action, at));
        }
        taken
    }

    /// When the action at this place of `actions` went.
    pub fn sent_at(&self, place: usize) -> Option<Time> {
        self.sent_at.get(&(self.gone + place)).copied()
    }

    /// Gives an action its place, and the time at which the gate is asked about it.
    pub(super) fn file(&mut self, action: Action) -> usize {
        let index = self.gone + self.actions.len();
        let due = match (action.state, &action.review) {
            (ActionState::Review, Some(review)) => Some(review.expires_at),
            (ActionState::Held | ActionState::Ready, _) => Some(action.due_at),
            _ => None,
        };
        self.by_run.entry(action.run.clone()).or_default().push(index);
        self.due.extend(due.map(|at| (at, Reverse(action.priority), index)));
        self.actions.push(action);
        index
    }

    /// What went counts for caps, capacity and breakers.
    pub(super) fn count_sent(&mut self, index: usize, at: Time) {
        let action = &self.actions[index - self.gone];
        let sent = Sent { channel: action.channel, purpose: action.purpose.clone(), at };
        let id = self.aliases.get(&action.contact).unwrap_or(&action.contact).clone();
        put_in_order(self.sent.entry(id).or_default(), sent, |sent| sent.at);
        match self.workflow_sent.get_mut(&action.workflow) {
            Some(all) => put_in_order(all, (at, action.channel), |sent| sent.0),
            None => drop(self.workflow_sent.insert(action.workflow.clone(), vec![(at, action.channel)])),
        }
        if let Some(person) = action.payload.assignee() {
            let all = self.assigned.entry(person.to_owned()).or_default();
            put_in_order(all, (action.channel, at), |sent| sent.1);
        }
        self.sent_at.insert(index, at);
    }
}

/// What was planned first need not have gone first.
fn put_in_order<T>(list: &mut Vec<T>, one: T, at: impl Fn(&T) -> Time) {
    let place = list.partition_point(|known| at(known) <= at(&one));
    list.insert(place, one);
}
