//! `staunch model`: train a model from a table, measure it, and compile it to a scoring plugin.

mod eval;
mod train;

use crate::error::{CliError, Result};
use crate::output;
use clap::{Args, Subcommand};
use staunch_models::{Model as Trained, ModelError, compile};
use std::path::{Path, PathBuf};

/// Resamples of the bootstrap behind every interval.
const RESAMPLES: usize = 500;
/// The seed of the bootstrap: fixed, so that the same data gives the same card.
const SEED: u64 = 20_101_201;

/// Trains a model, measures it, or compiles one to a wasm component.
///
/// Example: staunch model train --data features.csv --label goal --at at --until 2011-09-01T00:00:00Z -o model.json
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
    Eval(eval::Eval),
    /// A model file, a logistic regression or a tree ensemble, to a scoring plugin. Example: staunch model compile model.json -o repurchase.wasm
    Compile {
        /// The model.
        model: PathBuf,
        /// The component.
        #[arg(short, long)]
        output: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: Model) -> Result<bool> {
    match args.command {
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Compile { model, output } => compile_model(&model, &output),
    }
}

fn failed(error: ModelError) -> CliError {
    CliError::new(error.code(), error.to_string(), error.help())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| CliError::file(path, &error))
}

fn compile_model(model: &Path, out: &Path) -> Result<bool> {
    let bytes = std::fs::read(model).map_err(|error| CliError::file(model, &error))?;
    let wasm = compile(&Trained::read(&bytes).map_err(failed)?).map_err(failed)?;
    write(out, &wasm)?;
    let digest = staunch_scoring::sha256_hex(&wasm);
    output::say(&format!(
        "{} bytes written to {}\nsha256 {digest}\npin it with `staunch lock`",
        wasm.len(),
        out.display()
    ));
    Ok(true)
}
