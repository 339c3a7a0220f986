//! What a claim does with each due action: pure, on what was loaded under the claim's locks.
//!
//! Actions that may go count at once for the later ones of the same batch, and so does a kill that a breaker calls for.

use super::control::NEVER_DUE;
use crate::{Claim, Gate, GateInput, GateVerdict, Sending, StoredAction, WindowAsk};
use staunch_core::account::Accounts;
use staunch_core::action::{ActionState, Channel, ReasonCode};
use staunch_core::arm::Assignment;
use staunch_core::contact::Contact;
use staunch_core::guards::Sent;
use staunch_core::policy::{Kill, Live};
use staunch_core::{Span, Time};
use std::collections::HashMap;

/// Times at which actions of a workflow entered `sending`, for one question of the gate.
pub type Window = (WindowAsk, Vec<Time>);

/// All that the gate looks at, as of the claim.
#[derive(Debug, Default)]
pub struct Batch {
    /// Stages and kills.
    pub live: Live,
    /// Due actions, highest priority first.
    pub due: Vec<StoredAction>,
    /// By id; one that is missing is empty.
    pub contacts: HashMap<String, Contact>,
    /// By run.
    pub assignments: HashMap<String, Assignment>,
    /// By contact, in order of time.
    pub sent: HashMap<String, Vec<Sent>>,
    /// By workflow, in the order of the gate's questions.
    pub windows: HashMap<String, Vec<Window>>,
    /// Of the contacts, where the gate wants them.
    pub accounts: Accounts,
    /// By person, in order of time, where the gate wants it.
    pub assigned: HashMap<String, Vec<(Channel, Time)>>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub struct Ruled {
    /// Actions with their new state; the flag says whether it enters `sending`.
    pub writes: Vec<(StoredAction, bool)>,
    /// Those that enter `sending`, with their contacts.
    pub sending: Vec<Sending>,
    /// Kills that breakers call for.
    pub trips: Vec<Kill>,
}

/// Asks the gate for one action after the other, until the claim is full.
pub fn rule(mut batch: Batch, claim: &Claim, gate: &dyn Gate) -> Ruled {
    let mut ruled = Ruled::default();
    for action in std::mem::take(&mut batch.due) {
        if ruled.sending.len() >= claim.limit as usize {
            break;
        }
        let verdict = ask(&batch, &action, claim.now, gate);
        match settle(&mut batch, &action, verdict, &mut ruled.trips) {
            GateVerdict::Go { checks } => {
                let sending = start(StoredAction { gate: checks, ..action }, claim.now);
                count(&mut batch, &sending, claim.now);
                let contact = batch.contacts.get(&sending.action.contact).cloned().unwrap_or_default();
                ruled.sending.push(Sending { action: sending.clone(), contact });
                ruled.writes.push((sending, true));
            }
            other => ruled.writes.push((stop(action, other, claim.now), false)),
        }
    }
    ruled
}

fn ask(batch: &Batch, action: &StoredAction, now: Time, gate: &dyn Gate) -> GateVerdict {
    let planned = &action.action;
    let empty = Contact::new(&planned.contact);
    let unknown = super::rows::assignment(None);
    let windows: Vec<Vec<Time>> =
        batch.windows.get(&planned.workflow).into_iter().flatten().map(|(_, times)| times.clone()).collect();
    gate.rule(&GateInput {
        action,
        contact: batch.contacts.get(&planned.contact).unwrap_or(&empty),
        live: &batch.live,
        assignment: batch.assignments.get(&planned.run).unwrap_or(&unknown),
        sent: batch.sent.get(&planned.contact).map_or(&[], Vec::as_slice),
        windows: &windows,
        accounts: &batch.accounts,
        assigned: planned.payload.assignee().and_then(|who| batch.assigned.get(who)).map_or(&[], Vec::as_slice),
        now,
    })
}

/// A kill in force stops an action whatever the gate says; a trip becomes the hold that follows from it.
fn settle(batch: &mut Batch, action: &StoredAction, verdict: GateVerdict, trips: &mut Vec<Kill>) -> GateVerdict {
    let held = |checks| GateVerdict::Hold { until: NEVER_DUE, reason: ReasonCode::Kill, checks };
    let (workflow, channel) = (&action.action.workflow, action.action.channel);
    match verdict {
        GateVerdict::Trip(kill) => {
            if !batch.live.kills.iter().any(|known| known.scope == kill.scope) {
                batch.live.kills.push(kill.clone());
                trips.push(kill);
            }
            held(action.gate.clone())
        }
        GateVerdict::Go { checks } if batch.live.kill(workflow, channel).is_some() => held(checks),
        other => other,
    }
}

fn start(action: StoredAction, now: Time) -> StoredAction {
    let (fence, attempts) = (action.fence + 1, action.attempts + 1);
    let mut sending = StoredAction { fence, attempts, sending_at: Some(now), ..action };
    sending.action.state = ActionState::Sending;
    sending.action.reason = None;
    sending
}

fn stop(mut action: StoredAction, verdict: GateVerdict, now: Time) -> StoredAction {
    match verdict {
        GateVerdict::Hold { until, reason, checks } => {
            action.action.state = ActionState::Held;
            action.action.reason = Some(reason);
            // A time that is not ahead would make the same claim find it again at once, for ever.
            action.action.due_at = until.max(now + Span(1));
            action.gate = checks;
        }
        GateVerdict::Never { reason, checks } => {
            action.action.state = ActionState::Withheld;
            action.action.reason = Some(reason);
            action.finished_at = Some(now);
            action.gate = checks;
        }
        // Settled before: they never come here.
        GateVerdict::Go { .. } | GateVerdict::Trip(_) => {}
    }
    action
}

fn count(batch: &mut Batch, sending: &StoredAction, now: Time) {
    let action = &sending.action;
    let sent = batch.sent.entry(action.contact.clone()).or_default();
    let place = sent.partition_point(|other| other.at <= now);
    sent.insert(place, Sent { channel: action.channel, purpose: action.purpose.clone(), at: now });
    if let Some(person) = action.payload.assignee() {
        let given = batch.assigned.entry(person.to_owned()).or_default();
        let place = given.partition_point(|(_, at)| *at <= now);
        given.insert(place, (action.channel, now));
    }
    for (ask, times) in batch.windows.get_mut(&action.workflow).into_iter().flatten() {
        if ask.channel.is_none_or(|channel| channel == action.channel) {
            let place = times.partition_point(|other| *other <= now);
            times.insert(place, now);
            if times.len() > ask.limit as usize {
                times.remove(0);
            }
        }
    }
}
