//! `staunch model`: train a model from a table, measure it, read those of other libraries, and compile them to scoring plugins.

mod eval;
pub mod files;
mod foreign;
mod qualities;
mod train;

use crate::error::{CliError, Result};
use clap::{Args, Subcommand};
use staunch_models::ModelError;
use std::path::Path;

/// Resamples of the bootstrap behind every interval.
const RESAMPLES: usize = 500;
/// The seed of the bootstrap: fixed, so that the same data gives the same card.
const SEED: u64 = 20_101_201;

/// Trains a model, measures it, reads one of another library, or compiles one to a wasm component.
///
/// Example: staunch model train --data features.csv --label goal --at at --until 2011-09-01T00:00:00Z -o model.json
///
/// Example: staunch model compile model.json -o repurchase.wasm
#[derive(Debug, Args)]
pub struct Model {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A logistic regression or boosted trees from a CSV table. Example: staunch model train --data F.csv --label goal -o model.json
    Train(Box<train::Train>),
    /// How good a model is on rows with a label. Example: staunch model eval model.json --data F.csv --label goal --segment plan
    Eval(Box<eval::Eval>),
    /// A model of LightGBM, XGBoost, scikit-learn or ours to a scoring plugin. Example: staunch model compile churn.txt -o churn.wasm
    Compile(Box<foreign::Foreign>),
    /// A model of LightGBM, XGBoost or scikit-learn to our own JSON. Example: staunch model import churn.onnx -o churn.json
    Import(Box<foreign::Foreign>),
}

/// Runs the command.
pub fn run(args: Model) -> Result<bool> {
    match args.command {
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Compile(args) => foreign::to_component(&args),
        Command::Import(args) => foreign::to_json(&args),
    }
}

fn failed(error: ModelError) -> CliError {
    CliError::new(error.code(), error.to_string(), error.help())
}

/// An error with the file that it is about.
fn about(path: &Path, error: &ModelError) -> CliError {
    CliError::new(error.code(), format!("{}: {error}", path.display()), error.help())
}
