//! The one engine that all plugins run in, its limits, and how components become code in it.

mod calls;
#[cfg(test)]
mod tests;
mod traps;

use crate::abi::{self, Abi, MAJORS, Major};
use crate::cache::{Cache, CacheCounts};
use crate::compile::{Compiler, Job};
use crate::config::{Space, config};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::precompiled::Image;
use crate::problem::failure;
use crate::refusals::{Refusal, Refusals, Subject};
use calls::Places;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use traps::one_line;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

/// Linear memory of a plugin, in bytes.
pub const MAX_MEMORY: usize = 64 << 20;
/// Wall time between two looks at a running plugin.
pub const TICK: Duration = Duration::from_millis(10);
/// Ticks that one call may see. One tick would stop calls that began just before it.
pub const DEADLINE_TICKS: u64 = 100;
/// Ticks of a minute, which is the pause between two events about the same refusal.
const MINUTE: u64 = 6_000;
/// Elements of one table.
pub const MAX_TABLE: usize = 20_000;
/// Calls at the same time; more wait.
pub(crate) const MAX_CALLS: u32 = 16;
/// Instances of all plugins that are kept between calls.
pub(crate) const MAX_IDLE: u32 = 48;
pub(crate) const MAX_CORE_INSTANCES: u32 = 64;
pub(crate) const MAX_TABLES: u32 = 16;
pub(crate) const MAX_MEMORIES: u32 = 4;

/// Says of which components nothing of a call is left in an instance: those that our own compiler made.
pub type Proof = fn(&[u8]) -> bool;

/// How a sandbox is set up.
pub struct Setup {
    /// Whose instances may be called again; nobody's where it is `None`.
    pub trust: Option<Proof>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// Where compiled code is kept for the next process.
    pub cache: Option<Cache>,
}

impl Default for Setup {
    /// Trusts nobody, compiles in this process, keeps nothing.
    fn default() -> Setup {
        Setup { trust: None, compiler: Compiler::InProcess, cache: None }
    }
}

/// The compiler, the instance pool and the ticker.
pub struct Sandbox {
    engine: Engine,
    space: Space,
    linker: Linker<Limits>,
    setup: Setup,
    majors: &'static [Major],
    places: Mutex<Places>,
    freed: Condvar,
    next: AtomicU64,
    ticks: Arc<AtomicU64>,
    refusals: Arc<Refusals>,
}

/// Compiled code of a plugin, ready to be started.
pub struct Code {
    /// Tells it from all others of its sandbox.
    number: u64,
    pre: InstancePre<Limits>,
    abi: Box<dyn Abi>,
    subject: Subject,
    /// Whether an instance may be called again.
    resets: bool,
}

impl Code {
    /// Whether it exports the interface `values`.
    pub fn is_quick(&self) -> bool {
        self.abi.is_quick()
    }

    /// Whether an instance of it is called again, because our own compiler made it.
    pub fn resets(&self) -> bool {
        self.resets
    }

    /// Its name and digest.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl Sandbox {
    /// A sandbox that calls no instance twice, compiles in this process and keeps nothing.
    ///
    /// # Errors
    /// Where the process may not reserve memory for plugins, or not start a thread.
    pub fn new() -> Result<Sandbox, ScoreFailure> {
        Sandbox::set_up(Setup::default())
    }

