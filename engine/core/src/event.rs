//! The event inside: a CloudEvent whose subject is a contact, with its fields typed by the schema.

use crate::map::Map;
use crate::time::Time;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// One event, as the core sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Id, unique within `source`.
    pub id: String,
    /// Who emitted it.
    pub source: String,
    /// The type, such as `order.paid`.
    pub kind: String,
    /// When it happened, already clamped by the clock in force.
    pub time: Time,
    /// The contact.
    pub contact: String,
    /// The producer's own order among equal times.
    pub sequence: i64,
    /// Declared fields by name; undeclared ones are dropped at the door.
    #[serde(serialize_with = "crate::map::serialize")]
    pub fields: Map<String, Value>,
    /// The data of built-in events (`contact.updated`, `consent.changed`, outcomes), undeclared by the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
    /// Loaded as history: state and features only.
    #[serde(default)]
    pub history: bool,
}

/// The place of an event in its contact's order.
pub type Position = (Time, i64, String);

impl Event {
    /// Order of a contact's events: (time, sequence, id).
    pub fn position(&self) -> Position {
        (self.time, self.sequence, self.id.clone())
    }

    /// The idempotency key: a hash of (source, id), 16 bytes.
    pub fn key(&self) -> EventKey {
        event_key(&self.source, &self.id)
    }
}

/// A hash of (source, id).
pub type EventKey = [u8; 16];

/// The idempotency key of (source, id): the first 16 bytes of BLAKE3 over both, length-prefixed.
pub fn event_key(source: &str, id: &str) -> EventKey {
    crate::action::hash16("event", &[source, id])
}
