//! `staunch publish`: puts changed workflows in force, and says what becomes of people who are under way.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format, count};
use crate::publishing::Plan;
use crate::reload::short;
use crate::wiring::{self, Stored};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use staunch_core::workflow::Workflow;
use staunch_core::{Time, codes, decide::Existing};
use staunch_worker::{Engine, Migrated};
use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

/// Publishes the workflows whose files changed, and decides about people who are under way in older versions.
///
/// Works beside a running service, which takes what was published within two seconds.
///
/// Example: staunch publish --existing move
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    dir: Dir,
    /// What becomes of people under way. Asked for on a terminal; else they keep their version.
    #[arg(long, value_enum)]
    existing: Option<Choice>,
    /// Only this workflow.
    #[arg(long)]
    workflow: Option<String>,
    /// Asks nothing: without `--existing`, people under way keep their version.
    #[arg(long)]
    yes: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What becomes of people under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// They finish on the version that they entered with.
    Keep,
    /// They go on with the new texts; only where the steps are the same.
    Patch,
    /// They go on in the new version, at the step where they stand; who stands at one that is gone keeps the old.
    Move,
    /// They end, and what they have pending is withheld.
    End,
}

impl From<Choice> for Existing {
    fn from(choice: Choice) -> Existing {
        match choice {
            Choice::Keep => Existing::Keep,
            Choice::Patch => Existing::Patch,
            Choice::Move => Existing::Move,
            Choice::End => Existing::End,
        }
    }
}

/// Runs the command.
pub async fn run(args: Publish) -> Result<bool> {
    let project = load::open(&args.dir.dir)?;
    let wanted = chosen(&project.workflows, args.workflow.as_deref())?;
    let stored = wiring::open_store(&args.dir.dir, &project.workspace).await?;
    let published = stored.store.published().await?;
    let standing = stored.store.standing(None).await?;
    let plans: Vec<Plan> = wanted.into_iter().map(|one| Plan::of(one, &published, &standing)).collect();
    // Who asks what becomes of people also means those whose new version is in force already.
    let asked = args.existing.is_some_and(|choice| choice != Choice::Keep);
    let concerns = |plan: &Plan| plan.differs() || (plan.people() > 0 && asked);
    let (plans, same): (Vec<Plan>, Vec<Plan>) = plans.into_iter().partition(concerns);
    if plans.is_empty() {
        nothing(&same, args.format);
        return Ok(true);
    }
    let mut orders = Vec::new();
    for plan in plans {
        if args.format == Format::Text {
            output::say(&plan.text());
        }
        match choose(&args, &plan)? {
            Some(existing) => orders.push((plan, existing)),
            None => {
                output::say("nothing was published");
                return Ok(false);
            }
        }
    }
    let now = app::now(&args.dir, stored.store.as_ref()).await?;
    let workflows: Vec<Workflow> =
        orders.iter().filter(|(plan, _)| plan.differs()).map(|(plan, _)| plan.workflow.clone()).collect();
    stored.store.publish(&workflows, now).await?;
    let name = format!("publish-{}", std::process::id());
    let engine = wiring::open_deciding_engine(project, &stored, &name).await?;
    apply(&engine, &stored, &orders, &same, now, args.format).await
}

/// The workflows of the files, or the one that was named.
fn chosen(workflows: &[Workflow], name: Option<&str>) -> Result<Vec<Workflow>> {
    let Some(name) = name else { return Ok(workflows.to_vec()) };
    let found: Vec<Workflow> = workflows.iter().filter(|one| one.name == name).cloned().collect();
    if found.is_empty() {
        let known: Vec<&str> = workflows.iter().map(|one| one.name.as_str()).collect();
        let help = format!("the files declare {}", known.join(", "));
        return Err(CliError::new(codes::CLI_UNKNOWN, format!("there is no workflow `{name}`"), help));
    }
    Ok(found)
}

