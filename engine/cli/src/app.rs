//! What every command shares: the workspace folder, its store and its clock.

use crate::error::{CliError, Result};
use crate::load;
use crate::wiring;
use clap::Args;
use staunch_core::{Time, codes};
use staunch_store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// The workspace folder of a command.
#[derive(Clone, Debug, Args)]
pub struct Dir {
    /// The workspace.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// The store of a workspace, without its plugins and connectors.
///
/// # Errors
/// Where the workspace cannot be read or the database does not answer.
pub async fn store(dir: &Dir) -> Result<Arc<dyn Store>> {
    let workspace = load::workspace_only(&dir.dir)?;
    Ok(wiring::open_store(&dir.dir, &workspace).await?.store)
}

/// The clock in force for a command beside a running process: the database's, or the virtual one of the demo.
///
/// # Errors
/// Where the database does not answer.
pub async fn now(dir: &Dir, store: &dyn Store) -> Result<Time> {
    match wiring::virtual_time(&dir.dir) {
        Some(time) => Ok(time),
        None => Ok(store.now().await?),
    }
}

/// The only one whose id begins with what a person typed. `things` is their plural, `none` what to say where there is
/// none, `list` the command that shows them.
///
/// # Errors
/// None, or more than one.
pub fn by_prefix<T>(all: Vec<T>, id: &str, id_of: fn(&T) -> &str, things: &str, none: String, list: &str) -> Result<T> {
    let mut found: Vec<T> = all.into_iter().filter(|one| id_of(one).starts_with(id)).collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(CliError::new(codes::CLI_UNKNOWN, none, format!("see `{list}`"))),
        n => Err(CliError::usage(format!("{n} {things} begin with `{id}`"), "give more of the id")),
    }
}
