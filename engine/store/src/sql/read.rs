//! What people and reports ask for.

use super::rows::{ActionRow, action_columns, corrupt, parse};
use super::{Db, Query, first};
use crate::{ActionFilter, Exposure, Result, StoredAction, Summary};
use staunch_core::Time;
use staunch_core::action::{ActionState, Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::decide::ActionOutcome;
use staunch_core::receipt::Decision;
use staunch_core::run::Run;
use std::collections::HashSet;

/// Whatever is asked for by a contact's other id is found, too.
macro_rules! person {
    () => {
        "COALESCE((SELECT aliases.contact FROM aliases WHERE aliases.alias = $1), $1)"
    };
}

pub async fn actions<D: Db>(db: &D, filter: &ActionFilter) -> Result<Vec<StoredAction>> {
    let sql = concat!(
        "SELECT ",
        action_columns!(),
        " FROM actions WHERE ($1 IS NULL OR contact = ",
        person!(),
        ") AND ($2 IS NULL OR workflow = $2)
            AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR channel = $4)
        ORDER BY planned_at DESC, id LIMIT $5"
    );
    let limit = if filter.limit == 0 { i64::MAX } else { i64::from(filter.limit) };
    let query = Query::new(sql)
        .maybe(filter.contact.as_deref())
        .maybe(filter.workflow.as_deref())
        .maybe(filter.state.map(ActionState::word))
        .maybe(filter.channel.map(Channel::word))
        .int(limit);
    let rows: Vec<ActionRow> = db.read(query).await?;
    rows.into_iter().map(ActionRow::read).collect()
}

pub async fn action<D: Db>(db: &D, id: &str) -> Result<Option<StoredAction>> {
    let sql = concat!("SELECT ", action_columns!(), " FROM actions WHERE id = $1");
    let rows: Vec<ActionRow> = db.read(Query::new(sql).text(id)).await?;
    first(rows).map(ActionRow::read).transpose()
}

pub async fn outcomes<D: Db>(db: &D, action: &str) -> Result<Vec<ActionOutcome>> {
    let sql = "SELECT action, kind, at FROM outcomes WHERE action = $1 ORDER BY at, id";
    let rows: Vec<(String, String, i64)> = db.read(Query::new(sql).text(action)).await?;
    Ok(rows.into_iter().map(|(action, kind, at)| ActionOutcome { action, kind, at: Time(at) }).collect())
}

pub async fn decisions<D: Db>(db: &D, contact: &str, workflow: Option<&str>) -> Result<Vec<Decision>> {
    let sql = concat!(
        "SELECT id, contact, receipt FROM decisions WHERE contact = ",
        person!(),
        " ORDER BY at, decided_at, place"
    );
    let mut decisions = receipts(db.read(Query::new(sql).text(contact)).await?)?;
    if let Some(workflow) = workflow {
        decisions.retain(|decision| decision.entries.iter().any(|entry| entry.workflow == workflow));
    }
    Ok(decisions)
}

pub async fn decisions_since<D: Db>(db: &D, since: Time, after: Option<&str>, limit: u32) -> Result<Vec<Decision>> {
    let sql = "SELECT id, contact, receipt FROM decisions WHERE at >= $1 AND id > $2 ORDER BY id LIMIT $3";
    let query = Query::new(sql).int(since.0).text(after.unwrap_or("")).int(i64::from(limit));
    receipts(db.read(query).await?)
}

/// Receipts with their ids and contacts. The contact that a receipt names may be another one's by now.
fn receipts(rows: Vec<(String, String, String)>) -> Result<Vec<Decision>> {
    let read = |(id, contact, receipt): (String, String, String)| {
        Ok(Decision { contact, ..parse("decisions", &id, &receipt)? })
    };
    rows.into_iter().map(read).collect()
}

pub async fn contact<D: Db>(db: &D, id: &str) -> Result<Option<(Contact, i64)>> {
    let sql = concat!("SELECT state, version FROM contacts WHERE id = ", person!());
    let rows: Vec<(String, i64)> = db.read(Query::new(sql).text(id)).await?;
    first(rows).map(|(state, version)| Ok((parse("contacts", id, &state)?, version))).transpose()
}

pub async fn runs<D: Db>(db: &D, contact: &str) -> Result<Vec<Run>> {
    let sql = concat!("SELECT id, body FROM runs WHERE contact = ", person!(), " ORDER BY entered_at, id");
    let rows: Vec<(String, String)> = db.read(Query::new(sql).text(contact)).await?;
    rows.into_iter().map(|(id, body)| parse("runs", &id, &body)).collect()
}

