//! What may be forgotten: rows that are older than their class is kept, and that nothing alive needs.
//!
//! A sweep first reads a page ([`expendable`]), so that it can be archived outside of any transaction, and then deletes
//! exactly those rows ([`discard`]); that statement asks the whole condition again, because a row may have changed meanwhile.

use super::rows::parse;
use super::{Db, Fail, Query, Tx, again};
use crate::{Class, Expendable, Result};
use staunch_core::Time;
use staunch_core::contact::Contact;
use staunch_core::run::Run;
use std::collections::{BTreeMap, BTreeSet};

/// Decisions are the dedupe records and the reasons of what goes on: those since the start of a contact's oldest live run stay.
macro_rules! old_decisions {
    () => {
        "decided_at < $1 AND at < $1 AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.contact = decisions.contact
            AND runs.status IN ('waiting', 'held') AND runs.entered_at <= decisions.at)"
    };
}

/// Runs that are over and have no action on its way. Whether a goal can still be reached, the caller says.
macro_rules! old_runs {
    () => {
        "ended_at < $1 AND status NOT IN ('waiting', 'held') AND NOT EXISTS (SELECT 1 FROM actions
            WHERE actions.run = runs.id AND actions.state IN ('held', 'review', 'ready', 'sending', 'in_doubt'))"
    };
}

/// Actions that are over, of runs that are over. One in doubt waits for its answer however long.
macro_rules! old_actions {
    () => {
        "planned_at < $1 AND COALESCE(finished_at, planned_at) < $1 AND state IN ('done', 'failed', 'withheld')
            AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = actions.run AND runs.status IN ('waiting', 'held'))"
    };
}

/// Finds and deletes, of one class. Both ask the same.
struct Statements {
    find: &'static str,
    delete: &'static str,
}

fn statements(class: Class) -> Statements {
    match class {
        Class::Decisions => Statements {
            find: concat!(
                "SELECT id, contact, at, receipt FROM decisions WHERE ",
                old_decisions!(),
                " AND $2 <> '!' LIMIT $3"
            ),
            delete: concat!("DELETE FROM decisions WHERE ", old_decisions!(), " AND id IN (SELECT r.id FROM {rows})"),
        },
        Class::Runs => Statements {
            find: concat!(
                "SELECT id, contact, ended_at, '' FROM runs WHERE ",
                old_runs!(),
                " AND id > $2 ORDER BY id LIMIT $3"
            ),
            delete: concat!("DELETE FROM runs WHERE ", old_runs!(), " AND id IN (SELECT r.id FROM {rows})"),
        },
        Class::Actions => Statements {
            find: concat!(
                "SELECT id, contact, planned_at, '' FROM actions WHERE ",
                old_actions!(),
                " AND id > $2 ORDER BY id LIMIT $3"
            ),
            delete: concat!("DELETE FROM actions WHERE ", old_actions!(), " AND id IN (SELECT r.id FROM {rows})"),
        },
        Class::Parked => Statements {
            find: "SELECT id, '', at, COALESCE(path, '') FROM parked WHERE at < $1 AND id > $2 ORDER BY id LIMIT $3",
            delete: "DELETE FROM parked WHERE at < $1 AND id IN (SELECT r.id FROM {rows})",
        },
    }
}

type Found = (String, String, i64, String);

/// Up to `limit` rows that may go, of runs, actions and parked inputs in order of their ids behind `after`.
pub async fn expendable<D: Db>(db: &D, class: Class, before: Time, after: &str, limit: u32) -> Result<Vec<Expendable>> {
    let query = Query::new(statements(class).find).int(before.0).text(after).int(i64::from(limit));
    let rows: Vec<Found> = db.read(query).await?;
    let read = |(id, contact, at, text): Found| Expendable { id, contact, at: Time(at), text };
    Ok(rows.into_iter().map(read).collect())
}

/// Deletes those of these rows that may still go. Gives how many.
pub async fn discard<D: Db>(
    db: &D,
    class: Class,
    before: Time,
    rows: &[Expendable],
    open: &(dyn Fn(&Run) -> bool + Sync),
) -> Result<u64> {
    again(|| async {
        let mut tx = db.write().await?;
        let mut ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        if class == Class::Runs {
            let needed = needed::<D>(&mut tx, rows, open).await?;
            ids.retain(|id| !needed.contains(*id));
        }
        if class == Class::Actions {
            // The same condition first, so that an action that stays keeps its outcomes.
            let sql = concat!(
                "DELETE FROM outcomes WHERE action IN (SELECT id FROM actions WHERE ",
                old_actions!(),
                " AND id IN (SELECT r.id FROM {rows}))"
            );
            D::execute(&mut tx, Query::new(sql).int(before.0).ids(ids.iter().copied())).await?;
        }
        let query = Query::new(statements(class).delete).int(before.0).ids(ids.iter().copied());
        let gone = D::execute(&mut tx, query).await?;
        tx.commit().await?;
        Ok(gone)
    })
    .await
}

/// The runs that their contact still carries and of which something can come: a goal, or an action.
async fn needed<D: Db>(
    tx: &mut Tx<D>,
    rows: &[Expendable],
    open: &(dyn Fn(&Run) -> bool + Sync),
) -> Result<BTreeSet<String>, Fail> {
    let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        of.entry(&row.contact).or_default().push(&row.id);
    }
    // Locked, so that the contact cannot take one up meanwhile; who is busy is left for the next sweep.
    let sql = "SELECT id, state FROM contacts WHERE id IN (SELECT r.id FROM {rows}) ORDER BY id {skip}";
    let found: Vec<(String, String)> = D::fetch(tx, Query::new(sql).ids(of.keys().copied())).await?;
    let mut free: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (id, state) in &found {
        let contact: Contact = parse("contacts", id, state)?;
        free.insert(id, contact.runs.into_iter().filter(|run| open(run)).map(|run| run.id).collect());
    }
    let kept = of.into_iter().flat_map(|(contact, runs)| {
        let carried = free.get(contact);
        runs.into_iter().filter(move |run| carried.is_none_or(|carried| carried.contains(*run)))
    });
    Ok(kept.map(str::to_owned).collect())
}
