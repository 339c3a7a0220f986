//! `staunch ingest`: events from a file into the broker.

use crate::error::{CliError, Result};
use crate::feed::{self, Mapping};
use crate::load;
use crate::output;
use crate::wiring;
use clap::Args;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Messages published at once.
const CHUNK: usize = 2_000;

/// Puts events into the queue: NDJSON as it is, CSV by a mapping.
///
/// Example: staunch ingest my-workspace events.ndjson
/// Example: staunch ingest my-workspace orders.csv --event order.paid --map contact=CustomerID --map time=InvoiceDate
#[derive(Debug, Args)]
pub struct Ingest {
    /// The file, behind the workspace where it is not this folder; `-` reads standard input.
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "FILE"])]
    paths: Vec<String>,
    /// The workspace, in place of the first path.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Updates state and features only, and any age is fine.
    #[arg(long)]
    history: bool,
    /// CSV: the type of the events.
    #[arg(long)]
    event: Option<String>,
    /// CSV: PART=COLUMN, where a part is contact, time, id or a field of the event.
    #[arg(long = "map", value_name = "PART=COLUMN")]
    map: Vec<String>,
}

/// Runs the command.
pub async fn run(args: Ingest) -> Result<bool> {
    let (dir, file) = places(&args)?;
    let workspace = load::workspace_only(&dir)?;
    let bytes = read(&file)?;
    let mut messages = match &args.event {
        None if file.ends_with(".csv") => {
            let help = "name it with --event, and the columns with --map contact=… --map time=…";
            return Err(CliError::usage("a CSV file needs the type of its events", help));
        }
        None => feed::lines(&bytes),
        Some(event) => feed::csv(&bytes, &mapping(&args, &file, event)?)?,
    };
    for (line, message) in messages.iter_mut().enumerate() {
        message.headers.insert(staunch_core::ingest::SEQUENCE.to_owned(), (line + 1).to_string());
        if args.history {
            message.headers.insert(staunch_worker::HISTORY.to_owned(), "true".to_owned());
        }
    }
    let stored = wiring::open_store(&dir, &workspace).await?;
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let broker = wiring::open_broker(&dir, &workspace, stored.queue, clock).await?;
    for chunk in messages.chunks(CHUNK) {
        broker.publish(chunk).await?;
    }
    broker.close().await;
    output::say(&format!(
        "{} events queued; `staunch run` decides them, `staunch dead list` shows what could not be used",
        messages.len()
    ));
    Ok(true)
}

/// The workspace and the file.
fn places(args: &Ingest) -> Result<(PathBuf, String)> {
    match (args.paths.as_slice(), &args.dir) {
        ([file], dir) => Ok((dir.clone().unwrap_or_else(|| ".".into()), file.clone())),
        ([dir, file], None) => Ok((dir.into(), file.clone())),
        _ => Err(CliError::usage("the workspace is named twice", "write `staunch ingest DIR FILE`")),
    }
}

fn read(file: &str) -> Result<Vec<u8>> {
    if file != "-" {
        let path = PathBuf::from(file);
        return std::fs::read(&path).map_err(|error| CliError::file(&path, &error));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| CliError::file(&PathBuf::from("-"), &error))?;
    Ok(bytes)
}

fn mapping(args: &Ingest, file: &str, event: &str) -> Result<Mapping> {
    let mut columns = BTreeMap::new();
    for pair in &args.map {
        let Some((part, column)) = pair.split_once('=') else {
            return Err(CliError::usage(format!("`{pair}` is no mapping"), "write it as --map contact=CustomerID"));
        };
        columns.insert(part.to_owned(), column.to_owned());
    }
    for needed in ["contact", "time"] {
        if !columns.contains_key(needed) {
            let help = format!("add --map {needed}=COLUMN");
            return Err(CliError::usage(format!("the mapping does not say which column is the {needed}"), help));
        }
    }
    Ok(Mapping { event: event.to_owned(), columns, source: file.to_owned() })
}
