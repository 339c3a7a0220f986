//! The one engine that all plugins run in, and its limits.
//!
//! Every call gets a fresh instance, so that no answer depends on what was scored before. To start one costs more than to
//! score a row, so what our own compiler made, which leaves nothing behind after a call, may be called again: it is kept
//! for the next call of the same plugin, with limits of its own per call, unless it failed in any way.

use crate::bindings::{Flat, FlatIndices, Scorer, ScorerIndices};
use crate::config::{NARROW, WIDE, config};
use crate::limits::Limits;
use crate::problem::failure;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store, Trap};

/// Linear memory of a plugin, in bytes.
pub const MAX_MEMORY: usize = 64 << 20;
/// Wall time between two looks at a running plugin.
pub const TICK: Duration = Duration::from_millis(10);
/// Ticks that one call may see. One tick would stop calls that began just before it.
pub const DEADLINE_TICKS: u64 = 100;
/// Bytes that one answer may make the host allocate.
const MAX_ANSWER: usize = 32 << 20;
/// Elements of one table.
pub const MAX_TABLE: usize = 20_000;
/// Calls at the same time; more wait.
pub(crate) const MAX_CALLS: u32 = 16;
/// Instances of all plugins that are kept between calls.
pub(crate) const MAX_IDLE: u32 = 48;
/// Calls of one instance before a fresh one takes its place.
const MAX_REUSE: u32 = 10_000;
pub(crate) const MAX_CORE_INSTANCES: u32 = 64;
pub(crate) const MAX_TABLES: u32 = 16;
pub(crate) const MAX_MEMORIES: u32 = 4;
/// The interface that a plugin may export as well.
const VALUES: &str = "staunch:scoring/values@1.0.0";
/// Instructions to start an instance, describe it and begin a batch.
const BASE_FUEL: u64 = 50_000_000;
/// Instructions per row.
const ROW_FUEL: u64 = 1_000_000;

/// The compiler, the instance pool and the ticker.
pub struct Sandbox {
    engine: Engine,
    linker: Linker<Limits>,
    places: Mutex<Places>,
    freed: Condvar,
    next: AtomicU64,
    trust: fn(&[u8]) -> bool,
}

/// What calls share.
struct Places {
    /// Calls that may begin.
    free: u32,
    /// Calls that wait for one to end.
    waiting: u32,
    /// Instances that wait for a call, with the number of their code; the last was used last.
    idle: Vec<(u64, Instance)>,
}

/// Compiled code of a plugin, ready to be started.
pub struct Code {
    /// Tells it from all others of its sandbox.
    number: u64,
    pre: InstancePre<Limits>,
    plugin: ScorerIndices,
    flat: Option<FlatIndices>,
    /// Whether an instance may be called again.
    resets: bool,
}

impl Code {
    /// Whether it exports the interface `values`.
    pub fn is_quick(&self) -> bool {
        self.flat.is_some()
    }
}

/// A started plugin with its memory.
struct Instance {
    store: Store<Limits>,
    guest: Guest,
    calls: u32,
}

/// What can be called.
pub struct Guest {
    /// The plugin's interface.
    pub plugin: Scorer,
    /// The interface `values`, where the plugin has it.
    pub flat: Option<Flat>,
}

impl Sandbox {
    /// Sets the engine up and starts its ticker thread, which ends with the engine. No instance is called twice.
    pub fn new() -> Result<Sandbox, ScoreFailure> {
        Sandbox::trusting(|_| false)
    }

    /// A sandbox that calls instances again of components of which `trust` says that nothing of a call is left in them.
    pub fn trusting(trust: fn(&[u8]) -> bool) -> Result<Sandbox, ScoreFailure> {
        let broken = |error: &dyn std::fmt::Display| failure(codes::PLUGIN_LIMITS, format!("no sandbox: {error}"));
        // Where a process may not reserve that much address space, memory accesses are checked one by one.
        let engine = Engine::new(&config(WIDE)).or_else(|_| Engine::new(&config(NARROW))).map_err(|e| broken(&e))?;
        Sandbox::with(engine, trust)
    }

    fn with(engine: Engine, trust: fn(&[u8]) -> bool) -> Result<Sandbox, ScoreFailure> {
        let weak = engine.weak();
        let tick = move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        let started = std::thread::Builder::new().name("staunch-epoch".into()).spawn(tick);
        started.map_err(|e| failure(codes::PLUGIN_LIMITS, format!("no sandbox: {e}")))?;
        let linker = Linker::new(&engine);
        let places = Mutex::new(Places { free: MAX_CALLS, waiting: 0, idle: Vec::new() });
        Ok(Sandbox { engine, linker, places, freed: Condvar::new(), next: AtomicU64::new(0), trust })
    }

