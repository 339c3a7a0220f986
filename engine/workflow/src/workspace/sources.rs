//! Sources: a company's own exchange and JSON, mapped to events and checked against their declarations.

use super::WorkspaceFile;
use super::mapping::{EventType, JsonPath, Mapping};
use crate::read::{Keys, Reader};
use crate::yaml::{Entry, Kind, Node};
use staunch_core::codes;
use staunch_core::schema::{BUILT_IN_EVENTS, Fields};
use staunch_core::suggest::closest;

pub(crate) const SOURCE: Keys = Keys { known: &["source", "exchange", "bind", "map"], later: &[] };

/// The parts of an event beside its fields.
const ENVELOPE: [&str; 4] = ["id", "type", "time", "contact"];

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name: the `source` of its events.
    pub name: String,
    /// The exchange that it publishes to.
    pub exchange: String,
    /// The routing keys that are wanted of it.
    pub bind: String,
    /// What becomes of a message.
    pub mapping: Mapping,
}

/// All sources that can be used.
pub(super) fn sources(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Vec<SourceFile> {
    let mut made: Vec<SourceFile> = Vec::new();
    for item in reader.items(node) {
        let Some(source) = source(reader, item, workspace) else { continue };
        let at = item.get("source").map_or(item.at, |name| name.at);
        if made.iter().any(|other| other.name == source.name) {
            let message = format!("a source `{}` exists already", source.name);
            reader.error(at, codes::DUPLICATE_ID, message, "give it another name");
        }
        let help = format!("try its mapping with `staunch sources test --source {} FILE`", source.name);
        let message = "a source is checked, and not bound by `staunch run` in this version";
        reader.warning(at, codes::NOT_ENFORCED, message, help);
        made.push(source);
    }
    made
}

fn source(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Option<SourceFile> {
    let fields = reader.fields(node, &SOURCE)?;
    let name = reader.need(&fields, "source").and_then(|node| reader.id(node));
    let exchange = reader.need(&fields, "exchange").and_then(|node| reader.text(node)).map(str::to_owned);
    let bind = reader.need(&fields, "bind").and_then(|node| reader.text(node)).map(str::to_owned);
    let mapping = reader.need(&fields, "map").and_then(|node| mapping(reader, node, workspace));
    Some(SourceFile { name: name?, exchange: exchange?, bind: bind?, mapping: mapping? })
}

fn mapping(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Option<Mapping> {
    let entries = reader.entries(node);
    if !matches!(node.kind, Kind::Map(_)) {
        return None;
    }
    let mut path_of = |name: &str| {
        let Some(value) = node.get(name) else {
            let message = format!("`{name}` of the event is not mapped");
            reader.error(node.at, codes::MISSING_KEY, message, format!("add `{name}: $.path.in.the.message`"));
            return None;
        };
        path(reader, value)
    };
    let (id, time, contact) = (path_of("id"), path_of("time"), path_of("contact"));
    let kind = kind(reader, node, workspace);
    let declared = declared(workspace, kind.as_ref());
    let (mut fields, mut meant) = (std::collections::BTreeMap::new(), Vec::new());
    for entry in entries.iter().filter(|entry| !ENVELOPE.contains(&entry.key.as_str())) {
        let found = path(reader, &entry.value);
        if let Some(declared) = &declared {
            meant.extend(unknown(reader, entry, declared));
        }
        fields.extend(found.map(|path| (entry.key.clone(), path)));
    }
    if let (Some(EventType::Fixed(kind)), Some(declared)) = (&kind, &declared) {
        let lacking = declared
            .iter()
            .filter(|(name, field)| !field.optional && node.get(name).is_none() && !meant.contains(*name));
        // An event of the engine's own carries what it carries.
        for (name, _) in lacking.filter(|_| !BUILT_IN_EVENTS.contains(&kind.as_str())) {
            let message = format!("`{name}` of {kind} is not mapped: every message would be parked");
            reader.error(node.at, codes::MISSING_KEY, message, format!("add `{name}: $.path.in.the.message`"));
        }
    }
    Some(Mapping { id: id?, kind: kind?, time: time?, contact: contact?, fields })
}

fn kind(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Option<EventType> {
    let Some(value) = node.get("type") else {
        let help = "add `type:` with the name of an event, or a path";
        reader.error(node.at, codes::MISSING_KEY, "`type` of the event is not mapped", help);
        return None;
    };
    let text = reader.text(value)?;
    if text.starts_with('$') {
        return path(reader, value).map(EventType::At);
    }
    if !workspace.events().contains(&text) {
        reader.unknown(value.at, codes::UNKNOWN_EVENT, "a declared or built-in event", text, workspace.events());
        return None;
    }
    Some(EventType::Fixed(text.to_owned()))
}

/// The fields that the events of a source can have; `None` where nothing is known of them.
fn declared(workspace: &WorkspaceFile, kind: Option<&EventType>) -> Option<Fields> {
    match kind? {
        EventType::Fixed(kind) if kind == "contact.updated" => Some(workspace.schema.contact.clone()),
        EventType::Fixed(kind) if BUILT_IN_EVENTS.contains(&kind.as_str()) => None,
        EventType::Fixed(kind) => workspace.schema.events.get(kind).cloned(),
        EventType::At(_) => {
            Some(workspace.schema.events.values().flatten().map(|(k, v)| (k.clone(), v.clone())).collect())
        }
    }
}

/// Reports a name that no event has; gives the one that was probably meant, which is then not also missing.
fn unknown(reader: &mut Reader<'_>, entry: &Entry, declared: &Fields) -> Option<String> {
    if declared.contains_key(&entry.key) {
        return None;
    }
    let names = declared.keys().map(String::as_str).chain(ENVELOPE);
    reader.unknown(entry.key_at, codes::UNKNOWN_FIELD, "a field of this event", &entry.key, names);
    closest(&entry.key, declared.keys().map(String::as_str)).map(str::to_owned)
}

fn path(reader: &mut Reader<'_>, node: &Node) -> Option<JsonPath> {
    let text = reader.text(node)?;
    let found = JsonPath::parse(text);
    if found.is_none() {
        let help = "write where it stands in the message: `$.customer.id` or `$.items[0].sku`";
        reader.error(node.at, codes::BAD_VALUE, "this is not a path", help);
    }
    found
}
