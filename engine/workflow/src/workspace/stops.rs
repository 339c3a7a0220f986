//! Kill rules and breakers that bind all workflows, read as those of one. Nothing acts on them yet.

use super::WorkspaceFile;
use crate::flow::stops::{self, AnyBreaker};
use crate::read::{Fields, Reader};
use staunch_core::codes;
use std::collections::BTreeSet;

pub(super) fn stops(reader: &mut Reader<'_>, fields: &Fields<'_>, made: &mut WorkspaceFile) {
    let mut ids = BTreeSet::new();
    if let Some(entry) = fields.entry("kill") {
        for item in reader.items(&entry.value) {
            let Some(placed) = stops::kill(reader, item) else { continue };
            new_id(reader, &mut ids, &placed.id, placed.at);
            reader.not_enforced(placed.at, "a kill rule");
            made.kills.push(placed.rule);
        }
    }
    let Some(entry) = fields.entry("breakers") else { return };
    for item in reader.items(&entry.value) {
        let Some(placed) = stops::breaker(reader, item) else { continue };
        new_id(reader, &mut ids, &placed.id, placed.at);
        match placed.rule {
            AnyBreaker::Actions(rule) => {
                reader.not_enforced(placed.at, "a breaker of the whole workspace (one of a workflow is)");
                made.breakers.push(rule);
            }
            // Its reader said already that it is not enforced.
            AnyBreaker::Signal(rule) => made.signals.push(rule),
        }
    }
}

fn new_id(reader: &mut Reader<'_>, ids: &mut BTreeSet<String>, id: &str, at: usize) {
    if !ids.insert(id.to_owned()) {
        let message = format!("`{id}` is an id of a kill rule or breaker already");
        reader.error(at, codes::DUPLICATE_ID, message, "give it another id");
    }
}
