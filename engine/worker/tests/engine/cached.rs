//! What a worker keeps of contacts, and what it takes for new: nothing of either may be seen in what is decided.

use crate::bed::{Bed, event, minutes, plain};
use staunch_core::value::Value;
use staunch_store::Store;
use staunch_worker::{Engine, VirtualClock};
use std::sync::Arc;
use std::time::Duration;

async fn hand(bed: &Bed, engine: &Arc<Engine>, messages: &[staunch_broker::Message], max: usize) -> usize {
    engine.broker().publish(messages).await.unwrap();
    bed.drain(engine, max, minutes(60)).await
}

fn update(id: &str, at: i64, field: &str, value: &str) -> staunch_broker::Message {
    event(id, "contact.updated", "c1", minutes(at), serde_json::json!({ field: value }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_worker_changed_is_not_undone() {
    let bed = Bed::new(&[]).await;
    let (one, two) = (bed.engine().await, bed.engine().await);
    assert_eq!(hand(&bed, &one, &[update("e1", 1, "plan", "trial")], 9).await, 1);
    assert_eq!(hand(&bed, &two, &[update("e2", 2, "country", "DE")], 9).await, 1);
    // The first worker knows the contact without its country.
    assert_eq!(hand(&bed, &one, &[update("e3", 3, "plan", "paid")], 9).await, 1);
    let (contact, version) = bed.store.contact("c1").await.unwrap().unwrap();
    let text = |name: &str| contact.fields.get(name).cloned();
    assert_eq!(text("plan"), Some(Value::Text("paid".into())));
    assert_eq!(text("country"), Some(Value::Text("DE".into())));
    assert_eq!((version, one.metrics().conflicts.get()), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_became_somebody_else_is_found_under_the_other_name() {
    let bed = Bed::new(&[]).await;
    let (one, two) = (bed.engine().await, bed.engine().await);
    hand(&bed, &one, &[update("e1", 1, "plan", "trial"), plain("e2", "go", "c2", minutes(2))], 9).await;
    let same = event("e3", "contact.aliased", "c2", minutes(3), serde_json::json!({ "alias": "c1" }));
    hand(&bed, &two, &[same], 9).await;
    // The first worker still knows a contact c1.
    hand(&bed, &one, &[update("e4", 4, "country", "DE")], 9).await;
    let (contact, _) = bed.store.contact("c1").await.unwrap().unwrap();
    assert_eq!((contact.id.as_str(), contact.fields.len()), ("c2", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_producer_repeats_is_decided_once() {
    let bed = Bed::new(&[]).await;
    let engine = bed.engine().await;
    let (go, other) = (plain("e1", "go", "c1", minutes(1)), plain("e2", "go", "c2", minutes(2)));
    // In one batch, in the next beside a new one, and alone.
    engine.broker().publish(&[go.clone(), go.clone(), go.clone(), other, go]).await.unwrap();
    let clock = VirtualClock::default();
    clock.set(minutes(60));
    let (mut decided, mut duplicates) = (0, 0);
    loop {
        let handled = engine.ingest(0, 2, Duration::from_millis(20), &clock).await.unwrap();
        if handled.taken == 0 {
            break;
        }
        (decided, duplicates) = (decided + handled.decided, duplicates + handled.duplicates);
    }
    assert_eq!((decided, duplicates), (2, 3));
    assert_eq!(bed.store.decisions("c1", None).await.unwrap().len(), 1);
}
