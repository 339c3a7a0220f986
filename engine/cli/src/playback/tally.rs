//! What a world came to, in counts; and what of it can be forgotten on the way.

use super::theatre::forget;
use serde_json::{Value, json};
use staunch_core::action::{Action, ActionState, Channel, ReasonCode};
use staunch_core::decide::Catalog;
use staunch_core::run::Run;
use staunch_core::sim::World;
use staunch_core::{Span, Time};
use std::collections::BTreeMap;

/// Events between two looks for what can be forgotten.
const EVERY: u64 = 1 << 14;

/// One kind of end of actions.
type ActionKey = (String, Channel, ActionState, Option<ReasonCode>);

/// What happened on one day (UTC) in one workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Actions that were decided.
    pub planned: u64,
    /// Actions that went out.
    pub sent: u64,
    /// Actions that were decided and will never go.
    pub withheld: u64,
}

/// Counts of runs and actions.
#[derive(Debug, Default)]
pub struct Tally {
    /// Runs by workflow and state.
    pub runs: BTreeMap<(String, &'static str), u64>,
    /// Actions by workflow, channel, state and reason.
    pub actions: BTreeMap<ActionKey, u64>,
    /// By workflow and day.
    pub days: BTreeMap<(String, String), Day>,
    seen: u64,
}

impl Tally {
    /// Behind each event: now and then takes finished runs out of the world and forgets the texts of finished actions,
    /// so that a long history costs no more than what is still open.
    pub fn relieve(&mut self, world: &mut World<'_>, catalog: &Catalog, now: Time) {
        self.seen += 1;
        if !self.seen.is_multiple_of(EVERY) {
            return;
        }
        // A day of slack: what is due at this very instant is still to come.
        let over = |run: &Run| is_over(run, catalog, now - Span::days(1));
        let runs = &mut self.runs;
        world.runs.retain(|_, run| {
            let gone = over(run);
            if gone {
                *runs.entry((run.workflow.clone(), run.word())).or_default() += 1;
            }
            !gone
        });
        for (action, sent_at) in world.take_finished() {
            self.count(&action, sent_at);
        }
        // Whatever waits behind one that is still open keeps no text.
        world.actions.iter_mut().for_each(forget);
    }

    /// At the end: counts what the world still holds.
    pub fn finish(mut self, world: &mut World<'_>) -> Tally {
        for run in world.runs.values() {
            *self.runs.entry((run.workflow.clone(), run.word())).or_default() += 1;
        }
        for (action, sent_at) in world.take_finished() {
            self.count(&action, sent_at);
        }
        // What is left behind the first open one is open, or went.
        for (place, action) in std::mem::take(&mut world.actions).iter().enumerate() {
            self.count(action, world.sent_at(place));
        }
        self
    }

    fn count(&mut self, action: &Action, sent_at: Option<Time>) {
        let key = (action.workflow.clone(), action.channel, action.state, action.reason);
        *self.actions.entry(key).or_default() += 1;
        let day = self.days.entry((action.workflow.clone(), day_of(action.planned_at))).or_default();
        day.planned += 1;
        day.withheld += u64::from(action.state == ActionState::Withheld);
        if let Some(at) = sent_at {
            self.days.entry((action.workflow.clone(), day_of(at))).or_default().sent += 1;
        }
    }

    /// The counts as JSON: `runs`, `actions`, `days`.
    pub fn to_json(&self) -> (Value, Value, Value) {
        let runs = self.runs.iter();
        let runs = runs.map(|((flow, state), n)| json!({ "workflow": flow, "state": state, "count": n }));
        let actions = self.actions.iter().map(|((flow, channel, state, reason), n)| {
            let reason = reason.map(ReasonCode::word);
            json!({ "workflow": flow, "channel": channel.word(), "state": state.word(), "reason": reason, "count": n })
        });
        let days = self.days.iter().map(|((flow, day), n)| {
            json!({ "workflow": flow, "day": day, "planned": n.planned, "sent": n.sent, "withheld": n.withheld })
        });
        (runs.collect(), actions.collect(), days.collect())
    }
}

/// The day of an instant, UTC, such as `2011-09-01`.
pub fn day_of(at: Time) -> String {
    let text = at.to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Whether nothing can become of a run any more.
fn is_over(run: &Run, catalog: &Catalog, now: Time) -> bool {
    let goal = catalog.version(&run.workflow, &run.version).and_then(|flow| flow.goal.as_ref());
    !run.active() && run.open_until(goal).is_none_or(|until| until < now)
}
