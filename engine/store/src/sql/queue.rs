//! The embedded queue: durable messages in order, each held by at most one reader for the length of a lease.

use super::{Db, Query, Table, again, first};
use crate::{Message, Result, Taken};
use staunch_core::{Span, Time};

pub async fn push<D: Db>(db: &D, messages: &[Message], now: Time) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let rows = Table::default()
        .bytes("body", messages.iter().map(|message| message.body.clone()))
        .strs("headers", messages.iter().map(|message| message.headers.as_str()))
        .ints("place", 0..messages.len() as i64);
    let sql = "INSERT INTO queue(body, headers, pushed_at) SELECT r.body, r.headers, $1 FROM {rows} ORDER BY r.place";
    again(|| async {
        let mut tx = db.write().await?;
        D::execute(&mut tx, Query::new(sql).int(now.0).table(rows.clone())).await?;
        Ok(tx.commit().await?)
    })
    .await
}

pub async fn take<D: Db>(db: &D, limit: u32, lease: Span, now: Time) -> Result<Vec<Taken>> {
    let sql = "UPDATE queue SET attempts = attempts + 1, lease_until = $1
        WHERE id IN (SELECT id FROM queue WHERE lease_until <= $2 ORDER BY id LIMIT $3 {skip})
        RETURNING id, attempts, body, headers";
    let mut taken: Vec<Taken> = again(|| async {
        let mut tx = db.write().await?;
        let query = Query::new(sql).int((now + lease).0).int(now.0).int(i64::from(limit));
        let rows: Vec<(i64, i64, Vec<u8>, String)> = D::fetch(&mut tx, query).await?;
        tx.commit().await?;
        let taken = |(id, attempts, body, headers)| Taken { id, attempts, message: Message { body, headers } };
        Ok(rows.into_iter().map(taken).collect())
    })
    .await?;
    taken.sort_by_key(|one| one.id);
    Ok(taken)
}

pub async fn ack<D: Db>(db: &D, ids: &[i64]) -> Result<()> {
    change(db, "DELETE FROM queue WHERE id IN (SELECT r.id FROM {rows})", ids).await
}

pub async fn release<D: Db>(db: &D, ids: &[i64]) -> Result<()> {
    let sql = "UPDATE queue SET attempts = attempts - 1, lease_until = 0
        WHERE lease_until > 0 AND id IN (SELECT r.id FROM {rows})";
    change(db, sql, ids).await
}

async fn change<D: Db>(db: &D, sql: &'static str, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    again(|| async {
        let mut tx = db.write().await?;
        D::execute(&mut tx, Query::new(sql).table(Table::default().ints("id", ids.iter().copied()))).await?;
        Ok(tx.commit().await?)
    })
    .await
}

pub async fn depth<D: Db>(db: &D) -> Result<u64> {
    let rows: Vec<(i64,)> = db.read(Query::new("SELECT COUNT(*) FROM queue")).await?;
    Ok(first(rows).map_or(0, |row| row.0.unsigned_abs()))
}
