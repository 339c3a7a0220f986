//! Where the server is, how a connection to it is opened, and what has to exist there.

use super::RabbitOptions;
use crate::{BrokerError, Result};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// For one answer of the server. Quorum queues elect a leader after a restart, which takes seconds.
pub(super) const ANSWER: Duration = Duration::from_secs(15);
/// Tells a dead peer within half a minute, where the address says nothing else.
const HEARTBEAT_SECONDS: u16 = 10;
/// RabbitMQ 4 limits deliveries to 20 unless told otherwise, and has no word for "never" that 3.10 knows.
const UNLIMITED: i32 = i32::MAX;
/// Leaves room for the longest suffix within the 255 bytes of a name.
const MAX_PREFIX: usize = 200;

/// The server's address with the names that we use there.
pub(super) struct Link {
    uri: AMQPUri,
    pub(super) options: RabbitOptions,
    /// Host, port and virtual host: fit for logs.
    pub(super) at: String,
    /// Exchange and queue of events.
    pub(super) events: ShortString,
    /// Exchange of dead letters.
    pub(super) dead: ShortString,
    /// Queue of dead letters.
    pub(super) parked: ShortString,
    /// Connections that were opened.
    pub(super) opened: AtomicU64,
}

impl Link {
    pub(super) fn new(url: &str, options: RabbitOptions) -> Result<Link> {
        let mut uri: AMQPUri = url.parse().map_err(|message: String| BrokerError::Url { message })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        uri.query.connection_timeout.get_or_insert(ANSWER.as_millis() as u64);
        let at = format!("{}:{}, virtual host {}", uri.authority.host, uri.authority.port, uri.vhost);
        let prefix = &options.prefix;
        if prefix.is_empty() || prefix.len() > MAX_PREFIX {
            let message = format!("the prefix of names has {} bytes, expected 1 to {MAX_PREFIX}", prefix.len());
            return Err(BrokerError::Setup { at, message });
        }
        let name = |suffix: &str| ShortString::from(format!("{prefix}.{suffix}"));
        let (events, dead, parked) = (name("events"), name("dead"), name("parked"));
        Ok(Link { uri, options, at, events, dead, parked, opened: AtomicU64::new(0) })
    }

    /// A connection with everything declared.
    pub(super) async fn open(&self, role: &str) -> Result<(Connection, Channel)> {
        let properties = ConnectionProperties::default().with_connection_name(format!("staunch {role}").into());
        let connection = self.unless_late(Connection::connect_uri(self.uri.clone(), properties)).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let channel = self.unless_late(connection.create_channel()).await?;
        match tokio::time::timeout(ANSWER, self.declare(&channel)).await {
            Ok(Ok(())) => Ok((connection, channel)),
            Ok(Err(error)) => Err(BrokerError::Setup { at: self.at.clone(), message: error.to_string() }),
            Err(_) => Err(self.unreachable("no answer to the declaration of the queues")),
        }
    }

    /// The answer, or that there was none in time.
    pub(super) async fn unless_late<T>(&self, answer: impl Future<Output = lapin::Result<T>>) -> Result<T> {
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(result) => result.map_err(|error| self.unreachable(&error.to_string())),
            Err(_) => Err(self.unreachable("no answer in time")),
        }
    }

    fn unreachable(&self, message: &str) -> BrokerError {
        BrokerError::Unreachable { at: self.at.clone(), message: message.into() }
    }

    async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        for (name, kind) in [(&self.events, ExchangeKind::Topic), (&self.dead, ExchangeKind::Fanout)] {
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            channel.exchange_declare(name.clone(), kind, options, FieldTable::default()).await?;
        }
        let queues = [
            (&self.parked, &self.dead, "", self.parked_arguments()),
            (&self.events, &self.events, "#", self.events_arguments()),
        ];
        for (queue, exchange, key, arguments) in queues {
            channel.queue_declare(queue.clone(), QueueDeclareOptions::durable(), arguments).await?;
            let (queue, exchange) = (queue.clone(), exchange.clone());
            channel.queue_bind(queue, exchange, key.into(), QueueBindOptions::default(), FieldTable::default()).await?;
        }
        Ok(())
    }

    fn events_arguments(&self) -> FieldTable {
        // The server counts returns, and gives up when there were more than the limit: one attempt more.
        let returns = i32::try_from(self.options.delivery_limit.saturating_sub(1)).unwrap_or(UNLIMITED);
        let mut arguments = quorum(returns);
        arguments.insert("x-dead-letter-exchange".into(), text(self.dead.as_str()));
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        // Without this, at-least-once silently becomes at-most-once.
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments
    }

    fn parked_arguments(&self) -> FieldTable {
        quorum(UNLIMITED)
    }
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
