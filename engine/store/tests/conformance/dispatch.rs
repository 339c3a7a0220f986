//! Claims, their ends, leases and expiry.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::workflow::IfExpired;
use staunch_core::{Span, Time};
use staunch_store::{Change, GateInput, GateVerdict, Recovered, SendEnd, StoredAction};
use std::sync::{Arc, Mutex};

pub async fn the_most_important_goes_first(bed: Arc<Bed>) {
    let store = &bed.store;
    let with = |id: &str, priority: u8, due: i64| Action { priority, due_at: seconds(due), ..action(id, id) };
    plan(&**store, vec![with("low", 10, -9), with("later", 90, 5), with("high", 90, 0), with("early", 50, -5)]).await;
    assert_eq!(ids(&send(&**store, 2, NOW).await), ["high", "early"]);
    assert_eq!(ids(&send(&**store, 9, NOW).await), ["low"]);
    assert_eq!(ids(&send(&**store, 9, seconds(5)).await), ["later"]);
    assert_eq!(send(&**store, 9, seconds(6)).await.len(), 0);
}

pub async fn what_the_gate_says_is_written(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("go", "c1"), action("hold", "c2"), action("never", "c3")]).await;
    let gate = By(vec![], |input: &GateInput<'_>| match input.action.action.id.as_str() {
        "go" => go(),
        "hold" => {
            GateVerdict::Hold { until: seconds(60), reason: ReasonCode::QuietHours, checks: vec![check("quiet_hours")] }
        }
        _ => GateVerdict::Never { reason: ReasonCode::Consent, checks: vec![check("consent"), check("cap")] },
    });
    let sending = store.begin_sends(&claim(9, NOW), &gate).await.unwrap();
    assert_eq!(ids(&sending), ["go"]);
    assert_eq!(sending[0].contact.id, "c1");
    let go = get(&**store, "go").await;
    assert_eq!(go, sending[0].action);
    assert_eq!((go.action.state, go.fence, go.attempts), (ActionState::Sending, 1, 1));
    assert_eq!((go.sending_at, go.gate, go.action.checks), (Some(NOW), vec![check("cap")], vec![check("consent")]));
    let hold = get(&**store, "hold").await;
    assert_eq!((hold.action.due_at, hold.fence, hold.gate), (seconds(60), 0, vec![check("quiet_hours")]));
    assert_eq!(state(&**store, "hold").await, "held quiet_hours");
    let never = get(&**store, "never").await;
    assert_eq!((never.finished_at, never.gate.len()), (Some(NOW), 2));
    assert_eq!(state(&**store, "never").await, "withheld consent");
}

pub async fn what_was_sent_counts_at_once(bed: Arc<Bed>) {
    let store = &bed.store;
    let mail = Action { channel: Channel::Email, priority: 99, purpose: "offers".into(), ..action("a1", "c1") };
    plan(&**store, vec![mail, action("a2", "c1"), action("a3", "c2")]).await;
    let seen = Mutex::new(Vec::new());
    let gate = By(vec![], |input: &GateInput<'_>| {
        let sent: Vec<_> = input.sent.iter().map(|one| (one.channel, one.purpose.clone(), one.at)).collect();
        seen.lock().unwrap().push((input.action.action.id.clone(), sent));
        go()
    });
    store.begin_sends(&claim(9, NOW), &gate).await.unwrap();
    let first = (Channel::Email, "offers".to_owned(), NOW);
    let expected = vec![("a1".to_owned(), vec![]), ("a2".to_owned(), vec![first.clone()]), ("a3".to_owned(), vec![])];
    assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), expected);
    // A later claim reads the same from the rows: what failed or waits for a retry does not count.
    store.end_send("a1", 1, &SendEnd::Done(None), seconds(1)).await.unwrap();
    store.end_send("a2", 1, &SendEnd::Failed("ST6103".into()), seconds(1)).await.unwrap();
    let next = Change { expected: 1, ..change("c1", vec![Action { due_at: seconds(5), ..action("a4", "c1") }]) };
    store.commit(&[next], NOW).await.unwrap();
    store.begin_sends(&claim(9, seconds(5)), &gate).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [("a4".to_owned(), vec![first])]);
}

pub async fn held_ones_do_not_starve_others(bed: Arc<Bed>) {
    let store = &bed.store;
    let held = (0..6).map(|n| Action { priority: 90, ..action(&format!("h{n}"), &format!("c{n}")) });
    let free = (6..8).map(|n| action(&format!("f{n}"), &format!("c{n}")));
    plan(&**store, held.chain(free).collect()).await;
    let gate = By(vec![], |input: &GateInput<'_>| {
        let hold = GateVerdict::Hold { until: seconds(60), reason: ReasonCode::Cap, checks: vec![] };
        if input.action.action.id.starts_with('h') { hold } else { go() }
    });
    assert_eq!(ids(&store.begin_sends(&claim(2, NOW), &gate).await.unwrap()), ["f6", "f7"]);
}

