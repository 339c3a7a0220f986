//! Features and the facts behind them: what is kept of events per contact, just enough to be exact.

use crate::event::Event;
use crate::expr::Expr;
use crate::time::{Span, Time};
use crate::workflow::matches_any;
use serde::{Deserialize, Serialize};

/// A declared feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureDef {
    /// Its name under `feature.`.
    pub name: String,
    /// How it is computed.
    pub kind: FeatureKind,
}

/// How a feature is computed. Every feature is a float.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FeatureKind {
    /// How many facts lie in the window.
    Count {
        /// Key of the fact.
        fact: String,
        /// Where they count.
        window: Window,
    },
    /// The sum of the facts' numbers in the window; money counts in whole units.
    Sum {
        /// Key of the fact.
        fact: String,
        /// Where they count.
        window: Window,
    },
    /// Days (with fraction) since the last fact, or `never`.
    DaysSince {
        /// Key of the fact.
        fact: String,
        /// The value where there was none.
        never: f64,
    },
    /// An expression over other names.
    Expr(Expr),
}

/// From `from` ago (not included) to `to` ago (included): `7d` is `7d..0`, so `14d..7d` and `7d` meet without overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The far end.
    pub from: Span,
    /// The near end; zero = now.
    pub to: Span,
}

/// Which events leave a fact, and what is kept of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactDef {
    /// Hash of the rest but `keep`: features with the same source share a log. 16 hex digits.
    pub key: String,
    /// Event names or globs.
    pub events: Vec<String>,
    /// Only events for which this holds.
    pub filter: Option<Expr>,
    /// The field whose number is kept; `None` for a count.
    pub of: Option<String>,
    /// The longest window that needs it; zero where only the last time matters.
    pub keep: Span,
}

impl FactDef {
    /// A definition with its key.
    pub fn new(events: Vec<String>, filter: Option<Expr>, of: Option<String>, keep: Span) -> FactDef {
        let names = events.join("\n");
        let parts = [names.as_str(), filter.as_ref().map_or("", |expr| &expr.source), of.as_deref().unwrap_or("")];
        let key = hex::encode(&crate::action::hash16("fact", &parts)[..8]);
        FactDef { key, events, filter, of, keep }
    }

    /// Whether an event of this type can leave this fact.
    pub fn matches(&self, event: &Event) -> bool {
        matches_any(&self.events, &event.kind)
    }
}

/// The facts of one contact under one key, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactLog {
    /// (time, number) of each fact inside the longest window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<(Time, f64)>,
    /// The latest time ever, kept beyond every window.
    pub last: Option<Time>,
}

impl FactLog {
    /// Adds a fact at its place in time. Facts may arrive in any order.
    pub fn add(&mut self, time: Time, number: f64, keep: Span) {
        self.last = self.last.max(Some(time));
        if keep > Span(0) {
            // Equal times are ordered by number, so that a sum does not depend on the order of arrival.
            let before = |(other, known): &(Time, f64)| other.cmp(&time).then(known.total_cmp(&number)).is_le();
            let at = self.entries.partition_point(before);
            self.entries.insert(at, (time, number));
        }
    }

    /// Drops what no window can reach any more when nothing before `now` will be decided.
    pub fn prune(&mut self, now: Time, keep: Span) {
        let first = self.entries.partition_point(|(time, _)| *time <= now - keep);
        self.entries.drain(..first);
    }

    fn within(&self, now: Time, window: Window) -> &[(Time, f64)] {
        let first = self.entries.partition_point(|(time, _)| *time <= now - window.from);
        let end = self.entries.partition_point(|(time, _)| *time <= now - window.to);
        &self.entries[first..end.max(first)]
    }

    /// How many facts lie in the window at `now`.
    pub fn count(&self, now: Time, window: Window) -> f64 {
        self.within(now, window).len() as f64
    }

    /// The sum of their numbers, added in order of time.
    pub fn sum(&self, now: Time, window: Window) -> f64 {
        // Not `sum()`: that of nothing is minus zero.
        self.within(now, window).iter().fold(0.0, |sum, (_, number)| sum + number)
    }

    /// Days since the last fact at `now`.
    pub fn days_since(&self, now: Time) -> Option<f64> {
        self.last.map(|last| (now - last).0.max(0) as f64 / crate::time::DAY as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// For any arrival order, windows equal a recount over all facts.
        #[test]
        fn windows_equal_a_recount(mut times in prop::collection::vec(0i64..200, 0..40), from in 1i64..60, to in 0i64..60, seed: u64) {
            let window = Window { from: Span(from.max(to)), to: Span(to.min(from)) };
            let now = Time(*times.iter().max().unwrap_or(&0));
            let mut state = seed | 1;
            times.sort_by_cached_key(|_| { state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); state });
            let mut log = FactLog::default();
            for (index, time) in times.iter().enumerate() {
                log.add(Time(*time), *time as f64, window.from);
                if index % 3 == 0 { log.prune(Time(0).max(now - Span(200)), window.from); }
            }
            log.prune(now, window.from);
            let inside: Vec<i64> = times.iter().copied().filter(|t| *t > now.0 - window.from.0 && *t <= now.0 - window.to.0).collect();
            prop_assert_eq!(log.count(now, window), inside.len() as f64);
            prop_assert_eq!(log.sum(now, window), inside.iter().sum::<i64>() as f64);
        }
    }

    #[test]
    fn ranges_meet_without_overlap() {
        let mut log = FactLog::default();
        for day in 1..=20 {
            log.add(Time(0) + Span::days(day), 1.0, Span::days(14));
        }
        let now = Time(0) + Span::days(20);
        let near = Window { from: Span::days(7), to: Span(0) };
        let far = Window { from: Span::days(14), to: Span::days(7) };
        assert_eq!((log.count(now, near), log.count(now, far)), (7.0, 7.0));
        assert_eq!(log.days_since(now), Some(0.0));
    }
}
