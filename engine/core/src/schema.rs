//! Declared fields of contacts and events, and how JSON becomes typed values by them.

use crate::time::Span;
use crate::value::{Currency, Length, Money, Percent, Type, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a declared field holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FieldKind {
    /// Any text, or one of a list where the list is not empty.
    Text {
        /// The allowed values; empty = any.
        one_of: Vec<String>,
    },
    /// A float.
    Number,
    /// `true` or `false`.
    Bool,
    /// Money; a bare JSON number takes the workspace's currency.
    Money,
    /// An IANA time zone.
    Zone,
    /// An e-mail address.
    Email,
    /// A share, written `5%`.
    Percent,
    /// A length of time, written `72h`.
    Duration,
}

/// One declared field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its kind.
    pub kind: FieldKind,
    /// May be missing (events); contact fields may always be missing at run time.
    pub optional: bool,
    /// Never shown in logs or receipts.
    pub personal: bool,
    /// Never an input of a decision without a reason.
    pub protected: bool,
    /// What a number counts, for people: `days`, `sessions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Fields by name.
pub type Fields = BTreeMap<String, Field>;

/// All declared shapes of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Fields of a contact.
    pub contact: Fields,
    /// Fields of an account, the group of contacts that `account.updated` makes.
    #[serde(default)]
    pub account: Fields,
    /// Fields of each event type.
    pub events: BTreeMap<String, Fields>,
    /// The currency of a bare amount.
    pub currency: Option<Currency>,
}

impl Field {
    /// A required, plain field of a kind.
    pub fn of(kind: FieldKind) -> Field {
        Field { kind, optional: false, personal: false, protected: false, unit: None }
    }

    /// The type in expressions.
    pub fn expression_type(&self) -> Type {
        match self.kind {
            FieldKind::Text { .. } | FieldKind::Zone | FieldKind::Email => Type::Text,
            FieldKind::Number => Type::Number,
            FieldKind::Bool => Type::Bool,
            FieldKind::Money => Type::Money,
            FieldKind::Percent => Type::Percent,
            FieldKind::Duration => Type::Duration,
        }
    }

    /// Turns JSON into a typed value.
    ///
    /// # Errors
    /// A sentence that says what was expected and what was found; it never repeats the value, which may be personal.
    pub fn read(&self, json: &serde_json::Value, currency: Option<Currency>) -> Result<Option<Value>, String> {
        use serde_json::Value as J;
        let value = match (&self.kind, json) {
            (_, J::Null) => return Ok(None),
            (FieldKind::Text { one_of }, J::String(text)) => {
                if !one_of.is_empty() && !one_of.contains(text) {
                    return Err(format!("expected one of {}", one_of.join(", ")));
                }
                Value::Text(text.clone())
            }
            (FieldKind::Zone | FieldKind::Email, J::String(text)) => Value::Text(text.clone()),
            (FieldKind::Number, J::Number(number)) => Value::Number(number.as_f64().ok_or("expected a finite number")?),
            (FieldKind::Bool, J::Bool(truth)) => Value::Bool(*truth),
            (FieldKind::Money, _) => Value::Money(read_money(json, currency)?),
            (FieldKind::Percent, J::String(text)) => {
                Value::Percent(Percent::parse(text).ok_or("expected a percentage such as \"5%\"")?)
            }
            (FieldKind::Duration, J::String(text)) => {
                Value::Duration(Length { span: Span::parse(text).ok_or("expected a duration such as \"72h\"")? })
            }
            (_, other) => {
                return Err(format!("expected {}, found {}", self.expression_type().word(), json_word(other)));
            }
        };
        Ok(Some(value))
    }
}

fn read_money(json: &serde_json::Value, currency: Option<Currency>) -> Result<Money, String> {
    use serde_json::Value as J;
    let money = match json {
        J::Number(number) => currency.and_then(|currency| Money::new(number.as_f64()?, currency)),
        J::String(text) => Money::parse(text),
        J::Object(map) => map
            .get("currency")
            .and_then(J::as_str)
            .and_then(Currency::parse)
            .and_then(|currency| Money::new(map.get("amount").and_then(J::as_f64)?, currency)),
        _ => None,
    };
    money.ok_or_else(|| {
        format!("expected money as 12.5, \"12.5 EUR\" or {{amount, currency}}, found {}", json_word(json))
    })
}

/// The word for a JSON type in messages.
pub fn json_word(json: &serde_json::Value) -> &'static str {
    match json {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "bool",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "list",
        serde_json::Value::Object(_) => "object",
    }
}

/// Event types that Staunch itself knows, beside the declared ones.
pub const BUILT_IN_EVENTS: &[&str] = &[
    "contact.updated",
    "contact.identified",
    "contact.aliased",
    "account.updated",
    "consent.changed",
    "email.delivered",
    "email.opened",
    "email.clicked",
    "email.unsubscribed",
    "email.hard_bounced",
    "email.soft_bounced",
    "email.complained",
    "task.done",
    "task.rejected",
    "nudge.seen",
    "nudge.clicked",
    "nudge.dismissed",
];
