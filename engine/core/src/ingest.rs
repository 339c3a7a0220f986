//! From bytes to an event, or to the reason why it is parked. Pure: the clock in force is handed in.

use crate::codes;
use crate::event::Event;
use crate::map::Map;
use crate::schema::{BUILT_IN_EVENTS, Schema, json_word};
use crate::time::{Span, Time};
use crate::value::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;

mod contact;
mod envelope;

pub use contact::contact_of;

/// The largest body, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// A time up to this far ahead is clamped to the clock, beyond it the event is parked.
pub const FUTURE: Span = Span::days(1);
/// An older event is parked, unless it is imported as history: idempotency keys are kept this long.
pub const PAST: Span = Span::days(35);

/// The header with an event's line in the file that it was imported from: the order of equal times.
pub const SEQUENCE: &str = "staunch-line";

/// Why an input cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do; never a value of the event.
    pub message: String,
}

/// How an input is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// Declared shapes.
    pub schema: &'a Schema,
    /// The clock in force.
    pub now: Time,
    /// Imported as history: state and features only, and any age is fine.
    pub history: bool,
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, message: message.into() })
}

/// The refusal of a body of so many bytes.
pub fn too_large(bytes: u64) -> Refusal {
    let message = format!("the body has {bytes} bytes, at most {MAX_BODY} are read");
    Refusal { code: codes::EVENT_TOO_LARGE, message }
}

/// Reads one event: a CloudEvent in JSON, or the short form `{"event","contact","time","data"}`.
/// `headers` are the `ce-…` attributes of binary mode, lower case; then the body is the data alone.
///
/// # Errors
/// The [`Refusal`] with which the bytes are parked.
pub fn read(body: &[u8], headers: &BTreeMap<String, String>, door: &Door<'_>) -> Result<Event, Refusal> {
    if body.len() > MAX_BODY {
        return Err(too_large(body.len() as u64));
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return refuse(codes::EVENT_NOT_UTF8, "the body is not valid UTF-8");
    };
    let binary = headers.contains_key("ce-id") || headers.contains_key("ce-type");
    if !binary && let Some(envelope) = envelope::read(text) {
        return finish(sequenced(envelope, headers), door);
    }
    // What is not a plain envelope is read in full, so that the refusal can say what it is.
    let json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(_) if binary && text.trim().is_empty() => Json::Null,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return refuse(codes::EVENT_NOT_JSON, format!("the body is not JSON: line {line}, column {column}"));
        }
    };
    let envelope = if binary { from_headers(headers, json) } else { from_json(json, text)? };
    finish(sequenced(envelope, headers), door)
}

fn sequenced(envelope: Envelope, headers: &BTreeMap<String, String>) -> Envelope {
    if envelope.sequence != 0 || headers.is_empty() {
        return envelope;
    }
    let sequence = headers.get(SEQUENCE).and_then(|text| text.parse().ok()).unwrap_or(0);
    Envelope { sequence, ..envelope }
}

struct Envelope {
    id: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    contact: Option<String>,
    time: Option<String>,
    sequence: i64,
    data: Json,
}

fn from_headers(headers: &BTreeMap<String, String>, data: Json) -> Envelope {
    let get = |name: &str| headers.get(name).filter(|text| !text.is_empty()).cloned();
    Envelope {
        id: get("ce-id"),
        source: get("ce-source"),
        kind: get("ce-type"),
        contact: get("ce-subject"),
        time: get("ce-time"),
        sequence: get("ce-sequence").and_then(|text| text.parse().ok()).unwrap_or(0),
        data,
    }
}

fn from_json(json: Json, line: &str) -> Result<Envelope, Refusal> {
    let Json::Object(map) = json else {
        return refuse(codes::EVENT_SHAPE, format!("expected a JSON object, found {}", json_word(&json)));
    };
    // A key that stands twice counts as its last, as in every JSON map.
    let mut parts = envelope::Parts::default();
    for (key, value) in map {
        parts.put(&key, value);
    }
    Ok(parts.envelope(line))
}

