//! Published workflows, each version by its content hash.

use super::rows::{json, parse};
use super::{Db, Fail, Query, Table, Tx, again, load};
use crate::{Published, Result};
use staunch_core::Time;
use staunch_core::action::hash_hex;
use staunch_core::workflow::Workflow;
use std::collections::HashMap;

pub async fn publish<D: Db>(db: &D, workflows: &[Workflow], now: Time) -> Result<()> {
    if workflows.is_empty() {
        return Ok(());
    }
    // Of two versions of a name in one call, the last is the current one.
    let last: HashMap<&str, &str> = workflows.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect();
    let mut bodies = Vec::new();
    for workflow in workflows {
        bodies.push(json("workflows", &workflow.name, workflow)?);
    }
    let versions = Table::default()
        .strs("name", workflows.iter().map(|one| one.name.as_str()))
        .strs("version", workflows.iter().map(|one| one.version.as_str()))
        .texts("body", bodies);
    let newest: HashMap<&str, &Workflow> = workflows.iter().map(|one| (one.name.as_str(), one)).collect();
    let current = Table::default().strs("name", last.keys().copied()).strs("version", last.values().copied());
    let insert = "INSERT INTO workflows(name, version, body, published_at, current)
        SELECT r.name, r.version, r.body, $1, 0 FROM {rows} WHERE true ON CONFLICT (name, version) DO NOTHING";
    let mark = "UPDATE workflows SET current = CASE WHEN workflows.version = r.version THEN 1 ELSE 0 END
        FROM {rows} WHERE workflows.name = r.name";
    again(|| async {
        let mut tx = db.write().await?;
        let new_ticks = new_ticks::<D>(&mut tx, &newest).await?;
        D::execute(&mut tx, Query::new(insert).int(now.0).table(versions.clone())).await?;
        D::execute(&mut tx, Query::new(mark).table(current.clone())).await?;
        if new_ticks {
            load::wake_all_in::<D>(&mut tx, now).await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

/// Whether one of these has a schedule that the version in force does not have, so that nobody has its ticks yet.
async fn new_ticks<D: Db>(tx: &mut Tx<D>, newest: &HashMap<&str, &Workflow>) -> Result<bool, Fail> {
    let scheduled: Vec<&Workflow> = newest.values().copied().filter(|one| one.start.schedule.is_some()).collect();
    if scheduled.is_empty() {
        return Ok(false);
    }
    let sql = "SELECT name, version, body FROM workflows WHERE current = 1 AND name IN (SELECT r.id FROM {rows})
        ORDER BY name, version {lock}";
    let query = Query::new(sql).ids(scheduled.iter().map(|one| one.name.as_str()));
    let rows: Vec<(String, String, String)> = D::fetch(tx, query).await?;
    let mut before = HashMap::new();
    for (name, version, body) in rows {
        let workflow: Workflow = parse("workflows", &format!("{name} {version}"), &body)?;
        before.insert(name, workflow.start.schedule);
    }
    Ok(scheduled.iter().any(|one| before.get(&one.name).is_none_or(|known| *known != one.start.schedule)))
}

/// A hash of the current versions.
pub async fn publication<D: Db>(db: &D) -> Result<String> {
    let sql = "SELECT name, version FROM workflows WHERE current = 1";
    let mut rows: Vec<(String, String)> = db.read(Query::new(sql)).await?;
    rows.sort();
    let parts: Vec<&[u8]> = rows.iter().flat_map(|(name, version)| [name.as_bytes(), version.as_bytes()]).collect();
    Ok(hash_hex("publication", &parts))
}

/// Older versions are needed while a run of theirs goes on, or is over and may still reach its goal.
pub async fn published<D: Db>(db: &D) -> Result<Published> {
    let sql = "SELECT name, version, body, current FROM workflows WHERE current = 1 OR EXISTS (
            SELECT 1 FROM runs WHERE runs.workflow = workflows.name AND runs.version = workflows.version
                AND (runs.status IN ('waiting', 'held') OR (runs.exposed_at IS NOT NULL AND runs.goal_at IS NULL)))
        ORDER BY name, published_at, version";
    let rows: Vec<(String, String, String, i64)> = db.read(Query::new(sql)).await?;
    let mut published = Published::default();
    for (name, version, body, current) in rows {
        let workflow = parse("workflows", &format!("{name} {version}"), &body)?;
        if current == 1 { published.current.push(workflow) } else { published.older.push(workflow) }
    }
    Ok(published)
}
