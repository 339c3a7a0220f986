//! RabbitMQ 3.10 to 4.x: one connection publishes, one consumes from its first `next` on; both come back by themselves.

mod acks;
mod balance;
mod consumer;
mod greeting;
mod lines;
mod link;
mod management;
mod policy;
mod publisher;
mod topology;
mod wire;

pub use management::{Inspected, inspect};

use crate::{ATTEMPTS, Broker, Delivery, Message, Result};
use consumer::Consumer;
pub use greeting::server_version;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use link::Link;
use publisher::Publisher;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How a [`RabbitBroker`] is set up.
#[derive(Clone, Debug)]
pub struct RabbitOptions {
    /// Of all names: `staunch` makes exchange and queue `staunch.events`, exchange `staunch.dead`, queue `staunch.parked`,
    /// and with partitions queues `staunch.events.0` …, exchanges `staunch.split`, `.single` and `.partitions`.
    pub prefix: String,
    /// How many unacknowledged messages the server hands to this process from the queue of all; an eighth from each
    /// partition.
    pub prefetch: u16,
    /// Queues that events are spread over by a hash of their contact; 0 for one queue. Needs a plugin of the server; without
    /// it there is one queue. Can be raised later, with no process running and empty queues; never lowered.
    pub partitions: u16,
    /// How often a process looks whether it has more than its share of partitions.
    pub look: Duration,
    /// Batches that are worked on at the same time.
    pub lanes: usize,
    /// After this many attempts a message goes to the parking queue. Part of the queue: it cannot be changed later.
    pub delivery_limit: u32,
}

impl Default for RabbitOptions {
    fn default() -> RabbitOptions {
        RabbitOptions {
            prefix: "staunch".into(),
            prefetch: 200,
            partitions: 0,
            look: Duration::from_secs(5),
            lanes: 1,
            delivery_limit: ATTEMPTS,
        }
    }
}

/// A [`Broker`] over RabbitMQ: durable quorum queues, publisher confirms, acknowledgement by hand.
pub struct RabbitBroker {
    link: Arc<Link>,
    publisher: Publisher,
    consumer: OnceLock<Consumer>,
    /// Held from finding out what is to be said of tags until it is said: a word that covers many must not overtake another.
    speaking: tokio::sync::Mutex<()>,
}

/// What the server is told about a delivery.
#[derive(Clone, Copy)]
enum Verdict {
    Ack,
    Reject,
}

impl RabbitBroker {
    /// Connects, and declares exchanges and queues. Consumes nothing yet.
    ///
    /// # Errors
    /// The address, the connection or the declaration; later losses are mended by itself.
    pub async fn connect(url: &str, options: RabbitOptions) -> Result<RabbitBroker> {
        let link = Arc::new(Link::new(url, options)?);
        let publisher = Publisher::open(link.clone()).await?;
        Ok(RabbitBroker { link, publisher, consumer: OnceLock::new(), speaking: tokio::sync::Mutex::default() })
    }

    fn consumer(&self) -> &Consumer {
        self.consumer.get_or_init(|| Consumer::start(self.link.clone()))
    }

    /// A verdict that does not arrive is no error: the server gives the message out again.
    async fn say(&self, deliveries: &[Delivery], verdict: Verdict) {
        let Some(consumer) = self.consumer.get() else { return };
        let _one_at_a_time = self.speaking.lock().await;
        let said = match verdict {
            Verdict::Ack => acknowledge(consumer, deliveries).await,
            Verdict::Reject => reject(consumer, deliveries).await,
        };
        if let Err(error) = said {
            tracing::debug!(%error, "a verdict on a message was lost with its connection; the message comes again");
        }
    }
}

async fn acknowledge(consumer: &Consumer, deliveries: &[Delivery]) -> lapin::Result<()> {
    let Some((channel, acks)) = consumer.done(deliveries) else { return Ok(()) };
    for ack in acks {
        channel.basic_ack(ack.tag, BasicAckOptions { multiple: ack.multiple }).await?;
    }
    Ok(())
}

async fn reject(consumer: &Consumer, deliveries: &[Delivery]) -> lapin::Result<()> {
    let Some((channel, tags, ack)) = consumer.rejected(deliveries) else { return Ok(()) };
    for tag in tags {
        channel.basic_reject(tag, BasicRejectOptions { requeue: true }).await?;
    }
    if let Some(ack) = ack {
        channel.basic_ack(ack.tag, BasicAckOptions { multiple: ack.multiple }).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl Broker for RabbitBroker {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        self.publisher.publish(messages).await
    }

    async fn next(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>> {
        if self.consumer().owes() {
            self.say(&[], Verdict::Ack).await;
        }
        self.consumer().next(max, wait).await
    }

    async fn ack(&self, deliveries: &[Delivery]) -> Result<()> {
        self.say(deliveries, Verdict::Ack).await;
        Ok(())
    }

    async fn release(&self, deliveries: &[Delivery]) -> Result<()> {
        if let Some(consumer) = self.consumer.get() {
            consumer.give_back(deliveries);
        }
        Ok(())
    }

    async fn reject(&self, deliveries: &[Delivery]) -> Result<()> {
        self.say(deliveries, Verdict::Reject).await;
        Ok(())
    }

    async fn drain(&self) -> bool {
        let Some(consumer) = self.consumer.get() else { return false };
        consumer.drain().await;
        true
    }

    fn describe(&self) -> String {
        self.link.describe()
    }

    fn lanes(&self) -> usize {
        self.link.options.lanes.max(1)
    }

    async fn depth(&self) -> Result<u64> {
        self.publisher.depth().await
    }

    fn connects(&self) -> u64 {
        self.link.opened.load(std::sync::atomic::Ordering::Relaxed)
    }

    async fn ping(&self) -> Result<()> {
        self.publisher.ping().await
    }

    async fn close(&self) {
        if let Some(consumer) = self.consumer.get() {
            consumer.close().await;
        }
        self.publisher.close().await;
    }
}
