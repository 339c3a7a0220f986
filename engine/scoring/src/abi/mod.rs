//! The major versions of the contract that plugins may be built for, behind one trait each.
//!
//! All of the host speaks of the types of the newest one. To support another major, write a file beside this one that
//! gives them, and list it in [`MAJORS`].

#[cfg(test)]
mod raised;
mod v1;

use crate::bindings::{Column, Manifest, RowResult};
use crate::limits::Limits;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

/// Every major version that this host takes, newest last.
pub const MAJORS: &[Major] = &[v1::MAJOR];

/// The majors of a test: ours, and a copy of the contract raised by one.
#[cfg(test)]
pub const TWO: &[Major] = &[v1::MAJOR, raised::MAJOR];

/// One major version of `staunch:scoring`.
pub struct Major {
    /// Its number.
    pub number: u64,
    /// Finds its functions in a component.
    pub find: Find,
}

/// Looks up what a major version of the contract asks of a component.
pub type Find = fn(&Component, &InstancePre<Limits>) -> wasmtime::Result<Box<dyn Abi>>;

/// The functions of one component.
pub trait Abi: Send + Sync {
    /// Whether it exports the interface `values`.
    fn is_quick(&self) -> bool;

    /// The same functions in an instance of it.
    fn start(&self, store: &mut Store<Limits>, instance: &Instance) -> wasmtime::Result<Box<dyn Guest>>;
}

/// What can be called in an instance. An error is a trap, or an answer that cannot be read.
pub trait Guest: Send {
    /// What the plugin says of itself.
    fn describe(&self, store: &mut Store<Limits>) -> wasmtime::Result<Manifest>;

    /// One result per row, or why the plugin refuses the call.
    fn score_batch(&self, store: &mut Store<Limits>, rows: u32, columns: &[Column]) -> wasmtime::Result<Scored>;

    /// `texts` of the interface `values`.
    fn texts(&self, _: &mut Store<Limits>) -> wasmtime::Result<Vec<Vec<String>>> {
        Err(not_quick())
    }

    /// `score-values`, or `explain-values`, of the interface `values`.
    fn values(&self, _: &mut Store<Limits>, _: u32, _: &[f64], _explains: bool) -> wasmtime::Result<Vec<f64>> {
        Err(not_quick())
    }
}

/// The answer to `score-batch`.
pub type Scored = Result<Vec<RowResult>, String>;

fn not_quick() -> wasmtime::Error {
    wasmtime::Error::msg("it does not export `values`")
}

/// The major version of a name such as `staunch:scoring/plugin@1.0.0`; `None` for other names.
pub fn major(export: &str) -> Option<u64> {
    export.strip_prefix("staunch:scoring/plugin@")?.split('.').next()?.parse().ok()
}

/// The majors in words, such as `1.x and 2.x`.
pub fn in_words(majors: &[Major]) -> String {
    majors.iter().map(|major| format!("{}.x", major.number)).collect::<Vec<_>>().join(" and ")
}
