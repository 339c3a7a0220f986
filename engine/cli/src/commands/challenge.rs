//! `staunch plugin compare` and `staunch plugin promote`: a challenger beside the plugin in force, and in its place.

mod compared;
mod promote;

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format};
use clap::Args;
use compared::{Pairs, Reading};
use staunch_core::{Span, codes};
use staunch_scoring::{Lock, LockedPlugin};
use std::path::Path;

/// Decisions that are read from the store at a time.
const PAGE: u32 = 1_000;

/// What a challenger said of live events beside what the plugin in force said, and which of them foresaw the goal.
#[derive(Debug, Args)]
pub struct Compare {
    #[command(flatten)]
    dir: Dir,
    /// The plugin.
    #[arg(long)]
    plugin: String,
    /// How far back decisions are read.
    #[arg(long, default_value = "90d")]
    since: String,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Puts a challenger in the place of the plugin in force, which is kept. It must have scored in shadow without failing, and
/// not worse than that.
#[derive(Debug, Args)]
pub struct Promote {
    #[command(flatten)]
    dir: Dir,
    /// The plugin.
    #[arg(long)]
    plugin: String,
    /// How far back its scores are read.
    #[arg(long, default_value = "90d")]
    since: String,
    /// Whatever its scores were, and without any.
    #[arg(long)]
    force: bool,
}

/// Runs `plugin compare`.
pub async fn compare(args: Compare) -> Result<bool> {
    let dir = &args.dir.dir;
    let (champion, challenger) = pinned(dir, &load::lock(dir)?, &args.plugin)?;
    let pairs = read(&args.dir, &args.plugin, [&champion, &challenger], &args.since).await?;
    match args.format {
        Format::Json => output::json(&pairs.json(&args.plugin, [&champion, &challenger])),
        Format::Text => output::say(&pairs.text(&args.plugin, [&champion, &challenger])),
    }
    Ok(true)
}

/// What decisions of this time noted of both.
async fn read(dir: &Dir, plugin: &str, [champion, challenger]: [&LockedPlugin; 2], since: &str) -> Result<Pairs> {
    let since =
        Span::parse(since).ok_or_else(|| CliError::usage(format!("`{since}` is no duration"), "write it as 90d"))?;
    let store = app::store(dir).await?;
    let now = app::now(dir, store.as_ref()).await?;
    let published = store.published().await?;
    let mut reading = Reading::new(plugin, [&champion.sha256, &challenger.sha256], now);
    for workflow in published.current.iter().chain(&published.older) {
        if workflow.scores.iter().any(|score| score.plugin == plugin) {
            reading.workflow(workflow, store.goals(&workflow.name).await?);
        }
    }
    let mut after: Option<String> = None;
    loop {
        let page = store.decisions_since(now - since, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        page.iter().for_each(|decision| reading.decision(decision));
    }
    Ok(reading.done())
}

/// Runs `plugin promote`.
pub async fn promote(args: &Promote) -> Result<bool> {
    let dir = &args.dir.dir;
    let lock = load::lock(dir)?;
    let (champion, challenger) = pinned(dir, &lock, &args.plugin)?;
    if !args.force {
        let pairs = read(&args.dir, &args.plugin, [&champion, &challenger], &args.since).await?;
        if let Some(why) = pairs.against() {
            output::say(&format!("not promoted: {why}"));
            output::say(&format!(
                "  next: see `staunch plugin compare {} --plugin {}`, or promote it with --force",
                dir.display(),
                args.plugin
            ));
            return Ok(false);
        }
    }
    promote::run(dir, &args.plugin, &lock, [&champion, &challenger])
}

/// The plugin in force and its challenger, as the lock pins them.
fn pinned(dir: &Path, lock: &Lock, name: &str) -> Result<(LockedPlugin, LockedPlugin)> {
    let champion = lock.plugins.get(name).ok_or_else(|| {
        let message = format!("no plugin `{name}` in {}", dir.join(load::LOCK_FILE).display());
        CliError::new(codes::CLI_UNKNOWN, message, "see its name in staunch.lock, or pin it with `staunch lock`")
    })?;
    let challenger = lock.challengers.get(name).ok_or_else(|| {
        let help = format!("put the other version into {} and run `staunch lock`", staunch_scoring::CHALLENGERS);
        CliError::new(codes::CLI_UNKNOWN, format!("`{name}` has no challenger"), help)
    })?;
    Ok((champion.clone(), challenger.clone()))
}
