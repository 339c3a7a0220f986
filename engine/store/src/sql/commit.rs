//! The commit of a micro-batch: each contact by compare-and-swap with all that belongs to it, or not at all.
//!
//! A bounded number of statements, whatever the batch's size. Contacts are locked first and in the order of their ids,
//! so that two commits wait for each other in one direction only.

use super::rows::{NewAction, action_rows, decision_rows, run_rows};
use super::swap::{Swapped, ids, swap};
use super::{Db, Fail, Lock, Query, Table, Tx, account, again, control, merge};
use crate::{Change, Committed, Result, StoreError};
use staunch_core::Time;
use staunch_core::action::{Action, ActionState, ReasonCode};
use staunch_core::receipt::Decision;
use staunch_core::run::Run;
use std::collections::{HashMap, HashSet};

/// How one try went.
enum Tried {
    /// Committed, except for these contacts.
    Done(Vec<String>),
    /// Nothing was written: these events are decided already.
    Decided(HashSet<String>),
    /// Nothing was written: these contacts lose, and the others are to be tried without them.
    Lost(HashSet<String>),
}

pub async fn commit<D: Db>(db: &D, changes: &[Change], now: Time) -> Result<Committed> {
    let (mut open, mut losers) = distinct(changes);
    loop {
        match again(|| attempt(db, &open, now)).await? {
            Tried::Done(late) => {
                losers.extend(late);
                return Ok(Committed { losers });
            }
            Tried::Decided(known) => {
                let stale = |change: &Change| change.decisions.iter().any(|one| known.contains(&one.id));
                losers.extend(open.extract_if(.., |change| stale(change)).map(|change| change.contact.id.clone()));
            }
            Tried::Lost(lost) => {
                open.retain(|change| !lost.contains(&change.contact.id));
                losers.extend(lost);
            }
        }
    }
}

/// In the order of ids; of two changes that name the same contact, alias or event, the second loses.
fn distinct(changes: &[Change]) -> (Vec<&Change>, Vec<String>) {
    let (mut names, mut events) = (HashSet::new(), HashSet::new());
    let (mut open, mut losers) = (Vec::new(), Vec::new());
    for change in changes {
        let known = change.decisions.iter().any(|one| events.contains(one.id.as_str()));
        if known || ids(change).any(|id| names.contains(id)) {
            losers.push(change.contact.id.clone());
        } else {
            events.extend(change.decisions.iter().map(|one| one.id.as_str()));
            names.extend(ids(change));
            open.push(change);
        }
    }
    open.sort_by(|a, b| a.contact.id.cmp(&b.contact.id));
    (open, losers)
}

async fn attempt<D: Db>(db: &D, changes: &[&Change], now: Time) -> Result<Tried, Fail> {
    if changes.is_empty() {
        return Ok(Tried::Done(Vec::new()));
    }
    let mut tx = db.write().await?;
    let won = match swap::<D>(&mut tx, changes).await? {
        Swapped::Won(won) => won,
        Swapped::Torn(lost) => {
            tx.rollback().await?;
            return Ok(Tried::Lost(lost));
        }
    };
    let (winners, losers): (Vec<&Change>, Vec<&Change>) =
        changes.iter().copied().partition(|change| won.contains(&change.contact.id));
    if winners.is_empty() {
        tx.rollback().await?;
    } else {
        match insert_decisions::<D>(&mut tx, &winners, now).await {
            Ok(()) => {}
            Err(fail) if fail.taken() => {
                tx.rollback().await?;
                return Ok(Tried::Decided(decided(db, &winners).await?));
            }
            Err(fail) => return Err(fail),
        }
        upsert_runs::<D>(&mut tx, &winners).await?;
        insert_actions(db, &mut tx, &winners, now).await?;
        merge::hand_over::<D>(&mut tx, &winners).await?;
        cancel::<D>(&mut tx, &winners, now).await?;
        insert_outcomes::<D>(&mut tx, &winners).await?;
        account::add::<D>(&mut tx, &winners, now).await?;
        tx.commit().await?;
    }
    Ok(Tried::Done(losers.into_iter().map(|change| change.contact.id.clone()).collect()))
}

