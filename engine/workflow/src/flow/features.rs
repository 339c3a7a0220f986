//! Features: kinds, windows, the facts behind them, and an order in which each comes after what it reads.

use super::Flow;
use super::names::Place;
use crate::read::{Fields, Keys};
use crate::yaml::{Entry, Node};
use staunch_core::codes;
use staunch_core::expr::{Expr, Root};
use staunch_core::facts::FactKey;
use staunch_core::feature::{FactDef, FeatureDef, FeatureKind, Over, Window};
use staunch_core::time::Span;
use staunch_core::value::Type;

const COUNT: Keys = Keys { known: &["count", "window", "where"], later: LATER };
const SUM: Keys = Keys { known: &["sum", "of", "window", "where"], later: LATER };
const DAYS: Keys = Keys { known: &["days_since", "never", "where"], later: LATER };
const EXPR: Keys = Keys { known: &["expr"], later: LATER };
const LATER: &[&str] = &["over"];

/// Every key of every kind of feature; the JSON Schema has to know the same.
#[cfg(test)]
pub(crate) const ALL_FEATURE_KEYS: [&[&str]; 4] = [COUNT.known, SUM.known, DAYS.known, EXPR.known];

/// One feature with what its expression reads.
struct Read {
    at: usize,
    def: Option<FeatureDef>,
    name: String,
    needs: Vec<String>,
}

impl Flow<'_, '_> {
    pub(super) fn features(&mut self, node: &Node) -> (Vec<FeatureDef>, Vec<FactDef>) {
        let mut facts = Vec::new();
        let entries = self.reader.entries(node);
        self.known.features =
            entries.iter().filter(|entry| self.good_name(entry)).map(|entry| entry.key.clone()).collect();
        let mut read = Vec::new();
        for entry in entries {
            let mut needs = Vec::new();
            let kind = self.feature(&entry.value, &mut facts, &mut needs);
            let name = entry.key.clone();
            let def = kind.map(|kind| FeatureDef { name: name.clone(), kind });
            read.push(Read { at: entry.key_at, def, name, needs });
        }
        (self.ordered(read), facts)
    }

    /// A name that can stand behind a dot in an expression.
    pub(super) fn good_name(&mut self, entry: &Entry) -> bool {
        let first = entry.key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let good = first && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good {
            let message = format!("`{}` cannot be a name in expressions", entry.key);
            self.reader.error(
                entry.key_at,
                codes::BAD_VALUE,
                message,
                "use letters, digits and `_`, and begin with a letter",
            );
        }
        good
    }

    fn feature(&mut self, node: &Node, facts: &mut Vec<FactDef>, needs: &mut Vec<String>) -> Option<FeatureKind> {
        let kinds = [("count", &COUNT), ("sum", &SUM), ("days_since", &DAYS), ("expr", &EXPR)];
        let Some((kind, keys)) = kinds.iter().find(|(kind, _)| node.get(kind).is_some()) else {
            self.reader.entries(node);
            if matches!(node.kind, crate::yaml::Kind::Map(_)) {
                let message = "a feature counts, sums, tells days or computes";
                self.reader.error(
                    node.at,
                    codes::MISSING_KEY,
                    message,
                    "add `count:`, `sum:`, `days_since:` or `expr:`",
                );
            }
            return None;
        };
        let fields = self.reader.fields(node, keys)?;
        match *kind {
            "expr" => self.derived(&fields, needs),
            "days_since" => {
                let (events, filter) = self.source(&fields, "days_since")?;
                let never = self.reader.need(&fields, "never").and_then(|node| self.reader.number(node))?;
                Some(FeatureKind::DaysSince {
                    fact: add(facts, FactDef::new(events, filter, None, Span(0), Over::Contact)),
                    never,
                })
            }
            "count" => {
                let source = self.source(&fields, "count");
                let window = self.window(&fields);
                let ((events, filter), window) = source.zip(window)?;
                Some(FeatureKind::Count {
                    fact: add(facts, FactDef::new(events, filter, None, window.from, Over::Contact)),
                    window,
                })
            }
            _ => {
                let source = self.source(&fields, "sum");
                let window = self.window(&fields);
                let of = self.summed(&fields);
                let ((events, filter), window) = source.zip(window)?;
                Some(FeatureKind::Sum {
                    fact: add(facts, FactDef::new(events, filter, of, window.from, Over::Contact)),
                    window,
                })
            }
        }
    }

