//! A database of its own for each test: in the Postgres of `tests/services`.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Runtime;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The address of a server of `tests/services`.
pub(crate) fn server(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set; run `tests/run`, or first `source tests/services`"))
}

/// A name that no other test uses, now or at the same time.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A database that can be asked without `async`.
pub struct Database {
    /// Its address.
    pub url: String,
    runtime: Runtime,
    connection: RefCell<PgConnection>,
    drop: Option<(String, String)>,
}

impl Database {
    /// A new, empty database in Postgres; it is dropped with this value.
    pub fn postgres(name: &str) -> Database {
        Database::postgres_at(&server("STAUNCH_TEST_DATABASE_URL"), name)
    }

    /// The same in the Postgres at an address.
    pub fn postgres_at(server: &str, name: &str) -> Database {
        let server = server.to_owned();
        let name = unique(&format!("staunch_test_{name}"));
        let base = server.rsplit_once('/').unwrap().0;
        let url = format!("{base}/{name}");
        let admin = Database::open(&server, None);
        admin.run(&format!("CREATE DATABASE {name}"));
        Database::open(&url, Some((server, name)))
    }

    fn open(url: &str, drop: Option<(String, String)>) -> Database {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = RefCell::new(runtime.block_on(PgConnection::connect(url)).unwrap());
        Database { url: url.to_owned(), runtime, connection, drop }
    }

    /// Connects again, after the server was away.
    #[track_caller]
    pub fn reconnect(&self) {
        *self.connection.borrow_mut() = self.runtime.block_on(PgConnection::connect(&self.url)).unwrap();
    }

    /// All rows of a query.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<PgRow> {
        let mut connection = self.connection.borrow_mut();
        self.runtime.block_on(sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut *connection)).unwrap()
    }

    /// A statement without an answer.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        let mut connection = self.connection.borrow_mut();
        self.runtime.block_on(connection.execute(AssertSqlSafe(sql.to_owned()))).unwrap();
    }

    /// The one number that a query gives.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        self.rows(sql)[0].get::<i64, _>(0)
    }

    /// A column of text.
    #[track_caller]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.rows(sql).iter().map(|row| row.get::<String, _>(0)).collect()
    }

    /// Actions by state, with reason, as text and in order.
    pub fn actions(&self) -> Vec<(String, i64)> {
        let sql = "SELECT CASE WHEN reason IS NULL THEN state ELSE state || '/' || reason END AS what, COUNT(*) \
                   FROM actions GROUP BY 1 ORDER BY 1";
        self.rows(sql).iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// How many events were decided.
    pub fn decided(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM decisions WHERE kind = 'event'")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = self.drop.take() {
            Database::open(&server, None).run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
