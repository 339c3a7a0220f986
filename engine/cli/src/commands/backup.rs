//! `staunch backup`: the embedded database as a file, while everything runs.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format};
use crate::wiring::STATE;
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use staunch_store::Contents;
use staunch_workflow::WorkspaceFile;
use std::path::PathBuf;

/// Writes the embedded database (SQLite) of a workspace into one file, as of one moment and checked, while the service runs.
/// Postgres has `pg_dump` for that.
///
/// Example: staunch backup my-workspace --out monday.db
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    dir: Dir,
    /// The new file.
    #[arg(long)]
    out: PathBuf,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Only the embedded database is a file of ours.
pub(super) fn embedded(workspace: &WorkspaceFile, tool: &str) -> Result<()> {
    if workspace.connections.database.is_none() {
        return Ok(());
    }
    let message = "the database of this workspace is Postgres, which has tools of its own";
    Err(CliError::new(codes::CLI_BACKUP, message, format!("use {tool}; examples/deploy/backup.md shows how")))
}

/// What a file holds, for machines.
pub(super) fn contents(contents: &Contents) -> serde_json::Value {
    let Contents { contacts, decisions, actions, sending, queue } = contents;
    json!({ "contacts": contacts, "decisions": decisions, "actions": actions, "sending": sending, "queue": queue })
}

/// Runs the command.
pub async fn run(args: Backup) -> Result<bool> {
    let dir = &args.dir.dir;
    embedded(&load::workspace_only(dir)?, "pg_dump")?;
    let from = dir.join(STATE).join("staunch.db");
    if !from.exists() {
        let message = format!("there is no {}: nothing ran here yet", from.display());
        return Err(CliError::new(codes::CLI_BACKUP, message, "start `staunch run` first"));
    }
    if args.out.exists() {
        let message = format!("{} is there already", args.out.display());
        return Err(CliError::new(codes::CLI_BACKUP, message, "name another file, or remove that one"));
    }
    app::writable(&args.out, &[&from])?;
    let done = staunch_store::backup_sqlite(&from, &args.out).await.inspect_err(|_| {
        // Half a backup must not be taken for one.
        let _ = std::fs::remove_file(&args.out);
    });
    let done = done.map_err(|error| {
        CliError::new(codes::CLI_BACKUP, error.to_string(), "check the disk and the file, then try again")
    })?;
    match args.format {
        Format::Json => output::json(&json!({ "file": args.out, "holds": contents(&done) })),
        Format::Text => output::say(&format!(
            "{}: {} contacts, {} decisions, {} actions ({} on their way), {} messages; read through, whole",
            args.out.display(),
            done.contacts,
            done.decisions,
            done.actions,
            done.sending,
            done.queue
        )),
    }
    Ok(true)
}
