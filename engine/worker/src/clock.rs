//! The clock that a process goes by: the database's in `run`, a virtual one in the demo.

use crate::engine::WorkerError;
use staunch_core::Time;
use staunch_store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Tells the time in force.
#[async_trait::async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    ///
    /// # Errors
    /// Where the database does not answer.
    async fn now(&self) -> Result<Time, WorkerError>;
}

/// The database's clock.
pub struct StoreClock(pub Arc<dyn Store>);

#[async_trait::async_trait]
impl Clock for StoreClock {
    async fn now(&self) -> Result<Time, WorkerError> {
        Ok(self.0.now().await?)
    }
}

/// A clock that is set by hand, and then goes on with real time once it is let go.
#[derive(Debug, Default)]
pub struct VirtualClock {
    at: AtomicI64,
    running: std::sync::OnceLock<Instant>,
}

impl VirtualClock {
    /// Sets it; it never goes back.
    pub fn set(&self, to: Time) {
        self.at.fetch_max(to.0, Ordering::SeqCst);
    }

    /// Lets it go on with real time from where it stands.
    pub fn start(&self) {
        let _ = self.running.set(Instant::now());
    }

    /// Now.
    pub fn read(&self) -> Time {
        let gone = self.running.get().map_or(0, |since| i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX));
        Time(self.at.load(Ordering::SeqCst).saturating_add(gone))
    }
}

#[async_trait::async_trait]
impl Clock for VirtualClock {
    async fn now(&self) -> Result<Time, WorkerError> {
        Ok(self.read())
    }
}