    /// Compiles a component that was inspected before.
    pub fn compile(&self, bytes: &[u8]) -> Result<Code, ScoreFailure> {
        let invalid = |error: wasmtime::Error| failure(codes::PLUGIN_INVALID, one_line(&error));
        let component = Component::from_binary(&self.engine, bytes).map_err(invalid)?;
        let pre = self.linker.instantiate_pre(&component).map_err(invalid)?;
        let plugin = ScorerIndices::new(&pre).map_err(invalid)?;
        let flat = match component.get_export_index(None, VALUES) {
            Some(_) => Some(FlatIndices::new(&pre).map_err(invalid)?),
            None => None,
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(Code { number, pre, plugin, flat, resets: (self.trust)(bytes) })
    }

    /// Runs one call under all limits. Waits while too many calls run.
    pub fn call<T>(
        &self,
        code: &Code,
        rows: usize,
        call: impl FnOnce(&Guest, &mut Store<Limits>) -> wasmtime::Result<T>,
    ) -> Result<T, ScoreFailure> {
        let (mut slot, idle) = self.slot(code);
        let mut instance = match idle {
            Some(mut instance) => {
                refill(&mut instance.store, rows)?;
                instance
            }
            None => self.start(code, rows)?,
        };
        let answer = call(&instance.guest, &mut instance.store);
        let answer = answer.map_err(|e| trap(&e).unwrap_or_else(|| unreadable(&e)))?;
        instance.calls += 1;
        if code.resets && instance.calls < MAX_REUSE && instance.store.data().is_small() {
            slot.keep = Some((code.number, instance));
        }
        Ok(answer)
    }

    fn start(&self, code: &Code, rows: usize) -> Result<Instance, ScoreFailure> {
        let mut store = Store::new(&self.engine, Limits::new());
        store.limiter(Limits::limiter);
        refill(&mut store, rows)?;
        let failed = |e: wasmtime::Error| trap(&e).unwrap_or_else(|| limit(&e));
        let instance = code.pre.instantiate(&mut store).map_err(failed)?;
        let invalid = |error: wasmtime::Error| failure(codes::PLUGIN_INVALID, one_line(&error));
        let plugin = code.plugin.load(&mut store, &instance).map_err(invalid)?;
        let flat = code.flat.as_ref().map(|flat| flat.load(&mut store, &instance)).transpose().map_err(invalid)?;
        Ok(Instance { store, guest: Guest { plugin, flat }, calls: 0 })
    }

    /// Takes one of the places for calls, and an instance of the code if one is idle.
    fn slot(&self, code: &Code) -> (Slot<'_>, Option<Instance>) {
        let mut places = self.places();
        while places.free == 0 {
            places.waiting += 1;
            places = self.freed.wait(places).unwrap_or_else(PoisonError::into_inner);
            places.waiting -= 1;
        }
        places.free -= 1;
        let found = places.idle.iter().rposition(|(number, _)| *number == code.number);
        let idle = found.map(|place| places.idle.remove(place).1);
        (Slot { sandbox: self, keep: None }, idle)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the limits of the next call.
fn refill(store: &mut Store<Limits>, rows: usize) -> Result<(), ScoreFailure> {
    store.set_hostcall_fuel(MAX_ANSWER);
    store.set_epoch_deadline(DEADLINE_TICKS);
    let fuel = BASE_FUEL + ROW_FUEL * rows as u64;
    store.set_fuel(fuel).map_err(|e| failure(codes::PLUGIN_LIMITS, one_line(&e)))
}

/// One of the places for calls; free again when dropped, also by a panic.
struct Slot<'a> {
    sandbox: &'a Sandbox,
    /// An instance for the next call.
    keep: Option<(u64, Instance)>,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut places = self.sandbox.places();
        places.free += 1;
        let wake = places.waiting > 0;
        let mut oldest = None;
        if let Some(instance) = self.keep.take() {
            if places.idle.len() >= MAX_IDLE as usize {
                oldest = Some(places.idle.remove(0));
            }
            places.idle.push(instance);
        }
        drop(places);
        if wake {
            self.sandbox.freed.notify_one();
        }
        drop(oldest);
    }
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
    use super::guest::{compiled, model};
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
        let pre = sandbox.compile(&guest::Guest::scoring("(loop (br 0)) (unreachable)").build()).unwrap();
        let start = std::time::Instant::now();
        let call = sandbox.call(&pre, 1 << 30, |guest, store| {
            guest.plugin.staunch_scoring_plugin().call_score_batch(store, 1, &[column(1, 0)])
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
            let mut call = || guest.plugin.staunch_scoring_plugin().call_score_batch(&mut *store, 1_024, &columns);
            let first = call()?;
            for _ in 0..300 {
                assert!(call()? == first);
            }
            let wrong = guest.plugin.staunch_scoring_plugin().call_score_batch(&mut *store, 1_024, &columns[1..])?;
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
            let answer = sandbox.call(&pre, 2, |guest, store| {
                guest.plugin.staunch_scoring_plugin().call_score_batch(store, 2, &[wrong])
            });
            assert!(answer.unwrap().unwrap_err().starts_with("input `x0`"));
        }
    }

    #[test]
    fn little_address_space_changes_no_answer() {
        let component =
            staunch_models::compile(&staunch_models::Model::Trees(staunch_models::sample::trees(1, 3, 20, 5)));
        let component = component.unwrap();
        let answers = [WIDE, NARROW].map(|space| {
            let sandbox = Sandbox::with(Engine::new(&config(space)).unwrap(), |_| false).unwrap();
            let code = sandbox.compile(&component).unwrap();
            let numbers: Vec<f64> = (0..300).map(|n| f64::from(n % 37) / 5.0 - 3.0).collect();
            sandbox.call(&code, 100, |guest, store| {
                guest.flat.as_ref().unwrap().staunch_scoring_values().call_explain_values(store, 100, &numbers)
            })
        });
        assert_eq!(answers[0].as_ref().unwrap().len(), 500);
        assert_eq!(answers[0], answers[1]);
    }

    #[test]
    fn many_threads_share_the_pool() {
        let sandbox = Sandbox::new().unwrap();
        let pre = sandbox.compile(&guest::Guest::answering("(f64.const 0.5)", 1, (0, 0)).build()).unwrap();
        let one = || {
            sandbox.call(&pre, 1, |guest, store| {
                guest.plugin.staunch_scoring_plugin().call_score_batch(store, 1, &[column(1, 0)])
            })
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4 * MAX_CALLS).map(|_| scope.spawn(|| (0..50).all(|_| one().is_ok()))).collect();
            assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
        });
    }
}
