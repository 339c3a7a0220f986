//! The task list, and what people did with each task.

use crate::WebState;
use crate::outcome;
use crate::problem::{Problem, Result};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use staunch_core::action::{ActionState, Channel, Payload};
use staunch_core::codes;
use staunch_core::decide::ActionOutcome;
use staunch_store::{ActionFilter, StoredAction};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// What the list is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Ask {
    state: Option<String>,
    assignee: Option<String>,
    contact: Option<String>,
    workflow: Option<String>,
    limit: Option<usize>,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskState {
    Open,
    Done,
    Rejected,
}

impl TaskState {
    fn word(self) -> &'static str {
        match self {
            TaskState::Open => "open",
            TaskState::Done => "done",
            TaskState::Rejected => "rejected",
        }
    }

    /// The last word counts: a task that was rejected and then done is done.
    fn of(outcomes: &[ActionOutcome]) -> TaskState {
        let last = outcomes.iter().rev().find_map(|one| match one.kind.as_str() {
            "task.done" => Some(TaskState::Done),
            "task.rejected" => Some(TaskState::Rejected),
            _ => None,
        });
        last.unwrap_or(TaskState::Open)
    }
}

/// `GET /v1/tasks?state=open|done|rejected|all&assignee=&contact=&workflow=&limit=`: tasks that were handed over, newest
/// first. Those that went to a connector of their own are listed, too, with its name.
pub(crate) async fn list(
    State(state): State<WebState>,
    ask: std::result::Result<Query<Ask>, QueryRejection>,
) -> Result<Json<Value>> {
    let Query(ask) = ask.map_err(|_| parameter("a parameter cannot be read"))?;
    let wanted = match ask.state.as_deref().unwrap_or("open") {
        "open" => Some(TaskState::Open),
        "done" => Some(TaskState::Done),
        "rejected" => Some(TaskState::Rejected),
        "all" => None,
        _ => return Err(parameter("`state` is one of open, done, rejected, all")),
    };
    let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(parameter("`limit` lies between 1 and 1000"));
    }
    let filter = ActionFilter {
        contact: ask.contact,
        workflow: ask.workflow,
        channel: Some(Channel::Task),
        state: Some(ActionState::Done),
        limit: 0,
    };
    let mut tasks = Vec::new();
    for stored in state.store.actions(&filter).await? {
        if tasks.len() == limit {
            break;
        }
        let outcomes = state.store.outcomes(&stored.action.id).await?;
        let is = TaskState::of(&outcomes);
        if wanted.is_none_or(|wanted| wanted == is) {
            tasks.extend(shown(&stored, is, ask.assignee.as_deref()));
        }
    }
    Ok(Json(json!({ "tasks": tasks })))
}

fn parameter(message: &str) -> Problem {
    Problem::bad(codes::HTTP_PARAMETER, message, "for example /v1/tasks?state=open&limit=50")
}

/// `None` where it is somebody else's.
fn shown(stored: &StoredAction, is: TaskState, for_whom: Option<&str>) -> Option<Value> {
    let action = &stored.action;
    let Payload::Task { title, assignee, due } = &action.payload else { return None };
    if for_whom.is_some_and(|wanted| assignee.as_deref() != Some(wanted)) {
        return None;
    }
    Some(json!({
        "id": action.id, "state": is.word(), "title": title, "assignee": assignee, "contact": action.contact,
        "workflow": action.workflow, "connector": action.connector, "due": due.map(|at| at.to_string()),
        "sent_at": stored.finished_at.map(|at| at.to_string()),
    }))
}

/// `POST /v1/tasks/{action}/done|rejected`.
pub(crate) async fn outcome(
    State(state): State<WebState>,
    Path((action, verb)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>)> {
    let kind = match verb.as_str() {
        "done" => "task.done",
        "rejected" => "task.rejected",
        _ => return Err(Problem::not_found("a task has no such outcome", "use done or rejected")),
    };
    outcome::publish(&state, Channel::Task, &action, kind).await
}
