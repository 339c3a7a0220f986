//! The envelope of an event, read in one pass without a map around it.

use super::{Envelope, canonical_id};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;

/// The parts of a CloudEvent or of the short form, as far as they are text or numbers.
#[derive(Default)]
pub(super) struct Parts {
    specversion: bool,
    id: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    event: Option<Option<String>>,
    subject: Option<String>,
    contact: Option<String>,
    time: Option<String>,
    sequence: Option<String>,
    data: Json,
}

impl Parts {
    /// Takes one key with its value.
    pub(super) fn put(&mut self, key: &str, value: Json) {
        let text = |value: Json| match value {
            Json::String(text) if !text.is_empty() => Some(text),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        match key {
            "specversion" => self.specversion = true,
            "id" => self.id = text(value),
            "source" => self.source = text(value),
            "type" => self.kind = text(value),
            "event" => self.event = Some(text(value)),
            "subject" => self.subject = text(value),
            "contact" => self.contact = text(value),
            "time" => self.time = text(value),
            "sequence" => self.sequence = text(value),
            "data" => self.data = value,
            _ => {}
        }
    }

    /// The envelope; the short form has no id of its own, the canonical line is its identity.
    pub(super) fn envelope(self, line: &str) -> Envelope {
        let short = self.event.is_some() && !self.specversion;
        let (id, source, kind, contact) = if short {
            let (id, source) = (self.id.or_else(|| canonical_id(line)), self.source.or_else(|| Some("import".into())));
            (id, source, self.event.flatten(), self.contact)
        } else {
            (self.id, self.source, self.kind, self.subject)
        };
        let sequence = self.sequence.and_then(|text| text.parse().ok()).unwrap_or(0);
        Envelope { id, source, kind, contact, time: self.time, sequence, data: self.data }
    }
}

/// The envelope of a text that is one JSON object; `None` for anything else.
pub(super) fn read(text: &str) -> Option<Envelope> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let parts = (&mut reader).deserialize_map(Keys).ok()?;
    reader.end().ok()?;
    Some(parts.envelope(text))
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
        const KNOWN: [&str; 9] = ["id", "source", "type", "event", "subject", "contact", "time", "sequence", "data"];
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key.0 {
                "specversion" => {
                    parts.specversion = true;
                    map.next_value::<IgnoredAny>()?;
                }
                known if KNOWN.contains(&known) => {
                    let value = map.next_value()?;
                    parts.put(&key.0, value);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(parts)
    }
}

/// A key, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