pub async fn an_unknown_contact_is_empty(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1")]).await;
    bed.sql("DELETE FROM contacts WHERE id = 'c1'").await;
    let gate = By(vec![], |input: &GateInput<'_>| {
        assert_eq!(*input.contact, staunch_core::contact::Contact::new("c1"));
        GateVerdict::Never { reason: ReasonCode::Consent, checks: vec![] }
    });
    assert!(store.begin_sends(&claim(9, NOW), &gate).await.unwrap().is_empty());
    assert_eq!(state(&**store, "a1").await, "withheld consent");
}

pub async fn the_assignment_is_that_of_the_run(bed: Arc<Bed>) {
    let store = &bed.store;
    let known = Change { runs: vec![run("c1", Some(Arm::Holdout))], ..change("c1", vec![action("a1", "c1")]) };
    let open = Change { runs: vec![run("c2", None)], ..change("c2", vec![action("a2", "c2")]) };
    store.commit(&[known, open, change("c3", vec![action("a3", "c3")])], NOW).await.unwrap();
    let arms = Mutex::new(Vec::new());
    let gate = By(vec![], |input: &GateInput<'_>| {
        arms.lock().unwrap().push(input.assignment.arm);
        assert!(input.assignment.arm == Arm::Shadow || input.assignment.holdout_bucket == 0.25);
        go()
    });
    store.begin_sends(&claim(9, NOW), &gate).await.unwrap();
    assert_eq!(*arms.lock().unwrap(), [Arm::Holdout, Arm::Shadow, Arm::Shadow]);
}

pub async fn ends_are_recorded_once_and_only_by_the_last_claim(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1"), action("a2", "c2"), action("a3", "c3")]).await;
    send(&**store, 9, NOW).await;
    let done = SendEnd::Done(Some("<id@host>".into()));
    assert!(!store.end_send("a1", 0, &done, seconds(1)).await.unwrap());
    assert!(store.end_send("a1", 1, &done, seconds(1)).await.unwrap());
    assert!(!store.end_send("a1", 1, &SendEnd::Failed("late".into()), seconds(2)).await.unwrap());
    assert!(!store.end_send("nobody", 1, &done, seconds(1)).await.unwrap());
    let end = get(&**store, "a1").await;
    assert_eq!((end.note.as_deref(), end.finished_at), (Some("<id@host>"), Some(seconds(1))));
    assert!(store.end_send("a2", 1, &SendEnd::Failed("ST6103".into()), seconds(1)).await.unwrap());
    assert!(store.end_send("a3", 1, &SendEnd::InDoubt("ST6104".into()), seconds(1)).await.unwrap());
    assert_eq!([state(&**store, "a1").await, state(&**store, "a2").await], ["done", "failed"]);
    assert_eq!(state(&**store, "a3").await, "in_doubt");
    assert_eq!(get(&**store, "a2").await.note.as_deref(), Some("ST6103"));
    assert_eq!(store.recover(seconds(99_999), &|_| true).await.unwrap(), Recovered::default());
}

pub async fn a_retry_comes_back(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1")]).await;
    send(&**store, 9, NOW).await;
    let retry = SendEnd::Retry { at: seconds(60), note: "ST6102: busy".into() };
    assert!(store.end_send("a1", 1, &retry, seconds(1)).await.unwrap());
    assert_eq!(state(&**store, "a1").await, "held retry");
    assert!(send(&**store, 9, seconds(59)).await.is_empty());
    let again = send(&**store, 9, seconds(60)).await;
    assert_eq!((again[0].action.fence, again[0].action.attempts), (2, 2));
    assert_eq!(again[0].action.sending_at, Some(seconds(60)));
    assert!(!store.end_send("a1", 1, &SendEnd::Done(None), seconds(61)).await.unwrap());
    assert!(store.end_send("a1", 2, &SendEnd::Done(None), seconds(61)).await.unwrap());
}

pub async fn lapsed_leases_are_repeated_or_doubted(bed: Arc<Bed>) {
    let store = &bed.store;
    let mail = Action { channel: Channel::Email, ..action("mail", "c1") };
    plan(&**store, vec![mail, action("nudge", "c2")]).await;
    assert_eq!(send(&**store, 9, NOW).await.len(), 2);
    let repeatable = |one: &StoredAction| one.action.channel == Channel::Nudge;
    assert_eq!(store.recover(seconds(29), &repeatable).await.unwrap(), Recovered::default());
    let both = Recovered { repeated: 1, in_doubt: 1 };
    assert_eq!(store.recover(seconds(30), &repeatable).await.unwrap(), both);
    assert_eq!(state(&**store, "mail").await, "in_doubt");
    assert_eq!(get(&**store, "mail").await.finished_at, Some(seconds(30)));
    assert_eq!(state(&**store, "nudge").await, "ready");
    // The worker that lost its lease writes late.
    for id in ["mail", "nudge"] {
        assert!(!store.end_send(id, 1, &SendEnd::Done(None), seconds(31)).await.unwrap(), "{id}");
    }
    let again = send(&**store, 9, seconds(31)).await;
    assert_eq!(ids(&again), ["nudge"]);
    assert!(!store.end_send("nudge", 1, &SendEnd::Done(None), seconds(32)).await.unwrap());
    assert!(store.end_send("nudge", again[0].action.fence, &SendEnd::Done(None), seconds(32)).await.unwrap());
}

