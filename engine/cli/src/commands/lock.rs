//! `staunch lock`: pins the plugins of a workspace.

use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::load::LOCK_FILE;
use crate::output;
use clap::Args;
use staunch_scoring::Lock as Pins;

/// Pins every plugin under `plugins/` with its version and sha256 in `staunch.lock`.
///
/// Example: staunch lock examples/retail
#[derive(Debug, Args)]
pub struct Lock {
    #[command(flatten)]
    dir: Dir,
}

/// Runs the command.
pub fn run(args: &Lock) -> Result<bool> {
    let dir = &args.dir.dir;
    let (pins, problems) = Pins::pin_in(&crate::host::sandbox(dir), dir);
    for problem in &problems {
        output::say(&format!("error {problem}\n  next: {}", problem.help));
    }
    if !problems.is_empty() {
        output::say("nothing was written");
        return Ok(false);
    }
    let path = dir.join(LOCK_FILE);
    std::fs::write(&path, pins.write()).map_err(|error| CliError::file(&path, &error))?;
    for (name, plugin) in &pins.plugins {
        output::say(&format!("{name} {} sha256 {}", plugin.version, plugin.sha256));
    }
    output::say(&format!("{} plugins pinned in {}", pins.plugins.len(), path.display()));
    Ok(true)
}
