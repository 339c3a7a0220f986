//! What one instance may take of the host, how much of it it took, and what it was refused.

use crate::refusals::Excess;
use crate::sandbox::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_MEMORY, MAX_TABLE, MAX_TABLES};
use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Memory of an instance that is kept between calls, in bytes.
const SMALL: usize = 16 << 20;
/// Bytes of one memory.
pub const MEMORY: &str = "bytes of memory";
/// Elements of one table.
pub const TABLE: &str = "elements of a table";

/// The limits of one instance.
pub struct Limits {
    limits: StoreLimits,
    memory: usize,
    refused: [Option<Excess>; 2],
}

impl Limits {
    /// Those of every plugin.
    pub fn new() -> Limits {
        let limits = StoreLimitsBuilder::new()
            .memory_size(MAX_MEMORY)
            .table_elements(MAX_TABLE)
            .memories(MAX_MEMORIES as usize)
            .tables(MAX_TABLES as usize)
            .instances(MAX_CORE_INSTANCES as usize)
            .build();
        Limits { limits, memory: 0, refused: [None; 2] }
    }

    /// Whether its memories are small enough to be kept.
    pub fn is_small(&self) -> bool {
        self.memory <= SMALL
    }

    /// What was refused since this was last asked: the largest demand for memory, and for elements of a table.
    pub fn refused(&mut self) -> [Option<Excess>; 2] {
        std::mem::take(&mut self.refused)
    }

    /// Bytes of its memories.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// As a store wants it.
    pub fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        self
    }

    fn note(&mut self, place: usize, limit: &'static str, allowed: usize, demanded: usize) {
        let demanded = demanded as u64;
        let most = self.refused[place].map_or(demanded, |excess| excess.demanded.max(demanded));
        self.refused[place] = Some(Excess { limit, allowed: allowed as u64, demanded: most });
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = self.limits.memory_growing(current, desired, maximum)?;
        if allowed {
            self.memory += desired.saturating_sub(current);
        } else if desired > MAX_MEMORY {
            self.note(0, MEMORY, MAX_MEMORY, desired);
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = self.limits.table_growing(current, desired, maximum)?;
        if !allowed && desired > MAX_TABLE {
            self.note(1, TABLE, MAX_TABLE, desired);
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
