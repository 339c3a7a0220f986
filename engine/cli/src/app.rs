//! What every command shares: the workspace folder, its store, and actions as JSON.

use crate::error::Result;
use crate::load;
use crate::wiring;
use clap::Args;
use serde_json::{Value, json};
use staunch_core::Time;
use staunch_core::decide::ActionOutcome;
use staunch_store::{Store, StoredAction};
use std::path::PathBuf;
use std::sync::Arc;

/// The workspace folder of a command.
#[derive(Clone, Debug, Args)]
pub struct Dir {
    /// The workspace.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// The store of a workspace, without its plugins and connectors.
///
/// # Errors
/// Where the workspace cannot be read or the database does not answer.
pub async fn store(dir: &Dir) -> Result<Arc<dyn Store>> {
    let workspace = load::workspace_only(&dir.dir)?;
    Ok(wiring::open_store(&dir.dir, &workspace).await?.store)
}

/// The clock in force for a command beside a running process: the database's, or the virtual one of the demo.
///
/// # Errors
/// Where the database does not answer.
pub async fn now(dir: &Dir, store: &dyn Store) -> Result<Time> {
    match wiring::virtual_time(&dir.dir) {
        Some(time) => Ok(time),
        None => Ok(store.now().await?),
    }
}

/// An action with what happened to it.
pub fn action_json(stored: &StoredAction, outcomes: &[ActionOutcome]) -> Value {
    let action = &stored.action;
    json!({
        "id": action.id, "contact": action.contact, "workflow": action.workflow, "version": action.version,
        "run": action.run, "step": action.step, "channel": action.channel, "state": action.state.word(),
        "reason": action.reason.map(staunch_core::action::ReasonCode::word), "arm": action.arm.word(),
        "planned_at": action.planned_at.to_string(), "due_at": time(action.due_at), "expires_at": action.expires_at.to_string(),
        "payload": action.payload, "payload_hash": action.payload_hash, "review": action.review,
        "reviewer": stored.reviewer, "attempts": stored.attempts, "note": stored.note,
        "finished_at": stored.finished_at.map(|at| at.to_string()),
        "guards": { "decision": action.checks, "gate": stored.gate },
        "outcomes": outcomes.iter().map(|one| json!({ "kind": one.kind, "at": one.at.to_string() })).collect::<Vec<_>>(),
    })
}

/// A time as text; what waits for a resume has none.
fn time(at: Time) -> Option<String> {
    (at.0 != i64::MAX).then(|| at.to_string())
}
