//! What one instance may take of the host, and how much of it it took.

use crate::sandbox::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_MEMORY, MAX_TABLE, MAX_TABLES};
use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Memory of an instance that is kept between calls, in bytes.
const SMALL: usize = 16 << 20;

/// The limits of one instance.
pub struct Limits {
    limits: StoreLimits,
    memory: usize,
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
        Limits { limits, memory: 0 }
    }

    /// Whether its memories are small enough to be kept.
    pub fn is_small(&self) -> bool {
        self.memory <= SMALL
    }

    /// Bytes of its memories.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// As a store wants it.
    pub fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        self
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.memory += desired.saturating_sub(current);
        self.limits.memory_growing(current, desired, maximum)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
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
