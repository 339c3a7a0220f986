//! What a worker decides by is exchanged while it runs: by its own files, and by what others publish.

use crate::bed::*;
use staunch_core::action::Channel;
use staunch_core::policy::{Cap, Policy};
use staunch_core::run::RunStatus;
use staunch_core::workflow::{Target, Workflow};
use staunch_core::{Span, Time};
use staunch_store::{ActionFilter, Store};
use std::sync::Arc;

fn version(version: &str) -> Workflow {
    let nodes = vec![wait("pause", Span::days(1), Target::Node(1)), act(Channel::Task, version, Target::End)];
    flow("w", version, nodes)
}

async fn run(bed: &Bed, contact: &str) -> (String, RunStatus) {
    let run = bed.store.runs(contact).await.unwrap().remove(0);
    (run.version, run.status)
}

fn day(n: i64) -> Time {
    NOW + Span::days(n)
}

#[tokio::test]
async fn a_run_of_a_version_that_another_process_published_just_now_is_not_held() {
    let bed = Bed::new(&[version("v1")]).await;
    let stale = bed.engine().await;
    bed.store.publish(&[version("v2")], NOW).await.unwrap();
    let other = bed.engine().await;
    other.broker().publish(&[plain("e1", "go", "c1", NOW)]).await.unwrap();
    assert_eq!(bed.drain(&other, 8, NOW).await, 1);

    // The first has not looked since, and is asked about the contact by an event and by its deadline.
    assert!(stale.catalog().version("w", "v2").is_none());
    stale.broker().publish(&[plain("e2", "order.paid", "c1", minutes(1))]).await.unwrap();
    assert_eq!(bed.drain(&stale, 8, minutes(1)).await, 1);
    let until = day(1);
    assert_eq!(run(&bed, "c1").await, ("v2".into(), RunStatus::Waiting { step: "pause".into(), until }));
    assert!(stale.catalog().version("w", "v2").is_some(), "from now on it knows it");
    assert_eq!(stale.wake(8, day(1)).await.unwrap(), 1);
    assert_eq!(run(&bed, "c1").await, ("v2".into(), RunStatus::Done));
    assert!(!stale.refresh().await.unwrap(), "nothing is left to notice");
}

#[tokio::test]
async fn what_others_publish_is_noticed_once() {
    let bed = Bed::new(&[version("v1")]).await;
    let engine = bed.engine().await;
    assert!(!engine.refresh().await.unwrap());
    let before = engine.decider();
    bed.store.publish(&[version("v2")], NOW).await.unwrap();
    assert!(engine.refresh().await.unwrap());
    assert!(!engine.refresh().await.unwrap());
    let current = |catalog: &staunch_core::decide::Catalog| catalog.named("w").unwrap().version.clone();
    assert_eq!(current(&engine.catalog()), "v2");
    // Who began with the old one still has all of it.
    assert_eq!(current(&before.catalog), "v1");
    assert!(!Arc::ptr_eq(&before, &engine.decider()));
}

#[tokio::test]
async fn files_are_taken_with_their_versions_and_runs_keep_theirs() {
    let mut bed = Bed::new(&[version("v1")]).await;
    let engine = bed.engine().await;
    engine.broker().publish(&[plain("e1", "go", "c1", NOW)]).await.unwrap();
    bed.drain(&engine, 8, NOW).await;
    let cap = Cap {
        id: "none".into(),
        channels: vec![Channel::Task],
        max: 0,
        window: Span::days(7),
        gap: None,
        exempt: vec![],
    };
    bed.workspace.policy = Policy { caps: vec![cap], ..Policy::default() };
    engine.reload(bed.content(), &[version("v2")], minutes(1)).await.unwrap();
    let catalog = engine.catalog();
    assert_eq!((catalog.workspace.policy.caps.len(), catalog.named("w").unwrap().version.as_str()), (1, "v2"));

    engine.broker().publish(&[plain("e2", "go", "c2", minutes(1))]).await.unwrap();
    bed.drain(&engine, 8, minutes(1)).await;
    engine.wake(8, day(2)).await.unwrap();
    // Caps are counted when something is to be sent.
    engine.dispatch(8, day(2)).await.unwrap();
    assert_eq!((run(&bed, "c1").await.0.as_str(), run(&bed, "c2").await.0.as_str()), ("v1", "v2"));
    let actions = bed.store.actions(&ActionFilter::default()).await.unwrap();
    let mut steps: Vec<&str> = actions.iter().map(|one| one.action.step.as_str()).collect();
    steps.sort_unstable();
    assert_eq!(steps, ["v1", "v2"], "each by the steps of its own version");
    let caps = actions.iter().map(|one| one.action.reason.map(|reason| reason.word()));
    assert!(
        caps.clone().all(|reason| reason == Some("cap")),
        "and both under today's policy: {:?}",
        caps.collect::<Vec<_>>()
    );
}
