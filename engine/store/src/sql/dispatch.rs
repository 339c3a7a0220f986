//! The claim: what is due, ruled on by the gate and marked `sending`, in one transaction.
//!
//! A claim never waits for a row: it skips actions and contacts that another transaction holds. So it cannot be part of
//! a deadlock, and two claims never rule on the same contact at the same time, which is what keeps caps exact. It holds
//! the lock [`Lock::Sends`], so that a kill waits for it, and it sees every kill that has committed.

use super::control::{live, put_kill};
use super::rows::{ActionRow, action_columns, assignment, corrupt, json, parse};
use super::ruling::{Batch, Ruled, Window, rule};
use super::{Db, Fail, Lock, Query, Table, Tx, account, again, people};
use crate::{CAP_HORIZON, Claim, Gate, Result, Sending, StoredAction, WindowAsk};
use staunch_core::Time;
use staunch_core::account::Accounts;
use staunch_core::action::{ActionState, Channel};
use staunch_core::arm::Assignment;
use staunch_core::contact::Contact;
use staunch_core::guards::Sent;
use staunch_core::policy::Live;
use std::collections::{BTreeSet, HashMap, HashSet};

/// For each action that may go, so many due ones are looked at: held ones must not starve those behind them.
const LOOK: i64 = 4;

/// The rows are chosen and locked by narrow columns first: a lock stands between the sort and the limit, so that
/// Postgres has to sort all that is due. What approval is missing for is never due, whatever its row says.
const DUE: &str = concat!(
    "SELECT ",
    action_columns!(),
    " FROM actions WHERE id IN (
        SELECT id FROM actions WHERE state IN ('ready', 'held') AND due_at <= $1 AND held_from IS DISTINCT FROM 'review'
        ORDER BY priority DESC, due_at, id LIMIT $2 {skip}
    ) ORDER BY priority DESC, due_at, id"
);

pub async fn begin_sends<D: Db>(db: &D, claim: &Claim, gate: &dyn Gate) -> Result<Vec<Sending>> {
    let mut lock = Lock::Sends;
    loop {
        match again(|| attempt(db, claim, gate, lock)).await? {
            Some(sending) => return Ok(sending),
            // A breaker trips: its kill has to be alone with the actions, so all of it is done again alone.
            None => lock = Lock::Control,
        }
    }
}

async fn attempt<D: Db>(db: &D, claim: &Claim, gate: &dyn Gate, lock: Lock<'_>) -> Result<Option<Vec<Sending>>, Fail> {
    let mut tx = db.write().await?;
    db.lock(&mut tx, lock).await?;
    let batch = load(db, &mut tx, claim, gate).await?;
    if batch.due.is_empty() {
        tx.rollback().await?;
        return Ok(Some(Vec::new()));
    }
    let ruled = rule(batch, claim, gate);
    if !ruled.trips.is_empty() && !matches!(lock, Lock::Control) {
        tx.rollback().await?;
        return Ok(None);
    }
    write::<D>(&mut tx, &ruled, claim).await?;
    for kill in &ruled.trips {
        put_kill::<D>(&mut tx, kill, false, claim.now).await?;
    }
    tx.commit().await?;
    Ok(Some(ruled.sending))
}

