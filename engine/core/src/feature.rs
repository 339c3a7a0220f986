//! Features: how a number is computed of the facts that events left behind. The facts themselves live in `facts`.

use crate::event::Event;
use crate::expr::Expr;
use crate::facts::{FactKey, FactLog};
use crate::time::{DAY, Span, Time};
use crate::value::{Currency, Value};
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
        fact: FactKey,
        /// Where they count.
        window: Window,
    },
    /// The sum of the facts' numbers in the window; money counts in whole units of the workspace's currency.
    Sum {
        /// Key of the fact.
        fact: FactKey,
        /// Where they count.
        window: Window,
    },
    /// Another aggregate of the facts' numbers in the window, or `never` where there is none.
    Of {
        /// Key of the fact.
        fact: FactKey,
        /// Which one.
        how: Aggregate,
        /// Where they count.
        window: Window,
        /// The value of an empty window.
        never: f64,
    },
    /// One window divided by another: counts, or sums where the fact keeps a field; `never` where the second is 0.
    Ratio {
        /// Key of the fact.
        fact: FactKey,
        /// Sums instead of counts.
        sum: bool,
        /// The dividend.
        window: Window,
        /// The divisor.
        against: Window,
        /// The value where the divisor is 0.
        never: f64,
    },
    /// Days (with fraction) since the last fact, or `never`.
    DaysSince {
        /// Key of the fact.
        fact: FactKey,
        /// The value where there was none.
        never: f64,
    },
    /// An expression over other names.
    Expr(Expr),
}

/// Aggregates beside counts and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The smallest number.
    Min,
    /// The largest number.
    Max,
    /// The arithmetic mean.
    Average,
    /// How many different values.
    Distinct,
    /// The number of the earliest fact.
    First,
    /// The number of the latest fact.
    Last,
}

/// From `from` ago (not included) to `to` ago (included): `7d` is `7d..0`, so `14d..7d` and `7d` meet without overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The far end.
    pub from: Span,
    /// The near end; zero = now.
    pub to: Span,
}

/// Whose facts are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The contact's own.
    #[default]
    Contact,
    /// Those of all contacts of its account.
    Account,
}

/// Which events leave a fact, and what is kept of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactDef {
    /// Hash of the rest but `keep`: features with the same source share a log.
    pub key: FactKey,
    /// Event names or globs.
    pub events: Vec<String>,
    /// Only events for which this holds.
    pub filter: Option<Expr>,
    /// The field of which the number is kept; `None` for a count.
    pub of: Option<String>,
    /// The longest window that needs it; zero where only the last time matters.
    pub keep: Span,
    /// Whose log it goes to.
    #[serde(default)]
    pub over: Over,
}

impl FactDef {
    /// A definition with its key.
    pub fn new(events: Vec<String>, filter: Option<Expr>, of: Option<String>, keep: Span, over: Over) -> FactDef {
        let names = events.join("\n");
        let parts = [names.as_str(), filter.as_ref().map_or("", |expr| &expr.source), of.as_deref().unwrap_or("")];
        let key = FactKey::of(crate::action::hash16("fact", &parts), over == Over::Account);
        FactDef { key, events, filter, of, keep, over }
    }

    /// Whether an event of this type can leave this fact.
    pub fn matches(&self, event: &Event) -> bool {
        matches_any(&self.events, &event.kind)
    }

    /// The number that an event leaves: 1 for a count, the field's number otherwise; text leaves a number that is equal
    /// for equal texts only (52 bits of BLAKE3), and an amount in another currency leaves [`FOREIGN`].
    pub fn number(&self, event: &Event, currency: Option<Currency>) -> Option<f64> {
        let Some(field) = &self.of else { return Some(1.0) };
        match event.fields.get(field)? {
            Value::Text(text) => Some(text_number(text)),
            Value::Money(money) if Some(money.currency) != currency => Some(FOREIGN),
            value => value.number(),
        }
    }
}

/// Stands for an amount in another currency than the workspace's: a sum over it is refused and never silently wrong.
pub const FOREIGN: f64 = f64::MAX;

fn text_number(text: &str) -> f64 {
    let hash = crate::action::hash16("text", &[text]);
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash[..8]);
    (u64::from_le_bytes(bits) >> 12) as f64
}

impl FeatureKind {
    /// The key of the facts that it reads; none for an expression.
    pub fn fact(&self) -> Option<FactKey> {
        match self {
            FeatureKind::Count { fact, .. }
            | FeatureKind::Sum { fact, .. }
            | FeatureKind::Of { fact, .. }
            | FeatureKind::Ratio { fact, .. }
            | FeatureKind::DaysSince { fact, .. } => Some(*fact),
            FeatureKind::Expr(_) => None,
        }
    }

    /// The value over a log at `now`; `None` where it is an expression, or amounts of several currencies meet.
    pub fn over(&self, log: &FactLog, now: Time) -> Option<f64> {
        match self {
            FeatureKind::Count { window, .. } => Some(log.within(now, *window).len() as f64),
            FeatureKind::Sum { window, .. } => sum(log.within(now, *window)),
            FeatureKind::Of { how, window, never, .. } => how.over(log.within(now, *window), *never),
            FeatureKind::Ratio { sum: sums, window, against, never, .. } => {
                let of = |window: Window| {
                    let inside = log.within(now, window);
                    if *sums { sum(inside) } else { Some(inside.len() as f64) }
                };
                let (first, second) = (of(*window)?, of(*against)?);
                Some(if second == 0.0 { *never } else { first / second })
            }
            FeatureKind::DaysSince { never, .. } => {
                Some(log.last.map_or(*never, |last| (now - last).0.max(0) as f64 / DAY as f64))
            }
            FeatureKind::Expr(_) => None,
        }
    }
}

fn sum(inside: &[(Time, f64)]) -> Option<f64> {
    // Not `sum()`: that of nothing is minus zero.
    let known = inside.iter().all(|(_, number)| *number != FOREIGN);
    known.then(|| inside.iter().fold(0.0, |sum, (_, number)| sum + number))
}

impl Aggregate {
    fn over(self, inside: &[(Time, f64)], never: f64) -> Option<f64> {
        if inside.is_empty() {
            return Some(never);
        }
        if self != Aggregate::Distinct && inside.iter().any(|(_, number)| *number == FOREIGN) {
            return None;
        }
        let numbers = inside.iter().map(|(_, number)| *number);
        Some(match self {
            Aggregate::Min => numbers.fold(f64::INFINITY, f64::min),
            Aggregate::Max => numbers.fold(f64::NEG_INFINITY, f64::max),
            Aggregate::Average => sum(inside)? / inside.len() as f64,
            Aggregate::Distinct => {
                let mut all: Vec<f64> = numbers.collect();
                all.sort_by(f64::total_cmp);
                all.dedup();
                all.len() as f64
            }
            Aggregate::First => inside[0].1,
            Aggregate::Last => inside[inside.len() - 1].1,
        })
    }
}

#[cfg(test)]
mod tests;
