//! Postgres: a table of values is `UNNEST` of one array per column, and what two transactions must not do at the same
//! time is kept apart by row locks and advisory locks.

use crate::Result;
use crate::sql::{Arg, Column, Db, Fail, Lock, Query, Row, SqlStore, Table, Tx, migrate};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection as _, Executor, Postgres};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
/// A connection that did nothing for longer may be dead, and is asked before its next use.
const DOUBTFUL: Duration = Duration::from_secs(1);

/// The store in Postgres.
pub type PostgresStore = SqlStore<PostgresDb>;

/// Postgres, one schema of a database.
#[derive(Debug)]
pub struct PostgresDb {
    pool: PgPool,
    schema: String,
    opened: Arc<AtomicU64>,
}

impl PostgresStore {
    /// Connects by URL, and makes or migrates the tables. `schema` takes the place of the search path, and is made
    /// where it is missing.
    ///
    /// # Errors
    /// The URL or the database's answer.
    pub async fn connect(url: &str, schema: Option<&str>) -> Result<PostgresStore> {
        let options: PgConnectOptions = url.parse().map_err(Fail::Sql)?;
        let options = options.application_name("staunch").disable_statement_logging();
        let path = schema.map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
        let set_path = path.as_ref().map(|path| format!("SET search_path TO {path}"));
        let opened = Arc::<AtomicU64>::default();
        let count = Arc::clone(&opened);
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .before_acquire(|connection, held| {
                Box::pin(async move {
                    if held.idle_for > DOUBTFUL {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                let set_path = set_path.clone();
                count.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move {
                    if let Some(set_path) = set_path {
                        connection.execute(AssertSqlSafe(set_path)).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(Fail::Sql)?;
        let mut db = PostgresDb { pool, schema: String::new(), opened };
        db.prepare(path).await?;
        Ok(SqlStore { db })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.db.pool.close().await;
    }
}

impl PostgresDb {
    async fn prepare(&mut self, path: Option<String>) -> Result<(), Fail> {
        if let Some(path) = path {
            let mut tx = self.write().await?;
            // `IF NOT EXISTS` fails where two make it at the same time.
            self.lock(&mut tx, Lock::Migration).await?;
            sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {path}"))).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        let schema: (String,) = sqlx::query_as("SELECT current_schema()::text").fetch_one(&self.pool).await?;
        self.schema = schema.0;
        migrate(self, SCRIPTS).await
    }

    /// Advisory locks have one space of numbers for the whole database, so the schema is part of each.
    fn key(&self, parts: [&str; 2]) -> i64 {
        let [kind, name] = parts;
        let hash = staunch_core::action::hash16("store lock", &[&self.schema, kind, name]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        i64::from_le_bytes(bytes)
    }
}

impl Db for PostgresDb {
    type Sql = Postgres;

    const NOW: &'static str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    fn connects(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    async fn write(&self) -> Result<Tx<Self>, Fail> {
        Ok(self.pool.begin().await?)
    }

    async fn read<T: Row>(&self, query: Query) -> Result<Vec<T>, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&self.pool).await?)
    }

    async fn fetch<T: Row>(tx: &mut Tx<Self>, query: Query) -> Result<Vec<T>, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&mut **tx).await?)
    }

    async fn execute(tx: &mut Tx<Self>, query: Query) -> Result<u64, Fail> {
        let (sql, arguments) = bind(query)?;
        Ok(sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut **tx).await?.rows_affected())
    }

    async fn relax(tx: &mut Tx<Self>) -> Result<(), Fail> {
        Self::script(tx, "SET LOCAL synchronous_commit TO off").await
    }

    async fn script(tx: &mut Tx<Self>, sql: &'static str) -> Result<(), Fail> {
        sqlx::raw_sql(sql).execute(&mut **tx).await?;
        Ok(())
    }

    async fn lock(&self, tx: &mut Tx<Self>, lock: Lock<'_>) -> Result<(), Fail> {
        let (sql, keys) = match lock {
            // Before the schema is known; the same for all of a database.
            Lock::Migration => {
                ("SELECT pg_advisory_xact_lock(k) FROM UNNEST($1::bigint[]) AS r(k)", vec![MIGRATION_KEY])
            }
            Lock::Control => {
                ("SELECT pg_advisory_xact_lock(k) FROM UNNEST($1::bigint[]) AS r(k)", vec![self.key(["control", ""])])
            }
            Lock::Sends => (
                "SELECT pg_advisory_xact_lock_shared(k) FROM UNNEST($1::bigint[]) AS r(k)",
                vec![self.key(["control", ""])],
            ),
            Lock::Workflows(names) => (
                "SELECT pg_advisory_xact_lock(k) FROM UNNEST($1::bigint[]) AS r(k)",
                names.iter().map(|name| self.key(["workflow", name])).collect(),
            ),
            Lock::People(names) => (
                "SELECT pg_advisory_xact_lock(k) FROM UNNEST($1::bigint[]) AS r(k)",
                names.iter().map(|name| self.key(["person", name])).collect(),
            ),
        };
        sqlx::query(sql).bind(keys).execute(&mut **tx).await?;
        Ok(())
    }
}

/// Any number that no schema's keys are likely to hit.
const MIGRATION_KEY: i64 = 0x5354_4155_4e43_4831;

fn bind(query: Query) -> Result<(String, PgArguments), Fail> {
    let sql = query.render(true, unnest);
    let mut arguments = PgArguments::default();
    for arg in query.args {
        match arg {
            Arg::Int(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    for (_, column) in query.tables.into_iter().flat_map(|table| table.columns) {
        match column {
            Column::Int(values) => arguments.add(values),
            Column::Text(values) => arguments.add(values),
            Column::Float(values) => arguments.add(values),
            Column::Bytes(values) => arguments.add(values),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok((sql, arguments))
}

fn unnest(table: &Table, from: usize) -> (String, usize) {
    let mut arrays = Vec::new();
    let mut names = Vec::new();
    for (index, (name, column)) in table.columns.iter().enumerate() {
        let kind = match column {
            Column::Int(_) => "bigint",
            Column::Text(_) => "text",
            Column::Float(_) => "float8",
            Column::Bytes(_) => "bytea",
        };
        arrays.push(format!("${}::{kind}[]", from + index));
        names.push(*name);
    }
    (format!("UNNEST({}) AS r({})", arrays.join(", "), names.join(", ")), table.columns.len())
}