async fn load<D: Db>(db: &D, tx: &mut Tx<D>, claim: &Claim, gate: &dyn Gate) -> Result<Batch, Fail> {
    let query = Query::new(DUE).int(claim.now.0).int(i64::from(claim.limit) * LOOK);
    let rows: Vec<ActionRow> = D::fetch(tx, query).await?;
    let mut due = rows.into_iter().map(ActionRow::read).collect::<Result<Vec<StoredAction>>>()?;
    if due.is_empty() {
        return Ok(Batch::default());
    }
    let live = live::<D>(tx).await?;
    let (contacts, busy) = lock_contacts::<D>(tx, &due).await?;
    due.retain(|action| !busy.contains(&action.action.contact));
    let windows = windows(db, tx, &due, &live, claim.now, gate).await?;
    let assignments = assignments::<D>(tx, &due).await?;
    let sent = sent::<D>(tx, &due, claim.now).await?;
    let wants = gate.wants();
    let assigned = match wants.assigned {
        Some(span) => people::assigned(db, tx, &due, claim.now - span).await?,
        None => HashMap::new(),
    };
    let members = contacts.values().filter_map(|contact| contact.account.as_ref());
    let ids: BTreeSet<&str> = members.filter(|_| wants.accounts).map(|(id, _)| id.as_str()).collect();
    let accounts = if ids.is_empty() { Accounts::new() } else { account::load_in::<D>(tx, ids).await? };
    Ok(Batch { live, due, contacts, assignments, sent, windows, accounts, assigned })
}

/// Locks the actions' contacts. The second set are those that somebody else holds.
async fn lock_contacts<D: Db>(
    tx: &mut Tx<D>,
    due: &[StoredAction],
) -> Result<(HashMap<String, Contact>, HashSet<String>), Fail> {
    let ids: BTreeSet<&str> = due.iter().map(|action| action.action.contact.as_str()).collect();
    let sql = "SELECT id, state FROM contacts WHERE id IN (SELECT r.id FROM {rows}) ORDER BY id {skip}";
    let rows: Vec<(String, String)> = D::fetch(tx, Query::new(sql).ids(ids.iter().copied())).await?;
    let mut contacts = HashMap::new();
    for (id, state) in rows {
        let contact = parse("contacts", &id, &state)?;
        contacts.insert(id, contact);
    }
    if contacts.len() == ids.len() {
        return Ok((contacts, HashSet::new()));
    }
    // The rest is held by somebody else, or has no row at all.
    let sql = "SELECT id FROM contacts WHERE id IN (SELECT r.id FROM {rows})";
    let known: Vec<(String,)> = D::fetch(tx, Query::new(sql).ids(ids.iter().copied())).await?;
    let busy = known.into_iter().map(|row| row.0).filter(|id| !contacts.contains_key(id)).collect();
    Ok((contacts, busy))
}

/// The counts that the gate asks for, under a lock for each workflow so that two claims cannot pass a limit together.
async fn windows<D: Db>(
    db: &D,
    tx: &mut Tx<D>,
    due: &[StoredAction],
    live: &Live,
    now: Time,
    gate: &dyn Gate,
) -> Result<HashMap<String, Vec<Window>>, Fail> {
    let names: BTreeSet<&str> = due.iter().map(|action| action.action.workflow.as_str()).collect();
    let mut asks: Vec<(String, Vec<WindowAsk>)> =
        names.into_iter().map(|name| (name.to_owned(), gate.windows(name, live))).collect();
    asks.retain(|(_, asks)| !asks.is_empty());
    let names: Vec<String> = asks.iter().map(|(name, _)| name.clone()).collect();
    if !names.is_empty() {
        db.lock(tx, Lock::Workflows(&names)).await?;
    }
    let sql = "SELECT sending_at FROM actions
        WHERE workflow = $1 AND sending_at > $2 AND ($3 IS NULL OR channel = $3) ORDER BY sending_at DESC LIMIT $4";
    let mut windows = HashMap::new();
    for (name, asks) in asks {
        let mut answers = Vec::new();
        for ask in asks {
            let (since, channel) = ((now - ask.window).0, ask.channel.map(Channel::word));
            let query = Query::new(sql).text(&name).int(since).maybe(channel).int(i64::from(ask.limit));
            let rows: Vec<(i64,)> = D::fetch(tx, query).await?;
            answers.push((ask, rows.into_iter().rev().map(|row| Time(row.0)).collect()));
        }
        windows.insert(name, answers);
    }
    Ok(windows)
}

