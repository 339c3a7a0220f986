//! `staunch demo`: a year of real purchases through the real queue, worker and dispatcher, on virtual time.

use super::run::serve;
use crate::error::{CliError, Result};
use crate::feed;
use crate::files;
use crate::load;
use crate::output::{self, Format};
use crate::replay::{Promotion, replay};
use crate::report::{self, compare};
use crate::wiring::{self, STATE};
use clap::Args;
use serde_json::json;
use staunch_core::policy::Stage;
use staunch_core::{Time, codes};
use staunch_store::Store;
use staunch_worker::{Engine, Roles, VirtualClock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The day on which the model's training data ends and the workflow may act.
const PROMOTED: &str = "2011-09-01T00:00:00Z";
/// The file that marks a folder as the demo's own.
const MARK: &str = "this-is-a-demo";
/// Held while a demo runs; outside the state that it resets.
const LOCK: &str = ".demo-lock";

/// Plays a year of real purchases through a workflow and says what happened.
///
/// Example: staunch demo --once
#[derive(Debug, Args)]
pub struct Demo {
    /// Ends after the summary instead of serving.
    #[arg(long)]
    once: bool,
    /// The port to serve on; the next free one where it is taken.
    #[arg(long, default_value_t = 7070)]
    port: u16,
    /// Where the demo keeps its workspace.
    #[arg(long, default_value = ".staunch/demo")]
    dir: PathBuf,
    /// Writes the purchase history as NDJSON events to this file and ends.
    #[arg(long)]
    export: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub async fn run(args: Demo) -> Result<bool> {
    if let Some(path) = &args.export {
        return export(path);
    }
    let _lock = prepare(&args.dir)?;
    let project = load::open(&args.dir)?;
    let published = project.workflows.clone();
    let stored = wiring::open_store(&args.dir, &project.workspace).await?;
    let clock = Arc::new(VirtualClock::default());
    let ticking = Arc::clone(&clock);
    let queue_clock: staunch_broker::Clock = Arc::new(move || ticking.read());
    let broker = wiring::open_broker(&args.dir, &project.workspace, Arc::clone(&stored.queue), queue_clock).await?;
    let feed = feed::retail(files::INVOICES)?;
    let (Some(first), Some(last)) = (feed.first(), feed.last()) else {
        return Err(CliError::new(codes::CLI_FILE, "the purchase history is empty", "restore it"));
    };
    clock.set(first.time);
    stored.store.publish(&published, first.time).await?;
    let engine = wiring::open_engine(project, &stored, broker, "demo").await?;
    let promotions = promotions(&published)?;
    let started = Instant::now();
    let bar = progress(args.format, feed.len());
    replay(&engine, &clock, &feed, &promotions, last.time, &|at, done| {
        bar.set_position(done as u64);
        bar.set_message(at.to_string()[..10].to_owned());
    })
    .await?;
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    wiring::keep_virtual_time(&args.dir, last.time)?;
    summarise(&args, &engine, stored.store.as_ref(), last.time, seconds).await?;
    if args.once {
        return Ok(true);
    }
    clock.start();
    serve(engine, clock, Roles { worker: true, dispatcher: true, timers: true }, Some(args.port), None).await
}

fn export(path: &Path) -> Result<bool> {
    let mut out = Vec::new();
    for event in feed::retail(files::INVOICES)? {
        out.extend_from_slice(&event.message.body);
        out.push(b'\n');
    }
    std::fs::write(path, out).map_err(|error| CliError::file(path, &error))?;
    output::say(&format!("events written to {}", path.display()));
    Ok(true)
}

fn promotions(workflows: &[staunch_core::workflow::Workflow]) -> Result<Vec<Promotion>> {
    let at = Time::parse(PROMOTED).unwrap_or_default();
    Ok(workflows.iter().map(|one| Promotion { at, workflow: one.name.clone(), stage: Stage::Full }).collect())
}

/// Whether a folder holds anything but the demo's lock.
fn occupied(dir: &Path) -> bool {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() != LOCK)
}

/// Writes the shipped workspace and forgets what an earlier demo left; never touches a folder of anybody else.
fn prepare(dir: &Path) -> Result<wiring::Locked> {
    let state = dir.join(STATE);
    let mark = state.join(MARK);
    if dir.exists() && !mark.exists() && occupied(dir) {
        let message = format!("{} is not empty and is no demo of ours", dir.display());
        return Err(CliError::usage(message, "name another folder with --dir"));
    }
    std::fs::create_dir_all(dir).map_err(|error| CliError::file(dir, &error))?;
    let lock = wiring::lock_file(&dir.join(LOCK), dir)?;
    if state.exists() {
        std::fs::remove_dir_all(&state).map_err(|error| CliError::file(&state, &error))?;
    }
    std::fs::create_dir_all(&state).map_err(|error| CliError::file(&state, &error))?;
    std::fs::write(&mark, "made by `staunch demo`; it resets this folder\n")
        .map_err(|error| CliError::file(&mark, &error))?;
    files::write("winback", dir, false)?;
    Ok(lock)
}

fn progress(format: Format, events: usize) -> indicatif::ProgressBar {
    if format == Format::Json {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} events");
    let bar = indicatif::ProgressBar::new(events as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

async fn summarise(args: &Demo, engine: &Arc<Engine>, store: &dyn Store, end: Time, seconds: f64) -> Result<()> {
    let summary = store.summary().await?;
    let mut comparisons = Vec::new();
    for workflow in engine.catalog().current() {
        comparisons.extend(compare(workflow, &store.exposures(&workflow.name).await?, end));
    }
    let samples = report::samples(store).await?;
    let rate = summary.events as f64 / seconds.max(1e-9);
    if args.format == Format::Json {
        let mut document = report::to_json(&summary, &comparisons, &samples);
        document["promoted"] = PROMOTED.into();
        document["notes"] = json!([HISTORY, TRAINING]);
        document["dir"] = args.dir.display().to_string().into();
        output::json(&document);
        output::note(&format!("{} events in {seconds:.1} s, {rate:.0}/s", summary.events));
        return Ok(());
    }
    let dir = args.dir.display();
    output::say(&format!("A year of real purchases (UCI Online Retail, CC BY 4.0), on virtual time up to {end}\n"));
    output::say(&report::to_text(&summary, &comparisons));
    output::say(&format!("\n{HISTORY}\n{TRAINING}"));
    output::say("\nWhy did this happen, or not? (`--format json` for machines)");
    let mut asks = vec![("17850".to_owned(), "a big customer who went quiet early".to_owned())];
    asks.extend(samples.sent.clone().map(|contact| (contact, "was sent something".to_owned())));
    asks.extend(samples.withheld.clone().map(|(contact, reason)| (contact, format!("was not, because {reason}"))));
    for (contact, what) in asks {
        output::say(&format!("  staunch why {dir} --contact {contact} --workflow winback   # {what}"));
    }
    output::say(&format!(
        "What waits for a person: staunch review list {dir}\nMails as they would go out: {dir}/{STATE}/outbox/"
    ));
    output::say(&format!(
        "\n{} events in {seconds:.1} s ({rate:.0}/s, each committed to SQLite before its ack)",
        output::count(summary.events)
    ));
    Ok(())
}

/// Said with every summary.
const HISTORY: &str = "This is history: it cannot react to our messages, so treated and holdout differ only by chance.";
/// Said with every summary.
const TRAINING: &str = "The model is trained on data up to September 2011: until then the stage is shadow, nothing is sent,\nand `why` marks each score as lying inside the training period.";
