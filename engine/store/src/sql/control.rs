//! What people and breakers control while everything runs: stages and kills.

use super::rows::{corrupt, json, parse};
use super::{Db, Fail, Lock, Query, Table, Tx, again};
use crate::{Released, Result};
use staunch_core::Time;
use staunch_core::action::Channel;
use staunch_core::policy::{Kill, KillScope, Live, StageState};

/// The due time of what a kill holds: only a resume changes it.
pub const NEVER_DUE: Time = staunch_core::guards::UNTIL_RESUMED;

const LIVE: &str = "
    SELECT 'stage', workflow, body, '', CAST(0 AS BIGINT) FROM stages
    UNION ALL
    SELECT 'kill', scope, reason, who, at FROM kills";

type LiveRow = (String, String, String, String, i64);

/// Stages and kills in force, as this transaction sees them.
pub async fn live<D: Db>(tx: &mut Tx<D>) -> Result<Live, Fail> {
    Ok(read_live(D::fetch(tx, Query::new(LIVE)).await?)?)
}

/// Stages and kills in force.
pub async fn live_now<D: Db>(db: &D) -> Result<Live> {
    read_live(db.read(Query::new(LIVE)).await?)
}

fn read_live(rows: Vec<LiveRow>) -> Result<Live> {
    let mut live = Live::default();
    for (kind, key, text, who, at) in rows {
        if kind == "stage" {
            let stage = parse("stages", &key, &text)?;
            live.stages.insert(key, stage);
        } else {
            let scope = KillScope::parse(&key).map_err(|_| corrupt("kills", &key, "its key is no scope"))?;
            live.kills.push(Kill { scope, reason: text, by: who, at: Time(at) });
        }
    }
    live.kills.sort_by(|a, b| (a.at, &a.scope).cmp(&(b.at, &b.scope)));
    Ok(live)
}

/// Notes who did what.
pub async fn log<D: Db>(tx: &mut Tx<D>, now: Time, who: &str, what: &str, detail: &str) -> Result<(), Fail> {
    let sql = "INSERT INTO control_log(at, who, what, detail) VALUES ($1, $2, $3, $4)";
    D::execute(tx, Query::new(sql).int(now.0).text(who).text(what).text(detail)).await?;
    Ok(())
}

pub async fn set_stage<D: Db>(db: &D, workflow: &str, stage: &StageState, by: &str, now: Time) -> Result<()> {
    let body = json("stages", workflow, stage)?;
    again(|| async {
        let mut tx = db.write().await?;
        db.lock(&mut tx, Lock::Control).await?;
        let sql = "INSERT INTO stages(workflow, body) VALUES ($1, $2)
            ON CONFLICT (workflow) DO UPDATE SET body = excluded.body";
        D::execute(&mut tx, Query::new(sql).text(workflow).text(&body)).await?;
        log::<D>(&mut tx, now, by, "stage", &format!("{workflow} {}", stage.stage.word())).await?;
        Ok(tx.commit().await?)
    })
    .await
}

pub async fn kill<D: Db>(db: &D, kill: &Kill, drop: bool, now: Time) -> Result<u64> {
    again(|| async {
        let mut tx = db.write().await?;
        db.lock(&mut tx, Lock::Control).await?;
        let changed = put_kill::<D>(&mut tx, kill, drop, now).await?;
        tx.commit().await?;
        Ok(changed)
    })
    .await
}