fn nothing(same: &[Plan], format: Format) {
    if format == Format::Json {
        let unchanged: Vec<&str> = same.iter().map(|plan| plan.workflow.name.as_str()).collect();
        return output::json(&json!({ "published": [], "unchanged": unchanged }));
    }
    output::say("nothing to publish: what is published is what the files say");
    for plan in same.iter().filter(|plan| plan.people() > 0) {
        let (name, people) = (&plan.workflow.name, count(plan.people()));
        output::say(&format!("{name}: people under way in older versions: {people}; --existing decides about them"));
    }
}

/// What becomes of the people of one workflow; `None` where the person at the terminal wants nothing published.
fn choose(args: &Publish, plan: &Plan) -> Result<Option<Existing>> {
    let name = &plan.workflow.name;
    if let Some(choice) = args.existing {
        let misfits = plan.misfits();
        if choice == Choice::Patch && !misfits.is_empty() {
            let misfits = misfits.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!("{name}: the steps are not the same, so new texts alone do not fit: {misfits}");
            return Err(CliError::new(codes::CLI_SHAPE, message, "nothing was published; use keep, move or end"));
        }
        return Ok(Some(choice.into()));
    }
    if plan.people() == 0 {
        return Ok(Some(Existing::Keep));
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if args.yes || !terminal || args.format == Format::Json {
        if args.format == Format::Text {
            output::say("  nobody was asked, so all keep their version; --existing chooses otherwise");
        }
        return Ok(Some(Existing::Keep));
    }
    Ok(ask(plan))
}

/// Asks until the answer is one of the choices; an end of the input is no answer, and nothing is published.
fn ask(plan: &Plan) -> Option<Existing> {
    loop {
        let _ = write!(std::io::stderr(), "  keep, patch, move or end? (q: publish nothing) ");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
        if read == 0 || ["q", "quit"].contains(&line.trim()) {
            return None;
        }
        match Choice::from_str(line.trim(), true) {
            Ok(Choice::Patch) if !plan.misfits().is_empty() => output::say("  a patch is not possible, see above"),
            Ok(choice) => return Some(choice.into()),
            Err(_) => output::say("  please answer with one of these words"),
        }
    }
}

async fn apply(
    engine: &Arc<Engine>,
    stored: &Stored,
    orders: &[(Plan, Existing)],
    same: &[Plan],
    now: Time,
    format: Format,
) -> Result<bool> {
    let live = stored.store.live().await?;
    let mut rows: Vec<Value> = Vec::new();
    for (plan, existing) in orders {
        let (name, version) = (&plan.workflow.name, &plan.workflow.version);
        let migrated = engine.migrate(name, version, *existing, now).await?;
        let stage = live.stage(name).stage.word();
        if format == Format::Text {
            output::say(&format!("published {name}@{} in stage {stage}{}", short(version), became(migrated)));
        }
        let word = Existing::ALL.iter().find(|(one, _)| one == existing).map(|(_, word)| *word);
        let mut row = plan.json();
        let Migrated { moved, ended, kept } = migrated;
        if let Some(row) = row.as_object_mut() {
            let more = [("stage", json!(stage)), ("existing", json!(word))];
            let counts = [("moved", json!(moved)), ("ended", json!(ended)), ("kept", json!(kept))];
            row.extend(more.into_iter().chain(counts).map(|(key, value)| (key.to_owned(), value)));
        }
        rows.push(row);
    }
    if format == Format::Json {
        let unchanged: Vec<&str> = same.iter().map(|plan| plan.workflow.name.as_str()).collect();
        output::json(&json!({ "published": rows, "unchanged": unchanged }));
    }
    Ok(true)
}

/// What became of people, as far as there were any.
fn became(migrated: Migrated) -> String {
    let Migrated { moved, ended, kept } = migrated;
    let parts = [(moved, "go on in the new version"), (ended, "ended"), (kept, "keep the old version")];
    let parts = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n)));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { String::new() } else { format!("; of those under way {}", parts.join(", ")) }
}
