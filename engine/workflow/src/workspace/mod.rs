//! `staunch.yaml`: what a workspace declares for all its workflows.

mod connect;
mod fields;
mod mapping;
mod money;
mod plugins;
mod policy;
mod retention;
mod sources;
mod stops;

#[cfg(test)]
pub(crate) use connect::{CONNECTIONS, CONNECTOR, MAIL};
pub use connect::{Connections, Connector, Mail, Reference};
#[cfg(test)]
pub(crate) use fields::FIELD;
pub use mapping::{EventType, JsonPath, Mapping};
#[cfg(test)]
pub(crate) use plugins::PLUGINS;
pub use plugins::PluginTrust;
pub use policy::Content;
#[cfg(test)]
pub(crate) use policy::{BUDGET, CAP, CAPACITY, HOLDOUT, NEVER, OFFERS, POLICY, QUIET, WORDING};
#[cfg(test)]
pub(crate) use retention::RETENTION;
#[cfg(test)]
pub(crate) use sources::SOURCE;
pub use sources::SourceFile;

use crate::flow::audience::audience;
use crate::read::{Fields, Keys, Reader};
use crate::yaml::Node;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::expr::{Checker, NameType};
use staunch_core::policy::Policy;
use staunch_core::retention::Retention;
use staunch_core::schema::{BUILT_IN_EVENTS, Field, FieldKind, Schema};
use staunch_core::value::{Currency, Money, Type};
use staunch_core::workflow::{Audience, Breaker, KillRule, SignalBreaker, matches_any};
use std::collections::BTreeMap;

/// The path of the workspace file.
pub const WORKSPACE_FILE: &str = "staunch.yaml";

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "workspace",
        "zone",
        "currency",
        "connections",
        "sources",
        "contact",
        "account",
        "events",
        "purposes",
        "audiences",
        "connectors",
        "roles",
        "policy",
        "kill",
        "breakers",
        "costs",
        "mail",
        "plugins",
        "retention",
    ],
    later: &[],
};

/// A workspace as declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkspaceFile {
    /// Its name: part of every id and salt.
    pub name: String,
    /// IANA zone of the people who run it.
    pub zone: String,
    /// Where things are; what is left out is embedded.
    pub connections: Connections,
    /// Declared shapes of contacts and events, with the currency of bare amounts.
    pub schema: Schema,
    /// Consent purposes.
    pub purposes: Vec<String>,
    /// Connectors by name.
    pub connectors: BTreeMap<String, Connector>,
    /// People (e-mail addresses) by role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// What binds every workflow.
    pub policy: Policy,
    /// Statistical stops of all workflows; checked, and not enforced yet.
    pub kills: Vec<KillRule>,
    /// Deterministic stops of all workflows: too many actions; checked, and not enforced yet.
    pub breakers: Vec<Breaker>,
    /// Deterministic stops of all workflows on outcomes and failures; checked, and not enforced yet.
    pub signals: Vec<SignalBreaker>,
    /// Rules on what messages say, kept for the parts of Staunch that will act on them.
    pub content: Content,
    /// The sender of e-mails.
    pub mail: Option<Mail>,
    /// Named audiences without errors.
    pub audiences: Vec<Audience>,
    /// The names of all declared audiences, of those with errors too.
    pub(crate) audience_names: Vec<String>,
    /// What one action of each channel costs, in the workspace's currency; for backtests.
    pub costs: BTreeMap<Channel, Money>,
    /// Whose plugins it takes; `None` where it asks for no signatures.
    pub plugins: Option<PluginTrust>,
    /// How long what is kept.
    pub retention: Retention,
    /// Sources of events beside the engine's own exchange.
    pub sources: Vec<SourceFile>,
}