    fn source(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<(Vec<String>, Option<Expr>)> {
        let node = self.reader.need(fields, key)?;
        let events = self.events(node);
        let Some(node) = fields.get("where") else { return Some((events, None)) };
        // A fact is kept when its event comes, so only that event and the contact are there to look at.
        let place = Place { event: Some(events.clone()), ..Place::default() };
        let (filter, _) = self.expr(node, &place, Type::Bool)?;
        Some((events, Some(filter)))
    }

    fn window(&mut self, fields: &Fields<'_>) -> Option<Window> {
        self.reader.need(fields, "window").and_then(|node| self.reader.window(node))
    }

    fn summed(&mut self, fields: &Fields<'_>) -> Option<String> {
        let node = self.reader.need(fields, "of")?;
        let name = self.reader.text(node)?.to_owned();
        let (Some(workspace), Some(events)) = (self.around.workspace, fields.get("sum").map(super::pattern_texts))
        else {
            return Some(name);
        };
        match workspace.event_field(&events, &name).map(|field| field.kind) {
            Some(Type::Number | Type::Money | Type::Bool | Type::Percent | Type::Duration) => {}
            Some(Type::Text) => {
                self.reader.error(
                    node.at,
                    codes::WRONG_TYPE,
                    format!("`{name}` is text and cannot be summed"),
                    "sum a number or money",
                );
            }
            None => {
                let known = workspace.event_fields(&events);
                self.reader.unknown(
                    node.at,
                    codes::UNKNOWN_FIELD,
                    "a field of this event",
                    &name,
                    known.iter().map(String::as_str),
                );
            }
        }
        Some(name)
    }

    fn derived(&mut self, fields: &Fields<'_>, needs: &mut Vec<String>) -> Option<FeatureKind> {
        let place = Place { features: true, ..Place::default() };
        let node = self.reader.need(fields, "expr")?;
        let (expr, reads) = self.expr(node, &place, Type::Number)?;
        needs.extend(reads.into_iter().filter(|(root, _)| *root == Root::Feature).map(|(_, name)| name));
        Some(FeatureKind::Expr(expr))
    }

    /// Each feature after those it reads, otherwise in the author's order. A circle is reported once, at its first member.
    fn ordered(&mut self, read: Vec<Read>) -> Vec<FeatureDef> {
        let mut rest = read;
        let mut made: Vec<FeatureDef> = Vec::new();
        loop {
            let waiting: Vec<String> = rest.iter().map(|one| one.name.clone()).collect();
            let Some(next) = rest.iter().position(|one| !one.needs.iter().any(|need| waiting.contains(need))) else {
                break;
            };
            made.extend(rest.remove(next).def);
        }
        let mut told: Vec<String> = Vec::new();
        for one in &rest {
            let circle = reachable(&rest, &one.name);
            if circle.contains(&one.name) && !told.contains(&one.name) {
                let message = format!("`{}` needs itself by way of {}", one.name, circle.join(", "));
                self.reader.error(one.at, codes::FEATURE_CYCLE, message, "compute one of them from other features");
                told.extend(circle);
            }
        }
        made
    }
}

/// The names that a feature needs, directly or by way of others.
fn reachable(features: &[Read], from: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        for need in features.iter().filter(|one| one.name == name).flat_map(|one| &one.needs) {
            if !found.contains(need) {
                found.push(need.clone());
                open.push(need.clone());
            }
        }
    }
    found
}

/// One log for each source of facts, long enough for the longest window.
fn add(facts: &mut Vec<FactDef>, fact: FactDef) -> FactKey {
    let key = fact.key;
    match facts.iter_mut().find(|other| other.key == key) {
        Some(other) => other.keep = other.keep.max(fact.keep),
        None => facts.push(fact),
    }
    key
}
