//! The commit: dedupe, compare-and-swap, and all or nothing for each contact.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, Payload, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::decide::ActionOutcome;
use staunch_core::event::event_key;
use staunch_core::guards::UNTIL_RESUMED;
use staunch_core::policy::KillScope;
use staunch_core::value::Value;
use staunch_core::workflow::IfExpired;
use staunch_store::{ActionFilter, Change, StoreError};
use std::sync::Arc;

pub async fn an_event_is_decided_once(bed: Arc<Bed>) {
    let store = &bed.store;
    let first = Change { decisions: vec![decision("c1", "e1", NOW)], ..change("c1", vec![]) };
    assert!(store.commit(&[first], NOW).await.unwrap().losers.is_empty());
    let keys = [event_key("test", "e1"), event_key("test", "e2")];
    let loaded = store.load(&["c1".into(), "c2".into()], &keys, None).await.unwrap();
    assert_eq!(loaded.decided, [keys[0]].into());
    assert_eq!(loaded.contacts.len(), 1);
    assert_eq!(loaded.contacts["c1"], (Contact::new("c1"), 1));
    // The same event again, with the right version: it must not count twice.
    let repeat = Change { expected: 1, decisions: vec![decision("c1", "e1", NOW)], ..change("c1", vec![]) };
    assert_eq!(store.commit(&[repeat], NOW).await.unwrap().losers, ["c1"]);
    assert_eq!(store.contact("c1").await.unwrap().unwrap().1, 1);
    assert_eq!(store.decisions("c1", None).await.unwrap().len(), 1);
    let nothing = store.load(&[], &[], None).await.unwrap();
    assert!(nothing.contacts.is_empty() && nothing.decided.is_empty());
    assert!(store.commit(&[], NOW).await.unwrap().losers.is_empty());
}

pub async fn everything_of_a_change_is_there(bed: Arc<Bed>) {
    let store = &bed.store;
    let mut contact = Contact::new("c1");
    contact.fields.insert("name".into(), Value::Text("Zoë \"Z\" \\ {} \u{1f600}\n".into()));
    let outcome = ActionOutcome { action: "a1".into(), kind: "nudge.clicked".into(), at: seconds(3) };
    let earlier = ActionOutcome { kind: "nudge.seen".into(), at: seconds(1), ..outcome.clone() };
    let full = Change {
        decisions: vec![decision("c1", "e2", seconds(2)), decision("c1", "e1", seconds(2))],
        actions: vec![action("a1", "c1")],
        runs: vec![run("c1", Some(Arm::Treated))],
        outcomes: vec![outcome.clone(), earlier.clone()],
        wake_at: Some(seconds(60)),
        ..Change::new(contact.clone(), 0)
    };
    store.commit(std::slice::from_ref(&full), NOW).await.unwrap();
    assert_eq!(store.contact("c1").await.unwrap(), Some((contact, 1)));
    // Equal times keep the order of the commit.
    assert_eq!(store.decisions("c1", None).await.unwrap(), full.decisions);
    assert_eq!(store.runs("c1").await.unwrap(), full.runs);
    let stored = get(&**store, "a1").await;
    assert_eq!(stored.action, full.actions[0]);
    assert_eq!((stored.fence, stored.attempts, stored.sending_at), (0, 0, None));
    assert_eq!(store.outcomes("a1").await.unwrap(), [earlier, outcome]);
    assert_eq!(store.due(seconds(60), 9).await.unwrap(), ["c1"]);
    assert_eq!(store.contact("c2").await.unwrap(), None);
    assert_eq!(store.action("a2").await.unwrap(), None);
}

