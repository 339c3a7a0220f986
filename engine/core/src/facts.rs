//! Facts: what is kept of events per contact or account, just enough to be exact. Small and sorted, so that a decision
//! reads them without a search through text.

use crate::feature::Window;
use crate::time::{Span, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The key of a source of facts: 63 bits of a hash, the lowest bit says that the log is an account's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FactKey(u64);

impl FactKey {
    /// The key of a hash.
    pub fn of(hash: [u8; 16], account: bool) -> FactKey {
        let mut bits = [0; 8];
        bits.copy_from_slice(&hash[..8]);
        FactKey(u64::from_be_bytes(bits) & !1 | u64::from(account))
    }

    /// Whether the log is an account's.
    pub fn of_account(self) -> bool {
        self.0 & 1 == 1
    }
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<FactKey> for String {
    fn from(key: FactKey) -> String {
        key.to_string()
    }
}

impl TryFrom<String> for FactKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        u64::from_str_radix(&text, 16).map(FactKey).map_err(|_| "a key of facts has 16 hex digits".to_owned())
    }
}

/// Logs by key, in order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Vec<(FactKey, FactLog)>);

impl Facts {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All logs, in order of their keys.
    pub fn logs(&self) -> impl Iterator<Item = &FactLog> {
        self.0.iter().map(|(_, log)| log)
    }

    /// The log of a key.
    pub fn get(&self, key: FactKey) -> Option<&FactLog> {
        let at = self.0.binary_search_by_key(&key, |(known, _)| *known).ok()?;
        Some(&self.0[at].1)
    }

    /// Adds a fact; facts may arrive in any order.
    pub fn add(&mut self, key: FactKey, time: Time, number: f64, keep: Span) {
        let at = match self.0.binary_search_by_key(&key, |(known, _)| *known) {
            Ok(at) => at,
            Err(at) => {
                grow(&mut self.0);
                self.0.insert(at, (key, FactLog::default()));
                at
            }
        };
        self.0[at].1.add(time, number, keep);
    }

    /// Calls `keep` with every log, in order, and drops those for which it says no.
    pub fn retain(&mut self, mut keep: impl FnMut(FactKey, &mut FactLog) -> bool) {
        self.0.retain_mut(|(key, log)| keep(*key, log));
    }

    /// Adds all facts of another one: what two records of the same person know together.
    pub fn absorb(&mut self, other: Facts) {
        for (key, log) in other.0 {
            match self.0.binary_search_by_key(&key, |(known, _)| *known) {
                Ok(at) => self.0[at].1.absorb(log),
                Err(at) => self.0.insert(at, (key, log)),
            }
        }
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, log)| (key, log)))
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Facts, D::Error> {
        let sorted: std::collections::BTreeMap<FactKey, FactLog> = Deserialize::deserialize(deserializer)?;
        Ok(Facts(sorted.into_iter().collect()))
    }
}

/// The facts of one contact or account under one key, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactLog {
    /// (time, number) of each fact inside the longest window.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::packed")]
    pub entries: Vec<(Time, f64)>,
    /// The latest time ever, kept beyond every window.
    pub last: Option<Time>,
}

impl FactLog {
    /// Adds a fact at its place in time.
    pub fn add(&mut self, time: Time, number: f64, keep: Span) {
        self.last = self.last.max(Some(time));
        if keep > Span(0) {
            let at = match self.entries.last() {
                Some(last) if !order(last, &(time, number)).is_gt() => self.entries.len(),
                _ => self.entries.partition_point(|known| order(known, &(time, number)).is_le()),
            };
            grow(&mut self.entries);
            self.entries.insert(at, (time, number));
        }
    }

    /// Drops what no window can reach any more when nothing before `now` will be decided.
    pub fn prune(&mut self, now: Time, keep: Span) {
        let old = |(time, _): &(Time, f64)| *time <= now - keep;
        if self.entries.first().is_some_and(old) {
            let first = self.entries.partition_point(old);
            self.entries.drain(..first);
        }
    }

    /// The facts in a window at `now`.
    pub fn within(&self, now: Time, window: Window) -> &[(Time, f64)] {
        let first = self.entries.partition_point(|(time, _)| *time <= now - window.from);
        let end = self.entries.partition_point(|(time, _)| *time <= now - window.to);
        &self.entries[first..end.max(first)]
    }

    fn absorb(&mut self, other: FactLog) {
        self.last = self.last.max(other.last);
        self.entries.extend(other.entries);
        self.entries.sort_by(order);
    }
}

/// Makes room for one more: most contacts hold few of anything, and a vector would begin with room for four.
pub(crate) fn grow<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len().max(1));
    }
}

/// Equal times are ordered by number, so that nothing depends on the order of arrival.
fn order(one: &(Time, f64), two: &(Time, f64)) -> std::cmp::Ordering {
    one.0.cmp(&two.0).then(one.1.total_cmp(&two.1))
}
