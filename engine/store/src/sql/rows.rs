//! Between rows and values: which columns a thing has, and how it is read back. Both databases use these alone.

use super::Table;
use crate::{Result, StoreError, StoredAction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use staunch_core::Time;
use staunch_core::action::{Action, ActionState, ReasonCode};
use staunch_core::arm::{Arm, Assignment};
use staunch_core::receipt::Decision;
use staunch_core::run::Run;
use staunch_core::workflow::IfExpired;

/// Columns of an action that change after its decision, and those that are needed to read it, as [`ActionRow`].
macro_rules! action_columns {
    () => {
        "id, contact, body, state, reason, due_at, gate, fence, attempts, sending_at, finished_at, note, reviewer"
    };
}
pub(crate) use action_columns;

/// A row of `actions`.
#[derive(sqlx::FromRow)]
pub struct ActionRow {
    id: String,
    contact: String,
    body: String,
    state: String,
    reason: Option<String>,
    due_at: i64,
    gate: Option<String>,
    fence: i64,
    attempts: i64,
    sending_at: Option<i64>,
    finished_at: Option<i64>,
    note: Option<String>,
    reviewer: Option<String>,
}

impl ActionRow {
    /// The action with what happened to it.
    pub fn read(self) -> Result<StoredAction> {
        let unknown = |what: &str| corrupt("actions", &self.id, format!("unknown {what}"));
        let mut action: Action = parse("actions", &self.id, &self.body)?;
        action.state = ActionState::parse(&self.state).ok_or_else(|| unknown("state"))?;
        action.reason = match &self.reason {
            None => None,
            Some(word) => Some(ReasonCode::parse(word).ok_or_else(|| unknown("reason"))?),
        };
        action.due_at = Time(self.due_at);
        // The contact of the decision may be another one's by now.
        action.contact = self.contact;
        Ok(StoredAction {
            gate: self.gate.map(|gate| parse("actions", &self.id, &gate)).transpose()?.unwrap_or_default(),
            action,
            fence: self.fence,
            attempts: self.attempts,
            sending_at: self.sending_at.map(Time),
            finished_at: self.finished_at.map(Time),
            note: self.note,
            reviewer: self.reviewer,
        })
    }
}

/// Reads the JSON of a row. The reason names the place and never the value.
pub fn parse<T: DeserializeOwned>(table: &'static str, key: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(table, key, what_is_wrong(&error)))
}

/// Writes the JSON of a row.
pub fn json<T: Serialize>(table: &'static str, key: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| corrupt(table, key, what_is_wrong(&error)))
}

fn what_is_wrong(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "unexpected data",
        serde_json::error::Category::Eof => "text ends too early",
        serde_json::error::Category::Syntax => "no JSON",
        serde_json::error::Category::Io => "unreadable",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// A row that cannot be read.
pub fn corrupt(table: &'static str, key: &str, message: impl Into<String>) -> StoreError {
    StoreError::Corrupt { table, key: key.to_owned(), message: message.into() }
}

/// Receipts, each with its contact, as rows of `decisions`; `place` keeps the order among those of one commit.
pub fn decision_rows(decisions: &[(&str, &Decision)]) -> Result<Table> {
    let receipts = decisions.iter().map(|(_, one)| json("decisions", &one.id, one)).collect::<Result<Vec<String>>>()?;
    let kind = |one: &Decision| if one.event.is_some() { "event" } else { "wake" };
    Ok(Table::default()
        .strs("id", decisions.iter().map(|(_, one)| one.id.as_str()))
        .strs("contact", decisions.iter().map(|(contact, _)| *contact))
        .ints("at", decisions.iter().map(|(_, one)| one.at.0))
        .ints("late", decisions.iter().map(|(_, one)| i64::from(one.late)))
        .strs("kind", decisions.iter().map(|(_, one)| kind(one)))
        .texts("receipt", receipts)
        .ints("place", 0..decisions.len() as i64))
}

/// Runs, each with its contact, as rows of `runs`.
pub fn run_rows(runs: &[(&str, &Run)]) -> Result<Table> {
    let bodies = runs.iter().map(|(_, run)| json("runs", &run.id, run)).collect::<Result<Vec<String>>>()?;
    let arm = |run: &Run| run.assignment.as_ref().map(|place| place.arm.word().to_owned());
    Ok(Table::default()
        .strs("id", runs.iter().map(|(_, run)| run.id.as_str()))
        .strs("workflow", runs.iter().map(|(_, run)| run.workflow.as_str()))
        .strs("version", runs.iter().map(|(_, run)| run.version.as_str()))
        .strs("contact", runs.iter().map(|(contact, _)| *contact))
        .strs("status", runs.iter().map(|(_, run)| run.word()))
        .ints("entered_at", runs.iter().map(|(_, run)| run.entry.time.0))
        .ints("ended_at", runs.iter().map(|(_, run)| run.ended_at.map(|at| at.0)))
        .texts("arm", runs.iter().map(|(_, run)| arm(run)))
        .ints("exposed_at", runs.iter().map(|(_, run)| run.exposed_at.map(|at| at.0)))
        .ints("goal_at", runs.iter().map(|(_, run)| run.goal_at.map(|at| at.0)))
        .floats("goal_value", runs.iter().map(|(_, run)| run.goal_value))
        .texts("step", runs.iter().map(|(_, run)| run.step().map(str::to_owned)))
        .ints("crossed", runs.iter().map(|(_, run)| i64::from(run.crossed)))
        .texts("body", bodies))
}

/// A new action as it is stored: its state may differ from the decision's where a kill came or went meanwhile.
#[derive(Clone, Debug)]
pub struct NewAction<'a> {
    /// The contact that it belongs to.
    pub contact: &'a str,
    /// As it was decided.
    pub action: &'a Action,
    /// Where it stands.
    pub state: ActionState,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// Not before.
    pub due_at: Time,
    /// The state to which a resume brings it back.
    pub held_from: Option<ActionState>,
    /// The time to which a resume brings it back.
    pub held_due: Option<Time>,
}

/// New actions as rows of `actions`.
pub fn action_rows(new: &[NewAction<'_>], now: Time) -> Result<Table> {
    let bodies = new.iter().map(|one| json("actions", &one.action.id, one.action)).collect::<Result<Vec<String>>>()?;
    let goes = |one: &NewAction<'_>| {
        i64::from(one.action.review.as_ref().is_some_and(|review| review.if_expired == IfExpired::Approve))
    };
    let over = |one: &NewAction<'_>| {
        let over = !one.state.pending() && one.state != ActionState::Sending;
        over.then_some(now.0)
    };
    Ok(Table::default()
        .strs("id", new.iter().map(|one| one.action.id.as_str()))
        .strs("contact", new.iter().map(|one| one.contact))
        .strs("workflow", new.iter().map(|one| one.action.workflow.as_str()))
        .strs("run", new.iter().map(|one| one.action.run.as_str()))
        .strs("channel", new.iter().map(|one| one.action.channel.word()))
        .strs("purpose", new.iter().map(|one| one.action.purpose.as_str()))
        .ints("priority", new.iter().map(|one| i64::from(one.action.priority)))
        .strs("state", new.iter().map(|one| one.state.word()))
        .texts("reason", new.iter().map(|one| one.reason.map(|reason| reason.word().to_owned())))
        .ints("planned_at", new.iter().map(|one| one.action.planned_at.0))
        .ints("due_at", new.iter().map(|one| one.due_at.0))
        .ints("expires_at", new.iter().map(|one| one.action.expires_at.0))
        .ints("review_until", new.iter().map(|one| one.action.review.as_ref().map(|review| review.expires_at.0)))
        .ints("review_goes", new.iter().map(goes))
        .strs("payload_hash", new.iter().map(|one| one.action.payload_hash.as_str()))
        .strs("assignee", new.iter().map(|one| one.action.payload.assignee().unwrap_or_default()))
        .texts("body", bodies)
        .ints("finished_at", new.iter().map(over))
        .texts("held_from", new.iter().map(|one| one.held_from.map(|state| state.word().to_owned())))
        .ints("held_due", new.iter().map(|one| one.held_due.map(|due| due.0))))
}

/// The assignment of a stored run; a run that has none yet, or is not there, counts as watched only.
pub fn assignment(run: Option<Run>) -> Assignment {
    let shadow = Assignment { arm: Arm::Shadow, global_bucket: 0.0, holdout_bucket: 0.0, holdout: 0.0 };
    run.and_then(|run| run.assignment).unwrap_or(shadow)
}