/// A hash of the line with sorted keys and no white space.
fn canonical_id(line: &str) -> Option<String> {
    let sorted: Json = serde_json::from_str(line).ok()?;
    let canonical = serde_json::to_string(&sorted).ok()?;
    Some(hex::encode(crate::action::hash16("line", &[&canonical])))
}

fn finish(envelope: Envelope, door: &Door<'_>) -> Result<Event, Refusal> {
    let Some(id) = envelope.id else {
        return refuse(codes::EVENT_NO_ID, "the event has no `id`; without one it cannot be handled only once");
    };
    let Some(source) = envelope.source else {
        return refuse(codes::EVENT_SHAPE, "the event has no `source`");
    };
    let Some(kind) = envelope.kind else {
        return refuse(codes::EVENT_SHAPE, "the event has no `type`");
    };
    let Some(contact) = envelope.contact else {
        return refuse(
            codes::EVENT_NO_CONTACT,
            "the event names no contact: `subject` in CloudEvents, `contact` in the short form",
        );
    };
    for (name, text) in [("id", &id), ("source", &source), ("type", &kind), ("subject", &contact)] {
        if text.len() > 512 || text.chars().any(char::is_control) {
            return refuse(codes::EVENT_SHAPE, format!("`{name}` is longer than 512 bytes or has a control character"));
        }
    }
    let time = check_time(envelope.time.as_deref(), door)?;
    let (fields, body) = data(&kind, envelope.data, door)?;
    let event =
        Event { id, source, kind, time, contact, sequence: envelope.sequence, fields, body, history: door.history };
    if event.body.is_none() {
        return Ok(event);
    }
    // A dry run: what a contact could not take is parked here and never half applied.
    crate::contact::Contact::new(&event.contact)
        .apply(&event, door.schema)
        .map_err(|message| Refusal { code: codes::EVENT_FIELD, message })?;
    Ok(event)
}

fn check_time(text: Option<&str>, door: &Door<'_>) -> Result<Time, Refusal> {
    let Some(text) = text else {
        return refuse(codes::EVENT_TIME, "the event has no `time`");
    };
    let Some(time) = Time::parse(text) else {
        return refuse(codes::EVENT_TIME, "`time` is not RFC 3339, such as 2011-09-01T12:00:00Z");
    };
    if time > door.now + FUTURE {
        return refuse(
            codes::EVENT_FUTURE,
            format!("`time` {time} is more than a day ahead of the clock {}", door.now),
        );
    }
    if !door.history && time < door.now - PAST {
        let now = door.now;
        let help = "import it with `staunch ingest --history`, which updates state and features only";
        return refuse(codes::EVENT_OLD, format!("`time` {time} is more than 35 days behind the clock {now}; {help}"));
    }
    Ok(time.min(door.now))
}

type Data = (Map<String, Value>, Option<Json>);

fn data(kind: &str, data: Json, door: &Door<'_>) -> Result<Data, Refusal> {
    let declared = door.schema.events.get(kind);
    let map = match data {
        Json::Object(map) => map,
        Json::Null => serde_json::Map::new(),
        other => return refuse(codes::EVENT_SHAPE, format!("`data` is a {}, expected an object", json_word(&other))),
    };
    let mut fields = Map::new();
    for (name, field) in declared.into_iter().flatten() {
        let found = map.get(name).unwrap_or(&Json::Null);
        let value = field
            .read(found, door.schema.currency)
            .map_err(|why| Refusal { code: codes::EVENT_FIELD, message: format!("field `{name}` of {kind}: {why}") })?;
        match value {
            Some(value) => drop(fields.insert(name.clone(), value)),
            None if field.optional => {}
            None => return refuse(codes::EVENT_FIELD, format!("field `{name}` of {kind} is missing")),
        }
    }
    let body = BUILT_IN_EVENTS.contains(&kind).then_some(Json::Object(map));
    Ok((fields, body))
}

#[cfg(test)]
mod tests;
