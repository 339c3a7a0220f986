//! A contact: declared fields, consent, suppression, facts and runs. Events change it; nothing else does.

use crate::action::Channel;
use crate::event::{Event, Position};
use crate::facts::Facts;
use crate::map::Map;
use crate::run::Run;
use crate::schema::{FieldKind, Schema};
use crate::time::Time;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// All that is kept of one contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Its immutable id.
    pub id: String,
    /// Declared fields.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub fields: Map<String, Value>,
    /// Consent by purpose; unknown is no.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub consent: Map<String, Consent>,
    /// Channels on which it is never reached again.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub suppressed: Map<Channel, Suppression>,
    /// The event that last changed each field, so that one that comes late does not undo a newer one.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub field_times: Map<String, Position>,
    /// The account it belongs to, with the event that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<(String, Position)>,
    /// Facts by key.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Nothing before this instant is decided again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_to: Option<Time>,
    /// Runs that are active or whose goal can still be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// When it last entered each workflow.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub entered: Map<String, Time>,
    /// The next tick of each scheduled workflow.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub ticks: Map<String, Time>,
    /// Other ids of the same person; events that name one of them are this contact's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
    /// Workflows in which it was on both sides of the comparison before two records became one: out of the analysis.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub crossed: BTreeSet<String>,
    /// The contact that this record was merged into; nothing else is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

/// Whether a text can be the id of a contact or an account.
pub fn good_id(id: &str) -> bool {
    !id.trim().is_empty() && id.len() <= 512 && !id.chars().any(char::is_control)
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
            "contact.identified" => self.take_id(event).and_then(|()| self.update_fields(event, schema)),
            "contact.aliased" => self.take_id(event),
            "account.updated" => self.join(event, schema),
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
            return Err(format!("{} carries the changed fields as an object in `data`", event.kind));
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

    /// Sets one field as of an event's place, unless a newer one set it.
    pub(crate) fn set(&mut self, name: &str, value: Value, position: Position) {
        if self.field_times.get(name).is_none_or(|known| *known <= position) {
            self.fields.insert(name.to_owned(), value);
            self.field_times.insert(name.to_owned(), position);
        }
    }

    fn take_id(&self, event: &Event) -> Result<(), String> {
        let alias = event.body.as_ref().and_then(|body| body.get("alias")).and_then(serde_json::Value::as_str);
        match alias.filter(|alias| good_id(alias)) {
            Some(_) => Ok(()),
            None => Err(format!("{} carries {{\"alias\": text}}, the other id of the contact, in `data`", event.kind)),
        }
    }

    fn join(&mut self, event: &Event, schema: &Schema) -> Result<(), String> {
        let id = crate::account::update(event, schema)?.id;
        if self.account.as_ref().is_none_or(|(_, known)| *known <= event.position()) {
            self.account = Some((id, event.position()));
        }
        Ok(())
    }

    /// Takes over what another record of the same person knows, but for its facts and runs: suppressions unite, the
    /// newer field and consent win (at equal times the withdrawal).
    pub(crate) fn absorb(&mut self, other: &Contact) {
        for (name, position) in &other.field_times {
            if self.field_times.get(name).is_some_and(|known| known >= position) {
                continue;
            }
            match other.fields.get(name) {
                Some(value) => self.fields.insert(name.clone(), value.clone()),
                None => self.fields.remove(name),
            };
            self.field_times.insert(name.clone(), position.clone());
        }
        for (purpose, consent) in &other.consent {
            let known = self.consent.get(purpose);
            if known.is_none_or(|known| known.at < consent.at || (known.at == consent.at && !consent.granted)) {
                self.consent.insert(purpose.clone(), *consent);
            }
        }
        for (channel, suppression) in &other.suppressed {
            self.suppress(*channel, &suppression.because, suppression.at);
        }
        for (workflow, at) in &other.entered {
            let known = self.entered.entry(workflow.clone()).or_insert(*at);
            *known = (*known).max(*at);
        }
        if other.account.as_ref().map(|(_, at)| at) > self.account.as_ref().map(|(_, at)| at) {
            self.account.clone_from(&other.account);
        }
        self.decided_to = self.decided_to.max(other.decided_to);
        self.aliases.extend(other.aliases.iter().cloned());
        self.aliases.insert(other.id.clone());
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
        let runs = self.runs.iter().filter_map(Run::deadline);
        runs.chain(self.ticks.values().copied()).min()
    }
}

#[cfg(test)]
mod tests;
