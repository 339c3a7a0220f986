//! What every command shares: the workspace folder, its store and its clock.

use crate::error::Result;
use crate::load;
use crate::wiring;
use clap::Args;
use staunch_core::Time;
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
