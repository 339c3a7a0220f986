//! An account: a group of contacts, with fields of its own and the facts of all its members.
//!
//! What an event does to an account is an addition that commutes, so that two workers never wait for each other: the
//! store applies deltas in any order and the account is the same.

use crate::event::{Event, Position};
use crate::facts::{FactKey, Facts};
use crate::map::Map;
use crate::schema::Schema;
use crate::time::{Span, Time};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that is kept of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Declared fields.
    #[serde(default, skip_serializing_if = "Map::is_empty", serialize_with = "crate::map::serialize")]
    pub fields: Map<String, Value>,
    /// The event that last changed each field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_times: BTreeMap<String, Position>,
    /// Facts of all members by key.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// Accounts by id.
pub type Accounts = std::collections::HashMap<String, Account>;

/// What one event adds to an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountDelta {
    /// The account.
    pub id: String,
    /// Changed fields with the event that changed them; `None` removes.
    pub fields: Vec<(String, Option<Value>, Position)>,
    /// New facts: key, time, number, and how long they are kept.
    pub facts: Vec<(FactKey, Time, f64, Span)>,
}

impl AccountDelta {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.facts.is_empty()
    }
}

impl Account {
    /// An account of which nothing is known.
    pub fn new(id: &str) -> Account {
        Account { id: id.to_owned(), ..Account::default() }
    }

    /// Applies a delta. Any order of deltas gives the same account.
    pub fn apply(&mut self, delta: &AccountDelta) {
        for (name, value, position) in &delta.fields {
            if self.field_times.get(name).is_some_and(|known| known > position) {
                continue;
            }
            match value {
                Some(value) => self.fields.insert(name.clone(), value.clone()),
                None => self.fields.remove(name),
            };
            self.field_times.insert(name.clone(), position.clone());
        }
        for (key, time, number, keep) in &delta.facts {
            self.facts.add(*key, *time, *number, *keep);
        }
    }

    /// Drops facts that no window can reach any more; members that lag behind get some slack.
    pub fn prune(&mut self, now: Time, keep: impl Fn(FactKey) -> Option<Span>) {
        const SLACK: Span = Span::days(40);
        self.facts.retain(|key, log| {
            let span = keep(key).unwrap_or(Span::days(400));
            log.prune(now - SLACK, span);
            keep(key).is_some() || log.last.is_some_and(|last| last > now - SLACK - span)
        });
    }
}

/// The account that an `account.updated` names, with the fields that it changes.
///
/// # Errors
/// A sentence where the event's data does not fit.
pub fn update(event: &Event, schema: &Schema) -> Result<AccountDelta, String> {
    const SHAPE: &str = "account.updated carries {\"id\": text} and the changed fields of the account in `data`";
    let Some(serde_json::Value::Object(body)) = &event.body else { return Err(SHAPE.into()) };
    let id =
        body.get("id").and_then(serde_json::Value::as_str).filter(|id| crate::contact::good_id(id)).ok_or(SHAPE)?;
    let mut delta = AccountDelta { id: id.to_owned(), ..AccountDelta::default() };
    for (name, json) in body {
        let Some(field) = schema.account.get(name) else { continue };
        let value = field.read(json, schema.currency).map_err(|why| format!("field `{name}`: {why}"))?;
        delta.fields.push((name.clone(), value, event.position()));
    }
    Ok(delta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Deltas commute: fields by the order of their events, facts as a multiset.
        #[test]
        fn any_order_of_deltas_gives_the_same_account(seeds in prop::collection::vec((0i64..9, 0i64..4, any::<bool>()), 0..12), rotate in 0usize..12) {
            let key = FactKey::of([2; 16], true);
            let mut deltas: Vec<AccountDelta> = seeds.iter().enumerate().map(|(n, (time, number, gone))| AccountDelta {
                id: "a".into(),
                fields: vec![("plan".into(), (!gone).then_some(Value::Number(*number as f64)), (Time(*time), 0, n.to_string()))],
                facts: vec![(key, Time(*time), *number as f64, Span(5))],
            }).collect();
            let made = |deltas: &[AccountDelta]| {
                let mut account = Account::new("a");
                deltas.iter().for_each(|delta| account.apply(delta));
                account
            };
            let first = made(&deltas);
            if !deltas.is_empty() {
                let at = rotate % deltas.len();
                deltas.rotate_left(at);
                deltas.reverse();
            }
            prop_assert_eq!(made(&deltas), first);
        }
    }
}
