//! Where people stand: active runs by step, and whose they are.

use super::rows::parse;
use super::{Db, Query};
use crate::{Result, Standing};
use staunch_core::run::Run;
use std::collections::BTreeMap;

pub async fn standing<D: Db>(db: &D, workflow: Option<&str>) -> Result<Vec<Standing>> {
    let sql = "SELECT workflow, version, step, status, COUNT(*) FROM runs
        WHERE status IN ('waiting', 'held') AND step IS NOT NULL AND ($1 IS NULL OR workflow = $1)
        GROUP BY workflow, version, step, status";
    let rows: Vec<(String, String, String, String, i64)> = db.read(Query::new(sql).maybe(workflow)).await?;
    let mut counts: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    for (workflow, version, step, status, count) in rows {
        counts.insert((workflow, version, step, status), count.unsigned_abs());
    }
    // Rows of an earlier version of the tables.
    let sql = "SELECT id, workflow, version, status, body FROM runs
        WHERE status IN ('waiting', 'held') AND step IS NULL AND ($1 IS NULL OR workflow = $1)";
    let rows: Vec<(String, String, String, String, String)> = db.read(Query::new(sql).maybe(workflow)).await?;
    for (id, workflow, version, status, body) in rows {
        let run: Run = parse("runs", &id, &body)?;
        let step = run.step().unwrap_or_default().to_owned();
        *counts.entry((workflow, version, step, status)).or_default() += 1;
    }
    let one = |((workflow, version, step, status), count)| Standing { workflow, version, step, status, count };
    Ok(counts.into_iter().map(one).collect())
}

pub async fn contacts<D: Db>(
    db: &D,
    workflow: &str,
    except_version: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT contact FROM runs
        WHERE workflow = $1 AND version <> $2 AND contact > $3 AND status IN ('waiting', 'held')
        ORDER BY contact LIMIT $4";
    let query = Query::new(sql).text(workflow).text(except_version).text(after).int(i64::from(limit));
    let rows: Vec<(String,)> = db.read(query).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
