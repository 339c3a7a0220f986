//! A person's verdict on one action, bound to the payload that this person saw.

use super::control::log;
use super::{Db, Fail, Query, Tx, again, first};
use crate::{Result, ReviewEnd, ReviewVerdict};
use staunch_core::Time;

pub async fn review<D: Db>(db: &D, action: &str, verdict: &ReviewVerdict, now: Time) -> Result<ReviewEnd> {
    again(|| async {
        let mut tx = db.write().await?;
        let end = check::<D>(&mut tx, action, verdict, now).await?;
        if end == ReviewEnd::Taken {
            take::<D>(&mut tx, action, verdict, now).await?;
        }
        tx.commit().await?;
        Ok(end)
    })
    .await
}

async fn check<D: Db>(tx: &mut Tx<D>, action: &str, verdict: &ReviewVerdict, now: Time) -> Result<ReviewEnd, Fail> {
    let sql = "SELECT state, review_until, payload_hash FROM actions WHERE id = $1 {lock}";
    let rows: Vec<(String, Option<i64>, String)> = D::fetch(tx, Query::new(sql).text(action)).await?;
    Ok(match first(rows) {
        None => ReviewEnd::Unknown,
        // After its time the silence has spoken, even where `expire` did not come by yet.
        Some((state, until, _)) if state != "review" || until.is_some_and(|until| until <= now.0) => {
            ReviewEnd::NotWaiting
        }
        Some((_, _, hash)) if hash != verdict.payload_hash => ReviewEnd::Changed,
        Some(_) => ReviewEnd::Taken,
    })
}

async fn take<D: Db>(tx: &mut Tx<D>, action: &str, verdict: &ReviewVerdict, now: Time) -> Result<(), Fail> {
    let approve = "UPDATE actions SET state = 'ready', reason = NULL, reviewer = $2,
            due_at = CASE WHEN due_at > $1 THEN due_at ELSE $1 END WHERE id = $3";
    let reject = "UPDATE actions SET state = 'withheld', reason = 'rejected', reviewer = $2, finished_at = $1
        WHERE id = $3";
    let (sql, what) = if verdict.approve { (approve, "approve") } else { (reject, "reject") };
    D::execute(tx, Query::new(sql).int(now.0).text(&verdict.by).text(action)).await?;
    log::<D>(tx, now, &verdict.by, what, &format!("{action} {}", verdict.payload_hash)).await
}
