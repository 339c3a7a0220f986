//! `GET /v1/why/{contact}?workflow=`: the chain of receipts, the same document as `staunch why --format json`.

use crate::WebState;
use crate::problem::{Problem, Result};
use crate::view::{action_json, run_json};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use staunch_core::codes;
use staunch_store::ActionFilter;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Ask {
    workflow: Option<String>,
}

/// Decisions in order of time, runs in order of entry, actions newest first. Times inside decisions and runs are
/// microseconds since 1970.
pub(crate) async fn receipts(
    State(state): State<WebState>,
    Path(contact): Path<String>,
    ask: std::result::Result<Query<Ask>, QueryRejection>,
) -> Result<Json<Value>> {
    let Query(ask) =
        ask.map_err(|_| Problem::bad(codes::HTTP_PARAMETER, "a parameter cannot be read", "use ?workflow=NAME once"))?;
    let decisions = state.store.decisions(&contact, ask.workflow.as_deref()).await?;
    if decisions.is_empty() {
        return Err(Problem::not_found("nothing was decided for this contact", "check the id and the workflow's name"));
    }
    let mut runs = state.store.runs(&contact).await?;
    runs.retain(|run| ask.workflow.as_ref().is_none_or(|name| *name == run.workflow));
    let filter = ActionFilter { contact: Some(contact.clone()), workflow: ask.workflow, ..ActionFilter::default() };
    let mut actions = Vec::new();
    for stored in state.store.actions(&filter).await? {
        let outcomes = state.store.outcomes(&stored.action.id).await?;
        actions.push(action_json(&stored, &outcomes));
    }
    Ok(Json(
        json!({ "contact": contact, "decisions": decisions, "runs": runs.iter().map(run_json).collect::<Vec<_>>(), "actions": actions }),
    ))
}
