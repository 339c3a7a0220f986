//! What can go wrong with a broker. No message holds a password or a body.

use staunch_core::codes;
use staunch_store::StoreError;

/// What can go wrong with a broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address cannot be used.
    #[error("{code}: the broker's address cannot be used: {message}. It looks like amqp://user:password@host:5672/%2f", code = codes::BROKER_URL)]
    Url {
        /// Why, without the address.
        message: String,
    },
    /// Nobody answers there, or the login failed.
    #[error("{code}: RabbitMQ at {at} cannot be reached: {message}. Check that it runs and that user, password and virtual host are right", code = codes::BROKER_UNREACHABLE)]
    Unreachable {
        /// Host, port and virtual host.
        at: String,
        /// The driver's words.
        message: String,
    },
    /// Exchanges or queues cannot be declared.
    #[error("{code}: RabbitMQ at {at} refuses our exchanges or queues: {message}. If a queue of that name exists with other settings, empty and delete it, or choose another prefix", code = codes::BROKER_SETUP)]
    Setup {
        /// Host, port and virtual host.
        at: String,
        /// The server's words.
        message: String,
    },
    /// Published, and never confirmed.
    #[error("{code}: RabbitMQ at {at} did not confirm: {message}. Publish again; what arrived twice is handled once", code = codes::BROKER_UNCONFIRMED)]
    Unconfirmed {
        /// Host, port and virtual host.
        at: String,
        /// Why.
        message: String,
    },
    /// No queue takes what this exchange gets.
    #[error("{code}: exchange {exchange} of RabbitMQ at {at} leads {count} messages to no queue. Bind queue {exchange} to it with key `#`, or restart `staunch run`, which does", code = codes::BROKER_UNROUTABLE)]
    Unroutable {
        /// Host, port and virtual host.
        at: String,
        /// The exchange; the queue has the same name.
        exchange: String,
        /// How many came back.
        count: usize,
    },
    /// The management plugin.
    #[error("{code}: RabbitMQ's management plugin cannot be read: {message}. Its address looks like http://user:password@host:15672", code = codes::BROKER_MANAGEMENT)]
    Management {
        /// Why, without the address.
        message: String,
    },
    /// `close` was called.
    #[error("{code}: the broker is closed", code = codes::BROKER_CLOSED)]
    Closed,
    /// The embedded queue's database.
    #[error(transparent)]
    Queue(#[from] StoreError),
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, BrokerError>;
