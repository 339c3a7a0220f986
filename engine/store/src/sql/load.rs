//! What a micro-batch needs: its contacts, and which of its events are decided already.

use super::rows::{corrupt, parse};
use super::{Db, Query, Table, first};
use crate::{Loaded, Result};
use staunch_core::Time;
use staunch_core::event::EventKey;

/// Contacts and decided events in one statement, so that one round trip is enough.
const LOAD: &str = "
    SELECT 'contact', id, version, state FROM contacts WHERE id IN (SELECT r.id FROM {rows})
    UNION ALL
    SELECT 'decided', id, 0, '' FROM decisions WHERE id IN (SELECT r.id FROM {rows2})";

pub async fn load<D: Db>(db: &D, contacts: &[String], events: &[EventKey]) -> Result<Loaded> {
    let keys = Table::default().texts("id", events.iter().map(hex::encode));
    let query = Query::new(LOAD).ids(contacts.iter().map(String::as_str)).table(keys);
    let rows: Vec<(String, String, i64, String)> = db.read(query).await?;
    let mut loaded = Loaded::default();
    for (kind, id, version, state) in rows {
        if kind == "contact" {
            let contact = parse("contacts", &id, &state)?;
            loaded.contacts.insert(id, (contact, version));
        } else {
            let mut key = EventKey::default();
            hex::decode_to_slice(&id, &mut key).map_err(|_| corrupt("decisions", &id, "its id is no key"))?;
            loaded.decided.insert(key);
        }
    }
    Ok(loaded)
}

pub async fn due<D: Db>(db: &D, now: Time, limit: u32) -> Result<Vec<String>> {
    let sql = "SELECT id FROM contacts WHERE wake_at <= $1 ORDER BY wake_at, id LIMIT $2";
    let rows: Vec<(String,)> = db.read(Query::new(sql).int(now.0).int(i64::from(limit))).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

pub async fn next_wake<D: Db>(db: &D) -> Result<Option<Time>> {
    let sql = "SELECT MIN(wake_at) FROM contacts WHERE wake_at IS NOT NULL";
    let rows: Vec<(Option<i64>,)> = db.read(Query::new(sql)).await?;
    Ok(first(rows).and_then(|row| row.0).map(Time))
}

pub async fn now<D: Db>(db: &D) -> Result<Time> {
    let rows: Vec<(i64,)> = db.read(Query::new(D::NOW)).await?;
    Ok(Time(first(rows).map_or(0, |row| row.0)))
}
