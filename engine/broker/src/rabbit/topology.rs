//! Exchanges and queues: what they are called, how they are made, and how a message finds its queue.
//!
//! Everybody publishes to exchange `PREFIX.events`. Without partitions it leads to queue `PREFIX.events`. With them
//!
//! ```text
//! PREFIX.events (topic) ─► PREFIX.split (headers) ─ with header `staunch-contact` ─► PREFIX.partitions (consistent hash)
//!                               │                                              └─► queues PREFIX.events.0, .1, …
//!                               └─ without it ─► PREFIX.single (fanout) ─► queue PREFIX.events
//! ```
//!
//! A partition has one active consumer at a time, so what is published in order about somebody is handled in order. Queue
//! `PREFIX.events` has all workers, as before there were partitions.

use super::RabbitOptions;
use lapin::options::{ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

/// The header whose hash names the partition: the contact's id. Not part of the event.
pub(super) const CONTACT: &str = "staunch-contact";
/// The plugin that partitions need.
pub(super) const PLUGIN: &str = "rabbitmq_consistent_hash_exchange";
/// More partitions than these are not looked for.
pub(super) const MOST: u16 = 256;
/// RabbitMQ 4 limits deliveries to 20 unless told otherwise, and has no word for "never" that 3.10 knows.
const UNLIMITED: i32 = i32::MAX;

/// The names of one prefix.
pub(super) struct Names {
    /// Exchange and queue of events.
    pub events: ShortString,
    /// Exchange of dead letters.
    pub dead: ShortString,
    /// Queue of dead letters.
    pub parked: ShortString,
    /// Exchange that asks whether a message names its contact.
    split: ShortString,
    /// Exchange of those that do not.
    single: ShortString,
    /// Exchange that hashes.
    partitions: ShortString,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Names {
        let name = |suffix: &str| ShortString::from(format!("{prefix}.{suffix}"));
        Names {
            events: name("events"),
            dead: name("dead"),
            parked: name("parked"),
            split: name("split"),
            single: name("single"),
            partitions: name("partitions"),
        }
    }

    /// The queue of a partition.
    pub(super) fn partition(&self, number: u16) -> ShortString {
        ShortString::from(format!("{}.{number}", self.events))
    }
}

/// The exchange that hashes. Where its plugin is not enabled, the server ends the connection.
pub(super) async fn declare_hash(channel: &Channel, names: &Names) -> lapin::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert("hash-header".into(), text(CONTACT));
    let kind = ExchangeKind::Custom("x-consistent-hash".into());
    exchange(channel, &names.partitions, kind, arguments).await
}

/// Everything that events need, with so many partitions; 0 for the one queue.
pub(super) async fn declare(
    channel: &Channel,
    names: &Names,
    options: &RabbitOptions,
    partitions: u16,
) -> lapin::Result<()> {
    exchange(channel, &names.events, ExchangeKind::Topic, FieldTable::default()).await?;
    exchange(channel, &names.dead, ExchangeKind::Fanout, FieldTable::default()).await?;
    queue(channel, &names.parked, quorum(UNLIMITED)).await?;
    bind(channel, &names.parked, &names.dead, "").await?;
    queue(channel, &names.events, events_arguments(names, options)).await?;
    if partitions == 0 {
        bind(channel, &names.events, &names.events, "#").await?;
        // Left by a time with partitions. What does not exist can be unbound.
        let (to, from, none) = (names.split.clone(), names.events.clone(), FieldTable::default());
        return channel.exchange_unbind(to, from, "#".into(), Default::default(), none).await;
    }
    spread(channel, names, options, partitions).await?;
    // Last, so that no message is without a way; what takes both comes twice and is decided once.
    channel.queue_unbind(names.events.clone(), names.events.clone(), "#".into(), FieldTable::default()).await
}

async fn spread(channel: &Channel, names: &Names, options: &RabbitOptions, partitions: u16) -> lapin::Result<()> {
    exchange(channel, &names.single, ExchangeKind::Fanout, FieldTable::default()).await?;
    bind(channel, &names.events, &names.single, "").await?;
    let mut arguments = FieldTable::default();
    arguments.insert("alternate-exchange".into(), text(names.single.as_str()));
    exchange(channel, &names.split, ExchangeKind::Headers, arguments).await?;
    for number in 0..partitions {
        let mut arguments = events_arguments(names, options);
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        queue(channel, &names.partition(number), arguments).await?;
        // The key is the queue's weight.
        bind(channel, &names.partition(number), &names.partitions, "1").await?;
    }
    // A header without a value matches any value.
    let mut named = FieldTable::default();
    named.insert("x-match".into(), text("all"));
    named.insert(CONTACT.into(), AMQPValue::Void);
    lead(channel, &names.partitions, &names.split, "", named).await?;
    lead(channel, &names.split, &names.events, "#", FieldTable::default()).await
}

async fn exchange(
    channel: &Channel,
    name: &ShortString,
    kind: ExchangeKind,
    arguments: FieldTable,
) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    channel.exchange_declare(name.clone(), kind, options, arguments).await
}

async fn queue(channel: &Channel, name: &ShortString, arguments: FieldTable) -> lapin::Result<()> {
    channel.queue_declare(name.clone(), QueueDeclareOptions::durable(), arguments).await.map(drop)
}

async fn bind(channel: &Channel, queue: &ShortString, exchange: &ShortString, key: &str) -> lapin::Result<()> {
    let (queue, exchange) = (queue.clone(), exchange.clone());
    channel.queue_bind(queue, exchange, key.into(), QueueBindOptions::default(), FieldTable::default()).await
}

async fn lead(
    channel: &Channel,
    to: &ShortString,
    from: &ShortString,
    key: &str,
    arguments: FieldTable,
) -> lapin::Result<()> {
    channel.exchange_bind(to.clone(), from.clone(), key.into(), ExchangeBindOptions::default(), arguments).await
}

fn events_arguments(names: &Names, options: &RabbitOptions) -> FieldTable {
    // The server counts returns, and gives up when there were more than the limit: one attempt more.
    let returns = i32::try_from(options.delivery_limit.saturating_sub(1)).unwrap_or(UNLIMITED);
    let mut arguments = quorum(returns);
    arguments.insert("x-dead-letter-exchange".into(), text(names.dead.as_str()));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    // Without this, at-least-once silently becomes at-most-once.
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn quorum(delivery_limit: i32) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(delivery_limit));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
