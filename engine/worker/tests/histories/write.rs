//! Writes histories: of scripts that have none, and a further one beside those that today's engine or today's files
//! make otherwise. A file that is there is never written again.

use crate::compare::values;
use crate::form::{History, Kept, Script, histories, scripts};
use crate::play::play;
use crate::workspace::{Today, WORKSPACES, kept, of_file, today};
use serde_json::Value as Json;
use staunch_core::decide::Catalog;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The variable that asks for it.
pub const ASK: &str = "STAUNCH_WRITE_HISTORIES";

/// Whether histories are to be written; then nothing is compared.
pub fn asked() -> bool {
    std::env::var_os(ASK).is_some_and(|value| value == "1")
}

/// Writes what is missing, and gives the names of the new files.
pub fn missing() -> Result<Vec<String>, String> {
    let mut new = Vec::new();
    for (workspace, _) in WORKSPACES {
        let (today, all) = (today(workspace), histories(workspace));
        for (name, script) in scripts(workspace) {
            let made = make(workspace, &today, &script).map_err(|why| format!("{workspace}/{name}: {why}"))?;
            let newest = all.iter().find(|one| one.name == name && one.newest);
            if newest.is_some_and(|newest| same(newest, &made)) {
                continue;
            }
            let number = newest.map_or(1, |newest| newest.number + 1);
            put(workspace, &format!("{name}.{number}.json"), &pretty(&made.history), &mut new)?;
            put(workspace, &made.history.workspace, &today.file, &mut new)?;
            for (file, document) in made.history.workflows.iter().zip(&made.documents) {
                put(workspace, file, document, &mut new)?;
            }
        }
    }
    Ok(new)
}

struct Made {
    history: History,
    documents: Vec<String>,
}

fn make(workspace: &str, today: &Today, script: &Script) -> Result<Made, String> {
    let flows = today.workflows.iter().cloned().map(Arc::new).collect();
    let catalog = Catalog::new(of_file(workspace, &today.file)?, flows, vec![]);
    let played = play(&catalog, script)?;
    let (mut files, mut documents) = (vec![], vec![]);
    for flow in &today.workflows {
        let document = serde_json::to_string(flow).map_err(|error| error.to_string())?;
        files.push(format!("{}.{}.{}.version.json", flow.name, flow.version, mark(&document)));
        documents.push(document);
    }
    let script = Script { events: played.events, ..script.clone() };
    let workspace = format!("staunch.{}.yaml", mark(&today.file));
    Ok(Made { history: History { workspace, workflows: files, script, steps: played.steps }, documents })
}

/// A few digits that tell contents apart.
fn mark(text: &str) -> String {
    staunch_core::action::hash_hex("history", &[text.as_bytes()])[..8].to_owned()
}

fn same(kept: &Kept, made: &Made) -> bool {
    let json = |history: &History| serde_json::to_value(history).unwrap_or(Json::Null);
    values("", &json(&kept.history), &json(&made.history)).is_empty()
}

fn pretty(history: &History) -> String {
    serde_json::to_string_pretty(history).unwrap_or_default() + "\n"
}

/// Files that are named by their content may be there; a history may not.
fn put(workspace: &str, name: &str, text: &str, new: &mut Vec<String>) -> Result<(), String> {
    let path = kept(workspace).join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    let mut file = std::fs::File::create_new(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    new.push(format!("{workspace}/{name}"));
    Ok(())
}
