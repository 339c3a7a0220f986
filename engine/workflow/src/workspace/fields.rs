//! Declared fields of contacts and events.

use crate::read::{Keys, Reader};
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::schema::{Field, FieldKind, Fields};

pub(crate) const FIELD: Keys =
    Keys { known: &["type", "one_of", "optional", "personal", "protected", "unit"], later: &[] };

/// Fields by name. Names are those that an expression can write behind a dot.
pub(super) fn fields(reader: &mut Reader<'_>, node: &Node) -> Fields {
    let mut made = Fields::new();
    for entry in reader.entries(node) {
        let first = entry.key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !first || !entry.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message = format!("`{}` cannot be a field's name", entry.key);
            reader.error(
                entry.key_at,
                codes::BAD_VALUE,
                message,
                "use letters, digits and `_`, and begin with a letter",
            );
            continue;
        }
        made.extend(field(reader, &entry.value).map(|field| (entry.key.clone(), field)));
    }
    made
}

/// `number`, or `{ type: number, optional: true }`.
fn field(reader: &mut Reader<'_>, node: &Node) -> Option<Field> {
    if matches!(node.kind, Kind::Scalar(_)) {
        return kind(reader, node).map(Field::of);
    }
    let fields = reader.fields(node, &FIELD)?;
    let mut made = Field::of(reader.need(&fields, "type").and_then(|node| kind(reader, node))?);
    for (key, flag) in
        [("optional", &mut made.optional), ("personal", &mut made.personal), ("protected", &mut made.protected)]
    {
        if let Some(node) = fields.get(key) {
            *flag = reader.truth(node)?;
        }
    }
    if let Some(entry) = fields.entry("one_of") {
        match &mut made.kind {
            FieldKind::Text { one_of } => {
                let items = reader.items(&entry.value).iter();
                *one_of = items.filter_map(|item| reader.text(item).map(str::to_owned)).collect();
            }
            _ => reader.error(
                entry.key_at,
                codes::UNKNOWN_KEY,
                "only text has `one_of`",
                "remove it, or make the field text",
            ),
        }
    }
    if let Some(entry) = fields.entry("unit") {
        made.unit = reader.text(&entry.value).map(str::to_owned);
        if made.kind != FieldKind::Number {
            let help = "remove it: money, shares and durations carry their unit in each value";
            reader.error(entry.key_at, codes::UNKNOWN_KEY, "only a number has `unit`", help);
        }
    }
    Some(made)
}

fn kind(reader: &mut Reader<'_>, node: &Node) -> Option<FieldKind> {
    let name = reader.one_of(node, &TYPES.map(|name| (name, name)))?;
    Some(match name {
        "number" => FieldKind::Number,
        "bool" => FieldKind::Bool,
        "money" => FieldKind::Money,
        "zone" => FieldKind::Zone,
        "email" => FieldKind::Email,
        "percent" => FieldKind::Percent,
        "duration" => FieldKind::Duration,
        _ => FieldKind::Text { one_of: Vec::new() },
    })
}

pub(crate) const TYPES: [&str; 8] = ["text", "number", "bool", "money", "percent", "duration", "zone", "email"];
