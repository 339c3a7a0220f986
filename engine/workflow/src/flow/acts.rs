//! Steps that do something: messages, tasks, webhooks, and setting a field of the contact.

use super::Flow;
use super::names::Place;
use super::steps::StepKind;
use crate::read::{Fields, Keys};
use crate::workspace::Connector;
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::schema::FieldKind;
use staunch_core::workflow::{Act, DEFAULT_EXPIRY};
use std::collections::BTreeMap;

pub(crate) const TASK: Keys = Keys { known: &["task", "connector", "assignee", "title", "due", "expires"], later: &[] };
pub(crate) const ROUND: Keys = Keys { known: &["round_robin", "if_full"], later: &[] };
pub(crate) const EMAIL: Keys = Keys { known: &["email", "template", "expires"], later: &[] };
pub(crate) const NUDGE: Keys = Keys { known: &["nudge", "template", "expires"], later: &[] };
pub(crate) const WEBHOOK: Keys = Keys { known: &["webhook", "connector", "fields", "expires"], later: &[] };
pub(crate) const SET: Keys = Keys { known: &["set", "field", "expr"], later: &[] };

/// An action as it stands in the file.
#[derive(Clone, Copy)]
pub(super) struct Action {
    pub(super) at: usize,
    pub(super) channel: Channel,
}

impl Flow<'_, '_> {
    pub(super) fn act(&mut self, node: &Node, channel: Channel, id: Option<&str>, at: usize) -> Option<StepKind> {
        if let Some(id) = id {
            self.actions.insert(id.to_owned(), Action { at, channel });
        }
        let keys = match channel {
            Channel::Email => &EMAIL,
            Channel::Nudge => &NUDGE,
            Channel::Task => &TASK,
            Channel::Webhook => &WEBHOOK,
        };
        let fields = self.reader.fields(node, keys)?;
        let expires = fields.get("expires").map_or(Some(DEFAULT_EXPIRY), |node| self.reader.span(node));
        let mut made = Act {
            channel,
            template: None,
            connector: None,
            assignee: None,
            round_robin: Vec::new(),
            fields: BTreeMap::new(),
            title: None,
            due: None,
            expires: expires.unwrap_or(DEFAULT_EXPIRY),
        };
        match channel {
            Channel::Task => self.task(&fields, &mut made)?,
            Channel::Webhook => self.webhook(&fields, &mut made)?,
            Channel::Email | Channel::Nudge => self.message(&fields, &mut made)?,
        }
        expires.map(|_| StepKind::Act(made))
    }

    fn task(&mut self, fields: &Fields<'_>, made: &mut Act) -> Option<()> {
        made.connector = fields.get("connector").and_then(|node| self.connector(node));
        match fields.get("assignee") {
            Some(node) if matches!(node.kind, Kind::Map(_)) => made.round_robin = self.round_robin(node)?,
            found => made.assignee = found.and_then(|node| self.rendered(node)),
        }
        made.title = self.reader.need(fields, "title").and_then(|node| self.rendered(node));
        made.due = fields.get("due").and_then(|node| self.reader.span(node));
        made.title.as_ref().map(|_| ())
    }

    /// People who take turns.
    fn round_robin(&mut self, node: &Node) -> Option<Vec<String>> {
        let fields = self.reader.fields(node, &ROUND)?;
        if let Some(node) = fields.get("if_full") {
            self.reader.one_of(node, &[("queue", ())]);
        }
        let list = self.reader.need(&fields, "round_robin")?;
        let mut people: Vec<String> = Vec::new();
        for item in self.reader.items(list) {
            let Some(name) = self.reader.text(item).map(str::to_owned) else { continue };
            if people.contains(&name) {
                let message = format!("`{name}` would have two turns");
                self.reader.error(item.at, codes::DUPLICATE_ID, message, "name everybody once");
            }
            people.push(name);
        }
        if people.is_empty() && matches!(list.kind, Kind::List(_)) {
            self.reader.error(list.at, codes::BAD_VALUE, "nobody is in this list", "name the people who take turns");
        }
        Some(people)
    }

