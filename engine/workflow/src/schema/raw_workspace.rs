//! The shape of `staunch.yaml`.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::raw_around::Channel;
use super::{Duration, Percent};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a workspace declares for all its workflows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Workspace {
    /// Its name.
    workspace: String,
    /// IANA time zone.
    zone: String,
    /// ISO 4217 code of bare amounts.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: String,
    /// Where the outside parts are; what is left out is embedded.
    connections: Option<Connections>,
    /// Fields of a contact.
    contact: Option<BTreeMap<String, Field>>,
    /// Fields of each event.
    events: Option<BTreeMap<String, BTreeMap<String, Field>>>,
    /// Consent purposes.
    purposes: Option<Vec<String>>,
    /// Where tasks go.
    connectors: Option<BTreeMap<String, Connector>>,
    /// People by role.
    roles: Option<BTreeMap<String, Vec<String>>>,
    /// What binds every workflow.
    policy: Option<Policy>,
    /// The sender of e-mails.
    mail: Option<Mail>,
}

/// `env:NAME`, `file:PATH`, or a URL without a password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Connections {
    /// RabbitMQ.
    broker: Option<String>,
    /// Postgres.
    database: Option<String>,
    /// The mail server.
    smtp: Option<String>,
}

/// A type, or a type with more.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Field {
    /// Just the type.
    Short(FieldType),
    /// With more.
    Full(FullField),
}

/// What a field holds.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FieldType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// Money.
    Money,
    /// An IANA time zone.
    Zone,
    /// An e-mail address.
    Email,
}

/// A field with more than its type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullField {
    /// What it holds.
    r#type: FieldType,
    /// The allowed texts.
    one_of: Option<Vec<String>>,
    /// May be missing.
    optional: Option<bool>,
    /// Never shown in logs or receipts.
    personal: Option<bool>,
    /// Never an input of a decision without a reason.
    protected: Option<bool>,
}

/// Where tasks go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Connector {
    /// `local` or `webhook`.
    kind: ConnectorKind,
    /// `https://…` or a reference.
    url: Option<String>,
    /// `env:NAME` or `file:PATH`.
    secret: Option<String>,
    /// The other side drops what it has seen.
    peer_dedupes: Option<bool>,
}

/// Kinds of connectors.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ConnectorKind {
    /// A task list in the workspace.
    Local,
    /// A signed HTTP request.
    Webhook,
}

/// What binds every workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Policy {
    /// How often a contact may be reached.
    caps: Option<Vec<Cap>>,
    /// When a contact may not be reached.
    quiet_hours: Option<Vec<Quiet>>,
    /// Who is held out of everything.
    holdout: Option<Holdout>,
}

/// At most `max` actions per contact in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Cap {
    /// Its id.
    id: String,
    /// What it counts and binds.
    channels: Vec<Channel>,
    /// The most in a window.
    max: u32,
    /// The rolling window.
    window: Duration,
    /// The least time between two.
    gap: Option<Duration>,
    /// Purposes that are neither counted nor bound.
    exempt: Option<Vec<String>>,
}

/// When a contact may not be reached.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Quiet {
    /// What it binds.
    channels: Vec<Channel>,
    /// Such as `21:00-08:00`.
    #[schemars(regex(pattern = "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"))]
    hours: String,
    /// `contact`, or an IANA time zone.
    zone: String,
    /// The zone of a contact whose own is unknown.
    zone_if_unknown: Option<String>,
    /// What happens.
    then: Then,
}

/// What quiet hours do.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Then {
    /// The action waits until they end.
    Hold,
}

/// Who is held out of everything.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Holdout {
    /// The share.
    global: Percent,
}

/// The sender of e-mails.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mail {
    /// `Acme <hello@example.com>`.
    from: String,
    /// The https address of one-click unsubscription.
    unsubscribe: Option<String>,
}
