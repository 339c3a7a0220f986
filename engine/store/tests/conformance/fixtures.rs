//! Small values for the tests: contacts, actions, runs, decisions, and gates made of a closure.

use staunch_core::action::{Action, ActionState, Channel, Payload, Review};
use staunch_core::arm::{Arm, Assignment};
use staunch_core::contact::Contact;
use staunch_core::event::event_key;
use staunch_core::policy::{Kill, KillScope};
use staunch_core::receipt::{Check, Decision, Entry, EventNote, Said};
use staunch_core::run::{EntryEvent, Run, RunStatus};
use staunch_core::workflow::IfExpired;
use staunch_core::{Span, Time};
use staunch_store::{Change, Claim, Gate, GateInput, GateVerdict, Sending, Store, StoredAction, WindowAsk};
use std::collections::BTreeMap;

/// The time at which most tests play.
pub const NOW: Time = Time(1_700_000_000_000_000);

pub fn seconds(n: i64) -> Time {
    NOW + Span::seconds(n)
}

pub fn action(id: &str, contact: &str) -> Action {
    let payload = Payload::Nudge { title: format!("for {contact}"), text: "Hello".into() };
    Action {
        id: id.into(),
        contact: contact.into(),
        workflow: "winback".into(),
        version: "v1".into(),
        run: format!("run-{contact}"),
        step: "say".into(),
        channel: Channel::Nudge,
        connector: None,
        purpose: "news".into(),
        priority: 50,
        state: ActionState::Ready,
        reason: None,
        planned_at: NOW,
        due_at: NOW,
        expires_at: NOW + Span::days(7),
        arm: Arm::Treated,
        payload_hash: payload.hash(),
        payload,
        review: None,
        checks: vec![check("consent")],
    }
}

/// An action that waits for a person for a day.
pub fn reviewed(id: &str, contact: &str, if_expired: IfExpired) -> Action {
    let review = Review { gate: "unsure".into(), by: "marketing".into(), expires_at: NOW + Span::days(1), if_expired };
    Action { state: ActionState::Review, review: Some(review), ..action(id, contact) }
}

pub fn check(guard: &str) -> Check {
    Check {
        guard: guard.into(),
        said: Said::Pass,
        reason: None,
        counter: Some(1.0),
        limit: Some(2.0),
        until: None,
        detail: "fine".into(),
    }
}

pub fn decision(contact: &str, event: &str, at: Time) -> Decision {
    let (source, kind) = ("test".to_owned(), "order.paid".to_owned());
    let note = EventNote { id: event.into(), source, kind, time: at, fields: Default::default() };
    let id = hex::encode(event_key("test", event));
    Decision { id, contact: contact.into(), event: Some(note), at, late: false, entries: vec![entry("winback")] }
}

pub fn entry(workflow: &str) -> Entry {
    Entry {
        workflow: workflow.into(),
        version: "v1".into(),
        run: None,
        at: NOW,
        what: "started".into(),
        trace: vec![],
        features: BTreeMap::from([("orders".into(), 3.0)]),
        scores: vec![],
        actions: vec![],
    }
}

pub fn run(contact: &str, arm: Option<Arm>) -> Run {
    let assignment = arm.map(|arm| Assignment { arm, global_bucket: 0.5, holdout_bucket: 0.25, holdout: 0.1 });
    Run {
        id: format!("run-{contact}"),
        workflow: "winback".into(),
        version: "v1".into(),
        entry: EntryEvent { source: "test".into(), id: "e".into(), time: NOW, fields: Default::default() },
        status: RunStatus::Waiting { step: "wait".into(), until: seconds(60) },
        exposed_at: assignment.as_ref().map(|_| NOW),
        assignment,
        goal_at: None,
        goal_value: None,
        ended_at: None,
        pending_until: None,
        splits: Default::default(),
        unsure: None,
        crossed: false,
    }
}

/// The first change of a contact, with these actions.
pub fn change(contact: &str, actions: Vec<Action>) -> Change {
    Change { actions, ..Change::new(Contact::new(contact), 0) }
}

/// Commits actions, each for its own contact, which must be new.
pub async fn plan(store: &dyn Store, actions: Vec<Action>) {
    let mut by_contact: BTreeMap<String, Vec<Action>> = BTreeMap::new();
    for action in actions {
        by_contact.entry(action.contact.clone()).or_default().push(action);
    }
    let changes: Vec<Change> = by_contact.into_iter().map(|(contact, actions)| change(&contact, actions)).collect();
    assert_eq!(store.commit(&changes, NOW).await.unwrap().losers, Vec::<String>::new());
}

pub fn kill(scope: KillScope) -> Kill {
    Kill { scope, reason: "wrong text".into(), by: "ann".into(), at: NOW }
}

pub fn claim(limit: u32, now: Time) -> Claim {
    Claim { now, worker: "w1".into(), limit, lease: Span::seconds(30) }
}

/// A gate that is a closure, with the windows that it asks for.
pub struct By<F>(pub Vec<WindowAsk>, pub F);

impl<F: Fn(&GateInput<'_>) -> GateVerdict + Send + Sync> Gate for By<F> {
    fn windows(&self, _: &str, _: &staunch_core::policy::Live) -> Vec<WindowAsk> {
        self.0.clone()
    }

    fn rule(&self, input: &GateInput<'_>) -> GateVerdict {
        (self.1)(input)
    }
}

pub fn go() -> GateVerdict {
    GateVerdict::Go { checks: vec![check("cap")] }
}

/// Claims with a gate that lets everything go.
pub async fn send(store: &dyn Store, limit: u32, now: Time) -> Vec<Sending> {
    let sending = store.begin_sends(&claim(limit, now), &By(vec![], |_: &GateInput<'_>| go())).await.unwrap();
    let claimed: Vec<(&str, i64)> =
        sending.iter().map(|one| (one.action.action.id.as_str(), one.action.fence)).collect();
    assert_eq!(store.begin_calls(&claimed).await.unwrap().len(), sending.len());
    sending
}

pub fn ids(sending: &[Sending]) -> Vec<&str> {
    sending.iter().map(|one| one.action.action.id.as_str()).collect()
}

pub async fn get(store: &dyn Store, id: &str) -> StoredAction {
    store.action(id).await.unwrap().unwrap_or_else(|| panic!("action {id} is there"))
}

/// The state and reason of an action, as words.
pub async fn state(store: &dyn Store, id: &str) -> String {
    let action = get(store, id).await.action;
    match action.reason {
        None => action.state.word().to_owned(),
        Some(reason) => format!("{} {}", action.state.word(), reason.word()),
    }
}