/// Fails where one of them is decided already. To let the database leave such a row out would cost each of the others a
/// second search of the index.
async fn insert_decisions<D: Db>(tx: &mut Tx<D>, changes: &[&Change], now: Time) -> Result<(), Fail> {
    let decisions: Vec<(&str, &Decision)> =
        changes.iter().flat_map(|change| of_contact(change, &change.decisions)).collect();
    if decisions.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO decisions(id, contact, at, late, kind, receipt, decided_at, place)
        SELECT r.id, r.contact, r.at, r.late, r.kind, r.receipt, $1, r.place FROM {rows}";
    D::execute(tx, Query::new(insert).int(now.0).table(decision_rows(&decisions)?)).await?;
    Ok(())
}

/// Those of these decisions that are made already.
async fn decided<D: Db>(db: &D, changes: &[&Change]) -> Result<HashSet<String>, Fail> {
    let ids = changes.iter().flat_map(|change| &change.decisions).map(|one| one.id.as_str());
    let sql = "SELECT id FROM decisions WHERE id IN (SELECT r.id FROM {rows})";
    let rows: Vec<(String,)> = db.read(Query::new(sql).ids(ids)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Things of a change with the contact that they belong to from now on.
fn of_contact<'a, T>(change: &'a Change, things: &'a [T]) -> impl Iterator<Item = (&'a str, &'a T)> {
    things.iter().map(|thing| (change.contact.id.as_str(), thing))
}

async fn upsert_runs<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<(), Fail> {
    let runs: Vec<(&str, &Run)> = changes.iter().flat_map(|change| of_contact(change, &change.runs)).collect();
    if runs.is_empty() {
        return Ok(());
    }
    let upsert =
        "INSERT INTO runs(id, workflow, version, contact, status, entered_at, ended_at, arm, exposed_at, goal_at,
            goal_value, step, crossed, body)
        SELECT r.id, r.workflow, r.version, r.contact, r.status, r.entered_at, r.ended_at, r.arm, r.exposed_at,
            r.goal_at, r.goal_value, r.step, r.crossed, r.body FROM {rows}
        WHERE true ON CONFLICT (id) DO UPDATE SET version = excluded.version, contact = excluded.contact,
            status = excluded.status, ended_at = excluded.ended_at, arm = excluded.arm, step = excluded.step,
            crossed = CASE WHEN runs.crossed = 1 THEN 1 ELSE excluded.crossed END, 
            exposed_at = excluded.exposed_at, goal_at = excluded.goal_at, goal_value = excluded.goal_value,
            body = excluded.body";
    D::execute(tx, Query::new(upsert).table(run_rows(&runs)?)).await?;
    Ok(())
}

async fn insert_actions<D: Db>(db: &D, tx: &mut Tx<D>, changes: &[&Change], now: Time) -> Result<(), Fail> {
    let actions: Vec<(&str, &Action)> = changes.iter().flat_map(|change| of_contact(change, &change.actions)).collect();
    if actions.is_empty() {
        return Ok(());
    }
    let new = place(db, tx, &actions).await?;
    let insert =
        "INSERT INTO actions(id, contact, workflow, run, channel, purpose, priority, state, reason, planned_at,
            due_at, expires_at, review_until, review_goes, payload_hash, assignee, body, finished_at, held_from,
            held_due)
        SELECT r.id, r.contact, r.workflow, r.run, r.channel, r.purpose, r.priority, r.state, r.reason, r.planned_at,
            r.due_at, r.expires_at, r.review_until, r.review_goes, r.payload_hash, r.assignee, r.body, r.finished_at,
            r.held_from, r.held_due FROM {rows}
        WHERE true ON CONFLICT (id) DO NOTHING";
    let written = D::execute(tx, Query::new(insert).table(action_rows(&new, now)?)).await?;
    if written < actions.len() as u64 {
        same_payloads::<D>(tx, &actions).await?;
    }
    Ok(())
}