pub async fn exposures<D: Db>(db: &D, workflow: &str) -> Result<Vec<Exposure>> {
    let sql = "SELECT id, contact, arm, exposed_at, goal_at, goal_value FROM runs
        WHERE workflow = $1 AND exposed_at IS NOT NULL AND arm <> 'shadow' AND crossed = 0 ORDER BY exposed_at, id";
    type Row = (String, String, String, i64, Option<i64>, Option<f64>);
    let rows: Vec<Row> = db.read(Query::new(sql).text(workflow)).await?;
    let (mut seen, mut exposures) = (HashSet::new(), Vec::new());
    for (id, contact, arm, exposed_at, goal_at, goal_value) in rows {
        if seen.insert(contact.clone()) {
            let arm = Arm::parse(&arm).ok_or_else(|| corrupt("runs", &id, "unknown arm"))?;
            let (exposed_at, goal_at) = (Time(exposed_at), goal_at.map(Time));
            exposures.push(Exposure { contact, arm, exposed_at, goal_at, goal_value });
        }
    }
    Ok(exposures)
}

pub async fn goals<D: Db>(db: &D, workflow: &str) -> Result<Vec<(String, Option<Time>)>> {
    let sql = "SELECT id, goal_at FROM runs WHERE workflow = $1 ORDER BY id";
    let rows: Vec<(String, Option<i64>)> = db.read(Query::new(sql).text(workflow)).await?;
    Ok(rows.into_iter().map(|(id, goal_at)| (id, goal_at.map(Time))).collect())
}

pub async fn crossed<D: Db>(db: &D, workflow: &str) -> Result<u64> {
    let sql = "SELECT COUNT(DISTINCT contact) FROM runs
        WHERE workflow = $1 AND exposed_at IS NOT NULL AND arm <> 'shadow' AND crossed = 1";
    let rows: Vec<(i64,)> = db.read(Query::new(sql).text(workflow)).await?;
    Ok(first(rows).map_or(0, |row| row.0.unsigned_abs()))
}

pub async fn summary<D: Db>(db: &D) -> Result<Summary> {
    // Every alias has a row in `contacts`, too.
    let totals = "SELECT (SELECT COUNT(*) FROM contacts) - (SELECT COUNT(*) FROM aliases), COALESCE(SUM(CASE WHEN kind = 'event' THEN 1 ELSE 0 END), 0),
            CAST(COALESCE(SUM(late), 0) AS BIGINT), COUNT(*), (SELECT COUNT(*) FROM parked) FROM decisions";
    let totals: Vec<(i64, i64, i64, i64, i64)> = db.read(Query::new(totals)).await?;
    let [contacts, events, late, decisions, parked] =
        first(totals).map_or([0; 5], |row| [row.0, row.1, row.2, row.3, row.4].map(i64::unsigned_abs));
    let runs = "SELECT workflow, status, COUNT(*) FROM runs GROUP BY workflow, status ORDER BY workflow, status";
    let runs: Vec<(String, String, i64)> = db.read(Query::new(runs)).await?;
    let runs = runs.into_iter().map(|(workflow, state, count)| (workflow, state, count.unsigned_abs())).collect();
    let actions = actions_by_state(db).await?;
    Ok(Summary { contacts, events, late, decisions, parked, runs, actions })
}

type ActionCount = (String, Channel, ActionState, Option<ReasonCode>, u64);

async fn actions_by_state<D: Db>(db: &D) -> Result<Vec<ActionCount>> {
    let sql = "SELECT workflow, channel, state, reason, COUNT(*) FROM actions
        GROUP BY workflow, channel, state, reason ORDER BY workflow, channel, state, reason";
    let rows: Vec<(String, String, String, Option<String>, i64)> = db.read(Query::new(sql)).await?;
    let mut counts = Vec::new();
    for (workflow, channel, state, reason, count) in rows {
        let unknown = |what: &str| corrupt("actions", &workflow, format!("unknown {what} in its counts"));
        let channel = Channel::parse(&channel).ok_or_else(|| unknown("channel"))?;
        let state = ActionState::parse(&state).ok_or_else(|| unknown("state"))?;
        let reason = match reason {
            None => None,
            Some(word) => Some(ReasonCode::parse(&word).ok_or_else(|| unknown("reason"))?),
        };
        counts.push((workflow, channel, state, reason, count.unsigned_abs()));
    }
    counts.sort();
    Ok(counts)
}

pub async fn ping<D: Db>(db: &D) -> Result<()> {
    let _: Vec<(i64,)> = db.read(Query::new("SELECT CAST(1 AS BIGINT)")).await?;
    Ok(())
}
