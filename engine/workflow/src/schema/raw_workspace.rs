//! The shape of `staunch.yaml`.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::Expression;
use super::raw_around::{Breaker, Kill};
use super::raw_feature::Feature;
use super::raw_policy::{Money, Policy};
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
    /// Exchanges and JSON of a company's own, mapped to events.
    sources: Option<Vec<Source>>,
    /// Fields of a contact; every contact has a `name`.
    contact: Option<BTreeMap<String, Field>>,
    /// Fields of an account, the group of contacts that `account.updated` makes.
    account: Option<BTreeMap<String, Field>>,
    /// Fields of each event.
    events: Option<BTreeMap<String, BTreeMap<String, Field>>>,
    /// Consent purposes.
    purposes: Option<Vec<String>>,
    /// Named groups of contacts.
    audiences: Option<BTreeMap<String, Audience>>,
    /// Where tasks go.
    connectors: Option<BTreeMap<String, Connector>>,
    /// People by role.
    roles: Option<BTreeMap<String, Vec<String>>>,
    /// What binds every workflow.
    policy: Option<Policy>,
    /// Statistical stops of every workflow. Checked, and not enforced by this version.
    kill: Option<Vec<Kill>>,
    /// Fast deterministic stops of every workflow. Checked, and not enforced by this version.
    breakers: Option<Vec<Breaker>>,
    /// What one action of a channel costs, such as `email: 0.002 EUR`.
    costs: Option<Costs>,
    /// The sender of e-mails.
    mail: Option<Mail>,
    /// Whose plugins are taken.
    plugins: Option<Plugins>,
    /// How long what is kept; without it, for ever.
    retention: Option<Retention>,
}

/// How long what is kept; what is left out, for ever.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// Decisions, at least `35d`: they are the records that an event was decided.
    decisions: Option<String>,
    /// Runs that are over, at least `35d`.
    runs: Option<String>,
    /// Actions that are over, at least `400d`: others recognise them by their id.
    actions: Option<String>,
    /// Inputs that could not be used, at least `1d`.
    parked: Option<String>,
    /// Whether decisions are written to `.staunch/archive` before they are deleted.
    archive: Option<bool>,
}

/// Whose plugins are taken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Plugins {
    /// Public keys, `ed25519:` and 64 hex digits each, as `staunch plugin keygen` prints them.
    trusted_keys: Vec<PublicKey>,
    /// Whether a plugin without a signature is refused.
    require_signatures: Option<bool>,
}

/// A public key.
#[derive(Deserialize, JsonSchema)]
struct PublicKey(#[schemars(regex(pattern = "^ed25519:[0-9a-f]{64}$"))] String);

/// What one action of each channel costs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Costs {
    /// An e-mail.
    email: Option<Money>,
    /// An in-app nudge.
    nudge: Option<Money>,
    /// A task for a person.
    task: Option<Money>,
    /// A request to another system.
    webhook: Option<Money>,
}

/// An exchange of a company's own, and what becomes of its messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Source {
    /// Its name: the source of its events.
    source: String,
    /// The exchange.
    exchange: String,
    /// The routing keys that are wanted, such as `order.*`.
    bind: String,
    /// `id`, `type`, `time`, `contact` and fields of the event, each a path such as `$.customer.id`.
    map: SourceMap,
}

/// What becomes of a message.
#[derive(Deserialize, JsonSchema)]
struct SourceMap {
    /// The event's id.
    id: Path,
    /// A declared event, or a path.
    r#type: String,
    /// When it happened.
    time: Path,
    /// Whom it is about.
    contact: Path,
    /// Fields of the event.
    #[serde(flatten)]
    fields: BTreeMap<String, Path>,
}

/// Where a value stands in a message: `$.customer.id`.
#[derive(Deserialize, JsonSchema)]
struct Path(#[schemars(regex(pattern = r"^\$[.\[]"))] String);

/// Contacts for whom a condition holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Audience {
    /// Features of its own.
    features: Option<BTreeMap<String, Feature>>,
    /// Who is in it.
    when: Expression,
}

/// `env:NAME`, `file:PATH`, or a URL without a password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Connections {
    /// RabbitMQ.
    broker: Option<String>,
    /// RabbitMQ's management plugin, `http://…:15672`: `staunch doctor` reads there what policies do to our queues.
    broker_management: Option<String>,
    /// Queues that events are spread over by contact, where RabbitMQ can: 8 where nothing is said, 0 for one queue. It can be
    /// raised while nothing runs and the queues are empty, and never lowered.
    #[schemars(range(min = 0, max = 64))]
    broker_partitions: Option<u16>,
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
    /// A share such as `5%`.
    Percent,
    /// A length of time such as `72h`.
    Duration,
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
    /// What a number counts.
    unit: Option<String>,
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

/// The sender of e-mails.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mail {
    /// `Acme <hello@example.com>`.
    from: String,
    /// The https address of one-click unsubscription.
    unsubscribe: Option<String>,
}
