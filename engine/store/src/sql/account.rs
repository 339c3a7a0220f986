//! Accounts: rows to which commits add. Additions commute, so two commits wait for each other and neither loses.

use super::rows::{json, parse};
use super::{Db, Fail, Query, Table, Tx, first};
use crate::{Change, Result};
use staunch_core::account::{Account, AccountDelta, Accounts};
use staunch_core::facts::FactKey;
use staunch_core::{Span, Time};
use std::collections::{BTreeMap, HashMap};

/// Adds what the changes add, and drops facts that nobody can reach any more. Last in a commit, because many contacts
/// share an account.
pub async fn add<D: Db>(tx: &mut Tx<D>, changes: &[&Change], now: Time) -> Result<(), Fail> {
    let mut deltas: BTreeMap<&str, Vec<&AccountDelta>> = BTreeMap::new();
    for delta in changes.iter().flat_map(|change| &change.accounts) {
        deltas.entry(delta.id.as_str()).or_default().push(delta);
    }
    if deltas.is_empty() {
        return Ok(());
    }
    // New rows first and all in the order of ids, so that commits wait for each other in one direction only.
    let make = "INSERT INTO accounts(id, state, version) SELECT r.id, '', 0 FROM {rows}
        WHERE true ON CONFLICT (id) DO NOTHING";
    D::execute(tx, Query::new(make).ids(deltas.keys().copied())).await?;
    let lock = "SELECT id, state, version FROM accounts WHERE id IN (SELECT r.id FROM {rows}) ORDER BY id {lock}";
    let rows: Vec<(String, String, i64)> = D::fetch(tx, Query::new(lock).ids(deltas.keys().copied())).await?;
    let mut states = Vec::new();
    for (id, state, version) in &rows {
        let mut account = if *version == 0 { Account::new(id) } else { parse("accounts", id, state)? };
        apply(&mut account, deltas.get(id.as_str()).map_or(&[][..], Vec::as_slice), now);
        states.push(json("accounts", id, &account)?);
    }
    let update = "UPDATE accounts SET state = r.state, version = accounts.version + 1
        FROM {rows} WHERE accounts.id = r.id";
    let rows = Table::default().strs("id", rows.iter().map(|row| row.0.as_str())).texts("state", states);
    D::execute(tx, Query::new(update).table(rows)).await?;
    Ok(())
}

/// A log that grows says itself how long it is kept, so the store needs no catalog.
fn apply(account: &mut Account, deltas: &[&AccountDelta], now: Time) {
    let mut keep: HashMap<FactKey, Span> = HashMap::new();
    for delta in deltas {
        account.apply(delta);
        for (key, _, _, span) in &delta.facts {
            let known = keep.entry(*key).or_insert(*span);
            *known = (*known).max(*span);
        }
    }
    account.prune(now, |key| keep.get(&key).copied());
}

const READ: &str = "SELECT id, state FROM accounts WHERE id IN (SELECT r.id FROM {rows})";

fn read_all(rows: Vec<(String, String)>) -> Result<Accounts> {
    rows.into_iter().map(|(id, state)| Ok((id.clone(), parse("accounts", &id, &state)?))).collect()
}

/// Accounts by id; unknown ones are absent.
pub async fn load<D: Db>(db: &D, ids: impl IntoIterator<Item = &str>) -> Result<Accounts> {
    read_all(db.read(Query::new(READ).ids(ids)).await?)
}

/// The same inside a transaction.
pub async fn load_in<D: Db>(tx: &mut Tx<D>, ids: impl IntoIterator<Item = &str>) -> Result<Accounts, Fail> {
    Ok(read_all(D::fetch(tx, Query::new(READ).ids(ids)).await?)?)
}

pub async fn one<D: Db>(db: &D, id: &str) -> Result<Option<Account>> {
    let rows: Vec<(String, String)> = db.read(Query::new(READ).ids([id])).await?;
    first(rows).map(|(id, state)| parse("accounts", &id, &state)).transpose()
}
