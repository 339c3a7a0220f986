//! Verdicts of people, and what their silence means.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::Span;
use staunch_core::action::Action;
use staunch_core::workflow::IfExpired;
use staunch_store::{ReviewEnd, ReviewVerdict};
use std::sync::Arc;

fn verdict(approve: bool, action: &Action) -> ReviewVerdict {
    ReviewVerdict { approve, by: "ann".into(), payload_hash: action.payload_hash.clone() }
}

pub async fn a_yes_makes_it_ready(bed: Arc<Bed>) {
    let store = &*bed.store;
    let now = reviewed("a1", "c1", IfExpired::Reject);
    let later = Action { due_at: seconds(900), ..reviewed("a2", "c2", IfExpired::Reject) };
    plan(store, vec![now.clone(), later.clone()]).await;
    assert!(send(store, 9, seconds(901)).await.is_empty());
    assert_eq!(store.review("a1", &verdict(true, &now), seconds(5)).await.unwrap(), ReviewEnd::Taken);
    assert_eq!(store.review("a2", &verdict(true, &later), seconds(5)).await.unwrap(), ReviewEnd::Taken);
    let (a1, a2) = (get(store, "a1").await, get(store, "a2").await);
    assert_eq!((a1.action.due_at, a2.action.due_at), (seconds(5), seconds(900)));
    assert_eq!(a1.reviewer.as_deref(), Some("ann"));
    assert_eq!(store.review("a1", &verdict(true, &now), seconds(6)).await.unwrap(), ReviewEnd::NotWaiting);
    assert_eq!(ids(&send(store, 9, seconds(6)).await), ["a1"]);
}

pub async fn a_no_withholds_it(bed: Arc<Bed>) {
    let store = &*bed.store;
    let asked = reviewed("a1", "c1", IfExpired::Approve);
    plan(store, vec![asked.clone()]).await;
    assert_eq!(store.review("a1", &verdict(false, &asked), seconds(5)).await.unwrap(), ReviewEnd::Taken);
    assert_eq!(state(store, "a1").await, "withheld rejected");
    let end = get(store, "a1").await;
    assert_eq!((end.finished_at, end.reviewer.as_deref()), (Some(seconds(5)), Some("ann")));
    assert_eq!(store.review("a1", &verdict(true, &asked), seconds(6)).await.unwrap(), ReviewEnd::NotWaiting);
    assert_eq!(store.review("nobody", &verdict(true, &asked), NOW).await.unwrap(), ReviewEnd::Unknown);
}

pub async fn a_verdict_binds_to_the_payload(bed: Arc<Bed>) {
    let store = &*bed.store;
    let asked = reviewed("a1", "c1", IfExpired::Approve);
    plan(store, vec![asked.clone()]).await;
    let other = ReviewVerdict { payload_hash: "00".repeat(16), ..verdict(true, &asked) };
    assert_eq!(store.review("a1", &other, NOW).await.unwrap(), ReviewEnd::Changed);
    assert_eq!(state(store, "a1").await, "review");
    assert_eq!(get(store, "a1").await.reviewer, None);
}

pub async fn silence_means_what_the_gate_declares(bed: Arc<Bed>) {
    let store = &*bed.store;
    let late = Action { expires_at: seconds(60), ..reviewed("late", "c3", IfExpired::Approve) };
    plan(store, vec![reviewed("no", "c1", IfExpired::Reject), reviewed("yes", "c2", IfExpired::Approve), late]).await;
    assert_eq!(store.expire(NOW + Span::seconds(60)).await.unwrap(), 0);
    let day = NOW + Span::days(1);
    assert_eq!(store.expire(day).await.unwrap(), 3);
    assert_eq!(state(store, "no").await, "withheld review_expired");
    assert_eq!((state(store, "yes").await, get(store, "yes").await.action.due_at), ("ready".into(), day));
    // A yes by silence does not make up for an action's own expiry.
    assert_eq!(state(store, "late").await, "withheld expired");
    assert_eq!(store.expire(day).await.unwrap(), 0);
}

pub async fn a_verdict_that_comes_too_late_does_not_count(bed: Arc<Bed>) {
    let store = &*bed.store;
    let asked = reviewed("a1", "c1", IfExpired::Reject);
    plan(store, vec![asked.clone()]).await;
    let end = store.review("a1", &verdict(true, &asked), NOW + Span::days(1)).await.unwrap();
    assert_eq!((end, state(store, "a1").await.as_str()), (ReviewEnd::NotWaiting, "review"));
}
