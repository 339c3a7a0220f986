//! How much of its limits a plugin uses: for those who check one before they rely on it.

use super::Plugin;
use crate::batch;
use crate::breaker::Breaker;
use crate::sandbox::MAX_MEMORY;
use staunch_core::score::ScoreFailure;
use staunch_core::value::Value;

/// What one call of `score-batch` took, each with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Instructions of the call.
    pub fuel: u64,
    /// Instructions that a call with as many rows may take.
    pub fuel_limit: u64,
    /// Bytes of memory that its instance has after the call.
    pub memory: u64,
    /// Bytes of memory that an instance may have.
    pub memory_limit: u64,
}

impl Plugin {
    /// Whether it exports the interface `values`, so that rows without reasons are scored sooner.
    pub fn is_quick(&self) -> bool {
        self.codes.is_some()
    }

    /// Forgets its failures, so that it is asked again at once where it would rest: for those who check one.
    pub fn rouse(&self) {
        *self.breaker() = Breaker::default();
    }

    /// Scores rows in one call and says what that took; the answers are not looked at.
    ///
    /// # Errors
    /// Where the rows are not those that the plugin reads, or the call fails.
    pub fn demand(&self, rows: &[&[(String, Option<Value>)]]) -> Result<Demand, ScoreFailure> {
        let rows = rows.iter().map(|row| batch::row(&self.manifest, row)).collect::<Result<Vec<_>, _>>()?;
        let columns = batch::columns(&self.manifest, &rows);
        let called = self.sandbox.call(&self.code, rows.len(), |guest, store| {
            let fuel_limit = store.get_fuel()?;
            let _answers = guest.score_batch(store, rows.len() as u32, &columns)?;
            let fuel = fuel_limit - store.get_fuel()?;
            let memory = store.data().memory() as u64;
            Ok(Demand { fuel, fuel_limit, memory, memory_limit: MAX_MEMORY as u64 })
        });
        called.map(|(demand, _)| demand)
    }
}
