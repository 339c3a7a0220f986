//! One suite for RabbitMQ and the embedded queue, in memory and in SQLite: what the worker may rely on.

#[path = "support/memory_queue.rs"]
mod memory_queue;
mod support;

use memory_queue::MemoryQueue;
use staunch_broker::{ATTEMPTS, Broker, EmbeddedBroker, Message};
use staunch_core::{Span, Time};
use staunch_store::{Queue, SqliteStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use support::{PATIENCE, amqp_url, assert_silent, bodies, clean, numbered, rabbit, take, unique_prefix};

/// One queue, and the brokers that use it.
enum Bench {
    Embedded { queue: Arc<dyn Queue>, clock: Arc<AtomicI64> },
    Rabbit { prefix: String },
}

impl Bench {
    fn embedded(queue: impl Queue + 'static) -> Bench {
        Bench::Embedded { queue: Arc::new(queue), clock: Arc::default() }
    }

    async fn broker(&self) -> Box<dyn Broker> {
        match self {
            Bench::Embedded { queue, clock } => {
                let clock = clock.clone();
                let now = move || Time(clock.load(Ordering::SeqCst));
                Box::new(EmbeddedBroker::new(queue.clone(), Arc::new(now)))
            }
            Bench::Rabbit { prefix } => Box::new(rabbit(&amqp_url(), prefix).await),
        }
    }

    /// A worker dies with messages in its hands. RabbitMQ sees that at once, the embedded queue when the lease ends.
    fn crash(&self, broker: Box<dyn Broker>) {
        drop(broker);
        if let Bench::Embedded { clock, .. } = self {
            clock.fetch_add(Span::seconds(61).0, Ordering::SeqCst);
        }
    }
}

macro_rules! for_all {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&super::Bench::embedded(super::MemoryQueue::default())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let dir = tempfile::tempdir().unwrap();
                let store = super::SqliteStore::open(dir.path().join("staunch.db")).await.unwrap();
                super::$test(&super::Bench::embedded(store)).await;
            })*
        }
        mod rabbit {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let prefix = super::unique_prefix();
                super::$test(&super::Bench::Rabbit { prefix: prefix.clone() }).await;
                super::clean(&prefix).await;
            })*
        }
    };
}

for_all!(
    messages_come_in_order_and_acked_ones_never_again,
    a_message_arrives_as_it_was_sent,
    what_a_dead_worker_held_comes_again,
    released_messages_come_again,
    a_message_that_always_fails_is_dead_after_five_attempts,
    next_waits_no_longer_than_told_and_wakes_for_a_message,
    a_dropped_next_loses_nothing,
    close_gives_back_what_was_fetched,
    five_thousand_messages_at_once,
);

async fn messages_come_in_order_and_acked_ones_never_again(bench: &Bench) {
    let broker = bench.broker().await;
    broker.publish(&[]).await.unwrap();
    let messages = numbered(0..600);
    broker.publish(&messages[..250]).await.unwrap();
    broker.publish(&messages[250..]).await.unwrap();
    let mut came = Vec::new();
    while came.len() < messages.len() {
        let batch = take(&*broker, 50).await;
        assert!(batch.iter().all(|one| one.attempts == 1 && one.dead.is_none()));
        broker.ack(&batch).await.unwrap();
        came.extend(bodies(&batch));
    }
    assert_eq!(came, messages.into_iter().map(|one| one.body).collect::<Vec<_>>());
    assert_silent(&*broker).await;
    broker.close().await;
    let later = bench.broker().await;
    assert_silent(&*later).await;
    assert_eq!(later.depth().await.unwrap(), 0);
    later.ping().await.unwrap();
    later.close().await;
}

