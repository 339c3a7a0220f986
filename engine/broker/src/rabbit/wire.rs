//! Messages to and from AMQP: properties, headers, delivery counts and the reason of a dead letter.

use super::topology::CONTACT;
use crate::{Delivery, Message, ce_name};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use staunch_core::Time;
use staunch_core::ingest::contact_of;
use staunch_core::time::SECOND;
use std::collections::BTreeMap;

/// AMQP's "persistent".
const PERSISTENT: u8 = 2;
/// What a message has no type in its headers is published under.
const NO_TYPE: &str = "event";
/// Longer header values are dropped: they are no attributes of an event.
const MAX_VALUE: usize = 4096;

/// The topic: the event's type where the headers tell it.
pub(super) fn routing_key(message: &Message) -> ShortString {
    let kind = message.headers.get("ce-type").map_or(NO_TYPE, String::as_str);
    ShortString::try_new(kind).unwrap_or_else(|_| NO_TYPE.into())
}

/// Persistent, with content type and headers; CloudEvents attributes as the AMQP binding spells them. Where events are
/// `spread`, a header more names the contact.
pub(super) fn properties(message: &Message, spread: bool) -> BasicProperties {
    let mut table = FieldTable::default();
    if spread && let Some(contact) = contact_of(&message.body, &message.headers) {
        table.insert(CONTACT.into(), AMQPValue::LongString(contact.as_str().into()));
    }
    for (name, value) in &message.headers {
        let name = match name.strip_prefix("ce-") {
            Some(attribute) => format!("cloudEvents_{attribute}"),
            None => name.clone(),
        };
        if let Ok(name) = ShortString::try_new(name) {
            table.insert(name, AMQPValue::LongString(value.as_str().into()));
        }
    }
    let properties = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(table);
    match ShortString::try_new(message.content_type.as_str()) {
        Ok(content_type) if !message.content_type.is_empty() => properties.with_content_type(content_type),
        _ => properties,
    }
}

/// A delivery of the events queue, or of the parking queue.
pub(super) fn delivery(raw: lapin::message::Delivery, parked: bool, epoch: u64) -> Delivery {
    let empty = BTreeMap::new();
    let table = raw.properties.headers().as_ref().map_or(&empty, FieldTable::inner);
    let attempts = table.get("x-delivery-count").and_then(number).unwrap_or(0).saturating_add(1);
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    let content_type = raw.properties.content_type().as_ref().map(ToString::to_string).unwrap_or_default();
    let message = Message { headers: headers(table), content_type, body: raw.data };
    let dead = parked.then(|| reason(table));
    Delivery { message, attempts, dead, tag: raw.delivery_tag, epoch }
}

fn headers(table: &BTreeMap<ShortString, AMQPValue>) -> BTreeMap<String, String> {
    let own = table.iter().filter(|(name, _)| !name.as_str().starts_with("x-") && name.as_str() != CONTACT);
    own.filter_map(|(name, value)| {
        let name = ce_name(name.as_str()).unwrap_or_else(|| name.to_string());
        scalar(value).filter(|text| text.len() <= MAX_VALUE).map(|text| (name, text))
    })
    .collect()
}

fn scalar(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        AMQPValue::Boolean(flag) => Some(flag.to_string()),
        AMQPValue::Timestamp(seconds) => {
            i64::try_from(*seconds).ok().map(|seconds| Time(seconds.saturating_mul(SECOND)).to_string())
        }
        other => number(other).map(|number| number.to_string()),
    }
}

fn number(value: &AMQPValue) -> Option<i64> {
    Some(match value {
        AMQPValue::ShortShortInt(number) => (*number).into(),
        AMQPValue::ShortShortUInt(number) => (*number).into(),
        AMQPValue::ShortInt(number) => (*number).into(),
        AMQPValue::ShortUInt(number) => (*number).into(),
        AMQPValue::LongInt(number) => (*number).into(),
        AMQPValue::LongUInt(number) => (*number).into(),
        AMQPValue::LongLongInt(number) => *number,
        _ => return None,
    })
}

/// The last death, in words.
fn reason(table: &BTreeMap<ShortString, AMQPValue>) -> String {
    let deaths = table.get("x-death").and_then(AMQPValue::as_array);
    let last = deaths.and_then(|deaths| deaths.as_slice().first()).and_then(AMQPValue::as_field_table);
    let word = |name: &str| last.and_then(|death| death.inner().get(name)).and_then(scalar);
    match (word("reason").as_deref(), word("queue")) {
        (Some("delivery_limit"), Some(queue)) => {
            format!("it failed, or crashed the worker, too often in {queue} (delivery_limit)")
        }
        (Some(reason), Some(queue)) => format!("RabbitMQ moved it out of {queue}: {reason}"),
        _ => "it lay in the parking queue without a reason".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_the_way_out_and_in() {
        let mut message = Message::json(*b"{}");
        message.headers = [("ce-type", "order.paid"), ("trace", "7")].map(|(k, v)| (k.into(), v.into())).into();
        assert_eq!(routing_key(&message).as_str(), "order.paid");
        let sent = properties(&message, false);
        let table = sent.headers().clone().unwrap_or_default();
        assert!(table.contains_key("cloudEvents_type"));
        assert_eq!(headers(table.inner()), message.headers);
        message.headers.insert("ce-type".into(), "x".repeat(300));
        assert_eq!(routing_key(&message).as_str(), NO_TYPE);
    }

    #[test]
    fn the_contact_names_the_partition_and_is_no_part_of_the_event() {
        let message = Message::json(*br#"{"specversion":"1.0","id":"1","subject":"c7"}"#);
        let sent = properties(&message, true).headers().clone().unwrap_or_default();
        assert_eq!(sent.inner().get(CONTACT), Some(&AMQPValue::LongString("c7".into())));
        assert_eq!(headers(sent.inner()), message.headers);
        let nobody = properties(&Message::json(*b"{}"), true).headers().clone().unwrap_or_default();
        assert!(!nobody.contains_key(CONTACT));
    }

    #[test]
    fn foreign_headers_are_read_by_kind() {
        let table = BTreeMap::from([
            ("cloudEvents:time".into(), AMQPValue::Timestamp(1_314_878_400)),
            ("cloudEvents:sequence".into(), AMQPValue::LongInt(3)),
            ("x-delivery-count".into(), AMQPValue::LongLongInt(2)),
            ("nested".into(), AMQPValue::FieldTable(FieldTable::default())),
            ("bytes".into(), AMQPValue::LongString(vec![0xff, 0xfe].into())),
        ]);
        let want = [("ce-sequence", "3"), ("ce-time", "2011-09-01T12:00:00Z")];
        assert_eq!(headers(&table), want.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }
}
