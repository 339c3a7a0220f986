//! What goes wrong inside a transaction, and how it is told outside: without any value of a row.

use crate::StoreError;

/// A failure inside a transaction.
#[derive(Debug)]
pub enum Fail {
    /// The driver's.
    Sql(sqlx::Error),
    /// Ours.
    Store(StoreError),
}

impl Fail {
    /// The database broke the transaction off because of another one (deadlock, serialization): nothing is wrong with it.
    pub fn conflict(&self) -> bool {
        matches!(self, Fail::Sql(error) if sql_state(error).is_some_and(|state| state == "40001" || state == "40P01"))
    }

    /// A key of a new row is another row's already.
    pub fn taken(&self) -> bool {
        matches!(self, Fail::Sql(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()))
    }

    /// SQLite is held by somebody else.
    pub fn busy(&self) -> bool {
        // The primary code stands in the low byte: 5 is SQLITE_BUSY, 6 is SQLITE_LOCKED.
        let code = |error: &sqlx::Error| sql_state(error)?.parse::<u32>().ok();
        matches!(self, Fail::Sql(error) if code(error).is_some_and(|code| matches!(code & 0xff, 5 | 6)))
    }
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|code| code.into_owned())
}

impl From<sqlx::Error> for Fail {
    fn from(error: sqlx::Error) -> Fail {
        Fail::Sql(error)
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Fail {
        Fail::Store(error)
    }
}

impl From<Fail> for StoreError {
    fn from(fail: Fail) -> StoreError {
        match fail {
            Fail::Store(error) => error,
            Fail::Sql(error) => StoreError::Database { message: describe(&error) },
        }
    }
}

fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => {
            let state = inner.code().unwrap_or_default();
            // Class 22 (data exceptions) quotes the value in its message.
            if state.starts_with("22") {
                format!("data exception {state}")
            } else {
                format!("{} ({state})", inner.message())
            }
        }
        sqlx::Error::PoolTimedOut => "no connection became free in time".into(),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index} has another type than expected"),
        other => other.to_string(),
    }
}