pub async fn a_claim_whose_calls_had_not_begun_is_repeated(bed: Arc<Bed>) {
    let store = &bed.store;
    let mail = |id: &str, contact: &str| Action { channel: Channel::Email, ..action(id, contact) };
    plan(&**store, vec![mail("begun", "c1"), mail("claimed", "c2")]).await;
    let claimed = store.begin_sends(&claim(9, NOW), &By(vec![], |_: &GateInput<'_>| go())).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let ours = store.begin_calls(&[("begun", 1), ("claimed", 0), ("nobody", 1)]).await.unwrap();
    assert_eq!(ours.into_iter().collect::<Vec<_>>(), ["begun"]);
    let both = Recovered { repeated: 1, in_doubt: 1 };
    assert_eq!(store.recover(seconds(30), &|_| false).await.unwrap(), both);
    assert_eq!([state(&**store, "begun").await, state(&**store, "claimed").await], ["in_doubt", "ready"]);
    // Who stood still in between has lost it, and sends nothing.
    assert!(store.begin_calls(&[("claimed", 1)]).await.unwrap().is_empty());
    let again = store.begin_sends(&claim(9, seconds(31)), &By(vec![], |_: &GateInput<'_>| go())).await.unwrap();
    let fence = again[0].action.fence;
    assert_eq!(store.begin_calls(&[("claimed", fence)]).await.unwrap().len(), 1);
    assert_eq!(store.recover(seconds(90), &|_| false).await.unwrap(), Recovered { repeated: 0, in_doubt: 1 });
}

pub async fn a_hold_in_the_past_does_not_spin(bed: Arc<Bed>) {
    let store = &bed.store;
    plan(&**store, vec![action("a1", "c1")]).await;
    let gate = By(vec![], |input: &GateInput<'_>| GateVerdict::Hold {
        until: input.now - Span::days(1),
        reason: ReasonCode::Cap,
        checks: vec![],
    });
    store.begin_sends(&claim(9, NOW), &gate).await.unwrap();
    assert!(store.next_action().await.unwrap().unwrap() > NOW);
}

pub async fn the_next_time_is_known(bed: Arc<Bed>) {
    let store = &bed.store;
    assert_eq!(store.next_action().await.unwrap(), None);
    let ready = Action { due_at: seconds(50), expires_at: seconds(100), ..action("a1", "c1") };
    plan(&**store, vec![ready, reviewed("a2", "c2", IfExpired::Reject)]).await;
    assert_eq!(store.next_action().await.unwrap(), Some(seconds(50)));
    send(&**store, 9, seconds(50)).await;
    // The end of the review.
    assert_eq!(store.next_action().await.unwrap(), Some(NOW + Span::days(1)));
    store.expire(NOW + Span::days(1)).await.unwrap();
    assert_eq!(store.next_action().await.unwrap(), None);
    let late = Action { due_at: seconds(900), expires_at: seconds(100), ..action("a3", "c3") };
    plan(&**store, vec![late]).await;
    // Good until its expiry, and not longer.
    let over = Time(seconds(100).0 + 1);
    assert_eq!(store.next_action().await.unwrap(), Some(over));
    assert_eq!(store.expire(seconds(100)).await.unwrap(), 0);
    assert_eq!(store.expire(over).await.unwrap(), 1);
    assert_eq!(store.next_action().await.unwrap(), None);
}

pub async fn what_is_too_late_expires(bed: Arc<Bed>) {
    let store = &bed.store;
    let held = Action { state: ActionState::Held, reason: Some(ReasonCode::QuietHours), ..action("held", "c1") };
    let going = Action { priority: 99, ..action("going", "c3") };
    plan(&**store, vec![held, action("ready", "c2"), going]).await;
    assert_eq!(ids(&send(&**store, 1, NOW).await), ["going"]);
    assert_eq!(store.expire(NOW + Span::days(7)).await.unwrap(), 0);
    assert_eq!(store.expire(NOW + Span::days(8)).await.unwrap(), 2);
    assert_eq!([state(&**store, "held").await, state(&**store, "ready").await], ["withheld expired"; 2]);
    assert_eq!(get(&**store, "held").await.finished_at, Some(NOW + Span::days(8)));
    assert_eq!(state(&**store, "going").await, "sending");
}
