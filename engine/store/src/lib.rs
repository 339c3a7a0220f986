//! The database is the truth. Traits here, one backend each for SQLite and Postgres, one conformance suite for both.
//!
//! Every method that depends on time is handed `now`. Not-found is `Ok(None)`; a corrupt row names table and key.

mod backup;
mod gate;
mod inspect;
pub mod model;
mod postgres;
mod sql;
mod sqlite;

pub use backup::{Contents, backup_sqlite, check_sqlite};
pub use gate::*;
pub use inspect::{Inspection, inspect_postgres, inspect_sqlite};
pub use model::*;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

use staunch_core::decide::ActionOutcome;
use staunch_core::event::EventKey;
use staunch_core::policy::{Kill, KillScope, Live, StageState};
use staunch_core::retention::Class;
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time};
use std::collections::HashSet;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer or refused; trying again later may help.
    #[error("{code}: the database failed: {message}", code = staunch_core::codes::STORE_DATABASE)]
    Database {
        /// The driver's words, without values.
        message: String,
    },
    /// A row cannot be read.
    #[error("{code}: {table} row {key} cannot be read: {message}", code = staunch_core::codes::STORE_CORRUPT)]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Its key.
        key: String,
        /// Why.
        message: String,
    },
    /// An action of this id exists with another payload. Never a second message.
    #[error("{code}: action {0} exists with another payload", code = staunch_core::codes::STORE_PAYLOAD)]
    OtherPayload(String),
}