async fn a_message_arrives_as_it_was_sent(bench: &Bench) {
    let broker = bench.broker().await;
    let headers = [("ce-id", "7"), ("ce-type", "order.paid"), ("ce-subject", "Zoë"), ("tenant", "a")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let big: Vec<u8> = (0..1_100_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let messages = [
        Message { body: vec![0, 0xff, b'\n', 0xc3], content_type: "text/plain".into(), headers },
        Message { body: Vec::new(), content_type: String::new(), headers: Default::default() },
        Message { body: big, ..Message::json("") },
    ];
    broker.publish(&messages).await.unwrap();
    let came = take(&*broker, 3).await;
    for (sent, came) in messages.iter().zip(&came) {
        assert!(*sent == came.message, "{} bytes, {:?}", came.message.body.len(), came.message.headers);
    }
    broker.ack(&came).await.unwrap();
    broker.close().await;
}

async fn what_a_dead_worker_held_comes_again(bench: &Bench) {
    let broker = bench.broker().await;
    broker.publish(&numbered(0..3)).await.unwrap();
    let held = take(&*broker, 3).await;
    broker.ack(&held[..1]).await.unwrap();
    // A round trip behind the ack: the order of frames is the order of effects.
    broker.ping().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.crash(broker);
    let broker = bench.broker().await;
    let again = take(&*broker, 2).await;
    assert_eq!(bodies(&again), bodies(&held[1..]));
    assert!(again.iter().all(|one| one.attempts == 2), "{again:?}");
    broker.ack(&again).await.unwrap();
    assert_silent(&*broker).await;
    broker.close().await;
}

async fn released_messages_come_again(bench: &Bench) {
    let broker = bench.broker().await;
    broker.publish(&numbered(0..6)).await.unwrap();
    // More often than a message may fail, as when the database is away for a while.
    for _ in 0..ATTEMPTS + 2 {
        let held = take(&*broker, 3).await;
        assert!(held.iter().all(|one| one.attempts == 1 && one.dead.is_none()), "{held:?}");
        assert_eq!(bodies(&held), bodies_of(&numbered(0..3)));
        broker.release(&held).await.unwrap();
    }
    let held = take(&*broker, 2).await;
    broker.ack(&held[..1]).await.unwrap();
    broker.release(&held[1..]).await.unwrap();
    broker.close().await;
    // RabbitMQ before 4.3 counts what a consumer gives back, even this once.
    let most = if matches!(bench, Bench::Embedded { .. }) { 1 } else { 2 };
    let other = bench.broker().await;
    let mut rest = take(&*other, 5).await;
    assert!(rest.iter().all(|one| one.attempts <= most && one.dead.is_none()), "{rest:?}");
    other.ack(&rest).await.unwrap();
    rest.sort_by(|a, b| a.message.body.cmp(&b.message.body));
    assert_eq!(bodies(&rest), bodies_of(&numbered(1..6)));
    assert_silent(&*other).await;
    other.close().await;
}

fn bodies_of(messages: &[Message]) -> Vec<Vec<u8>> {
    messages.iter().map(|one| one.body.clone()).collect()
}

async fn a_message_that_always_fails_is_dead_after_five_attempts(bench: &Bench) {
    let broker = bench.broker().await;
    let poison = Message { headers: [("ce-id".to_owned(), "9".to_owned())].into(), ..Message::json("poison") };
    broker.publish(&[poison.clone(), Message::json("fine")]).await.unwrap();
    let (mut attempts, mut fine, mut dead) = (0, 0, Vec::new());
    while dead.is_empty() || fine == 0 {
        let one = take(&*broker, 1).await;
        if one[0].message.body == b"fine" {
            broker.ack(&one).await.unwrap();
            fine += 1;
        } else if one[0].dead.is_some() {
            dead.extend(one);
        } else {
            attempts += 1;
            assert_eq!(one[0].attempts, attempts);
            broker.reject(&one).await.unwrap();
        }
    }
    assert_eq!((attempts, fine, dead.len()), (ATTEMPTS, 1, 1));
    assert_eq!(dead[0].message, poison);
    let reason = dead[0].dead.clone().unwrap();
    assert!(reason.contains("crashed the worker"), "{reason}");
    broker.ack(&dead).await.unwrap();
    assert_silent(&*broker).await;
    assert_eq!(broker.depth().await.unwrap(), 0);
    broker.close().await;
}

async fn next_waits_no_longer_than_told_and_wakes_for_a_message(bench: &Bench) {
    let broker: Arc<dyn Broker> = bench.broker().await.into();
    let began = Instant::now();
    assert_silent(&*broker).await;
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    let waiting = broker.clone();
    let task = tokio::spawn(async move { waiting.next(10, PATIENCE).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    broker.publish(&numbered(0..1)).await.unwrap();
    let published = Instant::now();
    let came = task.await.unwrap();
    assert_eq!(came.len(), 1);
    assert!(published.elapsed() < PATIENCE / 2);
    broker.ack(&came).await.unwrap();
    broker.close().await;
}

async fn a_dropped_next_loses_nothing(bench: &Bench) {
    let broker: Arc<dyn Broker> = bench.broker().await.into();
    let publisher = broker.clone();
    let task = tokio::spawn(async move {
        for number in 0..200 {
            publisher.publish(&numbered(number..number + 1)).await.unwrap();
        }
    });
    let (mut came, deadline) = (Vec::new(), Instant::now() + PATIENCE);
    while came.len() < 200 && Instant::now() < deadline {
        // Dropped at every place where it can wait.
        let next = broker.next(7, Duration::from_secs(5));
        if let Ok(batch) = tokio::time::timeout(Duration::from_micros(300), next).await {
            let batch = batch.unwrap();
            assert!(batch.iter().all(|one| one.attempts == 1));
            broker.ack(&batch).await.unwrap();
            came.extend(bodies(&batch));
        }
    }
    task.await.unwrap();
    came.sort();
    came.dedup();
    assert_eq!(came.len(), 200);
    assert_silent(&*broker).await;
    broker.close().await;
}

async fn close_gives_back_what_was_fetched(bench: &Bench) {
    let broker = bench.broker().await;
    broker.publish(&numbered(0..100)).await.unwrap();
    let first = take(&*broker, 1).await;
    broker.ack(&first).await.unwrap();
    broker.close().await;
    broker.close().await;
    assert!(broker.next(1, Duration::from_millis(10)).await.is_err());
    assert!(broker.publish(&numbered(0..1)).await.is_err());
    let other = bench.broker().await;
    let rest = take(&*other, 99).await;
    other.ack(&rest).await.unwrap();
    assert_silent(&*other).await;
    other.close().await;
}

async fn five_thousand_messages_at_once(bench: &Bench) {
    let broker = bench.broker().await;
    let messages = numbered(0..5_000);
    broker.publish(&messages).await.unwrap();
    let mut came = Vec::new();
    while came.len() < messages.len() {
        let batch = take(&*broker, 100).await;
        broker.ack(&batch).await.unwrap();
        came.extend(bodies(&batch));
    }
    assert_eq!(came, messages.into_iter().map(|one| one.body).collect::<Vec<_>>());
    broker.close().await;
}