pub async fn losers_leave_nothing_behind(bed: Arc<Bed>) {
    let store = &bed.store;
    store.commit(&[change("c1", vec![]), change("c3", vec![])], NOW).await.unwrap();
    let outcome = |of: &str| ActionOutcome { action: of.into(), kind: "nudge.seen".into(), at: NOW };
    let full = |contact: &str, expected: i64| Change {
        expected,
        decisions: vec![decision(contact, &format!("of {contact}"), NOW)],
        actions: vec![action(&format!("a-{contact}"), contact)],
        runs: vec![run(contact, None)],
        outcomes: vec![outcome(&format!("a-{contact}"))],
        wake_at: Some(NOW),
        ..change(contact, vec![])
    };
    // c1 has a row although none is expected, c2 has none although one is expected, c3 has another version.
    let batch = [full("c1", 0), full("c2", 1), full("c3", 7), full("c4", 0)];
    let mut losers = store.commit(&batch, NOW).await.unwrap().losers;
    losers.sort();
    assert_eq!(losers, ["c1", "c2", "c3"]);
    for loser in ["c1", "c2", "c3"] {
        assert!(store.decisions(loser, None).await.unwrap().is_empty());
        assert!(store.runs(loser).await.unwrap().is_empty());
        assert!(store.outcomes(&format!("a-{loser}")).await.unwrap().is_empty());
        assert_eq!(store.action(&format!("a-{loser}")).await.unwrap(), None);
    }
    assert_eq!(store.due(NOW, 9).await.unwrap(), ["c4"]);
    assert_eq!(store.actions(&ActionFilter::default()).await.unwrap().len(), 1);
    assert_eq!(store.contact("c1").await.unwrap().unwrap().1, 1);
    assert_eq!(store.contact("c2").await.unwrap(), None);
}

pub async fn an_event_decided_for_another_contact_loses_alone(bed: Arc<Bed>) {
    let store = &bed.store;
    let first = Change { decisions: vec![decision("c1", "e1", NOW)], ..change("c1", vec![]) };
    store.commit(&[first], NOW).await.unwrap();
    let stale = Change { decisions: vec![decision("c2", "e1", NOW)], ..change("c2", vec![action("a2", "c2")]) };
    let fresh = Change { decisions: vec![decision("c3", "e3", NOW)], ..change("c3", vec![action("a3", "c3")]) };
    assert_eq!(store.commit(&[stale, fresh], NOW).await.unwrap().losers, ["c2"]);
    assert_eq!(store.contact("c2").await.unwrap(), None);
    assert_eq!(store.action("a2").await.unwrap(), None);
    assert_eq!(state(&**store, "a3").await, "ready");
}

pub async fn twice_in_one_batch_the_second_loses(bed: Arc<Bed>) {
    let store = &bed.store;
    let one = Change { decisions: vec![decision("c2", "e1", NOW)], ..change("c2", vec![]) };
    let same_event = Change { decisions: vec![decision("c1", "e1", NOW)], ..change("c1", vec![]) };
    let same_contact = change("c2", vec![action("a2", "c2")]);
    assert_eq!(store.commit(&[one, same_event, same_contact], NOW).await.unwrap().losers, ["c1", "c2"]);
    assert_eq!(store.contact("c2").await.unwrap().unwrap().1, 1);
    assert_eq!(store.action("a2").await.unwrap(), None);
}

pub async fn a_known_action_is_left_alone(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1")]).await;
    assert_eq!(send(&**store, 5, NOW).await.len(), 1);
    let again = Change { expected: 1, ..change("c1", vec![action("a1", "c1"), action("a2", "c1")]) };
    assert!(store.commit(&[again], NOW).await.unwrap().losers.is_empty());
    assert_eq!(state(&**store, "a1").await, "sending");
    assert_eq!(state(&**store, "a2").await, "ready");
}

pub async fn another_payload_is_refused_with_its_batch(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1")]).await;
    let payload = Payload::Nudge { title: "Other".into(), text: "words".into() };
    let other = Action { payload_hash: payload.hash(), payload, ..action("a1", "c1") };
    let bad = Change { expected: 1, ..change("c1", vec![other]) };
    let error = store.commit(&[bad, change("c2", vec![])], NOW).await.unwrap_err();
    assert!(matches!(&error, StoreError::OtherPayload(id) if id == "a1"), "{error}");
    assert!(error.to_string().starts_with("ST4003"));
    assert_eq!(get(&**store, "a1").await.action, action("a1", "c1"));
    assert_eq!(store.contact("c1").await.unwrap().unwrap().1, 1);
    assert_eq!(store.contact("c2").await.unwrap(), None);
}

