//! Where a test runs: a fresh database of one kind, taken away at the end even where the test fails.

use staunch_store::{PostgresStore, Queue, SqliteStore, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database that nobody else uses.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres { url: String, schema: String },
}

/// One open database.
pub struct Bed {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    place: Arc<Place>,
}

impl Place {
    pub fn sqlite() -> Place {
        Place::Sqlite(tempfile::tempdir().expect("a temporary directory"))
    }

    pub fn postgres() -> Place {
        let url = std::env::var("STAUNCH_TEST_DATABASE_URL").unwrap_or_default();
        assert!(
            !url.is_empty(),
            "STAUNCH_TEST_DATABASE_URL is not set. Run `source tests/services` first, or use tests/run."
        );
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Place::Postgres { url, schema }
    }

    async fn remove(&self) {
        if let Place::Postgres { schema, .. } = self {
            self.sql(&format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE")).await;
        }
    }

    /// The one number that a query past the store gives.
    async fn number(&self, query: &str) -> i64 {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        match self {
            Place::Sqlite(dir) => {
                let url = format!("sqlite://{}", dir.path().join("staunch.db").display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.expect("it answers")
            }
            Place::Postgres { url, schema } => {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("Postgres answers");
                let path = format!("SET search_path TO \"{schema}\"");
                connection.execute(AssertSqlSafe(path)).await.expect("the schema is there");
                sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await.expect("it answers")
            }
        }
    }

    /// Runs a statement past the store.
    async fn sql(&self, statement: &str) {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        match self {
            Place::Sqlite(dir) => {
                let url = format!("sqlite://{}", dir.path().join("staunch.db").display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
                connection.execute(AssertSqlSafe(statement)).await.expect("the statement runs");
                connection.close().await.expect("the file closes");
            }
            Place::Postgres { url, schema } => {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("Postgres answers");
                let statement = format!("SET search_path TO \"{schema}\"; {statement}");
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("the statement runs");
                connection.close().await.expect("the connection closes");
            }
        }
    }
}

impl Bed {
    async fn new(place: Arc<Place>) -> Result<Bed, StoreError> {
        let (store, queue): (Arc<dyn Store>, Arc<dyn Queue>) = match &*place {
            Place::Sqlite(dir) => {
                let store = Arc::new(SqliteStore::open(dir.path().join("staunch.db")).await?);
                (store.clone(), store)
            }
            Place::Postgres { url, schema } => {
                let store = Arc::new(PostgresStore::connect(url, Some(schema)).await?);
                (store.clone(), store)
            }
        };
        Ok(Bed { store, queue, place })
    }

    /// The same database, opened once more, as by a second process.
    pub async fn again(&self) -> Result<Bed, StoreError> {
        Bed::new(self.place.clone()).await
    }

    /// Another database of the same kind that nobody opened yet.
    pub fn fresh(&self) -> Fresh {
        Fresh(Arc::new(match &*self.place {
            Place::Sqlite(_) => Place::sqlite(),
            Place::Postgres { .. } => Place::postgres(),
        }))
    }

    /// The one number that a query past the store gives.
    pub async fn number(&self, query: &str) -> i64 {
        self.place.number(query).await
    }

    /// Runs a statement past the store.
    pub async fn sql(&self, statement: &str) {
        self.place.sql(statement).await;
    }
}

/// A database that nobody opened yet.
#[derive(Clone)]
pub struct Fresh(Arc<Place>);

impl Fresh {
    pub async fn open(&self) -> Result<Bed, StoreError> {
        Bed::new(self.0.clone()).await
    }

    pub async fn remove(&self) {
        self.0.remove().await;
    }
}

/// Runs one test in its own place and cleans up behind it.
pub async fn run<F>(place: Place, test: fn(Arc<Bed>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let place = Arc::new(place);
    let bed = Bed::new(place.clone()).await.expect("a new database opens");
    // In a task of its own, so that a failed assertion comes back here.
    let end = tokio::spawn(test(Arc::new(bed))).await;
    place.remove().await;
    if let Err(error) = end {
        std::panic::resume_unwind(error.into_panic());
    }
}
