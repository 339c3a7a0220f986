//! Inputs that could not be used, with their bytes.

use super::{Db, Query, Table, again, first};
use crate::{Parked, Result};
use staunch_core::Time;

const READ: &str = "SELECT id, origin, code, message, bytes, headers, path, at FROM parked
    WHERE $1 IS NULL OR id = $1 ORDER BY at DESC, id LIMIT $2";

pub async fn park<D: Db>(db: &D, parked: &[Parked]) -> Result<()> {
    if parked.is_empty() {
        return Ok(());
    }
    let rows = Table::default()
        .strs("id", parked.iter().map(|one| one.id.as_str()))
        .texts("origin", parked.iter().map(|one| plain(&one.origin)))
        .strs("code", parked.iter().map(|one| one.code.as_str()))
        .texts("message", parked.iter().map(|one| plain(&one.message)))
        .bytes("bytes", parked.iter().map(|one| one.bytes.clone()))
        .texts("headers", parked.iter().map(|one| plain(&one.headers)))
        .texts("path", parked.iter().map(|one| one.path.clone()))
        .ints("at", parked.iter().map(|one| one.at.0));
    let sql = "INSERT INTO parked(id, origin, code, message, bytes, headers, path, at)
        SELECT r.id, r.origin, r.code, r.message, r.bytes, r.headers, r.path, r.at FROM {rows}
        WHERE true ON CONFLICT (id) DO NOTHING";
    again(|| async {
        let mut tx = db.write().await?;
        D::execute(&mut tx, Query::new(sql).table(rows.clone())).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Parking must never fail for what is in the input: Postgres keeps no NUL in a text.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

type Row = (String, String, String, String, Vec<u8>, String, Option<String>, i64);

fn read(row: Row) -> Parked {
    let (id, origin, code, message, bytes, headers, path, at) = row;
    Parked { id, origin, code, message, bytes, headers, path, at: Time(at) }
}

pub async fn list<D: Db>(db: &D, limit: u32) -> Result<Vec<Parked>> {
    let rows: Vec<Row> = db.read(Query::new(READ).maybe(None).int(i64::from(limit))).await?;
    Ok(rows.into_iter().map(read).collect())
}

pub async fn one<D: Db>(db: &D, id: &str) -> Result<Option<Parked>> {
    let rows: Vec<Row> = db.read(Query::new(READ).text(id).int(1)).await?;
    Ok(first(rows).map(read))
}

pub async fn unpark<D: Db>(db: &D, id: &str) -> Result<bool> {
    again(|| async {
        let mut tx = db.write().await?;
        let gone = D::execute(&mut tx, Query::new("DELETE FROM parked WHERE id = $1").text(id)).await?;
        tx.commit().await?;
        Ok(gone == 1)
    })
    .await
}
