//! How the engine of the sandbox is set up.

use crate::sandbox::{MAX_CALLS, MAX_CORE_INSTANCES, MAX_IDLE, MAX_MEMORIES, MAX_MEMORY, MAX_TABLE, MAX_TABLES};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures};

const MAX_STACK: usize = 256 << 10;

/// Address space of one memory, and of the gap behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// No 32-bit address with an offset inside a plugin's memory can leave it, so accesses need no check. Tried first.
    Wide,
    /// For processes that may not reserve as much.
    Narrow,
}

impl Space {
    /// Its name, for a process that compiles for another.
    pub fn name(self) -> &'static str {
        match self {
            Space::Wide => "wide",
            Space::Narrow => "narrow",
        }
    }

    /// The space of that name.
    pub fn named(name: &str) -> Option<Space> {
        [Space::Wide, Space::Narrow].into_iter().find(|space| space.name() == name)
    }
}

/// The settings of a process that runs plugins.
pub fn config(space: Space) -> Config {
    let mut config = code(space);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    // One more than there can be, because a place is given up before what was kept longest.
    let instances = 2 * MAX_CALLS + MAX_IDLE;
    pool.total_component_instances(instances)
        .total_core_instances(instances * MAX_CORE_INSTANCES)
        .total_memories(instances * MAX_MEMORIES)
        .total_tables(instances * MAX_TABLES)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_tables_per_module(MAX_TABLES)
        .table_elements(MAX_TABLE)
        .max_memory_size(MAX_MEMORY);
    pool
}

/// The settings that compiled code depends on: all that two machines, two runs or two processes must have in common. An
/// engine of these alone compiles and takes little memory.
pub fn code(space: Space) -> Config {
    let (reservation, guard) = match space {
        Space::Wide => (4 << 30, MAX_MEMORY as u64 + (1 << 16)),
        Space::Narrow => (MAX_MEMORY as u64, 1 << 16),
    };
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(MAX_STACK)
        .memory_reservation(reservation)
        .memory_guard_size(guard)
        .wasm_backtrace_max_frames(None)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    // What would let two machines or two runs differ, or needs more of the host than arithmetic and memory.
    let off = WasmFeatures::THREADS
        | WasmFeatures::SHARED_EVERYTHING_THREADS
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::MEMORY64
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::WIDE_ARITHMETIC;
    config.wasm_features(off, false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash, Hasher};
    use wasmtime::Engine;

    #[test]
    fn code_of_a_process_that_only_compiles_fits_one_that_runs() {
        let hash = |config: &Config| {
            let (mut hasher, engine) = (DefaultHasher::new(), Engine::new(config).unwrap());
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        for space in [Space::Wide, Space::Narrow] {
            assert_eq!(hash(&code(space)), hash(&config(space)));
            assert_eq!(Space::named(space.name()), Some(space));
        }
        assert!(hash(&code(Space::Wide)) != hash(&code(Space::Narrow)) && Space::named("").is_none());
    }
}
