//! Windows of recent actions, and breakers that trip on them.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, Channel};
use staunch_core::policy::{Kill, KillScope};
use staunch_core::workflow::IfExpired;
use staunch_core::{Span, Time};
use staunch_store::{ActionFilter, Gate, GateInput, GateVerdict, WindowAsk};
use std::sync::{Arc, Mutex};

fn hour(limit: u32) -> WindowAsk {
    WindowAsk { channel: None, window: Span::seconds(3600), limit }
}

/// Trips once five actions of the workflow went within an hour.
fn breaker() -> impl Gate {
    By(vec![hour(9)], |input: &GateInput<'_>| {
        let scope = KillScope::Workflow(input.action.action.workflow.clone());
        let kill = Kill { scope, reason: "too many".into(), by: "breaker:volume".into(), at: input.now };
        if input.windows[0].len() >= 5 { GateVerdict::Trip(kill) } else { go() }
    })
}

pub async fn a_breaker_holds_its_whole_scope(bed: Arc<Bed>) {
    let store = &*bed.store;
    let many = (0..20).map(|n| action(&format!("a{n:02}"), &format!("c{n}")));
    let other = Action { workflow: "leads".into(), ..action("other", "other") };
    let asked = reviewed("asked", "asked", IfExpired::Reject);
    plan(store, many.chain([asked, other]).collect()).await;
    let first = store.begin_sends(&claim(3, NOW), &breaker()).await.unwrap();
    assert_eq!(first.len(), 3);
    let second = store.begin_sends(&claim(9, seconds(1)), &breaker()).await.unwrap();
    assert_eq!(ids(&second), ["a03", "a04", "other"]);
    let kills = store.live().await.unwrap().kills;
    assert_eq!((kills.len(), kills[0].by.as_str()), (1, "breaker:volume"));
    let held = ActionFilter { state: Some(ActionState::Held), ..ActionFilter::default() };
    assert_eq!(store.actions(&held).await.unwrap().len(), 16);
    assert_eq!(state(store, "asked").await, "held kill");
    let released = store.resume(&kills[0].scope, "ann", seconds(2)).await.unwrap().unwrap();
    assert_eq!((released.released, state(store, "asked").await.as_str()), (16, "review"));
    // The evidence is still there: it trips again, on the first one.
    assert!(store.begin_sends(&claim(9, seconds(3)), &breaker()).await.unwrap().is_empty());
    assert_eq!(store.live().await.unwrap().kills.len(), 1);
}

pub async fn claims_that_trip_together_stop_at_the_limit(bed: Arc<Bed>) {
    plan(&*bed.store, (0..60).map(|n| action(&format!("a{n}"), &format!("c{n}"))).collect()).await;
    let claimers: Vec<_> = (0..6)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move {
                let mut sent = 0;
                for _ in 0..12 {
                    sent += store.begin_sends(&claim(2, NOW), &breaker()).await.unwrap().len();
                }
                sent
            })
        })
        .collect();
    let mut sent = 0;
    for claimer in claimers {
        sent += claimer.await.unwrap();
    }
    assert_eq!(sent, 5);
    assert_eq!(bed.store.live().await.unwrap().kills.len(), 1);
    let held = ActionFilter { state: Some(ActionState::Held), ..ActionFilter::default() };
    assert_eq!(bed.store.actions(&held).await.unwrap().len(), 55);
}

pub async fn windows_show_what_was_asked(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mail = |id: &str, due: i64| Action { channel: Channel::Email, due_at: seconds(due), ..action(id, id) };
    let nudge = |id: &str, due: i64| Action { due_at: seconds(due), ..action(id, id) };
    let other = Action { workflow: "leads".into(), ..action("other", "other") };
    plan(store, vec![mail("m1", 1), nudge("n1", 2), mail("m2", 3), other]).await;
    for at in 0..4 {
        send(store, 9, seconds(at)).await;
    }
    plan(store, vec![mail("m3", 4), nudge("n3", 4)]).await;
    let seen: Mutex<Vec<Vec<Vec<Time>>>> = Mutex::default();
    let asks = vec![
        WindowAsk { channel: Some(Channel::Email), ..hour(9) },
        hour(2),
        WindowAsk { window: Span::seconds(2), ..hour(9) },
    ];
    let gate = By(asks, |input: &GateInput<'_>| {
        seen.lock().unwrap().push(input.windows.to_vec());
        go()
    });
    store.begin_sends(&claim(9, seconds(4)), &gate).await.unwrap();
    let at = |times: &[i64]| times.iter().map(|n| seconds(*n)).collect::<Vec<Time>>();
    let first = vec![at(&[1, 3]), at(&[2, 3]), at(&[3])];
    // The mail counts for the nudge behind it: in its own channel's window, and in the others.
    let second = vec![at(&[1, 3, 4]), at(&[3, 4]), at(&[3, 4])];
    assert_eq!(*seen.lock().unwrap(), [first, second]);
}