/// An action of a known id is left alone where it says the same, and refused where it says something else.
async fn same_payloads<D: Db>(tx: &mut Tx<D>, actions: &[(&str, &Action)]) -> Result<(), Fail> {
    let sql = "SELECT id, payload_hash FROM actions WHERE id IN (SELECT r.id FROM {rows})";
    let query = Query::new(sql).ids(actions.iter().map(|(_, action)| action.id.as_str()));
    let known: Vec<(String, String)> = D::fetch(tx, query).await?;
    let known: HashMap<String, String> = known.into_iter().collect();
    let differs = |action: &Action| known.get(&action.id).is_some_and(|hash| *hash != action.payload_hash);
    match actions.iter().find(|(_, action)| differs(action)) {
        Some((_, action)) => Err(StoreError::OtherPayload(action.id.clone()).into()),
        None => Ok(()),
    }
}

/// Where each action stands now. The decision saw kills that may have ended meanwhile: what it held for one that is
/// still in force waits for the resume, what it held for one that is gone goes its way.
async fn place<'a, D: Db>(
    db: &D,
    tx: &mut Tx<D>,
    actions: &[(&'a str, &'a Action)],
) -> Result<Vec<NewAction<'a>>, Fail> {
    let killed = |action: &Action| action.state == ActionState::Held && action.reason == Some(ReasonCode::Kill);
    let as_decided = |(contact, action): (&'a str, &'a Action)| NewAction {
        contact,
        action,
        state: action.state,
        reason: action.reason,
        due_at: action.due_at,
        held_from: None,
        held_due: None,
    };
    if !actions.iter().any(|(_, action)| killed(action)) {
        return Ok(actions.iter().map(|one| as_decided(*one)).collect());
    }
    db.lock(tx, Lock::Sends).await?;
    let live = control::live::<D>(tx).await?;
    let place = |one: (&'a str, &'a Action)| {
        let action = one.1;
        if !killed(action) {
            return as_decided(one);
        }
        let free = if action.review.is_some() { ActionState::Review } else { ActionState::Ready };
        if live.kill(&action.workflow, action.channel).is_some() {
            let (held_from, held_due) = (Some(free), Some(action.planned_at));
            NewAction { due_at: control::NEVER_DUE, held_from, held_due, ..as_decided(one) }
        } else {
            NewAction { state: free, reason: None, due_at: action.planned_at, ..as_decided(one) }
        }
    };
    Ok(actions.iter().map(|one| place(*one)).collect())
}

/// What is pending of runs that left is withheld.
async fn cancel<D: Db>(tx: &mut Tx<D>, changes: &[&Change], now: Time) -> Result<(), Fail> {
    let runs: Vec<&str> = changes.iter().flat_map(|change| &change.cancelled).map(String::as_str).collect();
    if runs.is_empty() {
        return Ok(());
    }
    let sql =
        "UPDATE actions SET state = 'withheld', reason = 'left', finished_at = $1, held_from = NULL, held_due = NULL
        WHERE id IN (SELECT id FROM actions WHERE run IN (SELECT r.id FROM {rows})
            AND state IN ('held', 'review', 'ready') ORDER BY id {lock})";
    D::execute(tx, Query::new(sql).int(now.0).ids(runs)).await?;
    Ok(())
}

async fn insert_outcomes<D: Db>(tx: &mut Tx<D>, changes: &[&Change]) -> Result<(), Fail> {
    let of = |change: &&Change| {
        change.outcomes.iter().map(|one| (change.contact.id.clone(), one.clone())).collect::<Vec<_>>()
    };
    let outcomes: Vec<_> = changes.iter().flat_map(of).collect();
    if outcomes.is_empty() {
        return Ok(());
    }
    let rows = Table::default()
        .strs("action", outcomes.iter().map(|(_, one)| one.action.as_str()))
        .strs("contact", outcomes.iter().map(|(contact, _)| contact.as_str()))
        .strs("channel", outcomes.iter().map(|(_, one)| one.kind.split('.').next().unwrap_or_default()))
        .strs("kind", outcomes.iter().map(|(_, one)| one.kind.as_str()))
        .ints("at", outcomes.iter().map(|(_, one)| one.at.0));
    // Only about an action of this contact on this channel: an outcome is a claim of whoever sent the event.
    let sql = "INSERT INTO outcomes(action, kind, at) SELECT r.action, r.kind, r.at FROM {rows}
        JOIN actions a ON a.id = r.action AND a.contact = r.contact AND a.channel = r.channel WHERE true";
    D::execute(tx, Query::new(sql).table(rows)).await?;
    Ok(())
}