/// Puts a kill in force and holds or drops what is pending. Only under [`Lock::Control`].
pub async fn put_kill<D: Db>(tx: &mut Tx<D>, kill: &Kill, drop: bool, now: Time) -> Result<u64, Fail> {
    let scope = String::from(kill.scope.clone());
    let sql = "INSERT INTO kills(scope, reason, who, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (scope) DO UPDATE SET reason = excluded.reason";
    let query = Query::new(sql).text(&scope).text(&kill.reason).text(&kill.by).int(kill.at.0);
    D::execute(tx, query).await?;
    log::<D>(tx, now, &kill.by, if drop { "kill and drop" } else { "kill" }, &format!("{scope}: {}", kill.reason))
        .await?;
    let drop_sql = "UPDATE actions SET state = 'withheld', reason = 'dropped', finished_at = $1, held_from = NULL,
            held_due = NULL
        WHERE id IN (SELECT id FROM actions WHERE state IN ('held', 'review', 'ready')
            AND ($2 IS NULL OR workflow = $2) AND ($3 IS NULL OR channel = $3) ORDER BY id {lock})";
    let hold_sql = "UPDATE actions SET held_from = state, held_due = due_at, state = 'held', reason = 'kill', due_at = $1
        WHERE id IN (SELECT id FROM actions WHERE state IN ('held', 'review', 'ready') AND reason IS DISTINCT FROM 'kill'
            AND ($2 IS NULL OR workflow = $2) AND ($3 IS NULL OR channel = $3) ORDER BY id {lock})";
    let (sql, first) = if drop { (drop_sql, now) } else { (hold_sql, NEVER_DUE) };
    let (workflow, channel) = match &kill.scope {
        KillScope::All => (None, None),
        KillScope::Workflow(name) => (Some(name.as_str()), None),
        KillScope::Channel(channel) => (None, Some(channel.word())),
    };
    D::execute(tx, Query::new(sql).int(first.0).maybe(workflow).maybe(channel)).await
}

pub async fn resume<D: Db>(db: &D, scope: &KillScope, by: &str, now: Time) -> Result<Option<Released>> {
    again(|| async {
        let mut tx = db.write().await?;
        db.lock(&mut tx, Lock::Control).await?;
        let key = String::from(scope.clone());
        if D::execute(&mut tx, Query::new("DELETE FROM kills WHERE scope = $1").text(&key)).await? == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        log::<D>(&mut tx, now, by, "resume", &key).await?;
        let released = release::<D>(&mut tx, scope, now).await?;
        tx.commit().await?;
        Ok(Some(released))
    })
    .await
}

/// Releases what a kill of this scope held and no other kill still covers.
async fn release<D: Db>(tx: &mut Tx<D>, scope: &KillScope, now: Time) -> Result<Released, Fail> {
    let live = live::<D>(tx).await?;
    let held = "SELECT DISTINCT workflow, channel FROM actions WHERE state = 'held' AND reason = 'kill'";
    let held: Vec<(String, String)> = D::fetch(tx, Query::new(held)).await?;
    let mut free = Vec::new();
    for (workflow, word) in held {
        let channel = Channel::parse(&word).ok_or_else(|| corrupt("actions", &workflow, "unknown channel"))?;
        if scope.covers(&workflow, channel) && live.kill(&workflow, channel).is_none() {
            free.push((workflow, word));
        }
    }
    if free.is_empty() {
        return Ok(Released::default());
    }
    let pairs = || {
        let rows = Table::default();
        rows.strs("workflow", free.iter().map(|pair| pair.0.as_str()))
            .strs("channel", free.iter().map(|pair| pair.1.as_str()))
    };
    let late = "UPDATE actions SET state = 'withheld', reason = 'expired', finished_at = $1, held_from = NULL,
            held_due = NULL
        WHERE id IN (SELECT id FROM actions WHERE state = 'held' AND reason = 'kill' AND expires_at < $1
            AND EXISTS (SELECT 1 FROM {rows} WHERE r.workflow = actions.workflow AND r.channel = actions.channel)
            ORDER BY id {lock})";
    let expired = D::execute(tx, Query::new(late).int(now.0).table(pairs())).await?;
    let back = "UPDATE actions SET state = CASE WHEN held_from = 'review' THEN 'review' ELSE 'ready' END,
            due_at = CASE WHEN held_from = 'review' THEN held_due ELSE $1 END, reason = NULL, held_from = NULL,
            held_due = NULL
        WHERE id IN (SELECT id FROM actions WHERE state = 'held' AND reason = 'kill'
            AND EXISTS (SELECT 1 FROM {rows} WHERE r.workflow = actions.workflow AND r.channel = actions.channel)
            ORDER BY id {lock})";
    let released = D::execute(tx, Query::new(back).int(now.0).table(pairs())).await?;
    Ok(Released { released, expired })
}
