//! After the claim: what the channel said, leases that ran out, and what became too late.

use super::rows::{ActionRow, action_columns};
use super::{Db, Query, Table, again, first};
use crate::{Recovered, Result, SendEnd, StoredAction};
use staunch_core::Time;
use std::collections::HashSet;

/// The fence is compared: another worker may have looked after a claim that stood still for longer than its lease.
pub async fn begin_calls<D: Db>(db: &D, claimed: &[(&str, i64)]) -> Result<HashSet<String>> {
    let sql = "UPDATE actions SET untouched = NULL FROM {rows}
        WHERE actions.id = r.id AND actions.fence = r.fence AND actions.state = 'sending' RETURNING actions.id";
    again(|| async {
        let rows = Table::default()
            .strs("id", claimed.iter().map(|(id, _)| *id))
            .ints("fence", claimed.iter().map(|(_, fence)| *fence));
        let mut tx = db.write().await?;
        let ours: Vec<(String,)> = D::fetch(&mut tx, Query::new(sql).table(rows)).await?;
        tx.commit().await?;
        Ok(ours.into_iter().map(|row| row.0).collect())
    })
    .await
}

pub async fn end_send<D: Db>(db: &D, action: &str, fence: i64, end: &SendEnd, now: Time) -> Result<bool> {
    let (state, reason, note, due, finished) = match end {
        SendEnd::Done(note) => ("done", None, note.as_deref(), None, Some(now.0)),
        SendEnd::Retry { at, note } => ("held", Some("retry"), Some(note.as_str()), Some(at.0), None),
        SendEnd::Failed(note) => ("failed", None, Some(note.as_str()), None, Some(now.0)),
        SendEnd::InDoubt(note) => ("in_doubt", None, Some(note.as_str()), None, Some(now.0)),
    };
    let sql = "UPDATE actions SET state = $1, reason = $2, note = $3, due_at = COALESCE($4, due_at), finished_at = $5,
            lease_until = NULL
        WHERE id = $6 AND fence = $7 AND state = 'sending'";
    again(|| async {
        let mut tx = db.write().await?;
        let query =
            Query::new(sql).text(state).maybe(reason).maybe(note).int(due).int(finished).text(action).int(fence);
        let changed = D::execute(&mut tx, query).await?;
        tx.commit().await?;
        Ok(changed == 1)
    })
    .await
}

const LAPSED: &str = concat!(
    "SELECT ",
    action_columns!(),
    " FROM actions WHERE state = 'sending' AND lease_until <= $1 ORDER BY id {skip}"
);

pub async fn recover<D: Db>(
    db: &D,
    now: Time,
    repeatable: &(dyn Fn(&StoredAction) -> bool + Sync),
) -> Result<Recovered> {
    let untouched = "SELECT id FROM actions WHERE id IN (SELECT r.id FROM {rows}) AND untouched = 1";
    // The fence grows with both, so that the worker that lost its lease cannot write any more.
    let repeat =
        "UPDATE actions SET state = 'ready', reason = NULL, due_at = $1, lease_until = NULL, fence = fence + 1,
            untouched = NULL
        WHERE id IN (SELECT r.id FROM {rows})";
    let doubt = "UPDATE actions SET state = 'in_doubt', finished_at = $1, lease_until = NULL, fence = fence + 1,
            note = 'the worker did not come back'
        WHERE id IN (SELECT r.id FROM {rows})";
    again(|| async {
        let mut tx = db.write().await?;
        let rows: Vec<ActionRow> = D::fetch(&mut tx, Query::new(LAPSED).int(now.0)).await?;
        let lapsed = rows.into_iter().map(ActionRow::read).collect::<Result<Vec<StoredAction>>>()?;
        let mut unbegun = HashSet::new();
        if !lapsed.is_empty() {
            let ids = lapsed.iter().map(|one| one.action.id.as_str());
            let rows: Vec<(String,)> = D::fetch(&mut tx, Query::new(untouched).ids(ids)).await?;
            unbegun.extend(rows.into_iter().map(|row| row.0));
        }
        let may = |one: &&StoredAction| unbegun.contains(&one.action.id) || repeatable(one);
        let (again, lost): (Vec<&StoredAction>, Vec<&StoredAction>) = lapsed.iter().partition(may);
        let mut counts = [0; 2];
        for (count, (sql, actions)) in counts.iter_mut().zip([(repeat, again), (doubt, lost)]) {
            if !actions.is_empty() {
                let ids = actions.iter().map(|one| one.action.id.as_str());
                *count = D::execute(&mut tx, Query::new(sql).int(now.0).ids(ids)).await?;
            }
        }
        tx.commit().await?;
        Ok(Recovered { repeated: counts[0], in_doubt: counts[1] })
    })
    .await
}

pub async fn expire<D: Db>(db: &D, now: Time) -> Result<u64> {
    let refused = "UPDATE actions SET state = 'withheld', reason = 'review_expired', finished_at = $1
        WHERE id IN (SELECT id FROM actions WHERE state = 'review' AND review_until <= $1 AND review_goes = 0
            ORDER BY id {skip})";
    // Silence means yes, and there is still time to send it.
    let granted = "UPDATE actions SET state = 'ready', due_at = CASE WHEN due_at > $1 THEN due_at ELSE $1 END
        WHERE id IN (SELECT id FROM actions WHERE state = 'review' AND review_until <= $1 AND review_goes = 1
            AND expires_at >= $1 ORDER BY id {skip})";
    let late = "UPDATE actions SET state = 'withheld', reason = 'expired', finished_at = $1
        WHERE id IN (SELECT id FROM actions WHERE state IN ('held', 'review', 'ready') AND expires_at < $1
            AND reason IS DISTINCT FROM 'kill' ORDER BY id {skip})";
    again(|| async {
        let mut tx = db.write().await?;
        let mut changed = 0;
        for sql in [refused, granted, late] {
            changed += D::execute(&mut tx, Query::new(sql).int(now.0)).await?;
        }
        tx.commit().await?;
        Ok(changed)
    })
    .await
}

pub async fn next_action<D: Db>(db: &D) -> Result<Option<Time>> {
    let sql = "SELECT MIN(times.at) FROM (
            SELECT MIN(due_at) AS at FROM actions WHERE state = 'ready'
            UNION ALL SELECT MIN(due_at) FROM actions WHERE state = 'held' AND due_at < $1
            UNION ALL SELECT MIN(review_until) FROM actions WHERE state = 'review'
            UNION ALL SELECT MIN(expires_at) + 1 FROM actions
                WHERE state IN ('held', 'review', 'ready') AND reason IS DISTINCT FROM 'kill'
        ) AS times";
    let rows: Vec<(Option<i64>,)> = db.read(Query::new(sql).int(super::control::NEVER_DUE.0)).await?;
    Ok(first(rows).and_then(|row| row.0).map(Time))
}