/// Shorthand.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// State of contacts, decisions, runs and actions.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// The database's clock. Only `run` asks; tests and the demo hand in a virtual one.
    async fn now(&self) -> Result<Time>;

    /// Contacts with their versions, and which of these events are decided already. An id that is an alias gives the
    /// contact that it belongs to, and so does that of a contact that was merged. With `accounts` also those of the
    /// contacts, and those of these ids. One round trip, with accounts two.
    async fn load(&self, contacts: &[String], events: &[EventKey], accounts: Option<&[String]>) -> Result<Loaded>;
    /// Commits changes: each contact by compare-and-swap on its version, with all that belongs to it, or not at all.
    /// Losers are named and untouched; a change whose event was decided meanwhile is a loser, too, and so is one that
    /// takes an id that somebody else took, or a contact that changed. Accounts are added to and never lose.
    async fn commit(&self, changes: &[Change], now: Time) -> Result<Committed>;
    /// Contacts whose wake-up is due, earliest first.
    async fn due(&self, now: Time, limit: u32) -> Result<Vec<String>>;
    /// The earliest wake-up of all.
    async fn next_wake(&self) -> Result<Option<Time>>;
    /// Makes every contact due now, so that each is looked at with the schedules in force. A decision under way loses
    /// its compare-and-swap and is made again. Gives how many.
    async fn wake_all(&self, now: Time) -> Result<u64>;

    /// Publishes versions; what is published already stays. The last one published of a name is current. Where a
    /// current version has a schedule that the one before did not have, all contacts are woken ([`Store::wake_all`]).
    async fn publish(&self, workflows: &[Workflow], now: Time) -> Result<()>;
    /// Current versions, and older ones that still have active runs.
    async fn published(&self) -> Result<Published>;
    /// A fingerprint of what is published: another one when any current version changes.
    async fn publication(&self) -> Result<String>;
    /// How many active runs stand at each step; of one workflow where named. In order of their fields.
    async fn standing(&self, workflow: Option<&str>) -> Result<Vec<Standing>>;
    /// Contacts with an active run of this workflow in any version but one, in order of their ids, behind `after`.
    async fn standing_contacts(
        &self,
        workflow: &str,
        except_version: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>>;
    /// Stages and kills in force.
    async fn live(&self) -> Result<Live>;
    /// Sets a workflow's stage.
    async fn set_stage(&self, workflow: &str, stage: &StageState, by: &str, now: Time) -> Result<()>;
    /// Puts a kill in force; after this returns, no action of its scope enters `sending`. What is pending is held with
    /// reason `kill` (its former state kept), or withheld with reason `dropped` where `drop`. Gives how many.
    /// A second kill of the same scope replaces the first's reason and changes nothing else.
    async fn kill(&self, kill: &Kill, drop: bool, now: Time) -> Result<u64>;
    /// Ends the kills of this scope. What no other kill covers is released: to `review` where it waited for a person,
    /// else to `ready`, due now; what has expired is withheld with reason `expired`. `None` where no such kill was.
    async fn resume(&self, scope: &KillScope, by: &str, now: Time) -> Result<Option<Released>>;

    /// In one transaction: takes due actions of state `ready` or `held` (highest priority first, then due time), locks
    /// their contacts, asks the gate for each, and writes what it says. Those that may go are `sending` on return, with
    /// a lease and a fence. A kill that has committed is always seen.
    async fn begin_sends(&self, claim: &Claim, gate: &dyn Gate) -> Result<Vec<Sending>>;
    /// Marks claimed actions, by id and fence: from now on their bytes may be on their way. Gives those that are still
    /// this claim's; no other may go. Until this is called, a lapsed lease is repeated on every channel.
    async fn begin_calls(&self, claimed: &[(&str, i64)]) -> Result<HashSet<String>>;
    /// Records what the channel said, unless the fence is not the row's any more (then `false`).
    async fn end_send(&self, action: &str, fence: i64, end: &SendEnd, now: Time) -> Result<bool>;
    /// Actions in `sending` whose lease ran out: repeatable ones, and those whose call had not begun, become `ready`, all
    /// others `in_doubt`.
    async fn recover(
        &self,
        now: Time,
        repeatable: &(dyn for<'a> Fn(&'a StoredAction) -> bool + Sync),
    ) -> Result<Recovered>;
    /// Reviews whose time is over become `withheld(review_expired)` or `ready`; other pending actions past their expiry
    /// become `withheld(expired)`, except those held by a kill. Gives how many changed.
    async fn expire(&self, now: Time) -> Result<u64>;
    /// The earliest time at which `begin_sends` or `expire` has something to do.
    async fn next_action(&self) -> Result<Option<Time>>;

    /// A reviewer's verdict, bound to the payload's hash.
    async fn review(&self, action: &str, verdict: &ReviewVerdict, now: Time) -> Result<ReviewEnd>;
    /// Actions by filter, newest plan first.
    async fn actions(&self, filter: &ActionFilter) -> Result<Vec<StoredAction>>;
    /// One action.
    async fn action(&self, id: &str) -> Result<Option<StoredAction>>;
    /// Outcome events of an action, in order of time.
    async fn outcomes(&self, action: &str) -> Result<Vec<ActionOutcome>>;
    /// Decisions of a contact (by any of its ids) in order of time; of one workflow where named.
    async fn decisions(&self, contact: &str, workflow: Option<&str>) -> Result<Vec<staunch_core::receipt::Decision>>;
    /// Decisions of everybody made for `since` or later, in order of their ids, those after `after` (none for the first);
    /// at most `limit`.
    async fn decisions_since(
        &self,
        since: Time,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<staunch_core::receipt::Decision>>;
    /// The contact with its version, by any of its ids.
    async fn contact(&self, id: &str) -> Result<Option<(staunch_core::contact::Contact, i64)>>;
    /// Runs of a contact (by any of its ids) in order of entry.
    async fn runs(&self, contact: &str) -> Result<Vec<staunch_core::run::Run>>;

    /// Counts over everything.
    async fn summary(&self) -> Result<Summary>;
    /// Of each contact its first exposed run of a workflow (outside arm `shadow`): for the comparison. Contacts that
    /// were on both sides of it before two records became one are left out.
    async fn exposures(&self, workflow: &str) -> Result<Vec<Exposure>>;
    /// Of every run of a workflow when its goal was reached, if it was.
    async fn goals(&self, workflow: &str) -> Result<Vec<(String, Option<Time>)>>;
    /// How many contacts [`Store::exposures`] leaves out.
    async fn crossed(&self, workflow: &str) -> Result<u64>;
    /// An account.
    async fn account(&self, id: &str) -> Result<Option<staunch_core::account::Account>>;

    /// Keeps an input that could not be used. The same bytes of the same origin are kept once.
    async fn park(&self, parked: &[Parked]) -> Result<()>;
    /// Parked inputs, newest first.
    async fn parked(&self, limit: u32) -> Result<Vec<Parked>>;
    /// One parked input.
    async fn parked_one(&self, id: &str) -> Result<Option<Parked>>;
    /// Forgets a parked input after its replay.
    async fn unpark(&self, id: &str) -> Result<bool>;

    /// Up to `limit` rows of a class from before a time that nothing alive needs. Runs, actions and parked inputs come in
    /// order of their ids, behind `after`; decisions in none.
    async fn expendable(&self, class: Class, before: Time, after: &str, limit: u32) -> Result<Vec<Expendable>>;
    /// Deletes those of these rows that may still go. Gives how many. A run that its contact still carries stays where `open`
    /// says that something can come of it.
    async fn discard(
        &self,
        class: Class,
        before: Time,
        rows: &[Expendable],
        open: &(dyn for<'a> Fn(&'a staunch_core::run::Run) -> bool + Sync),
    ) -> Result<u64>;

    /// What an operator watches, from indexes only.
    async fn figures(&self) -> Result<Figures>;
    /// How many connections to the database were opened so far; 0 where that is not counted.
    fn connects(&self) -> u64 {
        0
    }
    /// Notes that a message that came before is about to be handled alone; from then on it outlives this process. A start
    /// of it that has no end counts as a crash; others are only counted where it has any. `ended` are others whose handling is over, see [`Store::end_suspects`].
    async fn begin_suspect(&self, id: &str, worker: &str, ended: &[String], now: Time) -> Result<Suspicion>;
    /// The handling of these is over, well or not, and the process lives.
    async fn end_suspects(&self, ended: &[String], now: Time) -> Result<()>;
    /// This one was parked: its crashes are explained, and speak for no other.
    async fn forget_suspect(&self, id: &str) -> Result<()>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;
}

/// The embedded queue, in the same database. `broker` wraps it.
#[async_trait::async_trait]
pub trait Queue: Send + Sync {
    /// Appends messages; they are durable on return.
    async fn push(&self, messages: &[Message], now: Time) -> Result<()>;
    /// Takes the oldest messages that nobody holds and counts the attempt. They come back after `lease`.
    async fn take(&self, limit: u32, lease: Span, now: Time) -> Result<Vec<Taken>>;
    /// Forgets messages that were handled.
    async fn ack(&self, ids: &[i64]) -> Result<()>;
    /// Gives messages back at once; this attempt does not count.
    async fn release(&self, ids: &[i64]) -> Result<()>;
    /// How many messages wait or are held.
    async fn depth(&self) -> Result<u64>;
}
