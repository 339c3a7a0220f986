//! The policy: caps, quiet hours and the global holdout.

use super::WorkspaceFile;
use crate::read::{Keys, Reader};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::policy::{Cap, Policy, QuietHours, ZoneChoice};

pub(crate) const POLICY: Keys = Keys {
    known: &["caps", "quiet_hours", "holdout"],
    later: &["never", "budgets", "capacity", "offers", "wording", "kill", "breakers"],
};
pub(crate) const CAP: Keys = Keys { known: &["id", "channels", "max", "window", "gap", "exempt"], later: &["per"] };
pub(crate) const QUIET: Keys = Keys { known: &["channels", "hours", "zone", "zone_if_unknown", "then"], later: &[] };
pub(crate) const HOLDOUT: Keys = Keys { known: &["global"], later: &[] };

pub(super) fn policy(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Policy {
    let mut made = Policy::default();
    let Some(fields) = reader.fields(node, &POLICY) else { return made };
    if let Some(node) = fields.get("caps") {
        for item in reader.items(node) {
            let Some(cap) = cap(reader, item, workspace) else { continue };
            if made.caps.iter().any(|other: &Cap| other.id == cap.id) {
                let at = item.get("id").map_or(item.at, |id| id.at);
                reader.error(
                    at,
                    codes::DUPLICATE_ID,
                    format!("a cap `{}` exists already", cap.id),
                    "give it another id",
                );
            }
            made.caps.push(cap);
        }
    }
    if let Some(node) = fields.get("quiet_hours") {
        for item in reader.items(node) {
            made.quiet_hours.extend(quiet(reader, item, workspace));
        }
    }
    if let Some(fields) = fields.get("holdout").and_then(|node| reader.fields(node, &HOLDOUT)) {
        made.global_holdout = reader.need(&fields, "global").and_then(|node| reader.share(node)).unwrap_or(0.0);
    }
    made
}

fn cap(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Option<Cap> {
    let fields = reader.fields(node, &CAP)?;
    let id = reader.need(&fields, "id").and_then(|node| reader.id(node));
    let channels = reader.need(&fields, "channels").map(|node| reader.channels(node));
    let max = reader.need(&fields, "max").and_then(|node| reader.whole(node, 1..=1_000_000));
    let window = reader.need(&fields, "window").and_then(|node| reader.span(node));
    let gap = fields.get("gap").and_then(|node| reader.span(node));
    let mut exempt = Vec::new();
    if let Some(node) = fields.get("exempt") {
        for item in reader.items(node) {
            let Some(purpose) = reader.id(item) else { continue };
            if !workspace.purposes.contains(&purpose) {
                reader.unknown(
                    item.at,
                    codes::UNKNOWN_PURPOSE,
                    "a declared purpose",
                    &purpose,
                    workspace.purposes.iter().map(String::as_str),
                );
            }
            exempt.push(purpose);
        }
    }
    Some(Cap { id: id?, channels: channels?, max: max?, window: window?, gap, exempt })
}

fn quiet(reader: &mut Reader<'_>, node: &Node, workspace: &WorkspaceFile) -> Option<QuietHours> {
    let fields = reader.fields(node, &QUIET)?;
    let channels = reader.need(&fields, "channels").map(|node| reader.channels(node));
    let hours = reader.need(&fields, "hours").and_then(|node| reader.hours(node));
    let zone = match reader.need(&fields, "zone") {
        Some(node) if reader.is_text(node, "contact") => Some(ZoneChoice::Contact),
        Some(node) => reader.zone(node).map(ZoneChoice::Fixed),
        None => None,
    };
    let zone_if_unknown = match fields.get("zone_if_unknown") {
        Some(node) => reader.zone(node),
        None => Some(workspace.zone.clone()),
    };
    if let Some(node) = reader.need(&fields, "then") {
        reader.one_of(node, &[("hold", ())]);
    }
    let (from_minute, to_minute) = hours?;
    Some(QuietHours { channels: channels?, from_minute, to_minute, zone: zone?, zone_if_unknown: zone_if_unknown? })
}
