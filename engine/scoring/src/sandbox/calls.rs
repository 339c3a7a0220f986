//! Calls under all limits, and the instances that wait for the next one.
//!
//! Every call gets a fresh instance, so that no answer depends on what was scored before. To start one costs more than to
//! score a row, so what our own compiler made, which leaves nothing behind after a call, may be called again: it is kept
//! for the next call of the same plugin, with limits of its own per call, unless it failed in any way.

use super::traps::{self, MAX_ANSWER, one_line};
use super::{Code, DEADLINE_TICKS, MAX_CALLS, MAX_IDLE, Sandbox};
use crate::abi::Guest;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::refusals::Excess;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::sync::{MutexGuard, PoisonError};
use wasmtime::Store;

/// Calls of one instance before a fresh one takes its place.
const MAX_REUSE: u32 = 10_000;
/// Calls that wait for a place; more are refused.
pub(super) const MAX_WAITING: u32 = 1_000;
/// Instructions to start an instance, describe it and begin a batch.
const BASE_FUEL: u64 = 50_000_000;
/// Instructions per row.
const ROW_FUEL: u64 = 1_000_000;

/// What calls share.
pub(super) struct Places {
    /// Calls that may begin.
    pub(super) free: u32,
    /// Calls that wait for one to end.
    pub(super) waiting: u32,
    /// Instances that wait for a call, with the number of their code; the last was used last.
    idle: Vec<(u64, Instance)>,
}

impl Places {
    pub(super) fn new() -> Places {
        Places { free: MAX_CALLS, waiting: 0, idle: Vec::new() }
    }
}

/// A started plugin with its memory.
struct Instance {
    store: Store<Limits>,
    guest: Box<dyn Guest>,
    calls: u32,
}

impl Sandbox {
    /// Runs one call under all limits. Waits while too many calls run. What limits refuse is logged.
    pub(crate) fn call<T>(
        &self,
        code: &Code,
        rows: usize,
        call: impl FnOnce(&dyn Guest, &mut Store<Limits>) -> wasmtime::Result<T>,
    ) -> Result<(T, u64), ScoreFailure> {
        self.bounded(code, rows, call).map_err(|fault| self.refused(&code.subject, fault))
    }

    /// The answer, and the instructions that it took.
    fn bounded<T>(
        &self,
        code: &Code,
        rows: usize,
        call: impl FnOnce(&dyn Guest, &mut Store<Limits>) -> wasmtime::Result<T>,
    ) -> Result<(T, u64), Fault> {
        let (mut slot, idle) = self.slot(code)?;
        let fuel = BASE_FUEL + ROW_FUEL * rows as u64;
        let mut instance = match idle {
            Some(mut instance) => {
                refill(&mut instance.store, fuel)?;
                instance
            }
            None => self.start(code, fuel)?,
        };
        let answer = call(&*instance.guest, &mut instance.store);
        self.tell(code, &mut instance.store);
        let answer = answer.map_err(|error| traps::failed(&error, fuel))?;
        let used = fuel.saturating_sub(instance.store.get_fuel().unwrap_or(0));
        instance.calls += 1;
        if code.resets && instance.calls < MAX_REUSE && instance.store.data().is_small() {
            slot.keep = Some((code.number, instance));
        }
        Ok((answer, used))
    }

    fn start(&self, code: &Code, fuel: u64) -> Result<Instance, Fault> {
        let mut store = Store::new(&self.engine, Limits::new());
        store.limiter(Limits::limiter);
        refill(&mut store, fuel)?;
        let started = code.pre.instantiate(&mut store);
        let instance = match started {
            Ok(instance) => instance,
            Err(error) => {
                self.tell(code, &mut store);
                return Err(traps::unstarted(&error, fuel));
            }
        };
        let guest = code.abi.start(&mut store, &instance);
        let guest = guest.map_err(|error| Fault::new(codes::PLUGIN_INVALID, one_line(&error)))?;
        Ok(Instance { store, guest, calls: 0 })
    }

    /// Logs what a limit refused without ending the call: a plugin may go on with less memory.
    fn tell(&self, code: &Code, store: &mut Store<Limits>) {
        for excess in store.data_mut().refused().into_iter().flatten() {
            self.refused(&code.subject, Fault::limit(codes::PLUGIN_LIMITS, "", excess));
        }
    }

    /// Takes one of the places for calls, and an instance of the code if one is idle.
    fn slot(&self, code: &Code) -> Result<(Slot<'_>, Option<Instance>), Fault> {
        let mut places = self.places();
        while places.free == 0 {
            if places.waiting >= MAX_WAITING {
                let allowed = u64::from(MAX_WAITING);
                let excess = Excess { limit: "calls that wait", allowed, demanded: allowed + 1 };
                return Err(Fault::limit(codes::PLUGIN_BUSY, "too many calls of plugins wait already", excess));
            }
            places.waiting += 1;
            places = self.freed.wait(places).unwrap_or_else(PoisonError::into_inner);
            places.waiting -= 1;
        }
        places.free -= 1;
        let found = places.idle.iter().rposition(|(number, _)| *number == code.number);
        let idle = found.map(|place| places.idle.remove(place).1);
        Ok((Slot { sandbox: self, keep: None }, idle))
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the limits of the next call.
fn refill(store: &mut Store<Limits>, fuel: u64) -> Result<(), Fault> {
    store.set_hostcall_fuel(MAX_ANSWER);
    store.set_epoch_deadline(DEADLINE_TICKS);
    store.set_fuel(fuel).map_err(|error| Fault::new(codes::PLUGIN_LIMITS, one_line(&error)))
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
