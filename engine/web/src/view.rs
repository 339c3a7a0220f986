//! How stored things look in JSON, here and on the command line.

use serde_json::{Value, json};
use staunch_core::Time;
use staunch_core::action::ReasonCode;
use staunch_core::decide::ActionOutcome;
use staunch_core::run::Run;
use staunch_store::StoredAction;

/// An action with its guards and outcomes. Times are RFC 3339; `due_at` is null where it waits for a resume.
pub fn action_json(stored: &StoredAction, outcomes: &[ActionOutcome]) -> Value {
    let action = &stored.action;
    json!({
        "id": action.id, "contact": action.contact, "workflow": action.workflow, "version": action.version,
        "run": action.run, "step": action.step, "channel": action.channel, "state": action.state.word(),
        "reason": action.reason.map(ReasonCode::word), "arm": action.arm.word(),
        "planned_at": action.planned_at.to_string(), "due_at": time(action.due_at),
        "expires_at": action.expires_at.to_string(),
        "payload": action.payload, "payload_hash": action.payload_hash, "review": action.review,
        "reviewer": stored.reviewer, "attempts": stored.attempts, "note": stored.note,
        "finished_at": stored.finished_at.map(|at| at.to_string()),
        "guards": { "decision": action.checks, "gate": stored.gate },
        "outcomes": outcomes.iter().map(|one| json!({ "kind": one.kind, "at": one.at.to_string() })).collect::<Vec<_>>(),
    })
}

/// A run as it is shown. The fields of its entry are left out: the receipt of the entry event has them, masked.
pub fn run_json(run: &Run) -> Value {
    let mut shown = json!(run);
    if let Some(entry) = shown.get_mut("entry").and_then(Value::as_object_mut) {
        entry.remove("fields");
    }
    shown
}

fn time(at: Time) -> Option<String> {
    (at.0 != i64::MAX).then(|| at.to_string())
}