    fn connector(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.id(node)?;
        if let Some(workspace) = self.around.workspace
            && !workspace.connectors.contains_key(&name)
        {
            let known = workspace.connectors.keys().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_CONNECTOR, "a declared connector", &name, known);
        }
        Some(name)
    }

    fn webhook(&mut self, fields: &Fields<'_>, made: &mut Act) -> Option<()> {
        if let Some(node) = self.reader.need(fields, "connector") {
            made.connector = self.connector(node);
            let found = made.connector.as_ref().and_then(|name| self.around.workspace?.connectors.get(name));
            if found.is_some_and(|found| !matches!(found, Connector::Webhook { .. })) {
                let message = "this connector sends nothing over the network";
                self.reader.error(node.at, codes::BAD_VALUE, message, "name a connector of `kind: webhook`");
            }
        }
        if let Some(node) = fields.get("fields") {
            for entry in self.reader.entries(node) {
                let text = self.rendered(&entry.value)?;
                made.fields.insert(entry.key.clone(), text);
            }
        }
        made.connector.as_ref().map(|_| ())
    }

    fn message(&mut self, fields: &Fields<'_>, made: &mut Act) -> Option<()> {
        let channel = made.channel;
        let node = self.reader.need(fields, "template")?;
        let name = self.reader.text(node)?.to_owned();
        match self.around.templates.get(&name) {
            None => {
                let fitting = self.around.templates.iter().filter(|(_, other)| other.channel == channel);
                let known = fitting.map(|(name, _)| name.as_str());
                self.reader.unknown(node.at, codes::UNKNOWN_TEMPLATE, "a template", &name, known);
            }
            Some(other) if other.channel != channel => {
                let message = format!("`{name}` is a template of the channel {}", other.channel.word());
                self.reader.error(node.at, codes::BAD_VALUE, message, format!("use a template for {}", channel.word()));
            }
            Some(_) => drop(self.templates.insert(name.clone())),
        }
        made.template = Some(name);
        Some(())
    }

    /// Sets a declared field of the contact.
    pub(super) fn set(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let field = self.reader.need(fields, "field").and_then(|node| self.target(node));
        let node = self.reader.need(fields, "expr");
        let (name, kind) = field?;
        let value = node.and_then(|node| {
            let (expr, _) = self.expr(node, &Place::step(), kind.as_ref()?.expression_type())?;
            if let Some(FieldKind::Text { one_of }) = kind.as_ref().map(|field| &field.kind) {
                self.one_of_the_choices(node, &expr.source, one_of);
            }
            Some(expr)
        });
        value.map(|value| StepKind::Set { field: name, value })
    }

    /// `contact.NAME`, and its declaration where there is one.
    fn target(&mut self, node: &Node) -> Option<(String, Option<staunch_core::schema::Field>)> {
        let text = self.reader.text(node)?;
        let Some(name) = text.strip_prefix("contact.") else {
            let message = format!("`{text}` cannot be set");
            self.reader.error(node.at, codes::BAD_VALUE, message, "name a field of the contact: `contact.NAME`");
            return None;
        };
        let Some(workspace) = self.around.workspace else { return Some((name.to_owned(), None)) };
        let found = workspace.schema.contact.get(name);
        if found.is_none() {
            let known: Vec<String> = workspace.schema.contact.keys().map(|name| format!("contact.{name}")).collect();
            let known = known.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_FIELD, "a declared field of the contact", text, known);
        }
        found.map(|field| (name.to_owned(), Some(field.clone())))
    }

    /// A text that is written out has to be one that the field takes.
    fn one_of_the_choices(&mut self, node: &Node, source: &str, choices: &[String]) {
        let literal = source.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let Some(literal) = literal.filter(|text| !choices.is_empty() && !text.contains(['"', '\\'])) else { return };
        if !choices.iter().any(|choice| choice == literal) {
            let known = choices.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::BAD_VALUE, "one of the values of this field", literal, known);
        }
    }
}
