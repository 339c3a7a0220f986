//! Publishing: one connection, one channel, in order, with confirms.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::Confirmation;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::runtime::Runtime;

/// Messages that wait for their confirm at a time.
const OPEN: usize = 512;

/// An open connection to the broker.
pub struct Feed {
    runtime: Runtime,
    channel: Channel,
    _connection: Connection,
    prefix: String,
}

impl Feed {
    /// To the exchange and queues of this prefix.
    pub fn open(url: &str, prefix: &str) -> Feed {
        Feed::try_open(url, prefix).unwrap()
    }

    /// The same, where the broker may be away.
    pub fn try_open(url: &str, prefix: &str) -> Result<Feed, lapin::Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (connection, channel) = runtime.block_on(async {
            let connection = Connection::connect(url, ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok::<_, lapin::Error>((connection, channel))
        })?;
        Ok(Feed { runtime, channel, _connection: connection, prefix: prefix.to_owned() })
    }

    /// Publishes bodies with their routing keys, in this order; all are durable on return.
    pub fn publish<'a>(&self, messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), String> {
        self.runtime.block_on(async {
            let mut open = FuturesUnordered::new();
            for (key, body) in messages {
                // Where events are spread over partitions, this names the contact's.
                let mut headers = FieldTable::default();
                headers.insert("staunch-contact".into(), AMQPValue::LongString(key.into()));
                let properties = BasicProperties::default()
                    .with_headers(headers)
                    .with_delivery_mode(2)
                    .with_content_type("application/cloudevents+json".into());
                let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                let exchange = format!("{}.events", self.prefix);
                let sent =
                    self.channel.basic_publish(exchange.into(), key.into(), options, body.as_bytes(), properties);
                open.push(sent.await.map_err(|error| error.to_string())?);
                if open.len() >= OPEN {
                    taken(open.next().await)?;
                }
            }
            while !open.is_empty() {
                taken(open.next().await)?;
            }
            Ok(())
        })
    }
}

/// A queue took it: what comes back because there is none is confirmed, too.
fn taken(answer: Option<lapin::Result<Confirmation>>) -> Result<(), String> {
    match answer {
        None | Some(Ok(Confirmation::Ack(None))) => Ok(()),
        Some(Ok(other)) => Err(format!("the broker did not take a message: {other:?}")),
        Some(Err(error)) => Err(error.to_string()),
    }
}
