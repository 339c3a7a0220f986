//! What one version did with a history: every message, guard, review, task and rule, taken out of the world as it goes.

use super::outcome::{GoalEvent, Goals, Outcome};
use crate::playback::{Played, day_of};
use staunch_core::Time;
use staunch_core::action::{ActionState, Channel};
use staunch_core::decide::Catalog;
use staunch_core::receipt::{Entry, Trace};
use staunch_core::sim::World;
use std::collections::{BTreeMap, BTreeSet};

/// One action that went out.
#[derive(Clone, Debug)]
pub struct SentNote {
    /// To whom.
    pub contact: String,
    /// By which workflow.
    pub workflow: String,
    /// By which step.
    pub step: String,
    /// On which channel.
    pub channel: Channel,
    /// On which day (UTC).
    pub day: String,
    /// For whom a task is.
    pub assignee: Option<String>,
}

/// A rule that was taken for one run.
struct Taken {
    workflow: String,
    version: String,
    rule: String,
    contact: String,
    run: String,
    at: Time,
}

/// The whole of one version.
pub struct Ledger {
    /// What was read.
    pub played: Played,
    /// How many contacts there are.
    pub contacts: usize,
    /// Decisions.
    pub decisions: u64,
    /// Runs that started.
    pub runs: usize,
    /// Everything that went out.
    pub sent: Vec<SentNote>,
    /// Actions by (guard, for ever, reason) that stood in their way.
    pub guards: BTreeMap<(String, bool, &'static str), u64>,
    /// Actions by workflow, channel, state and reason.
    pub states: BTreeMap<(String, &'static str, &'static str, &'static str), u64>,
    /// Actions that waited for a person, by day.
    pub reviews: BTreeMap<String, u64>,
    /// By (workflow, rule): how often it was taken, by what followed.
    pub rules: BTreeMap<(String, String), Outcome>,
    /// Contacts of whom a score lies inside the training period of its model.
    pub in_training: BTreeSet<String>,
    /// Contacts of whom any score was asked.
    pub scored: BTreeSet<String>,
    /// Goals whose condition could not be evaluated here: all their events counted.
    pub blurred: BTreeSet<String>,
    goals: Goals,
    taken: Vec<Taken>,
}

impl Ledger {
    /// Empty, for these workflows.
    pub fn new(catalog: &Catalog) -> Ledger {
        Ledger {
            played: Played::default(),
            contacts: 0,
            decisions: 0,
            runs: 0,
            sent: Vec::new(),
            guards: BTreeMap::new(),
            states: BTreeMap::new(),
            reviews: BTreeMap::new(),
            rules: BTreeMap::new(),
            in_training: BTreeSet::new(),
            scored: BTreeSet::new(),
            blurred: BTreeSet::new(),
            goals: Goals::new(catalog),
            taken: Vec::new(),
        }
    }

    /// Behind each event: takes the receipts out of the world.
    pub fn take(&mut self, world: &mut World<'_>) {
        world.turns.clear();
        world.gates.clear();
        for decision in world.decisions.iter_mut().flat_map(|all| all.drain(..)) {
            for entry in &decision.entries {
                self.entry(&decision.contact, entry);
            }
            if let Some(event) = decision.event {
                let (at, kind, fields) = (event.time, event.kind, event.fields);
                self.goals.add(&decision.contact, GoalEvent { at, kind, fields });
            }
        }
    }

    fn entry(&mut self, contact: &str, entry: &Entry) {
        for score in &entry.scores {
            self.scored.insert(contact.to_owned());
            if score.in_training {
                self.in_training.insert(contact.to_owned());
            }
        }
        let Some(run) = &entry.run else { return };
        for trace in entry.trace.iter().filter(|trace| is_taken(trace)) {
            self.taken.push(Taken {
                workflow: entry.workflow.clone(),
                version: entry.version.clone(),
                rule: trace.step.clone(),
                contact: contact.to_owned(),
                run: run.clone(),
                at: entry.at,
            });
        }
    }

    /// At the end: counts actions, and says what followed each rule.
    pub fn finish(&mut self, world: &World<'_>, played: Played) {
        let end = played.last.unwrap_or_default();
        self.played = played;
        self.contacts = world.contacts().values().filter(|contact| contact.merged_into.is_none()).count();
        (self.decisions, self.runs) = (world.decided_count, world.runs.len());
        for (index, action) in world.actions.iter().enumerate() {
            let reason = action.reason.map_or("", |reason| reason.word());
            let key = (action.workflow.clone(), action.channel.word(), action.state.word(), reason);
            *self.states.entry(key).or_default() += 1;
            if action.review.is_some() {
                *self.reviews.entry(day_of(action.planned_at)).or_default() += 1;
            }
            let sent = world.sent_at(index).filter(|_| action.state == ActionState::Done);
            self.sent.extend(sent.map(|at| SentNote {
                contact: action.contact.clone(),
                workflow: action.workflow.clone(),
                step: action.step.clone(),
                channel: action.channel,
                day: day_of(at),
                assignee: action.payload.assignee().map(str::to_owned),
            }));
        }
        for stop in &world.stops {
            let key = (stop.guard.clone(), stop.never, stop.reason.word());
            *self.guards.entry(key).or_default() += 1;
        }
        for taken in std::mem::take(&mut self.taken) {
            let entry = world.runs.get(&taken.run).map(|run| &run.entry);
            let followed = self.goals.followed(&taken.workflow, &taken.version, &taken.contact, taken.at, entry, end);
            self.rules.entry((taken.workflow, taken.rule)).or_default().add(followed);
        }
        self.blurred = self.goals.blurred.take();
    }
}

/// A case that held, an `else` that was taken, an arm that was drawn.
fn is_taken(trace: &Trace) -> bool {
    trace.step.contains('/')
        && (trace.result == "true" || trace.result == "taken" || trace.result.starts_with("drawn at "))
}
