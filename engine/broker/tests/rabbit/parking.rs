//! Dead letters while nobody can take them: they wait in their queues, and none is lost.

use crate::channel;
use crate::support::{amqp_url, clean, options, unique_prefix};
use lapin::types::FieldTable;
use staunch_broker::{Broker, Message, RabbitBroker, RabbitOptions};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// RabbitMQ tries dead letters again after three minutes; `tests/services` sets five seconds.
const PATIENCE: Duration = Duration::from_secs(240);
const EVENTS: usize = 40;

async fn two_attempts(prefix: &str) -> RabbitBroker {
    let options = RabbitOptions { partitions: 2, delivery_limit: 2, ..options(prefix) };
    RabbitBroker::connect(&amqp_url(), options).await.unwrap()
}

/// Half of them name a contact, and go to partitions.
async fn publish(broker: &RabbitBroker) {
    let event = |n: usize| match n % 2 {
        0 => Message::json(format!(r#"{{"id":"{n}","subject":"c{n}"}}"#)),
        _ => Message::json(format!(r#"{{"id":"{n}"}}"#)),
    };
    broker.publish(&(0..EVENTS).map(event).collect::<Vec<_>>()).await.unwrap();
}

/// The consumer declares everything when it connects, so it has to be there before anything is taken away.
async fn consuming(broker: &RabbitBroker) {
    assert!(broker.next(0, Duration::from_secs(2)).await.unwrap().is_empty());
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Rejects whatever comes alive until nothing comes any more; no dead letter may come meanwhile.
async fn reject_all(broker: &RabbitBroker) {
    let mut rejected = 0;
    loop {
        let came = broker.next(64, Duration::from_secs(2)).await.unwrap();
        if came.is_empty() && rejected >= 2 * EVENTS {
            return;
        }
        assert!(came.iter().all(|one| one.dead.is_none()), "it was parked, though nothing leads there");
        rejected += came.len();
        broker.reject(&came).await.unwrap();
    }
}

/// Waits for all dead letters, each at least once.
async fn all_parked(broker: &RabbitBroker) {
    let (mut seen, began) = (BTreeSet::new(), Instant::now());
    while seen.len() < EVENTS {
        assert!(began.elapsed() < PATIENCE, "only {} of {EVENTS} were parked", seen.len());
        let came = broker.next(64, Duration::from_secs(1)).await.unwrap();
        assert!(came.iter().all(|one| one.dead.as_deref().is_some_and(|why| why.contains("delivery_limit"))));
        seen.extend(came.iter().map(|one| one.message.body.clone()));
        broker.ack(&came).await.unwrap();
    }
}

#[tokio::test]
async fn dead_letters_wait_while_nothing_leads_to_the_parking_queue() {
    let prefix = unique_prefix();
    let broker = two_attempts(&prefix).await;
    publish(&broker).await;
    let (_connection, channel) = channel().await;
    let name = |suffix: &str| format!("{prefix}.{suffix}").into();
    consuming(&broker).await;
    channel.queue_unbind(name("parked"), name("dead"), "".into(), FieldTable::default()).await.unwrap();
    reject_all(&broker).await;
    // Whoever connects binds it again.
    two_attempts(&prefix).await.close().await;
    all_parked(&broker).await;
    assert_eq!(broker.depth().await.unwrap(), 0);
    broker.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn dead_letters_survive_a_parking_queue_that_is_full() {
    let prefix = unique_prefix();
    let broker = two_attempts(&prefix).await;
    publish(&broker).await;
    let (_connection, channel) = channel().await;
    let name = |suffix: &str| format!("{prefix}.{suffix}").into();
    consuming(&broker).await;
    // In its place one that takes two messages and refuses the rest.
    let full: lapin::types::ShortString = format!("{prefix}.full").into();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), lapin::types::AMQPValue::LongString("quorum".into()));
    arguments.insert("x-max-length".into(), lapin::types::AMQPValue::LongInt(2));
    arguments.insert("x-overflow".into(), lapin::types::AMQPValue::LongString("reject-publish".into()));
    let durable = lapin::options::QueueDeclareOptions::durable();
    channel.queue_declare(full.clone(), durable, arguments).await.unwrap();
    let none = FieldTable::default;
    channel.queue_bind(full.clone(), name("dead"), "".into(), Default::default(), none()).await.unwrap();
    channel.queue_unbind(name("parked"), name("dead"), "".into(), none()).await.unwrap();
    reject_all(&broker).await;
    // Bound again, and the full one gone: what it took was taken, what it refused comes.
    two_attempts(&prefix).await.close().await;
    let mut held = 0;
    while let Some(got) = channel.basic_get(full.clone(), Default::default()).await.unwrap() {
        let properties = got.delivery.properties.clone();
        let send = channel.basic_publish("".into(), name("parked"), Default::default(), &got.delivery.data, properties);
        send.await.unwrap();
        held += 1;
    }
    channel.queue_delete(full, Default::default()).await.unwrap();
    assert!((1..EVENTS).contains(&held), "{held}");
    all_parked(&broker).await;
    broker.close().await;
    clean(&prefix).await;
}
