//! Looking at a database without changing it: nothing is made, nothing is migrated. For `staunch doctor`.

use crate::sql::Fail;
use crate::{Result, postgres, sqlite};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use staunch_core::Time;
use std::path::Path;
use std::time::Duration;

/// How long a database may take to let one in.
const PATIENCE: Duration = Duration::from_secs(10);
/// What decides whether a commit survives, and how many may connect.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN
    ('fsync', 'full_page_writes', 'synchronous_commit', 'max_connections', 'server_version', 'server_version_num')";

/// What a database is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// As it calls itself, such as `15.8`.
    pub version: String,
    /// The version as one number, `150008`; 0 for SQLite.
    pub number: u32,
    /// Settings by name, as the database writes them; none for SQLite.
    pub settings: Vec<(String, String)>,
    /// How many scripts have run on its tables; 0 = it has none yet.
    pub migrated: u64,
    /// How many this program knows.
    pub known: u64,
    /// Its clock; 0 for SQLite, whose clock is the machine's.
    pub now: Time,
    /// The schema that the tables are in.
    pub schema: String,
}

impl Inspection {
    /// A setting's value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Looks at a Postgres database.
///
/// # Errors
/// The URL or the database's answer.
pub async fn inspect_postgres(url: &str) -> Result<Inspection> {
    let options: PgConnectOptions = url.parse().map_err(Fail::Sql)?;
    let options = options.application_name("staunch doctor").disable_statement_logging();
    let opened = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    let mut connection = opened.map_err(|_| Fail::Sql(sqlx::Error::PoolTimedOut))?.map_err(Fail::Sql)?;
    Ok(look(&mut connection).await.map_err(Fail::Sql)?)
}

async fn look(connection: &mut PgConnection) -> sqlx::Result<Inspection> {
    let settings: Vec<(String, String)> = sqlx::query_as(SETTINGS).fetch_all(&mut *connection).await?;
    let there = "SELECT COALESCE(current_schema()::text, ''), to_regclass('migrations') IS NOT NULL,
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let (schema, tables, now): (String, bool, i64) = sqlx::query_as(there).fetch_one(&mut *connection).await?;
    let mut migrated = 0;
    if tables {
        let sql = "SELECT COALESCE(MAX(number), 0) FROM migrations";
        let (number,): (i64,) = sqlx::query_as(sql).fetch_one(&mut *connection).await?;
        migrated = number.unsigned_abs();
    }
    let mut made =
        Inspection { settings, migrated, known: postgres::KNOWN, now: Time(now), schema, ..Inspection::default() };
    made.version = made.setting("server_version").unwrap_or_default().to_owned();
    made.number = made.setting("server_version_num").and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok(made)
}

/// Looks at a SQLite file; `None` where there is none.
///
/// # Errors
/// It cannot be read, or is no database.
pub async fn inspect_sqlite(path: &Path) -> Result<Option<Inspection>> {
    if !path.exists() {
        return Ok(None);
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let look = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(&mut connection).await?;
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'";
        let (tables,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await?;
        let mut migrated = 0;
        if tables > 0 {
            let sql = "SELECT COALESCE(MAX(number), 0) FROM migrations";
            let (number,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await?;
            migrated = number.unsigned_abs();
        }
        connection.close().await?;
        Ok(Inspection { version, migrated, known: sqlite::KNOWN, schema: "main".into(), ..Inspection::default() })
    };
    let looked: sqlx::Result<Inspection> = look.await;
    Ok(Some(looked.map_err(Fail::Sql)?))
}