impl WorkspaceFile {
    /// All event names that a workflow can use.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.schema.events.keys().map(String::as_str).chain(BUILT_IN_EVENTS.iter().copied()).collect()
    }

    /// The type of a field over all events that the names or globs match: in some of them only, it may be missing.
    pub fn event_field(&self, patterns: &[String], name: &str) -> Option<NameType> {
        let mut kind: Option<Type> = None;
        let mut optional = false;
        for event in self.events().into_iter().filter(|event| matches_any(patterns, event)) {
            match self.schema.events.get(event).and_then(|fields| fields.get(name)) {
                None => optional = true,
                Some(field) if kind.is_none_or(|kind| kind == field.expression_type()) => {
                    kind = Some(field.expression_type());
                    optional |= field.optional;
                }
                Some(_) => return None,
            }
        }
        kind.map(|kind| NameType { kind, optional })
    }

    /// The fields of all events that the names or globs match.
    pub(crate) fn event_fields(&self, patterns: &[String]) -> Vec<String> {
        let matching = self.schema.events.iter().filter(|(event, _)| matches_any(patterns, event));
        let mut names: Vec<String> = matching.flat_map(|(_, fields)| fields.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Reads the file as far as it can be read; `None` where it is no mapping.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, checker: &dyn Checker) -> Option<WorkspaceFile> {
    let fields = reader.fields(root, &KEYS)?;
    let name = reader.need(&fields, "workspace").and_then(|node| reader.id(node)).unwrap_or_default();
    let zone = reader.need(&fields, "zone").and_then(|node| reader.zone(node)).unwrap_or_else(|| "UTC".into());
    let mut made = WorkspaceFile { name, zone, ..WorkspaceFile::default() };
    made.schema = schema(reader, &fields);
    if let Some(node) = fields.get("connections") {
        made.connections = connect::connections(reader, node);
    }
    if let Some(node) = fields.get("purposes") {
        made.purposes = reader.items(node).iter().filter_map(|item| reader.id(item)).collect();
    }
    if let Some(node) = fields.get("connectors") {
        for entry in reader.entries(node) {
            let connector = connect::connector(reader, &entry.value);
            made.connectors.extend(connector.map(|connector| (entry.key.clone(), connector)));
        }
    }
    if let Some(node) = fields.get("roles") {
        made.roles = roles(reader, node);
    }
    if let Some(node) = fields.get("audiences") {
        (made.audiences, made.audience_names) = audiences(reader, node, &made, checker);
    }
    // What refers to the parts above comes after them, whatever the order in the file.
    if let Some(node) = fields.get("policy") {
        (made.policy, made.content) = policy::policy(reader, node, &made);
    }
    stops::stops(reader, &fields, &mut made);
    made.costs = fields.get("costs").map(|node| money::costs(reader, node, &made)).unwrap_or_default();
    made.sources = fields.get("sources").map(|node| sources::sources(reader, node, &made)).unwrap_or_default();
    made.plugins = fields.get("plugins").and_then(|node| plugins::plugins(reader, node));
    made.retention = fields.get("retention").and_then(|node| retention::retention(reader, node)).unwrap_or_default();
    made.mail = fields.get("mail").and_then(|node| connect::mail(reader, node));
    Some(made)
}

/// Declared shapes. Every contact has a name, which a task or a mail can show, unless the workspace says what it is.
fn schema(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Schema {
    let currency = reader.need(fields, "currency").and_then(|node| currency(reader, node));
    let mut made = Schema { currency, ..Schema::default() };
    made.contact = fields.get("contact").map(|node| fields::fields(reader, node)).unwrap_or_default();
    let name = Field { personal: true, ..Field::of(FieldKind::Text { one_of: Vec::new() }) };
    made.contact.entry("name".to_owned()).or_insert(name);
    made.account = fields.get("account").map(|node| fields::fields(reader, node)).unwrap_or_default();
    if let Some(node) = fields.get("events") {
        for entry in reader.entries(node) {
            made.events.insert(entry.key.clone(), fields::fields(reader, &entry.value));
        }
    }
    made
}

fn audiences(
    reader: &mut Reader<'_>,
    node: &Node,
    workspace: &WorkspaceFile,
    checker: &dyn Checker,
) -> (Vec<Audience>, Vec<String>) {
    let entries = reader.entries(node);
    let read = entries.iter().filter_map(|entry| audience(reader, &entry.key, &entry.value, workspace, checker));
    (read.collect(), entries.iter().map(|entry| entry.key.clone()).collect())
}

fn currency(reader: &mut Reader<'_>, node: &Node) -> Option<Currency> {
    let text = reader.text(node)?;
    let found = Currency::parse(text);
    if found.is_none() {
        reader.error(
            node.at,
            codes::BAD_VALUE,
            format!("`{text}` is not a currency"),
            "write three capitals, such as EUR",
        );
    }
    found
}

fn roles(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Vec<String>> {
    let mut roles = BTreeMap::new();
    for entry in reader.entries(node) {
        let mut people = Vec::new();
        for item in reader.items(&entry.value) {
            let Some(text) = reader.text(item) else { continue };
            if connect::is_address(text) {
                people.push(text.to_owned());
            } else {
                reader.error(
                    item.at,
                    codes::BAD_VALUE,
                    "this is not an e-mail address",
                    "write one like `anna@example.com`",
                );
            }
        }
        roles.insert(entry.key.clone(), people);
    }
    roles
}
