//! The last-moment gate: who is never contacted, and how many tasks a person can take.

use crate::bed::*;
use staunch_core::Span;
use staunch_core::action::{ActionState, Channel};
use staunch_core::decide::Workspace;
use staunch_core::policy::{Capacity, Never, Policy};
use staunch_core::workflow::{Audience, NodeKind, Target, Workflow};
use staunch_store::{ActionFilter, Store};
use std::sync::Arc;

fn consent(contact: &str) -> staunch_broker::Message {
    let data = serde_json::json!({ "purpose": "news", "granted": true });
    event(&format!("consent {contact}"), "consent.changed", contact, NOW, data)
}

async fn words(bed: &Bed) -> Vec<String> {
    let mut all = bed.store.actions(&ActionFilter::default()).await.unwrap();
    all.sort_by(|a, b| a.action.contact.cmp(&b.action.contact));
    let reason = |one: &staunch_store::StoredAction| one.action.reason.map_or("", |reason| reason.word());
    all.iter().map(|one| format!("{} {} {}", one.action.contact, one.action.state.word(), reason(one))).collect()
}

#[tokio::test]
async fn who_came_into_an_excluded_audience_meanwhile_gets_nothing() {
    let mut bed = Bed::new(&[flow("w", "v1", vec![act(Channel::Nudge, "hello", Target::End)])]).await;
    // Three orders make a contact a regular one, and those are left alone.
    let orders = flow("w", "v1", vec![]);
    let audience = Audience {
        name: "regulars".into(),
        features: orders.features,
        facts: orders.facts,
        when: expr("feature.orders >= 3"),
    };
    let never = Never { audiences: vec!["regulars".into()], countries_outside: vec![] };
    let policy = Policy { never, ..Policy::default() };
    bed.workspace = Workspace { audiences: vec![audience], policy, ..bed.workspace };
    let engine = bed.engine().await;
    let order = |n: i64| plain(&format!("o{n}"), "order.paid", "a", minutes(n));
    let batch = [
        consent("a"),
        consent("b"),
        order(1),
        order(2),
        plain("a", "go", "a", minutes(3)),
        plain("b", "go", "b", minutes(3)),
    ];
    engine.broker().publish(&batch).await.unwrap();
    bed.drain(&engine, 99, minutes(3)).await;
    assert_eq!(words(&bed).await, ["a ready ", "b ready "]);
    engine.broker().publish(&[order(4)]).await.unwrap();
    bed.drain(&engine, 99, minutes(4)).await;
    engine.dispatch(9, minutes(5)).await.unwrap();
    assert_eq!(words(&bed).await, ["a withheld excluded", "b done "]);
}

fn calls(name: &str) -> Workflow {
    let mut node = act(Channel::Task, "call", Target::End);
    if let NodeKind::Act(act) = &mut node.kind {
        act.assignee = Some("anna".into());
    }
    flow(name, "v1", vec![node])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_dispatchers_give_nobody_more_than_they_can_take() {
    let mut bed = Bed::new(&[calls("v"), calls("w")]).await;
    let reps = Capacity { id: "reps".into(), channels: vec![Channel::Task], max: 5, window: Span::days(1) };
    bed.workspace.policy = Policy { capacity: vec![reps], ..Policy::default() };
    let bed = Arc::new(bed);
    let engine = bed.engine().await;
    let starts: Vec<_> = (0..12).map(|n| plain(&format!("g{n}"), "go", &format!("c{n:02}"), minutes(n))).collect();
    engine.broker().publish(&starts).await.unwrap();
    bed.drain(&engine, 99, minutes(12)).await;
    let mut dispatchers = Vec::new();
    for _ in 0..2 {
        let engine = bed.engine().await;
        dispatchers.push(tokio::spawn(async move {
            for _ in 0..12 {
                engine.dispatch(2, minutes(20)).await.unwrap();
            }
        }));
    }
    for dispatcher in dispatchers {
        dispatcher.await.unwrap();
    }
    let count = async |state: ActionState| {
        let filter = ActionFilter { state: Some(state), ..ActionFilter::default() };
        bed.store.actions(&filter).await.unwrap().len()
    };
    assert_eq!((count(ActionState::Done).await, count(ActionState::Held).await), (5, 19));
    // On the next day there is room again, for as many.
    for _ in 0..12 {
        engine.dispatch(4, minutes(20) + Span::days(1)).await.unwrap();
    }
    assert_eq!(count(ActionState::Done).await, 10);
}
