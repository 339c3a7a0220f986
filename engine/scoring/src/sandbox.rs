//! The one engine that all plugins run in, and its limits.

use crate::bindings::{Guest, GuestPre};
use crate::problem::failure;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits, StoreLimitsBuilder, Trap,
    WasmFeatures,
};

/// Linear memory of a plugin, in bytes.
pub const MAX_MEMORY: usize = 64 << 20;
/// Wall time between two looks at a running plugin.
pub const TICK: Duration = Duration::from_millis(10);
/// Ticks that one call may see. One tick would stop calls that began just before it.
pub const DEADLINE_TICKS: u64 = 100;
/// Bytes that one answer may make the host allocate.
const MAX_ANSWER: usize = 32 << 20;
const MAX_STACK: usize = 256 << 10;
/// Elements of one table.
pub const MAX_TABLE: usize = 20_000;
/// Calls at the same time; more wait. Also the size of the pool.
const MAX_CALLS: u32 = 16;
const MAX_CORE_INSTANCES: u32 = 64;
const MAX_TABLES: u32 = 16;
const MAX_MEMORIES: u32 = 4;
/// Instructions to start an instance, describe it and begin a batch.
const BASE_FUEL: u64 = 50_000_000;
/// Instructions per row.
const ROW_FUEL: u64 = 1_000_000;

/// The compiler, the instance pool and the ticker.
pub struct Sandbox {
    engine: Engine,
    linker: Linker<StoreLimits>,
    free: Mutex<u32>,
    freed: Condvar,
}

impl Sandbox {
    /// Sets the engine up and starts its ticker thread, which ends with the engine.
    pub fn new() -> Result<Sandbox, ScoreFailure> {
        let broken = |error: &dyn std::fmt::Display| failure(codes::PLUGIN_LIMITS, format!("no sandbox: {error}"));
        let engine = Engine::new(&config()).map_err(|e| broken(&e))?;
        let weak = engine.weak();
        let tick = move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        std::thread::Builder::new().name("staunch-epoch".into()).spawn(tick).map_err(|e| broken(&e))?;
        let linker = Linker::new(&engine);
        Ok(Sandbox { engine, linker, free: Mutex::new(MAX_CALLS), freed: Condvar::new() })
    }

    /// Compiles a component that was inspected before.
    pub fn compile(&self, bytes: &[u8]) -> Result<GuestPre<StoreLimits>, ScoreFailure> {
        let invalid = |error: wasmtime::Error| failure(codes::PLUGIN_INVALID, one_line(&error));
        let component = Component::from_binary(&self.engine, bytes).map_err(invalid)?;
        let pre = self.linker.instantiate_pre(&component).map_err(invalid)?;
        GuestPre::new(pre).map_err(invalid)
    }

    /// Runs one call on a fresh instance under all limits. Waits while too many calls run.
    pub fn call<T>(
        &self,
        pre: &GuestPre<StoreLimits>,
        rows: usize,
        call: impl FnOnce(&Guest, &mut Store<StoreLimits>) -> wasmtime::Result<T>,
    ) -> Result<T, ScoreFailure> {
        let _slot = self.slot();
        let limits = StoreLimitsBuilder::new()
            .memory_size(MAX_MEMORY)
            .table_elements(MAX_TABLE)
            .memories(MAX_MEMORIES as usize)
            .tables(MAX_TABLES as usize)
            .instances(MAX_CORE_INSTANCES as usize)
            .build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_hostcall_fuel(MAX_ANSWER);
        store.set_epoch_deadline(DEADLINE_TICKS);
        let fuel = BASE_FUEL + ROW_FUEL * rows as u64;
        store.set_fuel(fuel).map_err(|e| failure(codes::PLUGIN_LIMITS, one_line(&e)))?;
        let guest = pre.instantiate(&mut store).map_err(|e| trap(&e).unwrap_or_else(|| limit(&e)))?;
        call(&guest, &mut store).map_err(|e| trap(&e).unwrap_or_else(|| unreadable(&e)))
    }

    fn slot(&self) -> Slot<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Slot(self)
    }
}

/// One of the pool's places; free again when dropped, also by a panic.
struct Slot<'a>(&'a Sandbox);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_CALLS)
        .total_core_instances(MAX_CALLS * MAX_CORE_INSTANCES)
        .total_memories(MAX_CALLS * MAX_MEMORIES)
        .total_tables(MAX_CALLS * MAX_TABLES)
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
        .memory_reservation(MAX_MEMORY as u64)
        .memory_guard_size(1 << 16)
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

