//! `staunch dead`: inputs that could not be used, with their bytes, their cause and a replay.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format, table};
use crate::wiring;
use clap::{Args, Subcommand};
use serde_json::json;
use staunch_broker::Message;
use staunch_core::codes;
use staunch_store::{Parked, Store};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The header that counts replays.
const REPLAYED: &str = "staunch-replayed";

/// Lists, shows or replays parked inputs.
///
/// Example: staunch dead list
#[derive(Debug, Args)]
pub struct Dead {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What is parked, newest first. Example: staunch dead list
    List {
        #[command(flatten)]
        dir: Dir,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// How to answer.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// One parked input with its bytes. Example: staunch dead show 91ab
    Show {
        /// Its id, or the beginning of it.
        id: String,
        /// The workspace.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
    /// Puts parked inputs back into the queue. Example: staunch dead replay 91ab --body mended.json
    Replay {
        /// Its id, or the beginning of it; `all` for everything.
        id: String,
        /// Replays this file's content instead of the parked bytes.
        #[arg(long)]
        body: Option<PathBuf>,
        /// As history: state and features only, and any age is fine.
        #[arg(long)]
        history: bool,
        /// The workspace.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
}

/// Runs the command.
pub async fn run(args: Dead) -> Result<bool> {
    match args.command {
        Command::List { dir, limit, format } => list(&dir, limit, format).await,
        Command::Show { id, dir } => show(&id, dir).await,
        Command::Replay { id, body, history, dir } => replay(&id, body, history, dir).await,
    }
}

async fn list(dir: &Dir, limit: u32, format: Format) -> Result<bool> {
    let store = app::store(dir).await?;
    let parked = store.parked(limit).await?;
    if format == Format::Json {
        let rows = parked.iter().map(|one| {
            json!({ "id": one.id, "at": one.at.to_string(), "origin": one.origin, "code": one.code, "message": one.message,
                    "size": one.bytes.len(), "path": one.path })
        });
        output::json(&json!({ "parked": rows.collect::<Vec<_>>() }));
        return Ok(true);
    }
    if parked.is_empty() {
        output::say("nothing is parked");
        return Ok(true);
    }
    let mut rows = vec![["id", "at", "code", "cause"].map(str::to_owned).to_vec()];
    rows.extend(
        parked
            .iter()
            .map(|one| vec![one.id[..12].to_owned(), one.at.to_string(), one.code.clone(), one.message.clone()]),
    );
    output::say(&table(&rows, &[]));
    Ok(true)
}

async fn find(store: &dyn Store, id: &str) -> Result<Parked> {
    if let Some(parked) = store.parked_one(id).await? {
        return Ok(parked);
    }
    let none = format!("nothing parked has the id `{id}`");
    app::by_prefix(store.parked(u32::MAX).await?, id, |one| &one.id, "parked inputs", none, "staunch dead list")
}

async fn show(id: &str, dir: PathBuf) -> Result<bool> {
    let store = app::store(&Dir { dir }).await?;
    let one = find(store.as_ref(), id).await?;
    let path = one.path.as_ref().map_or_else(String::new, |path| format!("\nall bytes {path}"));
    let bytes = String::from_utf8_lossy(&one.bytes);
    output::say(&format!(
        "id        {}\nat        {}\norigin    {}\ncause     {}: {}\nheaders   {}{path}\n\n{bytes}",
        one.id, one.at, one.origin, one.code, one.message, one.headers
    ));
    Ok(true)
}

async fn replay(id: &str, body: Option<PathBuf>, history: bool, dir: PathBuf) -> Result<bool> {
    let workspace = load::workspace_only(&dir)?;
    let stored = wiring::open_store(&dir, &workspace).await?;
    let parked =
        if id == "all" { stored.store.parked(u32::MAX).await? } else { vec![find(stored.store.as_ref(), id).await?] };
    if body.is_some() && parked.len() != 1 {
        return Err(CliError::usage("--body replays one input", "name its id"));
    }
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let broker = wiring::open_broker(&dir, &workspace, Arc::clone(&stored.queue), clock).await?;
    for one in &parked {
        let mut message = message(one, body.as_deref())?;
        if history {
            message.headers.insert(staunch_worker::HISTORY.to_owned(), "true".to_owned());
        }
        // Published first: a crash in between replays it twice, and the second time is a duplicate.
        broker.publish(std::slice::from_ref(&message)).await?;
        stored.store.unpark(&one.id).await?;
    }
    broker.close().await;
    output::say(&format!("{} put back into the queue", parked.len()));
    Ok(true)
}

fn message(one: &Parked, body: Option<&std::path::Path>) -> Result<Message> {
    let from = body.map(PathBuf::from).or_else(|| one.path.as_ref().map(PathBuf::from));
    let body = match from {
        None => one.bytes.clone(),
        Some(path) => std::fs::read(&path).map_err(|error| CliError::file(&path, &error))?,
    };
    let mut headers: BTreeMap<String, String> = serde_json::from_str(&one.headers).map_err(|error| {
        let message = format!("the headers of {} cannot be read: {error}", one.id);
        CliError::new(codes::STORE_CORRUPT, message, "see them with `staunch dead show`")
    })?;
    // The count makes it another input: where it is parked again meanwhile, that is a row of its own.
    let times = headers.get(REPLAYED).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    headers.insert(REPLAYED.to_owned(), (times + 1).to_string());
    Ok(Message { headers, ..Message::json(body) })
}
