//! Where the server is, how a connection to it is opened, and how many partitions it has.

use super::RabbitOptions;
use super::topology::{self, MOST, Names, PLUGIN};
use crate::{BrokerError, Result};
use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Queue};
use std::future::Future;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

/// For one answer of the server. Quorum queues elect a leader after a restart, which takes seconds.
pub(super) const ANSWER: Duration = Duration::from_secs(15);
/// For the declaration of everything.
const DECLARED: Duration = Duration::from_secs(30);
/// Tells a dead peer within half a minute, where the address says nothing else.
const HEARTBEAT_SECONDS: u16 = 10;
/// Leaves room for the longest suffix within the 255 bytes of a name.
const MAX_PREFIX: usize = 200;

/// The server's address with the names that we use there.
pub(super) struct Link {
    uri: AMQPUri,
    pub(super) options: RabbitOptions,
    /// Host, port and virtual host: fit for logs.
    pub(super) at: String,
    pub(super) names: Names,
    /// Whether the server can hash.
    hashes: OnceCell<bool>,
    /// Partitions that exist. More than are wanted where more were wanted once.
    partitions: AtomicU16,
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
        let names = Names::new(prefix);
        Ok(Link {
            uri,
            options,
            at,
            names,
            hashes: OnceCell::new(),
            partitions: AtomicU16::new(0),
            opened: AtomicU64::new(0),
        })
    }

    /// A connection with everything declared.
    pub(super) async fn open(&self, role: &str) -> Result<(Connection, Channel)> {
        let connection = self.connect(role).await?;
        let wanted = if self.hashes().await? { self.options.partitions } else { 0 };
        let channel = self.unless_late(connection.create_channel()).await?;
        let declared = topology::declare(&channel, &self.names, &self.options, wanted);
        match tokio::time::timeout(DECLARED, declared).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                return Err(BrokerError::Setup { at: self.at.clone(), message: error.to_string() });
            }
            Err(_) => return Err(self.unreachable("no answer to the declaration of the queues")),
        }
        let existing = self.existing(&connection, wanted).await?;
        self.partitions.store(existing, Ordering::Relaxed);
        Ok((connection, channel))
    }

    async fn connect(&self, role: &str) -> Result<Connection> {
        let properties = ConnectionProperties::default().with_connection_name(format!("staunch {role}").into());
        let connection = self.unless_late(Connection::connect_uri(self.uri.clone(), properties)).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(connection)
    }

    /// Whether events can be spread over partitions. Asked once, over a connection of its own: a server without the plugin
    /// ends it.
    async fn hashes(&self) -> Result<bool> {
        if self.options.partitions == 0 {
            return Ok(false);
        }
        let asked = self.hashes.get_or_try_init(|| async {
            let connection = self.connect("question").await?;
            let channel = self.unless_late(connection.create_channel()).await?;
            let declared = tokio::time::timeout(ANSWER, topology::declare_hash(&channel, &self.names)).await;
            let declared = declared.map_err(|_| self.unreachable("no answer to the declaration of an exchange"))?;
            let Err(error) = declared else {
                let _ = connection.close(200, "done".into()).await;
                return Ok(true);
            };
            // Any other refusal is one of settings.
            if !error.to_string().contains("exchange type") {
                return Err(BrokerError::Setup { at: self.at.clone(), message: error.to_string() });
            }
            tracing::warn!(at = %self.at, "{}", one_queue());
            Ok(false)
        });
        asked.await.copied()
    }

    /// How many partitions there are: those that were just declared, and more from a time when more were wanted.
    async fn existing(&self, connection: &Connection, declared: u16) -> Result<u16> {
        for number in declared..MOST {
            // A channel of its own, which ends where there is no such queue.
            let channel = self.unless_late(connection.create_channel()).await?;
            let asked = tokio::time::timeout(ANSWER, ask(&channel, &self.names.partition(number))).await;
            match asked {
                Ok(Ok(_)) => drop(channel.close(200, "done".into()).await),
                Ok(Err(_)) if connection.status().connected() => return Ok(number),
                Ok(Err(error)) => return Err(self.unreachable(&error.to_string())),
                Err(_) => return Err(self.unreachable("no answer in time")),
            }
        }
        Ok(MOST)
    }

    /// The queues of partitions.
    pub(super) fn partitions(&self) -> Vec<ShortString> {
        (0..self.partitions.load(Ordering::Relaxed)).map(|number| self.names.partition(number)).collect()
    }

    /// Whether messages are to name their contact in a header.
    pub(super) fn spreads(&self) -> bool {
        self.options.partitions > 0 && self.hashes.get() == Some(&true)
    }

    /// Where events go, in a sentence.
    pub(super) fn describe(&self) -> String {
        match (self.spreads(), self.options.partitions) {
            (true, count) => format!("{count} partitions by contact"),
            (false, 0) => "one queue, as configured".into(),
            (false, _) => one_queue(),
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
}

/// What is ready in a queue, and who consumes it. A missing queue ends the channel.
pub(super) async fn ask(channel: &Channel, queue: &ShortString) -> lapin::Result<Queue> {
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    channel.queue_declare(queue.clone(), passive, FieldTable::default()).await
}

fn one_queue() -> String {
    format!(
        "one queue for all events, because the plugin {PLUGIN} is not enabled: several workers may decide about one person \
         out of order, and such events count as late. `rabbitmq-plugins enable {PLUGIN}` on every node, then restart"
    )
}
