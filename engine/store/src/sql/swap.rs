//! The compare-and-swap of a commit: every row of `contacts` that a change is about, or none of them.
//!
//! An alias has a row there, too, which points to its contact. So the primary key decides between an id that becomes an
//! alias here and the same id that becomes a new contact elsewhere.

use super::rows::json;
use super::{Db, Fail, Query, Table, Tx};
use crate::{Change, Result};
use staunch_core::Time;
use staunch_core::contact::Contact;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// How the swap of a batch went.
pub enum Swapped {
    /// All rows of these contacts' changes are written, and none of the others'.
    Won(HashSet<String>),
    /// Somebody took an id at the same moment: of these contacts' changes some rows are written and some are not, so
    /// that the transaction is to be given up.
    Torn(HashSet<String>),
}

/// One row to write.
struct Record<'a> {
    contact: Cow<'a, Contact>,
    expected: i64,
    wake_at: Option<Time>,
}

/// Every id that a change is about: no two changes of one commit may share one.
pub fn ids(change: &Change) -> impl Iterator<Item = &str> {
    let merged = change.merged.iter().map(|one| one.tombstone.id.as_str());
    std::iter::once(change.contact.id.as_str()).chain(merged).chain(change.aliases.iter().map(String::as_str))
}

/// Writes the contacts whose versions are the expected ones.
pub async fn swap<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<Swapped, Fail> {
    match changes.iter().all(|change| change.merged.is_empty() && change.aliases.is_empty()) {
        true => Ok(Swapped::Won(swap_alone::<D>(tx, changes).await?)),
        false => swap_together::<D>(tx, changes).await,
    }
}

/// Where each change is about one row, that row can be compared and written at once.
async fn swap_alone<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<HashSet<String>, Fail> {
    let records: Vec<Record<'_>> = changes.iter().map(|change| own_record(change)).collect();
    write::<D>(tx, &records.iter().collect::<Vec<_>>()).await
}