async fn assignments<D: Db>(tx: &mut Tx<D>, due: &[StoredAction]) -> Result<HashMap<String, Assignment>, Fail> {
    let ids: BTreeSet<&str> = due.iter().map(|action| action.action.run.as_str()).collect();
    let sql = "SELECT id, body FROM runs WHERE id IN (SELECT r.id FROM {rows})";
    let rows: Vec<(String, String)> = D::fetch(tx, Query::new(sql).ids(ids)).await?;
    let mut assignments = HashMap::new();
    for (id, body) in rows {
        let run = parse("runs", &id, &body)?;
        assignments.insert(id, assignment(Some(run)));
    }
    Ok(assignments)
}

async fn sent<D: Db>(tx: &mut Tx<D>, due: &[StoredAction], now: Time) -> Result<HashMap<String, Vec<Sent>>, Fail> {
    let ids: BTreeSet<&str> = due.iter().map(|action| action.action.contact.as_str()).collect();
    let sql = "SELECT contact, channel, purpose, sending_at FROM actions
        WHERE contact IN (SELECT r.id FROM {rows}) AND sending_at > $1 AND state IN ('sending', 'done', 'in_doubt')
        ORDER BY sending_at, id";
    let query = Query::new(sql).int((now - CAP_HORIZON).0).ids(ids);
    let rows: Vec<(String, String, String, i64)> = D::fetch(tx, query).await?;
    let mut sent: HashMap<String, Vec<Sent>> = HashMap::new();
    for (contact, word, purpose, at) in rows {
        let channel = Channel::parse(&word).ok_or_else(|| corrupt("actions", &contact, "unknown channel"))?;
        sent.entry(contact).or_default().push(Sent { channel, purpose, at: Time(at) });
    }
    Ok(sent)
}

async fn write<D: Db>(tx: &mut Tx<D>, ruled: &Ruled, claim: &Claim) -> Result<(), Fail> {
    let writes = &ruled.writes;
    let gates = writes
        .iter()
        .map(|(action, _)| json("actions", &action.action.id, &action.gate))
        .collect::<Result<Vec<String>>>()?;
    let reason = |action: &StoredAction| action.action.reason.map(|reason| reason.word().to_owned());
    let state = |action: &StoredAction| action.action.state;
    let lease = |went: bool| went.then_some((claim.now + claim.lease).0);
    let rows = Table::default()
        .strs("id", writes.iter().map(|(action, _)| action.action.id.as_str()))
        .strs("state", writes.iter().map(|(action, _)| state(action).word()))
        .texts("reason", writes.iter().map(|(action, _)| reason(action)))
        .ints("due_at", writes.iter().map(|(action, _)| action.action.due_at.0))
        .texts("gate", gates)
        .ints("fence", writes.iter().map(|(action, _)| action.fence))
        .ints("attempts", writes.iter().map(|(action, _)| action.attempts))
        .ints("sending_at", writes.iter().map(|(action, _)| action.sending_at.map(|at| at.0)))
        .ints("lease_until", writes.iter().map(|(_, went)| lease(*went)))
        .ints("untouched", writes.iter().map(|(_, went)| went.then_some(1)))
        .texts("worker", writes.iter().map(|(_, went)| went.then(|| claim.worker.clone())))
        .ints("finished_at", writes.iter().map(|(action, _)| action.finished_at.map(|at| at.0)));
    debug_assert!(writes.iter().all(|(action, went)| *went == (state(action) == ActionState::Sending)));
    let sql =
        "UPDATE actions SET state = r.state, reason = r.reason, due_at = r.due_at, gate = r.gate, fence = r.fence,
            attempts = r.attempts, sending_at = r.sending_at, lease_until = r.lease_until,
            worker = COALESCE(r.worker, actions.worker), untouched = r.untouched, finished_at = r.finished_at, held_from = NULL, held_due = NULL
        FROM {rows} WHERE actions.id = r.id";
    D::execute(tx, Query::new(sql).table(rows)).await?;
    Ok(())
}
