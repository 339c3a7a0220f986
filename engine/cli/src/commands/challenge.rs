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

/// Puts a challenger in the place of the plugin in force, which is kept.
#[derive(Debug, Args)]
pub struct Promote {
    #[command(flatten)]
    dir: Dir,
    /// The plugin.
    #[arg(long)]
    plugin: String,
}

/// Runs `plugin compare`.
pub async fn compare(args: Compare) -> Result<bool> {
    let since = Span::parse(&args.since)
        .ok_or_else(|| CliError::usage(format!("`{}` is no duration", args.since), "write it as 90d"))?;
    let dir = &args.dir.dir;
    let (champion, challenger) = pinned(dir, &load::lock(dir)?, &args.plugin)?;
    let store = app::store(&args.dir).await?;
    let now = app::now(&args.dir, store.as_ref()).await?;
    let published = store.published().await?;
    let mut reading = Reading::new(&args.plugin, [&champion.sha256, &challenger.sha256], now);
    for workflow in published.current.iter().chain(&published.older) {
        if workflow.scores.iter().any(|score| score.plugin == args.plugin) {
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
    let pairs: Pairs = reading.done();
    match args.format {
        Format::Json => output::json(&pairs.json(&args.plugin, [&champion, &challenger])),
        Format::Text => output::say(&pairs.text(&args.plugin, [&champion, &challenger])),
    }
    Ok(true)
}

/// Runs `plugin promote`.
pub fn promote(args: &Promote) -> Result<bool> {
    promote::run(&args.dir.dir, &args.plugin)
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
