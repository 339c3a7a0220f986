//! What the people for whom tasks are were given, by all workflows: what the capacity policy counts.

use super::rows::{corrupt, parse};
use super::{Db, Fail, Lock, Query, Tx};
use crate::StoredAction;
use staunch_core::Time;
use staunch_core::action::{Action, Channel};
use std::collections::{BTreeSet, HashMap};

/// By person, in order of time: the tasks that went to them after `since`. Under a lock for each person, so that two
/// claims cannot pass a limit together.
pub async fn assigned<D: Db>(
    db: &D,
    tx: &mut Tx<D>,
    due: &[StoredAction],
    since: Time,
) -> Result<HashMap<String, Vec<(Channel, Time)>>, Fail> {
    let names: BTreeSet<&str> = due.iter().filter_map(|one| one.action.payload.assignee()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    db.lock(tx, Lock::People(&names)).await?;
    // Rows of before the column name nobody: their body says for whom they are.
    let sql = "SELECT id, assignee, sending_at, CASE WHEN assignee IS NULL THEN body END FROM actions
        WHERE channel = 'task' AND (assignee IN (SELECT r.id FROM {rows}) OR assignee IS NULL) AND sending_at > $1
            AND state IN ('sending', 'done', 'in_doubt') ORDER BY sending_at, id";
    let query = Query::new(sql).int(since.0).ids(names.iter().map(String::as_str));
    let rows: Vec<(String, Option<String>, i64, Option<String>)> = D::fetch(tx, query).await?;
    let mut assigned: HashMap<String, Vec<(Channel, Time)>> = HashMap::new();
    for (id, person, at, body) in rows {
        let person = match (person, body) {
            (Some(person), _) => Some(person),
            (None, Some(body)) => parse::<Action>("actions", &id, &body)?.payload.assignee().map(str::to_owned),
            (None, None) => return Err(corrupt("actions", &id, "it has no body").into()),
        };
        if let Some(person) = person {
            assigned.entry(person).or_default().push((Channel::Task, Time(at)));
        }
    }
    Ok(assigned)
}
