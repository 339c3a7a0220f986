//! Published workflows, each version by its content hash.

use super::rows::{json, parse};
use super::{Db, Query, Table, again};
use crate::{Published, Result};
use staunch_core::Time;
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
    let current = Table::default().strs("name", last.keys().copied()).strs("version", last.values().copied());
    let insert = "INSERT INTO workflows(name, version, body, published_at, current)
        SELECT r.name, r.version, r.body, $1, 0 FROM {rows} WHERE true ON CONFLICT (name, version) DO NOTHING";
    let mark = "UPDATE workflows SET current = CASE WHEN workflows.version = r.version THEN 1 ELSE 0 END
        FROM {rows} WHERE workflows.name = r.name";
    again(|| async {
        let mut tx = db.write().await?;
        D::execute(&mut tx, Query::new(insert).int(now.0).table(versions.clone())).await?;
        D::execute(&mut tx, Query::new(mark).table(current.clone())).await?;
        Ok(tx.commit().await?)
    })
    .await
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
