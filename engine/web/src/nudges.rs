//! Nudges for the product that shows them: the list of a contact, and what became of each.

use crate::WebState;
use crate::outcome;
use crate::problem::{Problem, Result};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use staunch_core::action::{ActionState, Channel, Payload};
use staunch_core::codes;
use staunch_store::{ActionFilter, StoredAction};

/// More than anyone shows at once; the newest are kept.
const MOST: u32 = 200;

/// `GET /v1/contacts/{id}/nudges`: sent, not dismissed, not expired; newest first.
pub(crate) async fn list(State(state): State<WebState>, Path(contact): Path<String>) -> Result<Json<Value>> {
    let now = (state.clock)().await;
    let now = now.ok_or_else(|| Problem::unavailable(codes::STORE_DATABASE, "the clock does not answer"))?;
    let filter = ActionFilter {
        contact: Some(contact.clone()),
        channel: Some(Channel::Nudge),
        state: Some(ActionState::Done),
        limit: MOST,
        ..ActionFilter::default()
    };
    let mut nudges = Vec::new();
    for stored in state.store.actions(&filter).await? {
        if stored.action.expires_at > now {
            nudges.extend(shown(&state, stored).await?);
        }
    }
    Ok(Json(json!({ "contact": contact, "nudges": nudges })))
}

/// `None` where it was dismissed.
async fn shown(state: &WebState, stored: StoredAction) -> Result<Option<Value>> {
    let action = stored.action;
    let outcomes = state.store.outcomes(&action.id).await?;
    let has = |kind: &str| outcomes.iter().any(|one| one.kind == kind);
    let Payload::Nudge { title, text } = &action.payload else { return Ok(None) };
    Ok((!has("nudge.dismissed")).then(|| {
        json!({
            "id": action.id, "workflow": action.workflow, "title": title, "text": text,
            "sent_at": stored.finished_at.map(|at| at.to_string()), "expires_at": action.expires_at.to_string(),
            "seen": has("nudge.seen"), "clicked": has("nudge.clicked"),
        })
    }))
}

/// `POST /v1/nudges/{action}/seen|clicked|dismissed`.
pub(crate) async fn outcome(
    State(state): State<WebState>,
    Path((action, verb)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>)> {
    let kind = match verb.as_str() {
        "seen" => "nudge.seen",
        "clicked" => "nudge.clicked",
        "dismissed" => "nudge.dismissed",
        _ => return Err(Problem::not_found("a nudge has no such outcome", "use seen, clicked or dismissed")),
    };
    outcome::publish(&state, Channel::Nudge, &action, kind).await
}
