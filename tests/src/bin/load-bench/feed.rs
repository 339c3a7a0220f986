//! The events: CloudEvents of about 370 bytes over 10,000 contacts, in order of time.

use crate::Failure;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use staunch_core::Time;

/// How many people the events are about.
pub const CONTACTS: u64 = 10_000;
/// Messages that wait for their confirm at a time.
const OPEN: usize = 1_024;

/// Types; each is a quarter of the events.
pub const KINDS: [&str; 4] = ["order.paid", "cart.abandoned", "page.viewed", "offer.seen"];

/// The event of this number. Ids of two rounds differ; times begin an hour ago.
pub fn event(round: u32, number: u64, start: i64) -> String {
    let contact = number.wrapping_mul(2_654_435_761) % CONTACTS;
    let kind = KINDS[(number % 4) as usize];
    let time = Time(start + number as i64 * 1_000);
    let (amount, items) = (number % 500, number / 4 % 10);
    format!(
        r#"{{"specversion":"1.0","id":"{round:08x}-0000-7000-8000-{number:012x}","source":"/shop/eu/1","type":"{kind}","subject":"contact-{contact:05}","time":"{time}","datacontenttype":"application/json","data":{{"amount":{amount}.50,"currency":"EUR","items":{items},"channel":"web","country":"DE","note":"standard delivery, gift wrapped, no signature, leave at door"}}}}"#
    )
}

/// An hour ago, in microseconds.
pub fn an_hour_ago() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64 - 3_600_000_000
}

/// Connects to the broker.
pub async fn connect(url: &str) -> Result<Connection, Failure> {
    Ok(Connection::connect(url, ConnectionProperties::default()).await?)
}

/// Publishes events with confirms; they are durable on return.
pub async fn publish(
    connection: &Connection,
    exchange: &str,
    key: &str,
    round: u32,
    events: u64,
) -> Result<(), Failure> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let start = an_hour_ago();
    let mut open = FuturesUnordered::new();
    for number in 0..events {
        let body = event(round, number, start);
        let properties =
            BasicProperties::default().with_delivery_mode(2).with_content_type("application/cloudevents+json".into());
        let sent = channel
            .basic_publish(exchange.into(), key.into(), BasicPublishOptions::default(), body.as_bytes(), properties)
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
