//! SQLite: a table of values is `json_each` of one JSON array. `BEGIN IMMEDIATE` lets one writer in at a time, over all
//! processes, so no other lock is needed; readers go on meanwhile.

use crate::Result;
use crate::sql::{Arg, Column, Db, Fail, Lock, Query, Row, SqlStore, Table, Tx, migrate};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Sqlite};
use std::path::Path;
use std::time::Duration;

/// How many scripts this program knows.
pub(crate) const KNOWN: u64 = SCRIPTS.len() as u64;
const SCRIPTS: &[&str] = &[
    include_str!("0001.sql"),
    include_str!("0002.sql"),
    include_str!("0003.sql"),
    include_str!("0004.sql"),
    include_str!("0005.sql"),
    include_str!("0006.sql"),
];
/// How long one waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// The store in a SQLite file.
pub type SqliteStore = SqlStore<SqliteDb>;

/// A SQLite file: one connection that writes, some that read.
#[derive(Debug)]
pub struct SqliteDb {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and migrates its tables.
    ///
    /// # Errors
    /// The file cannot be opened or is no database of ours.
    pub async fn open(path: impl AsRef<Path>) -> Result<SqliteStore> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            // The queue's message is acknowledged after the commit: it must survive a loss of power.
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let writer = first_connection(&options).await?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        let db = SqliteDb { writer, readers };
        migrate(&db, SCRIPTS).await?;
        Ok(SqlStore { db })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.db.readers.close().await;
        self.db.writer.close().await;
    }
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(size).idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}

/// Two processes that open a new file at once meet at the switch to WAL, for which SQLite does not wait by itself.
async fn first_connection(options: &SqliteConnectOptions) -> Result<SqlitePool, Fail> {
    let started = tokio::time::Instant::now();
    loop {
        match pool(1).connect_with(options.clone()).await.map_err(Fail::Sql) {
            Err(fail) if fail.busy() && started.elapsed() < BUSY => tokio::time::sleep(Duration::from_millis(20)).await,
            other => return other,
        }
    }
}

impl Db for SqliteDb {
    type Sql = Sqlite;

    const NOW: &'static str = "SELECT CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER) * 1000";

    async fn write(&self) -> Result<Tx<Self>, Fail> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn read<T: Row>(&self, query: Query) -> Result<Vec<T>, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&self.readers).await?)
    }

    async fn fetch<T: Row>(tx: &mut Tx<Self>, query: Query) -> Result<Vec<T>, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&mut **tx).await?)
    }

    async fn execute(tx: &mut Tx<Self>, query: Query) -> Result<u64, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut **tx).await?.rows_affected())
    }

    /// A file has one level for all.
    async fn relax(_: &mut Tx<Self>) -> Result<(), Fail> {
        Ok(())
    }

    async fn script(tx: &mut Tx<Self>, sql: &'static str) -> Result<(), Fail> {
        sqlx::raw_sql(sql).execute(&mut **tx).await?;
        Ok(())
    }

    async fn lock(&self, _: &mut Tx<Self>, _: Lock<'_>) -> Result<(), Fail> {
        Ok(())
    }
}

fn bind(query: Query) -> Result<(String, SqliteArguments), Fail> {
    let sql = query.render(false, each);
    let mut arguments = SqliteArguments::default();
    for arg in query.args {
        match arg {
            Arg::Int(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    for table in query.tables {
        arguments.add(rows(&table)).map_err(sqlx::Error::Encode)?;
    }
    Ok((sql, arguments))
}

fn each(table: &Table, from: usize) -> (String, usize) {
    let column = |(index, (name, column)): (usize, &(&'static str, Column))| match column {
        Column::Bytes(_) => format!("unhex(json_extract(value, '$[{index}]')) AS {name}"),
        _ => format!("json_extract(value, '$[{index}]') AS {name}"),
    };
    let columns: Vec<String> = table.columns.iter().enumerate().map(column).collect();
    (format!("(SELECT {} FROM json_each(${from})) AS r", columns.join(", ")), 1)
}

/// The table as a JSON array of rows; bytes as hex.
fn rows(table: &Table) -> String {
    let length = table.columns.first().map_or(0, |(_, column)| match column {
        Column::Int(values) => values.len(),
        Column::Text(values) => values.len(),
        Column::Float(values) => values.len(),
        Column::Bytes(values) => values.len(),
    });
    let cell = |column: &Column, row: usize| match column {
        Column::Int(values) => serde_json::Value::from(values[row]),
        Column::Text(values) => serde_json::Value::from(values[row].as_deref()),
        Column::Float(values) => serde_json::Value::from(values[row]),
        Column::Bytes(values) => serde_json::Value::from(hex::encode(&values[row])),
    };
    let row = |row: usize| table.columns.iter().map(|(_, column)| cell(column, row)).collect();
    serde_json::Value::Array((0..length).map(row).collect()).to_string()
}
