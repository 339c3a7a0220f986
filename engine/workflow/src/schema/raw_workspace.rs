//! The shape of `staunch.yaml`.
#![expect(dead_code, reason = "describes shapes; the reader with places does the reading")]

use super::raw_around::{Breaker, Channel, Kill};
use super::raw_feature::Feature;
use super::{Duration, Expression, Percent};
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
    costs: Option<BTreeMap<Channel, Money>>,
    /// The sender of e-mails.
    mail: Option<Mail>,
}

/// An amount with its currency, such as `500 EUR`.
#[derive(Deserialize, JsonSchema)]
struct Money(#[schemars(regex(pattern = r"^\s*-?[0-9]+(\.[0-9]+)?\s+[A-Z]{3}\s*$"))] String);

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

/// What binds every workflow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Policy {
    /// How often a contact may be reached.
    caps: Option<Vec<Cap>>,
    /// When a contact may not be reached.
    quiet_hours: Option<Vec<Quiet>>,
    /// Who is never contacted, where, and about what.
    never: Option<Never>,
    /// What may be spent.
    budgets: Option<Vec<Budget>>,
    /// How many tasks a person can take.
    capacity: Option<Vec<Capacity>>,
    /// What may be offered.
    offers: Option<Offers>,
    /// What messages may say.
    wording: Option<Wording>,
    /// Who is held out of everything.
    holdout: Option<Holdout>,
}

/// Who is never contacted, where, and about what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Never {
    /// Names of audiences.
    audiences: Option<Vec<String>>,
    /// ISO 3166 codes; contacts in other countries are left alone.
    countries_outside: Option<Vec<Country>>,
    /// Topics.
    topics: Option<Vec<String>>,
}

/// An ISO 3166 code.
#[derive(Deserialize, JsonSchema)]
struct Country(#[schemars(regex(pattern = "^[A-Z]{2}$"))] String);

/// At most so much money in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// Its id.
    id: String,
    /// The most in a window.
    max: Money,
    /// The rolling window.
    window: Duration,
    /// What it counts.
    channels: Vec<Channel>,
}

/// At most `max` tasks per assignee in a rolling window.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Capacity {
    /// Its id.
    id: String,
    /// `[task]`.
    channels: Vec<Channel>,
    /// The most in a window.
    max: u32,
    /// The rolling window.
    window: Duration,
    /// Whose.
    per: Per,
}

/// Whose capacity it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Per {
    /// The person who gets the task.
    Assignee,
}

/// What may be offered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Offers {
    /// The highest discount.
    max_discount: Percent,
}

/// What messages may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wording {
    /// Wording that nothing changes.
    locked: Option<Vec<String>>,
    /// Wording that needs a person from legal.
    needs_legal: Option<Vec<String>>,
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
