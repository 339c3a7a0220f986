//! `staunch restore`: a backup takes the place of the embedded database, and nothing is sent before a person says so.

use super::backup::{contents, embedded};
use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format};
use crate::wiring::{self, STATE};
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use staunch_core::policy::{Kill, KillScope};
use std::path::{Path, PathBuf};

/// Puts a backup of the embedded database in its place. What was there is kept beside it. Everything is killed at once: the
/// backup does not know what went out after it, so nothing goes before `staunch resume all`.
///
/// Example: staunch restore my-workspace --from monday.db
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    dir: Dir,
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// Who gives the order.
    #[arg(long = "as", env = "USER", default_value = "operator")]
    by: String,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The database with what SQLite keeps beside it. A log that belongs to another database would destroy this one.
const FILES: [&str; 3] = ["staunch.db", "staunch.db-wal", "staunch.db-shm"];

/// Runs the command.
pub async fn run(args: Restore) -> Result<bool> {
    let dir = &args.dir.dir;
    let workspace = load::workspace_only(dir)?;
    embedded(&workspace, "pg_restore")?;
    let state = dir.join(STATE);
    std::fs::create_dir_all(&state).map_err(|error| CliError::file(&state, &error))?;
    let _lock = wiring::lock(dir)?;
    let holds = staunch_store::check_sqlite(&args.from).await.map_err(|error| {
        let message = format!("{} cannot be used: {error}", args.from.display());
        CliError::new(codes::CLI_BACKUP, message, "take another backup; nothing was changed")
    })?;
    let fresh = state.join("restored.db");
    copy(&args.from, &fresh)?;
    let kept = set_aside(&state)?;
    let place = state.join(FILES[0]);
    std::fs::rename(&fresh, &place).map_err(|error| CliError::file(&place, &error))?;
    let store = wiring::open_store(dir, &workspace).await?.store;
    let at = store.now().await?;
    let reason = format!("restored from {}", args.from.display());
    let held = store.kill(&Kill { scope: KillScope::All, reason, by: args.by, at }, false, at).await?;
    match args.format {
        Format::Json => output::json(&json!({ "holds": contents(&holds), "held": held, "kept": kept })),
        Format::Text => {
            output::say(&format!(
                "restored: {} contacts, {} decisions, {} actions",
                holds.contacts, holds.decisions, holds.actions
            ));
            if let Some(kept) = kept {
                output::say(&format!("what was there is in {}", kept.display()));
            }
            output::say(&format!(
                "everything is killed, {held} pending actions are held: some of them may have gone out after the backup. \
                 Look at them, then `staunch resume all`, or `staunch kill all --drop` to let go of them"
            ));
        }
    }
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map_err(|error| CliError::file(from, &error))?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| CliError::file(to, &error))
}

/// Moves the database that is there into a folder of its own.
fn set_aside(state: &Path) -> Result<Option<PathBuf>> {
    let there: Vec<&str> = FILES.into_iter().filter(|name| state.join(name).exists()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let stamp = wiring::wall_clock().0 / 1_000_000;
    let folder = state.join(format!("before-restore-{stamp}"));
    std::fs::create_dir_all(&folder).map_err(|error| CliError::file(&folder, &error))?;
    // The log first: a database without its log is an older one, a log without its database is nothing.
    for name in there.into_iter().rev() {
        std::fs::rename(state.join(name), folder.join(name)).map_err(|error| CliError::file(&folder, &error))?;
    }
    Ok(Some(folder))
}
