//! The host of scoring plugins: WebAssembly components in a sandbox without any way out, behind one trait.
//!
//! [`Host`] loads what `staunch.lock` pins and scores rows; every way in which a plugin can misbehave ends as a
//! [`ScoreFailure`](staunch_core::score::ScoreFailure) with a stable code. No answer depends on a clock: limits count
//! instructions, and the wall-clock net below them only ever turns an answer into a failure.

mod abi;
mod batch;
mod bindings;
mod breaker;
mod cache;
mod challenger;
mod compile;
mod config;
mod fault;
mod flat;
mod host;
mod inspect;
mod limits;
mod lock;
mod manifest;
mod meter;
mod output;
mod plugin;
mod precompiled;
mod prepare;
mod problem;
mod refusals;
mod sandbox;
mod scorer;
mod signing;
mod trust;

pub use bindings::{Band, Card, DataWindow, Input, InputKind, Manifest, Metric, Range, ResultKind};
pub use breaker::BREAKER_LOG;
pub use cache::{Cache, CacheCounts, CacheProblem};
pub use compile::{ChildCompiler, CompileLimits, Compiler, serve};
pub use flat::Plain;
pub use host::Host;
pub use inspect::{MAX_BODY, MAX_COMPONENT, MAX_FUNCTIONS, MAX_PARTS};
pub use lock::{CHALLENGERS, FOLDER, Lock, LockError, LockedPlugin, sha256_hex};
pub use meter::{BINS, InputUsage, LATENCY_MICROS, PluginUsage, bin_bounds};
pub use output::{Answer, KEPT_ITEMS, MAX_ITEMS, MAX_REASON_CHARS, MAX_REASONS};
pub use plugin::{AnswerOrFailure, Demand, MAX_BATCH, Plugin};
pub use problem::PluginProblem;
pub use refusals::{MAX_REFUSALS, REFUSALS_LOG, Refusal};
pub use sandbox::{DEADLINE_TICKS, MAX_MEMORY, Proof, Sandbox, Setup, TICK};
pub use scorer::{Scorer, StaticScorer};
pub use signing::{PublicKey, SecretKey, Signature, Subject};
pub use trust::Trust;
