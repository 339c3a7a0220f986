//! What an operator watches.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, ReasonCode};
use staunch_core::policy::KillScope;
use staunch_core::workflow::IfExpired;
use staunch_store::{Change, Figures};
use std::sync::Arc;

pub async fn nothing_gives_zeros(bed: Arc<Bed>) {
    assert_eq!(bed.store.figures().await.unwrap(), Figures::default());
}

pub async fn what_is_pending_is_counted_and_its_oldest_told(bed: Arc<Bed>) {
    let store = &*bed.store;
    let held = |id: &str, contact: &str, at| Action {
        state: ActionState::Held,
        reason: Some(ReasonCode::QuietHours),
        due_at: seconds(at),
        ..action(id, contact)
    };
    let late = Action { due_at: seconds(20), ..action("a1", "c1") };
    let over = |id: &str, state| Action { state, due_at: seconds(-900), ..action(id, "c3") };
    let waiting = Action { due_at: seconds(-500), ..reviewed("a4", "c4", IfExpired::Reject) };
    let over = [over("a5", ActionState::Failed), over("a6", ActionState::InDoubt)];
    plan(store, [vec![late, held("a2", "c2", 5), held("a3", "c2", 50), waiting], over.to_vec()].concat()).await;
    let wake = Change { wake_at: Some(seconds(70)), ..change("c9", vec![]) };
    store.commit(&[wake], NOW).await.unwrap();
    let figures = store.figures().await.unwrap();
    let mut expected =
        vec![(ActionState::Held, 2), (ActionState::Ready, 1), (ActionState::Review, 1), (ActionState::InDoubt, 1)];
    expected.sort();
    assert_eq!(figures.pending, expected);
    // What waits for a person is not due, and what is over neither.
    assert_eq!((figures.action_due, figures.wake_due), (Some(seconds(5)), Some(seconds(70))));
    assert!(figures.parked == 0 && figures.kills.is_empty());
    store.kill(&kill(KillScope::Workflow("winback".into())), false, NOW).await.unwrap();
    let killed = store.figures().await.unwrap();
    assert_eq!(killed.kills, [KillScope::Workflow("winback".into())]);
    assert!(killed.action_due.unwrap() > seconds(1_000_000), "what a kill holds is not due");
}
