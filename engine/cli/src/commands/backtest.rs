//! `staunch backtest`: two versions of a workspace over the same history, and what that changes for whom.

use crate::app::{self, Dir};
use crate::backtest::{self, Ledger, Play};
use crate::error::{CliError, Result};
use crate::load::{self, Project};
use crate::output::{self, Format};
use crate::playback;
use crate::revision::Revision;
use clap::Args;
use serde_json::json;
use staunch_core::plain;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Plays a history through two versions of a workspace and says who gains or loses a message; nothing is sent.
///
/// Example: staunch backtest examples/retail --events events.ndjson --against HEAD~1 -o report.html
#[derive(Debug, Args)]
pub struct Backtest {
    #[command(flatten)]
    dir: Dir,
    /// NDJSON events, in any order.
    #[arg(long)]
    events: PathBuf,
    /// The version to compare with: a folder, or a git revision of the workspace.
    #[arg(long, value_name = "REV_OR_DIR")]
    against: String,
    /// Writes the report as one HTML page.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Option<PathBuf>,
    /// The stage of all workflows.
    #[arg(long, default_value = "full")]
    stage: String,
    /// Scores every row with this number instead of asking the plugins.
    #[arg(long)]
    score: Option<f64>,
    /// Approves at once what waits for a person, instead of letting it expire.
    #[arg(long)]
    approve: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Backtest) -> Result<bool> {
    let stage = playback::stage(&args.stage)?;
    load::fixed_score(&args.dir.dir, args.score)?;
    args.out.iter().try_for_each(|path| app::writable(path, &[&args.events]))?;
    let revision = Revision::of(&args.dir.dir, &args.against)?;
    let open = |dir: &Path| if args.score.is_some() { load::open_unscored(dir) } else { load::open(dir) };
    let (new, old) = (open(&args.dir.dir)?, open(&revision.dir)?);
    let play = Play { events: &args.events, stage, score: args.score, approve: args.approve };
    let started = Instant::now();
    let (before, after) = both(&old, &new, play)?;
    playback::say_speed(before.played.events + after.played.events, started.elapsed().as_secs_f64());
    let labels = backtest::labels(&revision.label, &args.dir.dir);
    let report = backtest::report(&new, play, labels, &before, &after);
    if let Some(path) = &args.out {
        std::fs::write(path, backtest::page(&report)).map_err(|error| CliError::file(path, &error))?;
    }
    match args.format {
        Format::Json => output::json(&json!(report)),
        Format::Text => output::say(&backtest::text(&report)),
    }
    if let Some(path) = &args.out {
        output::note(&format!("report written to {}", plain::line(&path.display().to_string())));
    }
    after.played.say_unread();
    Ok(after.played.any())
}

/// Both versions at the same time, each in a thread and a world of its own.
fn both(old: &Project, new: &Project, play: Play<'_>) -> Result<(Ledger, Ledger)> {
    let bytes = std::fs::metadata(play.events).map_err(|error| CliError::file(play.events, &error))?.len();
    let bar = playback::bar(bytes);
    let ends = std::thread::scope(|scope| {
        let other = scope.spawn(|| backtest::play(old, play, &|_| {}));
        let own = backtest::play(new, play, &|read| bar.set_position(read));
        let other = other.join().unwrap_or_else(|_| {
            let message = "the other version could not be played to its end";
            Err(CliError::new(staunch_core::codes::CLI_STEP, message, "play it alone with `staunch simulate`"))
        });
        (other, own)
    });
    bar.finish_and_clear();
    Ok((ends.0?, ends.1?))
}
