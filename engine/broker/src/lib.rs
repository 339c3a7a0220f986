//! Transport of events behind one trait: RabbitMQ ([`RabbitBroker`]) and the embedded queue ([`EmbeddedBroker`]).
//!
//! At least once and in no promised order: what is handled is acknowledged after the commit, and the store knows
//! duplicates by (source, id). Bodies are never read here and never logged.

mod embedded;
mod error;
mod message;
mod rabbit;

pub use embedded::{Clock, EmbeddedBroker};
pub use error::{BrokerError, Result};
pub use message::{CONTENT_TYPE, Delivery, Message, ce_name};
pub use rabbit::{Inspected, RabbitBroker, RabbitOptions, inspect, server_version};

use std::time::Duration;

/// After this many attempts a message is handed out as dead.
pub const ATTEMPTS: u32 = 50;

/// A queue of events. One instance is shared by all who publish and consume in a process.
#[async_trait::async_trait]
pub trait Broker: Send + Sync {
    /// Publishes messages in this order. On `Ok` all of them are durable and will be delivered; on an error some may be.
    ///
    /// # Errors
    /// What was not confirmed, after one reconnect.
    async fn publish(&self, messages: &[Message]) -> Result<()>;

    /// Takes up to `max` messages; waits at most `wait` for the first one, so an empty list means that none came.
    /// While the broker is away it waits, too. Dropping the future loses no message.
    ///
    /// # Errors
    /// Only where waiting does not help: the broker is closed, or the embedded queue's database fails.
    async fn next(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>>;

    /// "These were handled": the queue forgets them. One that a lost connection gave back meanwhile comes again.
    ///
    /// # Errors
    /// The embedded queue's database.
    async fn ack(&self, deliveries: &[Delivery]) -> Result<()>;

    /// "Not now", or "I am stopping": they come again, before newer ones. No failure of the message, so it does not count
    /// towards [`ATTEMPTS`]. RabbitMQ gets them back with [`Broker::close`], and before 4.3 it counts that once.
    ///
    /// # Errors
    /// The embedded queue's database.
    async fn release(&self, deliveries: &[Delivery]) -> Result<()>;

    /// "These failed": they come again at once, and after [`ATTEMPTS`] attempts as dead.
    ///
    /// # Errors
    /// The embedded queue's database.
    async fn reject(&self, deliveries: &[Delivery]) -> Result<()>;

    /// Asks for nothing new, so that a process that stops can handle what it has: [`Broker::next`] goes on handing that out.
    /// False where nothing lies here.
    async fn drain(&self) -> bool {
        false
    }

    /// Where events go, in a sentence.
    fn describe(&self) -> String;

    /// How many batches it makes sense to work on at the same time, each with messages of its own.
    fn lanes(&self) -> usize {
        1
    }

    /// How many messages wait. RabbitMQ does not count those that a consumer holds, the embedded queue does.
    ///
    /// # Errors
    /// The broker does not answer.
    async fn depth(&self) -> Result<u64>;

    /// How many connections were opened so far, the first ones included; 0 where there are none.
    fn connects(&self) -> u64 {
        0
    }

    /// Whether the broker answers.
    ///
    /// # Errors
    /// Why it does not.
    async fn ping(&self) -> Result<()>;

    /// Gives back what was fetched and not handed out, and hangs up. Afterwards everything but `close` is an error.
    async fn close(&self);
}
