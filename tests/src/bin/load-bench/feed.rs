//! The events: CloudEvents of about 370 bytes in order of time.

use crate::Failure;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use staunch_core::Time;

/// Which events are published.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// Ids of two rounds differ.
    pub round: u32,
    /// How many there are.
    pub events: u64,
    /// How many people they are about.
    pub contacts: u64,
}

/// Messages that wait for their confirm at a time.
const OPEN: usize = 1_024;

/// Types; each is a quarter of the events.
pub const KINDS: [&str; 4] = ["order.paid", "cart.abandoned", "page.viewed", "offer.seen"];

/// The event of this number; times begin at `start`.
pub fn event(feed: &Feed, number: u64, start: i64) -> String {
    let (round, contact) = (feed.round, number.wrapping_mul(2_654_435_761) % feed.contacts);
    let kind = KINDS[(number % 4) as usize];
    let time = Time(start + number as i64 * 1_000);
    let (amount, items) = (number % 500, number / 4 % 10);
    format!(
        r#"{{"specversion":"1.0","id":"{round:08x}-0000-7000-8000-{number:012x}","source":"/shop/eu/1","type":"{kind}","subject":"contact-{contact:05}","time":"{time}","datacontenttype":"application/json","data":{{"amount":{amount}.50,"currency":"EUR","items":{items},"channel":"web","country":"DE","note":"standard delivery, gift wrapped, no signature, leave at door"}}}}"#
    )
}

/// The number of an event by its id.
pub fn number(id: &str) -> Option<u64> {
    u64::from_str_radix(id.rsplit('-').next()?, 16).ok()
}

/// Microseconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}

/// An hour ago, in microseconds.
pub fn an_hour_ago() -> i64 {
    now() - 3_600_000_000
}

/// The properties of a durable event.
pub fn durable() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2).with_content_type("application/cloudevents+json".into())
}

/// Connects to the broker.
pub async fn connect(url: &str) -> Result<Connection, Failure> {
    Ok(Connection::connect(url, ConnectionProperties::default()).await?)
}

/// Publishes events with confirms; they are durable on return.
pub async fn publish(connection: &Connection, exchange: &str, key: &str, feed: &Feed) -> Result<(), Failure> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let start = an_hour_ago();
    let mut open = FuturesUnordered::new();
    for number in 0..feed.events {
        let body = event(feed, number, start);
        let sent = channel
            .basic_publish(exchange.into(), key.into(), BasicPublishOptions::default(), body.as_bytes(), durable())
            .await?;
        open.push(sent);
        if open.len() >= OPEN {
            open.next().await.transpose()?;
        }
    }
    while let Some(confirmed) = open.next().await {
        confirmed?;
    }
    channel.close(200, "done".into()).await?;
    Ok(())
}
