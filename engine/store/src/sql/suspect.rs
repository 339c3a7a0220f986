//! Messages that are handled alone because they came before: what began, what ended, and what took its process along.

use super::{Db, Query, Table, Tx, again, first};
use crate::{Result, Suspicion};
use staunch_core::{Span, Time};

/// For so long a crash speaks for others: something else than a message ends processes here.
const WINDOW: Span = Span::seconds(600);
/// Rows that nobody came back to.
const KEPT: Span = Span::days(7);

pub async fn begin<D: Db>(db: &D, id: &str, worker: &str, ended: &[String], now: Time) -> Result<Suspicion> {
    let put = "INSERT INTO suspects(id, crashes, open, worker, started_at) VALUES ($1, 0, 1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET crashes = suspects.crashes + suspects.open, open = 1,
            worker = excluded.worker, started_at = excluded.started_at
        RETURNING crashes";
    let count = "SELECT COUNT(*) FROM suspects WHERE crashes > 0 AND started_at > $1 AND id <> $2";
    let number = |rows: Vec<(i64,)>| first(rows).map_or(0, |row| u32::try_from(row.0).unwrap_or(u32::MAX));
    again(|| async {
        let mut tx = db.write().await?;
        // It has to outlive this process, and not the database.
        D::relax(&mut tx).await?;
        close::<D>(&mut tx, ended).await?;
        let crashes = number(D::fetch(&mut tx, Query::new(put).text(id).text(worker).int(now.0)).await?);
        let others = match crashes {
            0 => 0,
            _ => number(D::fetch(&mut tx, Query::new(count).int((now - WINDOW).0).text(id)).await?),
        };
        tx.commit().await?;
        Ok(Suspicion { crashes, others })
    })
    .await
}

pub async fn end<D: Db>(db: &D, ended: &[String], now: Time) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    again(|| async {
        let mut tx = db.write().await?;
        D::relax(&mut tx).await?;
        close::<D>(&mut tx, ended).await?;
        let old = Query::new("DELETE FROM suspects WHERE started_at < $1").int((now - KEPT).0);
        D::execute(&mut tx, old).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// What never crashed leaves no row; what did stays, closed, and speaks for others.
async fn close<D: Db>(tx: &mut Tx<D>, ended: &[String]) -> Result<(), super::Fail> {
    if ended.is_empty() {
        return Ok(());
    }
    let ids = || Table::default().strs("id", ended.iter().map(String::as_str));
    let gone = "DELETE FROM suspects WHERE crashes = 0 AND id IN (SELECT r.id FROM {rows})";
    if D::execute(tx, Query::new(gone).table(ids())).await? < ended.len() as u64 {
        let closed = "UPDATE suspects SET open = 0 WHERE id IN (SELECT r.id FROM {rows})";
        D::execute(tx, Query::new(closed).table(ids())).await?;
    }
    Ok(())
}

pub async fn forget<D: Db>(db: &D, id: &str) -> Result<()> {
    again(|| async {
        let mut tx = db.write().await?;
        D::execute(&mut tx, Query::new("DELETE FROM suspects WHERE id = $1").text(id)).await?;
        Ok(tx.commit().await?)
    })
    .await
}