pub async fn a_run_that_left_takes_its_pending_actions_along(bed: Arc<Bed>) {
    let store = &bed.store;
    let other = Action { run: "another".into(), ..action("other", "c1") };
    let gone = Action { due_at: seconds(-5), ..action("gone", "c1") };
    plan(&**store, vec![gone, action("ready", "c1"), reviewed("asked", "c1", IfExpired::Reject), other]).await;
    assert_eq!(ids(&send(&**store, 1, NOW).await), ["gone"]);
    let leave = Change {
        expected: 1,
        cancelled: vec!["run-c1".into()],
        ..change("c1", vec![Action { state: ActionState::Held, ..action("new", "c1") }])
    };
    store.commit(&[leave], seconds(9)).await.unwrap();
    for id in ["ready", "asked", "new"] {
        assert_eq!(state(&**store, id).await, "withheld left", "{id}");
        assert_eq!(get(&**store, id).await.finished_at, Some(seconds(9)));
    }
    assert_eq!(state(&**store, "gone").await, "sending");
    assert_eq!(state(&**store, "other").await, "ready");
}

pub async fn wake_ups_come_in_order(bed: Arc<Bed>) {
    let store = &bed.store;
    assert_eq!(store.next_wake().await.unwrap(), None);
    let wake = |contact: &str, at: Option<i64>| Change { wake_at: at.map(seconds), ..change(contact, vec![]) };
    let batch =
        [wake("c1", Some(30)), wake("c2", Some(10)), wake("c3", None), wake("c4", Some(20)), wake("c0", Some(20))];
    store.commit(&batch, NOW).await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), Some(seconds(10)));
    assert_eq!(store.due(seconds(9), 9).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.due(seconds(20), 9).await.unwrap(), ["c2", "c0", "c4"]);
    assert_eq!(store.due(seconds(99), 2).await.unwrap(), ["c2", "c0"]);
    store.commit(&[Change { expected: 1, ..wake("c2", None) }], NOW).await.unwrap();
    assert_eq!(store.next_wake().await.unwrap(), Some(seconds(20)));
}

pub async fn a_large_batch_commits(bed: Arc<Bed>) {
    let store = &bed.store;
    let names: Vec<String> = (0..1_500).map(|n| format!("c{n}")).collect();
    let full = |name: &String| Change {
        decisions: vec![decision(name, &format!("e-{name}"), NOW)],
        runs: vec![run(name, None)],
        ..change(name, vec![action(&format!("a-{name}"), name)])
    };
    let batch: Vec<Change> = names.iter().map(full).collect();
    assert!(store.commit(&batch, NOW).await.unwrap().losers.is_empty());
    let keys: Vec<_> = names.iter().map(|name| event_key("test", &format!("e-{name}"))).collect();
    let loaded = store.load(&names, &keys, None).await.unwrap();
    assert_eq!((loaded.contacts.len(), loaded.decided.len()), (1_500, 1_500));
    assert_eq!(store.actions(&ActionFilter::default()).await.unwrap().len(), 1_500);
}

pub async fn holds_of_kills_follow_the_kills_of_the_moment(bed: Arc<Bed>) {
    let store = &bed.store;
    let held = |id: &str, contact: &str, review: bool| Action {
        state: ActionState::Held,
        reason: Some(ReasonCode::Kill),
        due_at: UNTIL_RESUMED,
        review: review.then(|| reviewed(id, contact, IfExpired::Reject).review.unwrap()),
        ..action(id, contact)
    };
    // The kill that the decision saw is gone: they go their way, and who needs a person waits for that person.
    plan(&**store, vec![held("a1", "c1", false), held("a2", "c1", true)]).await;
    assert_eq!((state(&**store, "a1").await, state(&**store, "a2").await), ("ready".into(), "review".into()));
    store.kill(&kill(KillScope::Workflow("winback".into())), false, NOW).await.unwrap();
    plan(&**store, vec![held("a3", "c2", false), held("a4", "c2", true)]).await;
    for id in ["a1", "a2", "a3", "a4"] {
        assert_eq!(state(&**store, id).await, "held kill", "{id}");
    }
    let released = store.resume(&KillScope::Workflow("winback".into()), "ann", NOW).await.unwrap().unwrap();
    assert_eq!(released.released, 4);
    assert_eq!(ids(&send(&**store, 9, NOW).await), ["a1", "a3"]);
    assert_eq!((state(&**store, "a2").await, state(&**store, "a4").await), ("review".into(), "review".into()));
}
