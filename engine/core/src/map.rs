//! Maps. The map of what one contact, event or run holds: a few keys each, millions of times.
//!
//! Sorted pairs in one piece of memory take a third of what a tree takes that has room for eleven.

use serde::{Serialize, Serializer};
use std::collections::HashMap;

/// A table by a hash that is fast for short keys, with a seed of its own for each process.
pub type Table<K, V> = HashMap<K, V, foldhash::quality::RandomState>;

/// Keys with their values, in order.
pub type Map<K, V> = litemap::LiteMap<K, V>;

/// Writes a [`Map`] as a map, also where it is empty or its keys are no plain text: the form that is stored.
///
/// # Errors
/// What the serializer says.
pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(map: &Map<K, V>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(map.iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Channel;

    #[test]
    fn maps_are_stored_as_trees_were() {
        #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
        struct Holder {
            #[serde(serialize_with = "serialize")]
            texts: Map<String, f64>,
            #[serde(serialize_with = "serialize")]
            channels: Map<Channel, f64>,
        }
        for text in [r#"{"texts":{},"channels":{}}"#, r#"{"texts":{"a":1.0,"b":2.0},"channels":{"email":1.0}}"#] {
            let read: Holder = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        let unsorted: Holder = serde_json::from_str(r#"{"texts":{"b":2.0,"a":1.0},"channels":{}}"#).unwrap();
        assert_eq!(unsorted.texts.get("a"), Some(&1.0));
    }
}
