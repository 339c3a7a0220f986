//! What follows from two records that became one: whatever belonged to the one that is gone is the survivor's.
//!
//! Runs, actions and decisions keep their ids. Only here do they change hands, in the transaction that makes the one
//! contact point to the other.

use super::{Db, Fail, Query, Table, Tx};
use crate::{Change, Result};

/// Hands over what belonged to merged contacts, and writes down the new aliases. The contacts are locked and swapped.
pub async fn hand_over<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<(), Fail> {
    put_aliases::<D>(tx, changes).await?;
    let merged: Vec<&&Change> = changes.iter().filter(|change| !change.merged.is_empty()).collect();
    let pairs: Vec<(&str, &str)> = merged
        .iter()
        .flat_map(|change| change.merged.iter().map(|one| (one.tombstone.id.as_str(), change.contact.id.as_str())))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let rows = || {
        let rows = Table::default().strs("id", pairs.iter().map(|pair| pair.0));
        rows.strs("survivor", pairs.iter().map(|pair| pair.1))
    };
    // In the order of ids, like a kill, which may hold some of them.
    let lock = "SELECT id FROM actions WHERE contact IN (SELECT r.id FROM {rows}) ORDER BY id {lock}";
    let _: Vec<(String,)> = D::fetch(tx, Query::new(lock).table(rows())).await?;
    for sql in [
        "UPDATE actions SET contact = r.survivor FROM {rows} WHERE actions.contact = r.id",
        "UPDATE runs SET contact = r.survivor FROM {rows} WHERE runs.contact = r.id",
        "UPDATE decisions SET contact = r.survivor FROM {rows} WHERE decisions.contact = r.id",
        "UPDATE aliases SET contact = r.survivor FROM {rows} WHERE aliases.contact = r.id",
    ] {
        D::execute(tx, Query::new(sql).table(rows())).await?;
    }
    mark_crossed::<D>(tx, &merged).await
}

async fn put_aliases<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<(), Fail> {
    let mut pairs: Vec<(&str, &str)> = changes
        .iter()
        .flat_map(|change| change.aliases.iter().map(|alias| (alias.as_str(), change.contact.id.as_str())))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    pairs.sort_unstable();
    pairs.dedup();
    let rows = Table::default()
        .strs("alias", pairs.iter().map(|pair| pair.0))
        .strs("contact", pairs.iter().map(|pair| pair.1));
    let sql = "INSERT INTO aliases(alias, contact) SELECT r.alias, r.contact FROM {rows}
        WHERE true ON CONFLICT (alias) DO UPDATE SET contact = excluded.contact";
    D::execute(tx, Query::new(sql).table(rows)).await?;
    Ok(())
}

/// Also runs that are long over: the contact was on both sides.
async fn mark_crossed<D: Db>(tx: &mut Tx<D>, merged: &[&&Change]) -> Result<(), Fail> {
    let pairs: Vec<(&str, &str)> = merged
        .iter()
        .flat_map(|change| change.contact.crossed.iter().map(|name| (change.contact.id.as_str(), name.as_str())))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let rows = Table::default()
        .strs("contact", pairs.iter().map(|pair| pair.0))
        .strs("workflow", pairs.iter().map(|pair| pair.1));
    let sql = "UPDATE runs SET crossed = 1 FROM {rows}
        WHERE runs.contact = r.contact AND runs.workflow = r.workflow AND runs.crossed = 0";
    D::execute(tx, Query::new(sql).table(rows)).await?;
    Ok(())
}