/// Writes rows in the order of ids, those of known contacts before new ones. Gives the ids of those that had the expected
/// version or were free.
async fn write<D: Db>(tx: &mut Tx<D>, records: &[&Record<'_>]) -> Result<HashSet<String>, Fail> {
    let mut sorted = records.to_vec();
    sorted.sort_by_key(|record| record.contact.id.as_str());
    let (old, new): (Vec<&Record<'_>>, Vec<&Record<'_>>) = sorted.into_iter().partition(|record| record.expected > 0);
    let mut written = update::<D>(tx, &old).await?;
    written.extend(insert::<D>(tx, &new).await?);
    Ok(written)
}

/// Where rows belong together, all are locked first, so that none is written whose sisters cannot be.
async fn swap_together<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<Swapped, Fail> {
    let versions = lock::<D>(tx, changes).await?;
    let owners = owners::<D>(tx, changes).await?;
    let mut fitting: Vec<(&Change, Vec<Record<'_>>)> = Vec::new();
    for change in changes.iter().filter(|change| fits(change, &versions, &owners)) {
        fitting.push((change, records(change, &owners)));
    }
    let written = write::<D>(tx, &fitting.iter().flat_map(|(_, records)| records).collect::<Vec<_>>()).await?;
    let (mut won, mut torn) = (HashSet::new(), HashSet::new());
    for (change, records) in &fitting {
        if records.iter().all(|record| written.contains(&record.contact.id)) {
            won.insert(change.contact.id.clone());
        } else if records.len() > 1 {
            torn.insert(change.contact.id.clone());
        }
    }
    Ok(if torn.is_empty() { Swapped::Won(won) } else { Swapped::Torn(torn) })
}

/// Locks what is there, in the order of ids, and gives the versions.
async fn lock<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<HashMap<String, i64>, Fail> {
    let lock = "SELECT id, version FROM contacts WHERE id IN (SELECT r.id FROM {rows}) ORDER BY id {lock}";
    let merged = changes.iter().flat_map(|change| &change.merged).map(|one| one.tombstone.id.as_str());
    let ids = changes.iter().map(|change| change.contact.id.as_str()).chain(merged);
    let versions: Vec<(String, i64)> = D::fetch(tx, Query::new(lock).ids(ids)).await?;
    Ok(versions.into_iter().collect())
}

/// Whose the wanted aliases are now. Those of a contact change only with a merge of it, which needs its lock.
async fn owners<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<HashMap<String, String>, Fail> {
    let wanted: Vec<&str> = changes.iter().flat_map(|change| &change.aliases).map(String::as_str).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT alias, contact FROM aliases WHERE alias IN (SELECT r.id FROM {rows})";
    let owners: Vec<(String, String)> = D::fetch(tx, Query::new(sql).ids(wanted)).await?;
    Ok(owners.into_iter().collect())
}

fn merges(change: &Change, id: &str) -> bool {
    change.merged.iter().any(|one| one.tombstone.id == id)
}

fn fits(change: &Change, versions: &HashMap<String, i64>, owners: &HashMap<String, String>) -> bool {
    let as_expected = |id: &str, expected: i64| versions.get(id).copied().unwrap_or(0) == expected;
    let free = |alias: &String| match owners.get(alias) {
        None => true,
        Some(owner) => *owner == change.contact.id || merges(change, owner),
    };
    as_expected(&change.contact.id, change.expected)
        && change.merged.iter().all(|one| as_expected(&one.tombstone.id, one.expected))
        && change.aliases.iter().all(free)
}

fn own_record(change: &Change) -> Record<'_> {
    Record { contact: Cow::Borrowed(&change.contact), expected: change.expected, wake_at: change.wake_at }
}

fn records<'a>(change: &'a Change, owners: &HashMap<String, String>) -> Vec<Record<'a>> {
    let mut records = vec![own_record(change)];
    for one in &change.merged {
        records.push(Record { contact: Cow::Borrowed(&one.tombstone), expected: one.expected, wake_at: None });
    }
    let mut seen = HashSet::new();
    let new = |alias: &&String| !owners.contains_key(*alias) && !merges(change, alias) && seen.insert((*alias).clone());
    for alias in change.aliases.iter().filter(new) {
        let contact = Contact { merged_into: Some(change.contact.id.clone()), ..Contact::new(alias) };
        records.push(Record { contact: Cow::Owned(contact), expected: 0, wake_at: None });
    }
    records
}

/// Gives the ids of the rows that had the expected version.
async fn update<D: Db>(tx: &mut Tx<D>, old: &[&Record<'_>]) -> Result<HashSet<String>, Fail> {
    if old.is_empty() {
        return Ok(HashSet::new());
    }
    let update = "UPDATE contacts SET version = contacts.version + 1, state = r.state, wake_at = r.wake_at
        FROM {rows} WHERE contacts.id = r.id AND contacts.version = r.expected RETURNING contacts.id";
    let table = rows(old)?.ints("expected", old.iter().map(|record| record.expected));
    let rows: Vec<(String,)> = D::fetch(tx, Query::new(update).table(table)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Gives the ids that were free.
async fn insert<D: Db>(tx: &mut Tx<D>, new: &[&Record<'_>]) -> Result<HashSet<String>, Fail> {
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let insert = "INSERT INTO contacts(id, version, state, wake_at) SELECT r.id, 1, r.state, r.wake_at FROM {rows}
        WHERE true ON CONFLICT (id) DO NOTHING RETURNING id";
    let rows: Vec<(String,)> = D::fetch(tx, Query::new(insert).table(rows(new)?)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

fn rows(records: &[&Record<'_>]) -> Result<Table> {
    let state = |record: &&Record<'_>| json("contacts", &record.contact.id, &*record.contact);
    let states: Vec<String> = records.iter().map(state).collect::<Result<_>>()?;
    Ok(Table::default()
        .strs("id", records.iter().map(|record| record.contact.id.as_str()))
        .texts("state", states)
        .ints("wake_at", records.iter().map(|record| record.wake_at.map(|at| at.0))))
}
