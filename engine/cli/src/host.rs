//! The sandbox of a workspace's plugins: what is trusted, where components are compiled, where code is kept.

use crate::wiring::STATE;
use staunch_core::score::ScoreFailure;
use staunch_models::compile::is_ours;
use staunch_scoring::{Cache, ChildCompiler, Compiler, Sandbox, Setup};
use std::path::Path;
use std::sync::Arc;

/// The hidden command that compiles one component for the process that started it.
pub const COMPILE: &str = "compile-plugin";

/// The folder below the workspace's state with compiled plugins.
const CACHE: &str = "cache";

/// A sandbox for the plugins of the workspace `dir`, which keeps their code in `.staunch/cache`.
pub fn sandbox(dir: &Path) -> Result<Arc<Sandbox>, ScoreFailure> {
    let cache = Cache::open(&dir.join(STATE).join(CACHE)).map_err(|problem| tracing::warn!(%problem, "no cache"));
    build(cache.ok())
}

/// A sandbox for plugins outside of any workspace.
pub fn alone() -> Result<Arc<Sandbox>, ScoreFailure> {
    build(None)
}

fn build(cache: Option<Cache>) -> Result<Arc<Sandbox>, ScoreFailure> {
    // A program that does not know its own file is one that cannot be started again.
    let compiler = std::env::current_exe()
        .map_or(Compiler::InProcess, |program| Compiler::Child(ChildCompiler::new(program, &[COMPILE])));
    Sandbox::set_up(Setup { trust: Some(is_ours), compiler, cache }).map(Arc::new)
}
