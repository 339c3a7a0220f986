//! `staunch compile-plugin`: compiles one component for the process that started this one.

use crate::error::{CliError, Result};
use clap::Args;
use staunch_core::codes;
use std::io::{stdin, stdout};

/// Compiles the component on standard input for the process that starts it, under limits; for nobody else.
#[derive(Debug, Args)]
pub struct CompilePlugin {
    /// What that process says.
    #[arg(num_args = 3)]
    arguments: Vec<String>,
}

/// Runs the command.
pub fn run(args: &CompilePlugin) -> Result<bool> {
    let served =
        staunch_scoring::serve(&args.arguments, staunch_models::compile::is_ours, stdin().lock(), stdout().lock());
    let help = "Staunch runs this command by itself";
    served.map(|()| true).map_err(|error| CliError::new(codes::CLI_STEP, error.to_string(), help))
}
