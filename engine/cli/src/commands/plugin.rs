//! `staunch plugin`: make, build, check, measure, sign and run a scoring plugin, outside any workflow.

mod bench;
mod beside;
mod build;
mod check;
mod finding;
mod golden;
pub mod keys;
mod new;
mod probe;
mod rows;
mod score;
mod template;
mod timing;

use super::challenge;
use crate::error::{CliError, Result};
use clap::{Args, Subcommand};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use staunch_scoring::{Plugin as Loaded, Sandbox};
use std::path::Path;
use std::sync::Arc;

/// Makes, builds, checks and runs a scoring plugin.
///
/// Example: staunch plugin new my-score
///
/// Example: staunch plugin score repurchase.wasm --data rows.csv -o scores.csv
#[derive(Debug, Args)]
pub struct Plugin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Build(build::Build),
    Check(check::Check),
    Bench(bench::Bench),
    Score(score::Score),
    /// A challenger beside the plugin in force: how far apart, and which foresaw the goal.
    ///
    /// Example: staunch plugin compare --plugin churn
    Compare(challenge::Compare),
    /// Puts the challenger of a plugin in its place.
    ///
    /// Example: staunch plugin promote --plugin churn
    Promote(challenge::Promote),
    /// A key to sign plugins with.
    ///
    /// Example: staunch plugin keygen -o release.key
    Keygen(keys::Keygen),
    /// Signs a plugin: X.wasm.sig beside it.
    ///
    /// Example: staunch plugin sign X.wasm --key release.key
    Sign(keys::Sign),
    /// Whether a plugin was signed by one of these keys.
    ///
    /// Example: staunch plugin verify X.wasm --workspace .
    Verify(keys::Verify),
    /// The same as `staunch lock`.
    Lock(super::lock::Lock),
}

/// Runs the command.
pub async fn run(args: Plugin) -> Result<bool> {
    match args.command {
        Command::New(args) => new::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Compare(args) => challenge::compare(args).await,
        Command::Promote(args) => challenge::promote(&args).await,
        Command::Keygen(args) => keys::keygen(&args),
        Command::Sign(args) => keys::sign(&args),
        Command::Verify(args) => keys::verify(&args),
        Command::Lock(args) => super::lock::run(&args),
    }
}

/// A sandbox of its own.
fn sandbox() -> Result<Arc<Sandbox>> {
    let broken = |failure: ScoreFailure| CliError::new(codes::CLI_STEP, failure.to_string(), "report this");
    crate::host::alone().map_err(broken)
}

/// The bytes of a component.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| CliError::file(path, &error))
}

/// Loads a component in a sandbox of its own.
fn load(path: &Path, bytes: &[u8]) -> Result<Loaded> {
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Loaded::load(&sandbox()?, &name, bytes).map_err(|problem| {
        CliError::new(problem.code, format!("{}: {}", path.display(), problem.message), problem.help)
    })
}