fn trap(error: &wasmtime::Error) -> Option<ScoreFailure> {
    Some(match error.downcast_ref::<Trap>()? {
        Trap::OutOfFuel => failure(codes::PLUGIN_FUEL, "it used more instructions than a call may"),
        Trap::Interrupt => failure(codes::PLUGIN_DEADLINE, "it ran longer than a call may"),
        trap => failure(codes::PLUGIN_TRAP, format!("it crashed: {trap}")),
    })
}

fn limit(error: &wasmtime::Error) -> ScoreFailure {
    failure(codes::PLUGIN_LIMITS, format!("it cannot be started: {}", one_line(error)))
}

fn unreadable(error: &wasmtime::Error) -> ScoreFailure {
    failure(codes::PLUGIN_OUTPUT, format!("its answer cannot be read: {}", one_line(error)))
}

/// An error with its causes, short enough for a receipt.
fn one_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}").replace(['\n', '\r'], " ");
    text.chars().take(300).collect()
}

#[cfg(test)]
#[path = "../tests/scoring/guest.rs"]
mod guest;

#[cfg(test)]
mod tests {
    use super::guest::{Guest, compiled, model};
    use super::*;
    use crate::bindings::{Column, ColumnValues};

    fn column(rows: usize, input: usize) -> Column {
        Column {
            name: format!("x{input}"),
            values: ColumnValues::Numbers(vec![1.0; rows]),
            missing: vec![0; rows.div_ceil(8)],
        }
    }

    #[test]
    fn the_deadline_ends_what_the_instructions_do_not() {
        let sandbox = Sandbox::new().unwrap();
        let pre = sandbox.compile(&Guest::scoring("(loop (br 0)) (unreachable)").build()).unwrap();
        let start = std::time::Instant::now();
        let call = sandbox.call(&pre, 1 << 30, |guest, store| {
            guest.staunch_scoring_plugin().call_score_batch(store, 1, &[column(1, 0)])
        });
        assert_eq!(call.unwrap_err().code, codes::PLUGIN_DEADLINE);
        assert!(start.elapsed() >= TICK * (DEADLINE_TICKS as u32 / 2));
    }

    #[test]
    fn one_instance_of_a_compiled_model_can_be_called_for_ever() {
        let sandbox = Sandbox::new().unwrap();
        let pre = sandbox.compile(&compiled(model(20))).unwrap();
        let columns: Vec<Column> = (0..20).map(|input| column(1_024, input)).collect();
        // Each call needs about half a megabyte: without the reset 64 MiB would be full long before the end.
        let answers = sandbox.call(&pre, 100_000, |guest, store| {
            store.set_epoch_deadline(1 << 40);
            let mut call = || guest.staunch_scoring_plugin().call_score_batch(&mut *store, 1_024, &columns);
            let first = call()?;
            for _ in 0..300 {
                assert!(call()? == first);
            }
            let wrong = guest.staunch_scoring_plugin().call_score_batch(&mut *store, 1_024, &columns[1..])?;
            Ok((first.map(|rows| rows.len()), wrong))
        });
        let (first, wrong) = answers.unwrap();
        assert_eq!((first, wrong.unwrap_err().as_str()), (Ok(1_024), "20 columns are expected"));
    }

    #[test]
    fn a_compiled_model_refuses_columns_that_are_not_its_own() {
        let sandbox = Sandbox::new().unwrap();
        let pre = sandbox.compile(&compiled(model(1))).unwrap();
        let text = ColumnValues::Texts(vec!["a".into(), "b".into()]);
        for wrong in [
            column(2, 1),
            column(3, 0),
            Column { missing: Vec::new(), ..column(2, 0) },
            Column { values: text, ..column(2, 0) },
        ] {
            let answer = sandbox
                .call(&pre, 2, |guest, store| guest.staunch_scoring_plugin().call_score_batch(store, 2, &[wrong]));
            assert!(answer.unwrap().unwrap_err().starts_with("input `x0`"));
        }
    }

    #[test]
    fn many_threads_share_the_pool() {
        let sandbox = Sandbox::new().unwrap();
        let pre = sandbox.compile(&Guest::answering("(f64.const 0.5)", 1, (0, 0)).build()).unwrap();
        let one = || {
            sandbox.call(&pre, 1, |guest, store| {
                guest.staunch_scoring_plugin().call_score_batch(store, 1, &[column(1, 0)])
            })
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4 * MAX_CALLS).map(|_| scope.spawn(|| (0..50).all(|_| one().is_ok()))).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
    }
}
