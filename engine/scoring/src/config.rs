//! How the engine of the sandbox is set up.

use crate::sandbox::{MAX_CALLS, MAX_CORE_INSTANCES, MAX_IDLE, MAX_MEMORIES, MAX_MEMORY, MAX_TABLE, MAX_TABLES};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures};

const MAX_STACK: usize = 256 << 10;

/// Address space of one memory, and of the gap behind it. In the wide one no 32-bit address with an offset inside a plugin's
/// memory can leave it, so accesses need no check.
pub type Space = (u64, u64);
/// The one that is tried first.
pub const WIDE: Space = (4 << 30, MAX_MEMORY as u64 + (1 << 16));
/// The one for processes that may not reserve as much.
pub const NARROW: Space = (MAX_MEMORY as u64, 1 << 16);

/// All that two machines or two runs must have in common.
pub fn config((reservation, guard): Space) -> Config {
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
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
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
