//! `staunch rollout`: the stage of a workflow, which lives in the store.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format, table};
use clap::{Args, Subcommand};
use serde_json::json;
use staunch_core::codes;
use staunch_core::policy::{Stage, StageLimits, StageState};

/// Shows or changes how far a workflow may go: shadow, limited, full.
///
/// Example: staunch rollout status
#[derive(Debug, Args)]
pub struct Rollout {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The stage of every published workflow. Example: staunch rollout status
    Status {
        #[command(flatten)]
        dir: Dir,
        /// How to answer.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// One stage up: shadow → limited → full. Example: staunch rollout promote --workflow winback
    Promote(Move),
    /// One stage down, or to the one that is named. Example: staunch rollout demote --workflow winback --to shadow
    Demote(Move),
}

#[derive(Debug, Args)]
struct Move {
    #[command(flatten)]
    dir: Dir,
    /// The workflow.
    #[arg(long)]
    workflow: String,
    /// The stage to go to; must be one step for a promotion.
    #[arg(long)]
    to: Option<String>,
    /// Who decides.
    #[arg(long = "as", env = "USER", default_value = "operator")]
    by: String,
}

/// Runs the command.
pub async fn run(args: Rollout) -> Result<bool> {
    match args.command {
        Command::Status { dir, format } => status(&dir, format).await,
        Command::Promote(order) => change(order, true).await,
        Command::Demote(order) => change(order, false).await,
    }
}

async fn status(dir: &Dir, format: Format) -> Result<bool> {
    let store = app::store(dir).await?;
    let (published, live) = (store.published().await?, store.live().await?);
    if format == Format::Json {
        let rows = published.current.iter().map(
            |one| json!({ "workflow": one.name, "version": one.version, "stage": live.stage(&one.name).stage.word() }),
        );
        output::json(&json!({ "workflows": rows.collect::<Vec<_>>(), "kills": live.kills }));
        return Ok(true);
    }
    let mut rows = vec![["workflow", "version", "stage"].map(str::to_owned).to_vec()];
    for one in &published.current {
        rows.push(vec![one.name.clone(), one.version.clone(), live.stage(&one.name).stage.word().to_owned()]);
    }
    output::say(&table(&rows, &[]));
    for kill in &live.kills {
        output::say(&format!("killed: {} by {}: {}", String::from(kill.scope.clone()), kill.by, kill.reason));
    }
    Ok(true)
}

async fn change(order: Move, up: bool) -> Result<bool> {
    // Only a promotion reads the rollout file: going down must work beside broken files.
    let limits = if up { limits(&order)? } else { StageLimits::default() };
    let store = app::store(&order.dir).await?;
    let published = store.published().await?;
    if !published.current.iter().any(|one| one.name == order.workflow) {
        let message = format!("no workflow `{}` is published here", order.workflow);
        return Err(CliError::new(codes::CLI_UNKNOWN, message, "`staunch run` publishes the files of a workspace"));
    }
    let from = store.live().await?.stage(&order.workflow).stage;
    let to = target(from, order.to.as_deref(), up)?;
    let now = app::now(&order.dir, store.as_ref()).await?;
    store.set_stage(&order.workflow, &StageState { stage: to, limits: limits.clone() }, &order.by, now).await?;
    output::say(&format!("{}: {} → {}", order.workflow, from.word(), to.word()));
    if to == Stage::Limited {
        output::say(&format!(
            "limits: {:.0} % of contacts, {:.0} % of these held out, at most {} actions a day",
            100.0 * limits.share,
            100.0 * limits.holdout,
            limits.per_day
        ));
    }
    if up {
        output::say("note: the exit criteria of the rollout are not checked yet in this version; you decide");
    }
    Ok(true)
}

fn target(from: Stage, to: Option<&str>, up: bool) -> Result<Stage> {
    let ladder = [Stage::Shadow, Stage::Limited, Stage::Full];
    let at = ladder.iter().position(|stage| *stage == from).unwrap_or(0);
    let next = if up { ladder.get(at + 1) } else { at.checked_sub(1).and_then(|at| ladder.get(at)) };
    let end = || {
        CliError::usage(format!("{} is the {} stage", from.word(), if up { "last" } else { "first" }), "nothing to do")
    };
    let Some(name) = to else { return next.copied().ok_or_else(end) };
    let wanted = Stage::parse(name)
        .ok_or_else(|| CliError::usage(format!("`{name}` is no stage"), "use shadow, limited or full"))?;
    let fine = if up { Some(&wanted) == next } else { wanted < from };
    if fine {
        return Ok(wanted);
    }
    let rule = if up { "a promotion goes one step at a time" } else { "a demotion goes down" };
    Err(CliError::usage(format!("{} → {name}: {rule}", from.word()), "see `staunch rollout status`"))
}

/// The limits that the workspace's rollout file gives the stage `limited`, or those of the reference rollout.
fn limits(order: &Move) -> Result<StageLimits> {
    let project = load::open(&order.dir.dir)?;
    let rollout = project.rollouts.iter().find(|one| one.workflow == order.workflow);
    let stage = rollout.and_then(|one| one.stages.iter().find(|stage| stage.stage == "limited"));
    Ok(stage.and_then(|stage| stage.limits.clone()).unwrap_or_default())
}
