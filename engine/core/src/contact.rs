//! A contact: declared fields, consent, suppression, facts and runs. Events change it; nothing else does.

use crate::action::Channel;
use crate::event::{Event, Position};
use crate::feature::FactLog;
use crate::run::Run;
use crate::schema::{FieldKind, Schema};
use crate::time::Time;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that is kept of one contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Its immutable id.
    pub id: String,
    /// Declared fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
    /// Consent by purpose; unknown is no.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: BTreeMap<String, Consent>,
    /// Channels on which it is never reached again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suppressed: BTreeMap<Channel, Suppression>,
    /// The event that last changed each field, so that one that comes late does not undo a newer one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_times: BTreeMap<String, Position>,
    /// Facts by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, FactLog>,
    /// Nothing before this instant is decided again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_to: Option<Time>,
    /// Runs that are active or whose goal can still be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// When it last entered each workflow.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entered: BTreeMap<String, Time>,
}

/// Consent for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub granted: bool,
    /// Since when.
    pub at: Time,
}

/// Why a channel is closed for a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The event that closed it.
    pub because: String,
    /// Since when.
    pub at: Time,
}

impl Contact {
    /// A contact of whom nothing is known.
    pub fn new(id: &str) -> Contact {
        Contact { id: id.to_owned(), ..Contact::default() }
    }

    /// Applies the built-in events: fields, consent, suppression. Facts and runs are the decision's.
    ///
    /// # Errors
    /// A sentence where the event's data does not fit; the event should have been parked at the door.
    pub fn apply(&mut self, event: &Event, schema: &Schema) -> Result<(), String> {
        match event.kind.as_str() {
            "contact.updated" => self.update_fields(event, schema),
            "consent.changed" => self.change_consent(event),
            "email.unsubscribed" | "email.hard_bounced" | "email.complained" => {
                self.suppress(Channel::Email, &event.kind, event.time);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn update_fields(&mut self, event: &Event, schema: &Schema) -> Result<(), String> {
        let Some(serde_json::Value::Object(body)) = &event.body else {
            return Err("contact.updated carries the changed fields as an object in `data`".into());
        };
        for (name, json) in body {
            let Some(field) = schema.contact.get(name) else { continue };
            if self.field_times.get(name).is_some_and(|known| *known > event.position()) {
                continue;
            }
            let value = field.read(json, schema.currency).map_err(|why| format!("field `{name}`: {why}"))?;
            match value {
                Some(value) => self.fields.insert(name.clone(), value),
                None => self.fields.remove(name),
            };
            self.field_times.insert(name.clone(), event.position());
        }
        Ok(())
    }

    fn change_consent(&mut self, event: &Event) -> Result<(), String> {
        let body = event.body.as_ref();
        let purpose = body.and_then(|body| body.get("purpose")).and_then(serde_json::Value::as_str);
        let granted = body.and_then(|body| body.get("granted")).and_then(serde_json::Value::as_bool);
        let (Some(purpose), Some(granted)) = (purpose, granted) else {
            return Err("consent.changed carries {\"purpose\": text, \"granted\": true or false} in `data`".into());
        };
        let known = self.consent.get(purpose);
        // At equal times the withdrawal wins.
        if known.is_none_or(|known| known.at < event.time || (known.at == event.time && !granted)) {
            self.consent.insert(purpose.to_owned(), Consent { granted, at: event.time });
        }
        Ok(())
    }

    fn suppress(&mut self, channel: Channel, because: &str, at: Time) {
        let new = Suppression { because: because.to_owned(), at };
        let known = self.suppressed.entry(channel).or_insert_with(|| new.clone());
        // The first one counts, whichever arrives first.
        if (new.at, &new.because) < (known.at, &known.because) {
            *known = new;
        }
    }

    /// The contact's own zone, where it is a valid IANA name: of the first declared field of that kind.
    pub fn zone(&self, schema: &Schema) -> Option<jiff::tz::TimeZone> {
        crate::time::zone(self.first(schema, &FieldKind::Zone)?)
    }

    /// The e-mail address: of the first declared field of that kind; a blank one is none.
    pub fn email(&self, schema: &Schema) -> Option<&str> {
        self.first(schema, &FieldKind::Email).filter(|address| !address.trim().is_empty())
    }

    fn first(&self, schema: &Schema, kind: &FieldKind) -> Option<&str> {
        let (name, _) = schema.contact.iter().find(|(_, field)| field.kind == *kind)?;
        match self.fields.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// When it has to be looked at without an event.
    pub fn wake_at(&self) -> Option<Time> {
        self.runs.iter().filter_map(Run::deadline).min()
    }
}

#[cfg(test)]
mod tests;
