//! `staunch.yaml`: what a workspace declares for all its workflows.

mod connect;
mod fields;
mod policy;

#[cfg(test)]
pub(crate) use connect::{CONNECTIONS, CONNECTOR, MAIL};
pub use connect::{Connections, Connector, Mail, Reference};
#[cfg(test)]
pub(crate) use fields::FIELD;
#[cfg(test)]
pub(crate) use policy::{CAP, HOLDOUT, POLICY, QUIET};

use crate::read::{Keys, Reader};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::expr::NameType;
use staunch_core::policy::Policy;
use staunch_core::schema::{BUILT_IN_EVENTS, Schema};
use staunch_core::value::{Currency, Type};
use staunch_core::workflow::{Audience, matches_any};
use std::collections::BTreeMap;

/// The path of the workspace file.
pub const WORKSPACE_FILE: &str = "staunch.yaml";

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "workspace",
        "zone",
        "currency",
        "connections",
        "contact",
        "events",
        "purposes",
        "connectors",
        "roles",
        "policy",
        "mail",
    ],
    later: &["sources", "audiences", "kill", "breakers"],
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
    /// The sender of e-mails.
    pub mail: Option<Mail>,
    /// Named audiences without errors.
    pub audiences: Vec<Audience>,
    /// The names of all declared audiences, of those with errors too.
    pub(crate) audience_names: Vec<String>,
}

impl WorkspaceFile {
    /// All event names that a workflow can use.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.schema.events.keys().map(String::as_str).chain(BUILT_IN_EVENTS.iter().copied()).collect()
    }

    /// The type of a field over all events that the names or globs match: in some of them only, it may be missing.
    pub(crate) fn event_field(&self, patterns: &[String], name: &str) -> Option<NameType> {
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
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node) -> Option<WorkspaceFile> {
    let fields = reader.fields(root, &KEYS)?;
    let name = reader.need(&fields, "workspace").and_then(|node| reader.id(node)).unwrap_or_default();
    let zone = reader.need(&fields, "zone").and_then(|node| reader.zone(node)).unwrap_or_else(|| "UTC".into());
    let mut made = WorkspaceFile { name, zone, ..WorkspaceFile::default() };
    made.schema.currency = reader.need(&fields, "currency").and_then(|node| currency(reader, node));
    if let Some(node) = fields.get("connections") {
        made.connections = connect::connections(reader, node);
    }
    if let Some(node) = fields.get("contact") {
        made.schema.contact = fields::fields(reader, node);
    }
    if let Some(node) = fields.get("events") {
        for entry in reader.entries(node) {
            made.schema.events.insert(entry.key.clone(), fields::fields(reader, &entry.value));
        }
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
    if let Some(node) = fields.get("policy") {
        made.policy = policy::policy(reader, node, &made);
    }
    made.mail = fields.get("mail").and_then(|node| connect::mail(reader, node));
    Some(made)
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
