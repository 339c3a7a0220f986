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
/// Example: staunch ingest events.ndjson
/// Example: staunch ingest orders.csv --event order.paid --map contact=CustomerID --map time=InvoiceDate
#[derive(Debug, Args)]
pub struct Ingest {
    /// The file; `-` reads standard input.
    file: String,
    /// The workspace.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
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
    let workspace = load::workspace_only(&args.dir)?;
    let bytes = read(&args.file)?;
    let mut messages = match &args.event {
        None if args.file.ends_with(".csv") => {
            let help = "name it with --event, and the columns with --map contact=… --map time=…";
            return Err(CliError::usage("a CSV file needs the type of its events", help));
        }
        None => feed::lines(&bytes),
        Some(event) => feed::csv(&bytes, &mapping(&args, event)?)?,
    };
    for message in &mut messages {
        if args.history {
            message.headers.insert(staunch_worker::HISTORY.to_owned(), "true".to_owned());
        }
    }
    let stored = wiring::open_store(&args.dir, &workspace).await?;
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let broker = wiring::open_broker(&args.dir, &workspace, stored.queue, clock).await?;
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

fn read(file: &str) -> Result<Vec<u8>> {
    if file != "-" {
        let path = PathBuf::from(file);
        return std::fs::read(&path).map_err(|error| CliError::file(&path, &error));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| CliError::file(&PathBuf::from("-"), &error))?;
    Ok(bytes)
}

fn mapping(args: &Ingest, event: &str) -> Result<Mapping> {
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
    Ok(Mapping { event: event.to_owned(), columns, source: args.file.clone() })
}
