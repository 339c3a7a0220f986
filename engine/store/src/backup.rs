//! A copy of a SQLite file while others write to it, and whether a file is fit to take its place.

use crate::sql::Fail;
use crate::{Result, StoreError, sqlite};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// How long one waits for a writer.
const BUSY: Duration = Duration::from_secs(30);

/// Rows of contacts, decisions, actions, actions in `sending`, messages.
type Counts = (i64, i64, i64, i64, i64);

/// What a file of ours holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Records of contacts, those that point to others included.
    pub contacts: u64,
    /// Decisions.
    pub decisions: u64,
    /// Actions.
    pub actions: u64,
    /// Of these, on their way out at that moment.
    pub sending: u64,
    /// Messages in the embedded queue.
    pub queue: u64,
}

/// Writes the state of one moment of the SQLite file `from` into the new file `to`, and checks it. Writers go on meanwhile.
///
/// # Errors
/// One of the files, or the copy is not whole; `to` is incomplete then.
pub async fn backup_sqlite(from: &Path, to: &Path) -> Result<Contents> {
    let options = SqliteConnectOptions::new().filename(from).busy_timeout(BUSY).disable_statement_logging();
    let copy = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().into_owned()).execute(&mut connection).await?;
        connection.close().await
    };
    let copied: sqlx::Result<()> = copy.await;
    copied.map_err(Fail::Sql)?;
    // It counts as a backup only when a loss of power does not take it.
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::Database { message: format!("{}: {error}", to.display()) })?;
    check_sqlite(to).await
}

/// Reads a file through: whether it is whole, and of a version that this program knows.
///
/// # Errors
/// What is wrong with it.
pub async fn check_sqlite(path: &Path) -> Result<Contents> {
    let found = crate::inspect_sqlite(path).await?;
    let found = found.ok_or_else(|| StoreError::Database { message: format!("there is no {}", path.display()) })?;
    if found.migrated == 0 || found.migrated > sqlite::KNOWN {
        let message = match found.migrated {
            0 => "it holds no tables of staunch".to_owned(),
            newer => format!("its tables are at version {newer}, newer than this program: use a newer staunch"),
        };
        return Err(StoreError::Database { message });
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let read = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let (whole,): (String,) = sqlx::query_as("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
        let sql =
            "SELECT (SELECT COUNT(*) FROM contacts), (SELECT COUNT(*) FROM decisions), (SELECT COUNT(*) FROM actions),
            (SELECT COUNT(*) FROM actions WHERE state = 'sending'), (SELECT COUNT(*) FROM queue)";
        let counts: Counts = sqlx::query_as(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok::<(String, Counts), sqlx::Error>((whole, counts))
    };
    let (whole, counts) = read.await.map_err(Fail::Sql)?;
    if whole != "ok" {
        return Err(StoreError::Database { message: format!("it is damaged: {whole}") });
    }
    let [contacts, decisions, actions, sending, queue] =
        [counts.0, counts.1, counts.2, counts.3, counts.4].map(i64::unsigned_abs);
    Ok(Contents { contacts, decisions, actions, sending, queue })
}
