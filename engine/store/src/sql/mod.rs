//! The store over SQL, written once. What differs between the two databases stands behind [`Db`]: how a statement gets
//! its values, how a transaction begins, and which locks it needs.
//!
//! One file per concern. Every write is one transaction; none is open across a call to the outside.

mod account;
mod commit;
mod control;
mod dispatch;
mod fail;
mod figures;
mod load;
mod merge;
mod migrate;
mod parked;
mod people;
mod publish;
mod query;
mod queue;
mod read;
mod retention;
mod review;
mod rows;
mod ruling;
mod send;
mod standing;
mod store;
mod suspect;
mod swap;

pub use fail::Fail;
pub use migrate::migrate;
pub use query::{Arg, Column, Query, Table};

use crate::Result;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, FromRow, Transaction};
use std::future::Future;

/// A store in a SQL database.
#[derive(Debug)]
pub struct SqlStore<D> {
    pub(crate) db: D,
}

/// A transaction that writes.
pub type Tx<D> = Transaction<'static, <D as Db>::Sql>;

/// What a transaction keeps others from doing until its end.
#[derive(Clone, Copy, Debug)]
pub enum Lock<'a> {
    /// Migrating the tables.
    Migration,
    /// Changing kills and stages while this one decides what may be sent.
    Sends,
    /// Deciding what may be sent, while this one changes kills or stages.
    Control,
    /// Counting what these workflows sent. Sorted, so that two cannot wait for each other.
    Workflows(&'a [String]),
    /// Counting what these people were given; taken after that of the workflows. Sorted, too.
    People(&'a [String]),
}

/// A row that both databases can give.
pub trait Row: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// One of the two databases.
pub trait Db: Send + Sync + 'static {
    /// The driver.
    type Sql: Database;

    /// The expression for the database's own clock in microseconds.
    const NOW: &'static str;

    /// How many connections were opened so far, where that is counted.
    fn connects(&self) -> u64 {
        0
    }

    /// Begins a transaction that writes.
    fn write(&self) -> impl Future<Output = Result<Tx<Self>, Fail>> + Send
    where
        Self: Sized;

    /// Reads outside of any transaction.
    fn read<T: Row>(&self, query: Query) -> impl Future<Output = Result<Vec<T>, Fail>> + Send;

    /// Reads, or writes with `RETURNING`, inside a transaction.
    fn fetch<T: Row>(tx: &mut Tx<Self>, query: Query) -> impl Future<Output = Result<Vec<T>, Fail>> + Send
    where
        Self: Sized;

    /// Writes, and gives how many rows changed.
    fn execute(tx: &mut Tx<Self>, query: Query) -> impl Future<Output = Result<u64, Fail>> + Send
    where
        Self: Sized;

    /// This transaction need not survive a crash of the database's machine, only one of ours.
    fn relax(tx: &mut Tx<Self>) -> impl Future<Output = Result<(), Fail>> + Send
    where
        Self: Sized;

    /// Runs a script of several statements.
    fn script(tx: &mut Tx<Self>, sql: &'static str) -> impl Future<Output = Result<(), Fail>> + Send
    where
        Self: Sized;

    /// Takes a lock until the end of the transaction.
    fn lock(&self, tx: &mut Tx<Self>, lock: Lock<'_>) -> impl Future<Output = Result<(), Fail>> + Send
    where
        Self: Sized;
}

/// How often a transaction is tried that the database broke off to resolve a conflict.
const TRIES: u32 = 4;

/// Runs a transaction again when the database broke it off because of another one.
pub(crate) async fn again<T, F>(mut work: impl FnMut() -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T, Fail>> + Send,
{
    let mut left = TRIES;
    loop {
        left -= 1;
        match work().await {
            Err(fail) if left > 0 && fail.conflict() => tracing::debug!("a transaction met a conflict and is repeated"),
            other => return Ok(other?),
        }
    }
}

/// The first row of an answer.
pub(crate) fn first<T>(rows: Vec<T>) -> Option<T> {
    rows.into_iter().next()
}
