//! Connections, connectors and the sender of mail. Secrets stand here only by reference.

use crate::read::{Keys, Reader};
use crate::yaml::Node;
use staunch_core::codes;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The environment variable of this name.
    Env(String),
    /// The content of the file at this path, relative to the workspace.
    File(String),
    /// The value itself; never a secret.
    Literal(String),
}

/// Where the outside parts are; `None` is embedded in `.staunch/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// RabbitMQ.
    pub broker: Option<Reference>,
    /// The address of RabbitMQ's management plugin, for `doctor`.
    pub broker_management: Option<Reference>,
    /// Queues that events are spread over by contact; 0 for one queue. `None` is the program's choice.
    pub broker_partitions: Option<u16>,
    /// Postgres.
    pub database: Option<Reference>,
    /// The mail server.
    pub smtp: Option<Reference>,
}

/// Where tasks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connector {
    /// A task list in the workspace itself.
    Local,
    /// A signed HTTP request.
    Webhook {
        /// `https://…`, or a reference to it.
        url: Reference,
        /// The signing secret, never a literal.
        secret: Reference,
        /// The other side drops what it has seen by its `Idempotency-Key`.
        peer_dedupes: bool,
    },
}

/// Who writes e-mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address in `From`, with or without a name.
    pub from: String,
    /// The https address of one-click unsubscription.
    pub unsubscribe: Option<String>,
}

/// Each partition is a quorum queue, which costs the server memory and a log.
const MAX_PARTITIONS: u32 = 64;

pub(crate) const CONNECTIONS: Keys =
    Keys { known: &["broker", "broker_management", "broker_partitions", "database", "smtp"], later: &[] };
pub(crate) const CONNECTOR: Keys = Keys { known: &["kind", "url", "secret", "peer_dedupes"], later: &[] };
pub(crate) const MAIL: Keys = Keys { known: &["from", "unsubscribe"], later: &[] };

/// Whether a text can be an e-mail address: one `@` between parts without blanks.
pub(super) fn is_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ','));
    plain
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn reference(reader: &mut Reader<'_>, node: &Node) -> Option<Reference> {
    let text = reader.text(node)?;
    if let Some(name) = text.strip_prefix("env:") {
        let good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good {
            reader.error(
                node.at,
                codes::BAD_VALUE,
                "this is not the name of an environment variable",
                "write it like `env:STAUNCH_DATABASE_URL`",
            );
        }
        return good.then(|| Reference::Env(name.to_owned()));
    }
    if let Some(path) = text.strip_prefix("file:") {
        if path.is_empty() {
            reader.error(node.at, codes::BAD_VALUE, "this names no file", "write it like `file:secrets/database-url`");
        }
        return (!path.is_empty()).then(|| Reference::File(path.to_owned()));
    }
    Some(Reference::Literal(text.to_owned()))
}

/// A URL by reference, or in the file where it carries no password.
fn url(reader: &mut Reader<'_>, node: &Node) -> Option<Reference> {
    let found = reference(reader, node)?;
    let Reference::Literal(text) = &found else { return Some(found) };
    let Some((_, rest)) = text.split_once("://") else {
        reader.error(
            node.at,
            codes::BAD_VALUE,
            "this is neither a URL nor a reference",
            "write `env:NAME`, `file:PATH` or a URL",
        );
        return None;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let secret = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    if secret || rest.contains("password=") {
        reader.error(
            node.at,
            codes::PLAIN_SECRET,
            "this URL carries a password",
            "refer to it as `env:NAME` or `file:PATH`",
        );
        return None;
    }
    Some(found)
}

pub(super) fn connections(reader: &mut Reader<'_>, node: &Node) -> Connections {
    let Some(fields) = reader.fields(node, &CONNECTIONS) else { return Connections::default() };
    let partitions = fields.get("broker_partitions").and_then(|node| reader.whole(node, 0..=MAX_PARTITIONS));
    let mut one = |key| fields.get(key).and_then(|node| url(reader, node));
    Connections {
        broker: one("broker"),
        broker_management: one("broker_management"),
        broker_partitions: partitions.and_then(|count| u16::try_from(count).ok()),
        database: one("database"),
        smtp: one("smtp"),
    }
}

pub(super) fn connector(reader: &mut Reader<'_>, node: &Node) -> Option<Connector> {
    let fields = reader.fields(node, &CONNECTOR)?;
    let kind = reader.need(&fields, "kind")?;
    if ["salesforce", "hubspot"].iter().any(|later| reader.is_text(kind, later)) {
        reader.later(kind.at, reader.source.text[kind.at..].split_whitespace().next().unwrap_or("this"));
        return None;
    }
    if reader.one_of(kind, &[("local", false), ("webhook", true)])? {
        return webhook(reader, &fields);
    }
    for key in ["url", "secret", "peer_dedupes"] {
        if let Some(entry) = fields.entry(key) {
            reader.error(entry.key_at, codes::UNKNOWN_KEY, format!("a local connector has no `{key}`"), "remove it");
        }
    }
    Some(Connector::Local)
}

fn webhook(reader: &mut Reader<'_>, fields: &crate::read::Fields<'_>) -> Option<Connector> {
    let address = reader.need(fields, "url").and_then(|node| {
        let found = url(reader, node)?;
        if let Reference::Literal(text) = &found
            && !text.starts_with("https://")
        {
            reader.error(node.at, codes::BAD_VALUE, "a webhook needs https", "write a URL that starts with `https://`");
        }
        Some(found)
    });
    let secret = reader.need(fields, "secret").and_then(|node| {
        let found = reference(reader, node)?;
        if matches!(found, Reference::Literal(_)) {
            reader.error(
                node.at,
                codes::PLAIN_SECRET,
                "a secret stands in the file",
                "refer to it as `env:NAME` or `file:PATH`",
            );
            return None;
        }
        Some(found)
    });
    let peer_dedupes = match fields.get("peer_dedupes") {
        Some(node) => reader.truth(node)?,
        None => false,
    };
    Some(Connector::Webhook { url: address?, secret: secret?, peer_dedupes })
}

pub(super) fn mail(reader: &mut Reader<'_>, node: &Node) -> Option<Mail> {
    let fields = reader.fields(node, &MAIL)?;
    let from = reader.need(&fields, "from").and_then(|node| {
        let text = reader.text(node)?;
        let address = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
        if !is_address(address) || text.chars().any(char::is_control) {
            reader.error(node.at, codes::BAD_VALUE, "this is not a sender", "write it like `Acme <hello@example.com>`");
            return None;
        }
        Some(text.to_owned())
    });
    let unsubscribe = fields.get("unsubscribe").and_then(|node| {
        let text = reader.text(node)?;
        if !text.starts_with("https://") || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            reader.error(
                node.at,
                codes::BAD_VALUE,
                "one-click unsubscription needs https",
                "write a URL that starts with `https://`",
            );
            return None;
        }
        Some(text.to_owned())
    });
    Some(Mail { from: from?, unsubscribe })
}
