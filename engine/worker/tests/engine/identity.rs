//! Two ids of one person, in one batch and in many, in any order and by several workers.

use crate::bed::*;
use proptest::prelude::*;
use staunch_broker::Message;
use staunch_core::Span;
use staunch_core::action::Channel;
use staunch_core::contact::Contact;
use staunch_core::workflow::Target;
use staunch_store::{ActionFilter, Store};
use std::sync::Arc;

fn flows() -> Vec<staunch_core::workflow::Workflow> {
    let nodes = vec![wait("pause", Span::days(1), Target::Node(1)), act(Channel::Nudge, "hello", Target::End)];
    vec![flow("w", "v1", nodes)]
}

fn facts(contact: &Contact) -> usize {
    contact.facts.logs().map(|log| log.entries.len()).sum()
}

#[tokio::test]
async fn an_event_of_an_alias_is_its_contacts() {
    let bed = Bed::new(&flows()).await;
    let engine = bed.engine().await;
    let batch = [
        plain("1", "order.paid", "c", minutes(0)),
        // Nobody knows `x` yet: from here on it is `c`.
        alias("2", "c", "x", minutes(1)),
        plain("3", "order.paid", "x", minutes(2)),
    ];
    engine.broker().publish(&batch).await.unwrap();
    assert_eq!(bed.drain(&engine, 9, minutes(3)).await, 3);
    engine.broker().publish(&[plain("4", "order.paid", "x", minutes(3))]).await.unwrap();
    assert_eq!(bed.drain(&engine, 9, minutes(4)).await, 1);
    let (contact, _) = bed.store.contact("x").await.unwrap().unwrap();
    assert_eq!((contact.id.as_str(), facts(&contact)), ("c", 3));
    assert_eq!(bed.store.decisions("x", None).await.unwrap().len(), 4);
    assert_eq!(bed.store.summary().await.unwrap().contacts, 1);
}

#[tokio::test]
async fn both_have_events_in_the_batch_that_makes_them_one() {
    let bed = Bed::new(&flows()).await;
    let engine = bed.engine().await;
    let batch = [
        plain("late", "order.paid", "a", minutes(9)),
        plain("1", "go", "a", minutes(0)),
        plain("2", "go", "b", minutes(1)),
        plain("3", "order.paid", "a", minutes(2)),
        alias("4", "b", "a", minutes(3)),
        alias("5", "b", "y", minutes(4)),
        plain("6", "order.paid", "y", minutes(5)),
    ];
    engine.broker().publish(&batch).await.unwrap();
    assert_eq!(bed.drain(&engine, 99, minutes(9)).await, 7);
    let (contact, _) = bed.store.contact("a").await.unwrap().unwrap();
    assert_eq!((contact.id.as_str(), facts(&contact)), ("b", 3));
    // Both started; the run that came first stays, whoever's it was.
    let runs = bed.store.runs("b").await.unwrap();
    assert_eq!(
        runs.iter().map(|run| (run.entry.id.as_str(), run.word())).collect::<Vec<_>>(),
        [("1", "waiting"), ("2", "left")]
    );
    assert_eq!(bed.store.decisions("b", None).await.unwrap().len(), 7);
    let woken = engine.wake(9, minutes(2_000)).await.unwrap();
    let all = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert_eq!((woken, all.len(), all[0].action.contact.as_str()), (1, 1, "b"));
}

#[tokio::test]
async fn an_event_that_does_not_fit_changes_nothing_else() {
    let bed = Bed::new(&flows()).await;
    let engine = bed.engine().await;
    let clock = staunch_worker::VirtualClock::default();
    clock.set(minutes(9));
    let bad = event("1", "contact.aliased", "c", NOW, serde_json::json!({ "alias": 7 }));
    engine.broker().publish(&[bad, plain("2", "order.paid", "d", NOW)]).await.unwrap();
    let handled = engine.ingest(0, 9, std::time::Duration::from_secs(1), &clock).await.unwrap();
    assert_eq!((handled.decided, handled.parked), (1, 1));
    assert_eq!(bed.store.contact("c").await.unwrap(), None);
}

/// Orders of five ids, and who is who among them: in the end all are one.
fn history() -> Vec<Message> {
    let ids = ["a", "b", "c", "d", "e"];
    let mut all: Vec<Message> = Vec::new();
    for (n, id) in ids.iter().cycle().take(20).enumerate() {
        all.push(plain(&format!("o{n}"), "order.paid", id, minutes(n as i64 * 3)));
    }
    for (n, (one, two)) in [("a", "b"), ("c", "d"), ("d", "a"), ("e", "c"), ("b", "c")].into_iter().enumerate() {
        all.push(alias(&format!("i{n}"), one, two, minutes(10 + n as i64 * 7)));
    }
    all
}

async fn check(bed: &Bed) {
    let mut survivors = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        survivors.push(bed.store.contact(id).await.unwrap().unwrap().0);
    }
    survivors.dedup();
    assert_eq!(survivors.len(), 1, "{survivors:?}");
    assert_eq!(facts(&survivors[0]), 20);
    assert_eq!(bed.store.decisions("a", None).await.unwrap().len(), 25);
    let summary = bed.store.summary().await.unwrap();
    assert_eq!((summary.contacts, summary.events, summary.parked), (1, 25, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// However the messages arrive and are batched, and however often: one survivor, and every order counts once.
    #[test]
    fn any_arrival_ends_in_one_contact(
        order in Just((0..25usize).collect::<Vec<_>>()).prop_shuffle(), again in prop::collection::vec(0..25usize, 0..6), max in 1..12usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bed = Bed::new(&flows()).await;
            let engine = bed.engine().await;
            let all = history();
            let messages: Vec<Message> = order.iter().chain(&again).map(|at| all[*at].clone()).collect();
            engine.broker().publish(&messages).await.unwrap();
            prop_assert_eq!(bed.drain(&engine, max, minutes(99)).await, 25);
            check(&bed).await;
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_meet_over_the_same_people() {
    for round in 0..6 {
        let bed = Arc::new(Bed::new(&flows()).await);
        let engine = bed.engine().await;
        let mut messages = history();
        messages.rotate_left(round * 4);
        engine.broker().publish(&messages).await.unwrap();
        let mut workers = Vec::new();
        for _ in 0..3 {
            let (bed, engine) = (bed.clone(), bed.engine().await);
            workers.push(tokio::spawn(async move { bed.drain(&engine, 2, minutes(99)).await }));
        }
        let mut decided = 0;
        for worker in workers {
            decided += worker.await.unwrap();
        }
        assert_eq!(decided, 25);
        check(&bed).await;
    }
}
