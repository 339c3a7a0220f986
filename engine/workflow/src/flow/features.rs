//! Features: kinds, windows, the facts behind them, and an order in which each comes after what it reads.

use super::Flow;
use super::names::Place;
use crate::read::{Fields, Keys};
use crate::yaml::{Entry, Kind, Node};
use staunch_core::codes;
use staunch_core::expr::{Expr, Root};
use staunch_core::facts::FactKey;
use staunch_core::feature::{Aggregate, FactDef, FeatureDef, FeatureKind, Over, Window};
use staunch_core::suggest::closest;
use staunch_core::time::Span;
use staunch_core::value::Type;

/// The key that names a kind of feature (and the events behind it), and all keys of that kind.
pub(crate) const FEATURES: [(&str, Keys); 11] = [
    ("count", of(&["count", "window", "where", "over"])),
    ("sum", of(&["sum", "of", "window", "where", "over"])),
    ("min", of(&["min", "of", "window", "never", "where", "over"])),
    ("max", of(&["max", "of", "window", "never", "where", "over"])),
    ("average", of(&["average", "of", "window", "never", "where", "over"])),
    ("distinct", of(&["distinct", "of", "window", "where", "over"])),
    ("first", of(&["first", "of", "window", "never", "where", "over"])),
    ("last", of(&["last", "of", "window", "never", "where", "over"])),
    ("ratio", of(&["ratio", "of", "window", "against", "never", "where", "over"])),
    ("days_since", of(&["days_since", "never", "where", "over"])),
    ("expr", of(&["expr"])),
];

const fn of(known: &'static [&'static str]) -> Keys {
    Keys { known, later: &[] }
}

/// What every kind over events says: which events, which of them, whose.
struct Source {
    events: Vec<String>,
    filter: Option<Expr>,
    over: Over,
}

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
            self.declared.push((entry.key_at, name.clone()));
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
        let Some((kind, keys)) = FEATURES.iter().find(|(kind, _)| node.get(kind).is_some()) else {
            return self.no_kind_of_feature(node);
        };
        let fields = self.reader.fields(node, keys)?;
        if *kind == "expr" {
            return self.derived(&fields, needs);
        }
        // Each part is read even where another is wrong, so that one run of the check reports them all.
        let source = self.source(&fields, kind);
        let has = |key: &str| keys.known.contains(&key);
        let window = if has("window") { self.window(&fields, "window") } else { Some(FOREVER) };
        let against = if has("against") { self.window(&fields, "against") } else { window };
        let never = if has("never") { self.never(&fields) } else { Some(0.0) };
        let field = match fields.get("of") {
            None if !has("of") || *kind == "ratio" => Some(None),
            None => self.reader.need(&fields, "of").map(|_| None),
            Some(node) => self.field_of(node, &fields, kind).map(Some),
        };
        let (source, window, against, never, field) = (source?, window?, against?, never?, field?);
        let (sum, keep) = (field.is_some(), window.from.max(against.from));
        let fact = add(facts, FactDef::new(source.events, source.filter, field, keep, source.over));
        Some(match aggregate(kind) {
            Some(how) => FeatureKind::Of { fact, how, window, never },
            None if *kind == "count" => FeatureKind::Count { fact, window },
            None if *kind == "sum" => FeatureKind::Sum { fact, window },
            None if *kind == "ratio" => FeatureKind::Ratio { fact, sum, window, against, never },
            None => FeatureKind::DaysSince { fact, never },
        })
    }

    fn no_kind_of_feature(&mut self, node: &Node) -> Option<FeatureKind> {
        let entries = self.reader.entries(node);
        if matches!(node.kind, Kind::Map(_)) {
            let kinds = FEATURES.map(|(kind, _)| kind);
            let near = entries.iter().find_map(|entry| Some((entry, closest(&entry.key, kinds)?)));
            match near {
                Some((entry, _)) => {
                    self.reader.unknown(entry.key_at, codes::UNKNOWN_KEY, "a kind of feature", &entry.key, kinds);
                }
                None => {
                    let message = "nobody can see how this feature is computed";
                    let help = format!("name its kind, one of {}", kinds.join(", "));
                    self.reader.error(node.at, codes::MISSING_KEY, message, help);
                }
            }
        }
        None
    }

    fn source(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<Source> {
        let events = self.reader.need(fields, key).map(|node| self.events(node));
        let words = [("contact", Over::Contact), ("account", Over::Account)];
        let over = fields.get("over").map_or(Some(Over::Contact), |node| self.reader.one_of(node, &words));
        // A fact is kept when its event comes, so only that event, the contact and its account are there to look at.
        let place = Place { event: Some(events.clone().unwrap_or_default()), ..Place::default() };
        let filter = match fields.get("where") {
            None => Some(None),
            Some(node) => self.expr(node, &place, Type::Bool).map(|(filter, _)| Some(filter)),
        };
        Some(Source { events: events?, filter: filter?, over: over? })
    }

    fn window(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<Window> {
        self.reader.need(fields, key).and_then(|node| self.reader.window(node))
    }

    fn never(&mut self, fields: &Fields<'_>) -> Option<f64> {
        if fields.get("never").is_none() && !fields.excused("never") {
            let help = "add `never:` with the value of a contact of which nothing is known";
            self.reader.error(fields.at, codes::MISSING_KEY, "`never` is missing: there may be nothing in it", help);
        }
        fields.get("never").and_then(|node| self.reader.number(node))
    }

    /// The field whose values are looked at, with a type that the kind takes.
    fn field_of(&mut self, node: &Node, fields: &Fields<'_>, kind: &str) -> Option<String> {
        let name = self.reader.text(node)?.to_owned();
        let events = fields.get(kind).map(super::pattern_texts);
        let (Some(workspace), Some(events)) = (self.around.workspace, events) else { return Some(name) };
        match workspace.event_field(&events, &name).map(|field| field.kind) {
            Some(Type::Text) if kind != "distinct" => {
                let message = format!("`{name}` is text, and `{kind}` needs something to compute with");
                let help = "name a number, money, percent or duration; `distinct` also takes text";
                self.reader.error(node.at, codes::WRONG_TYPE, message, help);
            }
            Some(_) => {}
            None => {
                let known = workspace.event_fields(&events);
                let what = "a field of this event";
                self.reader.unknown(node.at, codes::UNKNOWN_FIELD, what, &name, known.iter().map(String::as_str));
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

/// What needs no window keeps nothing but the last time.
const FOREVER: Window = Window { from: Span(0), to: Span(0) };

fn aggregate(kind: &str) -> Option<Aggregate> {
    Some(match kind {
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "average" => Aggregate::Average,
        "distinct" => Aggregate::Distinct,
        "first" => Aggregate::First,
        "last" => Aggregate::Last,
        _ => return None,
    })
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
