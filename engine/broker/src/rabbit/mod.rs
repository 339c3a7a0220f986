//! RabbitMQ 3.10 to 4.x: one connection publishes, one consumes from its first `next` on; both come back by themselves.

mod consumer;
mod link;
mod publisher;
mod wire;

use crate::{ATTEMPTS, Broker, Delivery, Message, Result};
use consumer::Consumer;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use link::Link;
use publisher::Publisher;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How a [`RabbitBroker`] is set up.
#[derive(Clone, Debug)]
pub struct RabbitOptions {
    /// Of all names: `staunch` makes exchange and queue `staunch.events`, exchange `staunch.dead`, queue `staunch.parked`.
    pub prefix: String,
    /// How many unacknowledged messages the server hands to this process.
    pub prefetch: u16,
    /// After this many attempts a message goes to the parking queue. Part of the queue: it cannot be changed later.
    pub delivery_limit: u32,
}

impl Default for RabbitOptions {
    fn default() -> RabbitOptions {
        RabbitOptions { prefix: "staunch".into(), prefetch: 200, delivery_limit: ATTEMPTS }
    }
}

/// A [`Broker`] over RabbitMQ: durable quorum queues, publisher confirms, acknowledgement by hand.
pub struct RabbitBroker {
    link: Arc<Link>,
    publisher: Publisher,
    consumer: OnceLock<Consumer>,
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
        Ok(RabbitBroker { link, publisher, consumer: OnceLock::new() })
    }

    fn consumer(&self) -> &Consumer {
        self.consumer.get_or_init(|| Consumer::start(self.link.clone()))
    }

    /// A verdict that does not arrive is no error: the server gives the message out again.
    async fn say(&self, deliveries: &[Delivery], verdict: Verdict) {
        let Some((epoch, channel)) = self.consumer.get().and_then(Consumer::current) else { return };
        let current = deliveries.iter().filter(|one| one.epoch == epoch);
        let sent = current.map(|one| async {
            match verdict {
                Verdict::Ack => channel.basic_ack(one.tag, BasicAckOptions::default()).await,
                Verdict::Reject => channel.basic_reject(one.tag, BasicRejectOptions { requeue: true }).await,
            }
        });
        for result in futures_util::future::join_all(sent).await {
            if let Err(error) = result {
                tracing::debug!(%error, "a verdict on a message was lost with its connection; the message comes again");
                return;
            }
        }
    }
}

#[async_trait::async_trait]
impl Broker for RabbitBroker {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        self.publisher.publish(messages).await
    }

    async fn next(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>> {
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

    async fn depth(&self) -> Result<u64> {
        self.publisher.depth().await
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
