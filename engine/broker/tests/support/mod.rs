//! Shared by the broker's suites: the test server's address, and small helpers.

use staunch_broker::{Broker, Delivery, Message, RabbitBroker, RabbitOptions};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Long enough for a loaded machine, short enough for a person.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The address of the RabbitMQ that the tests may write to. Without one the suite fails: it would prove nothing.
pub fn amqp_url() -> String {
    std::env::var("STAUNCH_TEST_AMQP_URL").unwrap_or_else(|_| {
        panic!(
            "STAUNCH_TEST_AMQP_URL is not set: `source tests/services` starts RabbitMQ and sets it, as `tests/run` does"
        )
    })
}

/// A prefix that no other test and no other run uses.
pub fn unique_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("test-{started}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn options(prefix: &str) -> RabbitOptions {
    RabbitOptions { prefix: prefix.into(), ..Default::default() }
}

pub async fn rabbit(url: &str, prefix: &str) -> RabbitBroker {
    RabbitBroker::connect(url, options(prefix)).await.unwrap()
}

/// Removes what a test declared.
pub async fn clean(prefix: &str) {
    let connection = lapin::Connection::connect(&amqp_url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let partitions = (0..8).map(|number| format!("events.{number}"));
    for suffix in ["events", "parked"].map(str::to_owned).into_iter().chain(partitions) {
        channel.queue_delete(format!("{prefix}.{suffix}").into(), Default::default()).await.unwrap();
    }
    for suffix in ["events", "dead", "split", "single", "partitions"] {
        channel.exchange_delete(format!("{prefix}.{suffix}").into(), Default::default()).await.unwrap();
    }
    connection.close(200, "done".into()).await.unwrap();
}

pub fn numbered(numbers: std::ops::Range<u32>) -> Vec<Message> {
    numbers.map(|number| Message::json(format!("{{\"n\":{number}}}"))).collect()
}

pub fn bodies(deliveries: &[Delivery]) -> Vec<Vec<u8>> {
    deliveries.iter().map(|one| one.message.body.clone()).collect()
}

/// Takes until `count` messages are in hand; fails when they do not come.
pub async fn take(broker: &dyn Broker, count: usize) -> Vec<Delivery> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut taken = Vec::new();
    while taken.len() < count {
        assert!(tokio::time::Instant::now() < deadline, "only {} of {count} messages came", taken.len());
        taken.extend(broker.next(count - taken.len(), Duration::from_secs(1)).await.unwrap());
    }
    taken
}

/// Nothing more comes.
pub async fn assert_silent(broker: &dyn Broker) {
    let more = broker.next(10, Duration::from_millis(300)).await.unwrap();
    assert_eq!(bodies(&more), Vec::<Vec<u8>>::new());
}
