//! `staunch ingest`: events from a file into the broker.

use crate::error::{CliError, Result};
use crate::feed::{self, Mapping};
use crate::load;
use crate::output;
use crate::wiring;
use clap::Args;
use staunch_broker::Message;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Puts events into the queue: NDJSON as it is, CSV by a mapping.
///
/// Example: staunch ingest my-workspace events.ndjson
///
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

/// Runs the command: `false` where a line was too long to be queued.
pub async fn run(args: Ingest) -> Result<bool> {
    let (dir, file) = places(&args)?;
    let workspace = load::workspace_only(&dir)?;
    if args.event.is_none() && file.ends_with(".csv") {
        let help = "name it with --event, and the columns with --map contact=… --map time=…";
        return Err(CliError::usage("a CSV file needs the type of its events", help));
    }
    // Before the store: a file that cannot be read leaves nothing behind.
    let mut source = open(&args, &file)?;
    let stored = wiring::open_store(&dir, &workspace).await?;
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let broker = wiring::open_broker(&dir, &workspace, stored.queue, clock).await?;
    let mut queued = 0;
    let outcome = loop {
        let mut chunk = match source.chunk() {
            Ok(chunk) if chunk.is_empty() => break Ok(()),
            Ok(chunk) => chunk,
            Err(error) => break Err(error),
        };
        if args.history {
            let mark = |one: &mut Message| one.headers.insert(staunch_worker::HISTORY.to_owned(), "true".to_owned());
            chunk.iter_mut().for_each(|one| drop(mark(one)));
        }
        if let Err(error) = broker.publish(&chunk).await {
            break Err(error.into());
        }
        queued += chunk.len() as u64;
    };
    broker.close().await;
    output::say(&format!(
        "{} queued\n`staunch run` decides them, `staunch dead list` shows what could not be used",
        output::of(queued, "event")
    ));
    outcome?;
    Ok(source.told() == 0)
}

/// The workspace and the file.
fn places(args: &Ingest) -> Result<(PathBuf, String)> {
    match (args.paths.as_slice(), &args.dir) {
        ([file], dir) => Ok((dir.clone().unwrap_or_else(|| ".".into()), file.clone())),
        ([dir, file], None) => Ok((dir.into(), file.clone())),
        _ => Err(CliError::usage("the workspace is named twice", "write `staunch ingest DIR FILE`")),
    }
}

/// Where events come from, in chunks.
enum Source {
    Lines(Box<feed::Lines>),
    Rows(std::vec::IntoIter<Message>),
}

impl Source {
    fn chunk(&mut self) -> Result<Vec<Message>> {
        match self {
            Source::Lines(lines) => lines.chunk(),
            Source::Rows(rows) => Ok(rows.by_ref().take(feed::CHUNK).collect()),
        }
    }

    /// How many lines were too long.
    fn told(&self) -> u64 {
        match self {
            Source::Lines(lines) => lines.refused,
            Source::Rows(_) => 0,
        }
    }
}

fn open(args: &Ingest, file: &str) -> Result<Source> {
    let reader: Box<dyn Read + Send> = if file == "-" {
        Box::new(std::io::stdin())
    } else {
        let path = PathBuf::from(file);
        let opened = std::fs::File::open(&path).map_err(|error| CliError::file(&path, &error))?;
        let found = opened.metadata().map_err(|error| CliError::file(&path, &error))?;
        if found.is_dir() {
            let message = format!("{file} is a folder");
            return Err(CliError::new(staunch_core::codes::CLI_FILE, message, "name a file of events"));
        }
        Box::new(opened)
    };
    let reader = std::io::BufReader::with_capacity(1 << 16, reader);
    match &args.event {
        None => Ok(Source::Lines(Box::new(feed::Lines::new(reader, file)))),
        Some(event) => {
            let mut rows = feed::csv(reader, &mapping(args, file, event)?)?;
            for (row, message) in rows.iter_mut().enumerate() {
                message.headers.insert(staunch_core::ingest::SEQUENCE.to_owned(), (row + 1).to_string());
            }
            Ok(Source::Rows(rows.into_iter()))
        }
    }
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
