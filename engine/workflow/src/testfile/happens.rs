//! What happens in a case: events, and ticks of the schedule.

use super::read::Tests;
use super::{Happens, TestEvent};
use crate::yaml::{Entry, Kind, Node};
use serde_json::Value as Json;
use staunch_core::codes;
use staunch_core::map::Map;
use staunch_core::schema::{BUILT_IN_EVENTS, Field, FieldKind};

impl Tests<'_, '_> {
    /// `{ at, event, contact?, fields… }`, `{ at, event: task.done, of: STEP }` or `{ at, tick: start }`.
    pub(super) fn happens(&mut self, node: &Node) -> Option<TestEvent> {
        let entries = self.reader.entries(node);
        let at = self.has(node, "at").and_then(|node| self.reader.offset(node));
        let what = match node.get("tick") {
            Some(tick) => self.tick(tick, entries),
            None => {
                let kind = self.has(node, "event").and_then(|node| self.kind(node));
                self.event(kind, entries)
            }
        };
        let contact = node.get("contact").and_then(|node| self.reader.text(node)).map(str::to_owned);
        let line = self.reader.source.place(node.at).0;
        Some(TestEvent { at: at?, contact, what: what?, line })
    }

    /// A key that has to be there.
    fn has<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() && matches!(node.kind, Kind::Map(_)) {
            let help = format!("add `{key}:`");
            self.reader.error(node.at, codes::MISSING_KEY, format!("`{key}` is missing"), help);
        }
        found
    }

    fn tick(&mut self, node: &Node, entries: &[Entry]) -> Option<Happens> {
        for entry in entries.iter().filter(|entry| !["at", "tick", "contact"].contains(&entry.key.as_str())) {
            let known = ["at", "tick", "contact"];
            self.reader.unknown(entry.key_at, codes::UNKNOWN_KEY, "a key of a tick", &entry.key, known);
        }
        self.reader.one_of(node, &[("start", ())])?;
        if self.workflow.is_some_and(|workflow| workflow.start.schedule.is_none()) {
            let help = "give it one of its start events: `{ at: 0h, event: NAME }`";
            self.reader.error(node.at, codes::BAD_VALUE, "this workflow has no schedule that could tick", help);
            return None;
        }
        Some(Happens::Tick)
    }

    fn event(&mut self, kind: Option<String>, entries: &[Entry]) -> Option<Happens> {
        let built_in = kind.as_deref().is_some_and(|kind| BUILT_IN_EVENTS.contains(&kind));
        let declared = kind.as_ref().and_then(|kind| self.workspace?.schema.events.get(kind));
        let (mut fields, mut body, mut of) = (Map::new(), serde_json::Map::new(), None);
        for entry in entries.iter().filter(|entry| !["at", "event", "contact"].contains(&entry.key.as_str())) {
            if entry.key == "of" && declared.is_none_or(|declared| !declared.contains_key("of")) {
                of = self.of(entry, kind.as_deref());
                continue;
            }
            if built_in {
                body.insert(entry.key.clone(), json(&entry.value));
            }
            // Fields of an event that is not known, or built in, have no declaration to check against.
            let Some(declared) = declared.filter(|declared| !built_in || declared.contains_key(&entry.key)) else {
                continue;
            };
            if self.bare(&entry.value, declared.get(&entry.key)) {
                continue;
            }
            if let Some(Some(value)) = self.field(entry, declared, "a declared field of this event") {
                fields.insert(entry.key.clone(), value);
            }
        }
        Some(Happens::Event { kind: kind?, fields, body: built_in.then_some(body), of })
    }

    /// Whether this is an amount without its currency. A producer may leave it out; in a case that people read, nobody
    /// could tell 20 EUR from 20 of anything else.
    fn bare(&mut self, node: &Node, field: Option<&Field>) -> bool {
        let Kind::Scalar(scalar) = &node.kind else { return false };
        let money = field.is_some_and(|field| field.kind == FieldKind::Money);
        let bare = money && scalar.text.trim().parse::<f64>().is_ok();
        if bare {
            let currency = self.workspace.and_then(|workspace| workspace.schema.currency);
            let currency = currency.map_or_else(|| "EUR".to_owned(), |currency| currency.as_str().to_owned());
            let help = format!("write `{} {currency}`", scalar.text.trim());
            self.reader.error(node.at, codes::NEEDS_UNIT, "an amount needs its currency", help);
        }
        bare
    }

    /// The step whose action an outcome is about.
    fn of(&mut self, entry: &Entry, kind: Option<&str>) -> Option<String> {
        let outcome = ["email.", "task.", "nudge."];
        let about = kind.is_none_or(|kind| {
            BUILT_IN_EVENTS.contains(&kind) && outcome.iter().any(|prefix| kind.starts_with(prefix))
        });
        if !about {
            let message = "only an outcome is about a step's action";
            let help = "remove `of:`, or name an outcome such as `task.done`";
            self.reader.error(entry.key_at, codes::UNKNOWN_KEY, message, help);
            return None;
        }
        self.step(&entry.value)
    }

    fn kind(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.text(node)?.to_owned();
        if let Some(workspace) = self.workspace
            && !workspace.events().contains(&name.as_str())
        {
            let what = "a declared or built-in event";
            self.reader.unknown(node.at, codes::UNKNOWN_EVENT, what, &name, workspace.events());
            return None;
        }
        Some(name)
    }
}

/// YAML as the JSON that a producer would send.
fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::Scalar(scalar) => serde_json::to_value(scalar.value()).unwrap_or(Json::Null),
        Kind::List(items) => Json::Array(items.iter().map(json).collect()),
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect(),
        Kind::Poison => Json::Null,
    }
}
