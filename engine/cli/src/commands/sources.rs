//! `staunch sources`: the mappings of a company's own messages.

use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format};
use crate::wiring;
use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use staunch_core::codes;
use staunch_core::ingest::{self, Door, Refusal};
use staunch_core::suggest::closest;
use staunch_workflow::{SourceFile, WorkspaceFile};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The sources of a workspace.
#[derive(Debug, Args)]
pub struct Sources {
    #[command(subcommand)]
    command: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    Test(Try),
}

/// Shows which event one message becomes, and whether it could be taken. Nothing is sent or kept.
///
/// Example: staunch sources test my-workspace --source shop order.json
#[derive(Debug, Args)]
struct Try {
    /// The file with one message, behind the workspace where it is not this folder; `-` reads standard input.
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "FILE"])]
    paths: Vec<PathBuf>,
    /// The source, as staunch.yaml names it.
    #[arg(long)]
    source: String,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Sources) -> Result<bool> {
    let Which::Test(args) = &args.command;
    let (dir, file) = match args.paths.as_slice() {
        [dir, file] => (dir.as_path(), file),
        [file] => (Path::new("."), file),
        _ => return Err(CliError::usage("one message is needed", "name its file, or `-` for standard input")),
    };
    let workspace = load::workspace_only(dir)?;
    let source = find(&workspace, &args.source)?;
    let message = read(file)?;
    let event = source.mapping.event(&source.name, &message);
    let verdict = event.as_ref().map_err(Clone::clone).and_then(|event| taken(&workspace, event));
    match args.format {
        Format::Json => output::json(&json!({
            "ok": verdict.is_ok(), "source": source.name, "event": event.as_ref().ok(),
            "problem": verdict.as_ref().err().map(|why| json!({ "code": why.code, "message": why.message })),
        })),
        Format::Text => show(source, event.as_ref().ok(), verdict.as_ref().err()),
    }
    Ok(verdict.is_ok())
}

fn find<'w>(workspace: &'w WorkspaceFile, name: &str) -> Result<&'w SourceFile> {
    workspace.sources.iter().find(|source| source.name == name).ok_or_else(|| {
        let known: Vec<&str> = workspace.sources.iter().map(|source| source.name.as_str()).collect();
        let help = match closest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "declare it under `sources` in staunch.yaml".to_owned(),
            None => format!("known: {}", known.join(", ")),
        };
        CliError::new(codes::CLI_UNKNOWN, format!("there is no source `{name}`"), help)
    })
}

fn read(file: &Path) -> Result<Json> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| CliError::file(file, &error))?;
    } else {
        bytes = std::fs::read(file).map_err(|error| CliError::file(file, &error))?;
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("{} is not one JSON message: {error}", file.display());
        CliError::new(codes::EVENT_NOT_JSON, message, "put one message of the source into the file")
    })
}

/// Whether the event would be taken. Its age says nothing about the mapping, so any age is fine.
fn taken(workspace: &WorkspaceFile, event: &Json) -> std::result::Result<(), Refusal> {
    let door = Door { schema: &workspace.schema, now: wiring::wall_clock(), history: true };
    ingest::read(event.to_string().as_bytes(), &BTreeMap::new(), &door).map(drop)
}

fn show(source: &SourceFile, event: Option<&Json>, problem: Option<&Refusal>) {
    if let Some(event) = event {
        output::say(&format!("a message of {} becomes", source.name));
        output::json(event);
    }
    match problem {
        None => output::say("it would be taken"),
        Some(why) => {
            let next = format!("correct its mapping, or `staunch explain {}`", why.code);
            output::say(&format!("it would be parked: {} {}\n  next: {next}", why.code, why.message));
        }
    }
}
