//! What a micro-batch needs: its contacts, which of its events are decided already, and accounts. And who is due.

use super::rows::{corrupt, parse};
use super::{Db, Fail, Query, Table, Tx, account, again, first};
use crate::{Loaded, Result};
use staunch_core::Time;
use staunch_core::contact::Contact;
use staunch_core::event::EventKey;
use std::collections::BTreeSet;

/// Contacts, those behind aliases and decided events in one statement, so that one round trip is enough.
const LOAD: &str = "
    SELECT 'contact', id, version, state FROM contacts WHERE id IN (SELECT r.id FROM {rows})
    UNION ALL
    SELECT 'alias', aliases.alias, contacts.version, contacts.state FROM aliases
        JOIN contacts ON contacts.id = aliases.contact WHERE aliases.alias IN (SELECT r.id FROM {rows})
    UNION ALL
    SELECT 'decided', id, 0, '' FROM decisions WHERE id IN (SELECT r.id FROM {rows2})";

pub async fn load<D: Db>(
    db: &D,
    contacts: &[String],
    events: &[EventKey],
    accounts: Option<&[String]>,
) -> Result<Loaded> {
    let keys = Table::default().texts("id", events.iter().map(hex::encode));
    let query = Query::new(LOAD).ids(contacts.iter().map(String::as_str)).table(keys);
    let rows: Vec<(String, String, i64, String)> = db.read(query).await?;
    let mut loaded = Loaded::default();
    let mut gone = Vec::new();
    for (kind, id, version, state) in rows {
        if kind == "decided" {
            let mut key = EventKey::default();
            hex::decode_to_slice(&id, &mut key).map_err(|_| corrupt("decisions", &id, "its id is no key"))?;
            loaded.decided.insert(key);
            continue;
        }
        let contact: Contact = parse("contacts", &id, &state)?;
        if kind == "alias" {
            loaded.aliases.insert(id, contact.id.clone());
        } else if contact.merged_into.is_some() {
            gone.push(id);
            continue;
        }
        loaded.contacts.insert(contact.id.clone(), (contact, version));
    }
    // Nothing is ever decided about a record that only points to another one.
    if let Some(id) = gone.into_iter().find(|id| !loaded.aliases.contains_key(id)) {
        return Err(corrupt("contacts", &id, "it was merged, and no alias says into whom"));
    }
    if let Some(named) = accounts {
        let of_contacts = loaded.contacts.values().filter_map(|(contact, _)| contact.account.as_ref());
        let ids: BTreeSet<&str> =
            of_contacts.map(|(id, _)| id.as_str()).chain(named.iter().map(String::as_str)).collect();
        if !ids.is_empty() {
            loaded.accounts = account::load(db, ids).await?;
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

pub async fn wake_all<D: Db>(db: &D, now: Time) -> Result<u64> {
    again(|| async {
        let mut tx = db.write().await?;
        let woken = wake_all_in::<D>(&mut tx, now).await?;
        tx.commit().await?;
        Ok(woken)
    })
    .await
}

/// Makes all contacts due. The version grows, so that a decision under way, which may not know what is new, is made
/// again.
pub async fn wake_all_in<D: Db>(tx: &mut Tx<D>, now: Time) -> Result<u64, Fail> {
    let sql = "UPDATE contacts SET version = version + 1,
            wake_at = CASE WHEN wake_at IS NULL OR wake_at > $1 THEN $1 ELSE wake_at END
        WHERE id IN (SELECT id FROM contacts WHERE NOT EXISTS (SELECT 1 FROM aliases WHERE alias = contacts.id)
            ORDER BY id {lock})";
    D::execute(tx, Query::new(sql).int(now.0)).await
}

pub async fn now<D: Db>(db: &D) -> Result<Time> {
    let rows: Vec<(i64,)> = db.read(Query::new(D::NOW)).await?;
    Ok(Time(first(rows).map_or(0, |row| row.0)))
}