    /// A sandbox that calls instances again of components of which `trust` says that nothing of a call is left in them.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn trusting(trust: Proof) -> Result<Sandbox, ScoreFailure> {
        Sandbox::set_up(Setup { trust: Some(trust), ..Setup::default() })
    }

    /// Sets the engine up and starts its ticker thread, which ends with the engine.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn set_up(setup: Setup) -> Result<Sandbox, ScoreFailure> {
        // Where a process may not reserve that much address space, memory accesses are checked one by one.
        match Sandbox::within(Space::Wide, setup, MAJORS) {
            Ok(sandbox) => Ok(sandbox),
            Err((_, setup)) => Sandbox::within(Space::Narrow, *setup, MAJORS).map_err(|(failure, _)| failure),
        }
    }

    /// One with memories of this space; an error gives the setup back.
    fn within(space: Space, setup: Setup, majors: &'static [Major]) -> Result<Sandbox, (ScoreFailure, Box<Setup>)> {
        let broken = |error: String| failure(codes::PLUGIN_LIMITS, format!("no sandbox: {error}"));
        let engine = match Engine::new(&config(space)) {
            Ok(engine) => engine,
            Err(error) => return Err((broken(one_line(&error)), Box::new(setup))),
        };
        let (ticks, refusals) = (Arc::new(AtomicU64::new(0)), Arc::new(Refusals::new(MINUTE)));
        if let Err(error) = ticker(&engine, ticks.clone(), refusals.clone()) {
            return Err((broken(error.to_string()), Box::new(setup)));
        }
        let (linker, places) = (Linker::new(&engine), Mutex::new(Places::new()));
        let (freed, next) = (Condvar::new(), AtomicU64::new(0));
        Ok(Sandbox { engine, space, linker, setup, majors, places, freed, next, ticks, refusals })
    }

    /// What limits refused, by plugin and limit.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.refusals.list()
    }

    /// What became of compiled code that was kept; `None` where none is.
    pub fn cache_counts(&self) -> Option<CacheCounts> {
        self.setup.cache.as_ref().map(Cache::counts)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Compiles a component that was inspected before. The image is there where it can be kept.
    pub(crate) fn compile(&self, subject: &Subject, bytes: &[u8]) -> Result<(Code, Option<Image>), Fault> {
        let (keep, trust) = (self.setup.cache.is_some(), self.setup.trust);
        let job = Job { engine: &self.engine, space: self.space, trust, keep };
        let done = self.setup.compiler.run(&job, bytes)?;
        Ok((self.link(subject, &done.component, done.ours)?, done.image))
    }

    /// Makes a loaded component ready to be started.
    pub(crate) fn link(&self, subject: &Subject, component: &Component, resets: bool) -> Result<Code, Fault> {
        let invalid = |error: wasmtime::Error| Fault::new(codes::PLUGIN_INVALID, one_line(&error));
        let pre = self.linker.instantiate_pre(component).map_err(invalid)?;
        let major = self.major(component)?;
        let abi = (major.find)(component, &pre).map_err(invalid)?;
        let (number, subject) = (self.next.fetch_add(1, Ordering::Relaxed), subject.clone());
        Ok(Code { number, pre, abi, subject, resets })
    }

    /// The newest major version of the contract that a component and this host have in common.
    fn major(&self, component: &Component) -> Result<&'static Major, Fault> {
        let ty = component.component_type();
        let asked: Vec<u64> = ty.exports(&self.engine).filter_map(|(name, _)| abi::major(name)).collect();
        if let Some(major) = self.majors.iter().rev().find(|major| asked.contains(&major.number)) {
            return Ok(major);
        }
        let supported = abi::in_words(self.majors);
        Err(match asked.first() {
            Some(asked) => Fault::new(
                codes::PLUGIN_CONTRACT,
                format!("it is built for `staunch:scoring@{asked}.x`; this version takes {supported}"),
            ),
            None => Fault::new(codes::PLUGIN_INVALID, "it does not export `staunch:scoring/plugin`"),
        })
    }

    /// Notes what a limit refused to a plugin.
    pub(crate) fn refused(&self, subject: &Subject, fault: Fault) -> ScoreFailure {
        if let (Some(code), Some(excess)) = (fault.code, fault.excess) {
            self.refusals.note(self.ticks.load(Ordering::Relaxed), subject, code, excess);
        }
        fault.failure
    }
}

/// Wakes once a tick for deadlines, and once a minute for what is still to be told.
fn ticker(engine: &Engine, ticks: Arc<AtomicU64>, refusals: Arc<Refusals>) -> std::io::Result<()> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            let now = ticks.fetch_add(1, Ordering::Relaxed) + 1;
            if now.is_multiple_of(MINUTE) {
                refusals.flush(now);
            }
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("staunch-epoch".into()).spawn(tick).map(|_| ())
}
