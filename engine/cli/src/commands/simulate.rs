//! `staunch simulate`: events through the real core on virtual time, nothing outside; also makes training tables.

use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::feed;
use crate::load::{self, Project};
use crate::output::{self, count, table};
use clap::Args;
use serde_json::json;
use staunch_core::decide::{Catalog, Workspace};
use staunch_core::event::Event;
use staunch_core::ingest::{Door, read};
use staunch_core::policy::{Live, Stage, StageLimits, StageState};
use staunch_core::receipt::Decision;
use staunch_core::score::{ScoreOutcome, ScoreRequest, Scored};
use staunch_core::sim::{Parts, World};
use staunch_core::workflow::{Goal, matches_any};
use staunch_core::{Time, codes};
use staunch_rules::Rules;
use staunch_scoring::Scorer;
use staunch_worker::MessageRenderer;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Plays events through the workflows of a workspace on virtual time; nothing is sent.
///
/// Example: staunch simulate examples/retail --events events.ndjson
#[derive(Debug, Args)]
pub struct Simulate {
    #[command(flatten)]
    dir: Dir,
    /// NDJSON events, in any order.
    #[arg(long)]
    events: PathBuf,
    /// Writes a training table: one row per score that was asked for, with its inputs and whether the goal followed.
    #[arg(long)]
    features: Option<PathBuf>,
    /// The stage of all workflows.
    #[arg(long, default_value = "full")]
    stage: String,
    /// Scores every row with this number instead of asking the plugins: for the table of a model's first training.
    #[arg(long)]
    score: Option<f64>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: output::Format,
}

/// Runs the command.
pub fn run(args: &Simulate) -> Result<bool> {
    let project = if args.score.is_some() { load::open_unscored(&args.dir.dir)? } else { load::open(&args.dir.dir)? };
    let stage = Stage::parse(&args.stage)
        .ok_or_else(|| CliError::usage(format!("`{}` is no stage", args.stage), "use shadow, limited or full"))?;
    let bytes = std::fs::read(&args.events).map_err(|error| CliError::file(&args.events, &error))?;
    let (events, refused) = events(&project, &bytes);
    let catalog = catalog(&project);
    let live = live(&catalog, stage);
    let rules = Rules::new();
    let renderer = MessageRenderer(Arc::clone(&project.templates));
    let score = |request: &ScoreRequest, _: Time| answer(&project, args.score, request);
    let parts = Parts { catalog: &catalog, evaluator: &rules, renderer: &renderer, score: &score };
    let mut world = World::new(parts, live);
    world.decisions = args.features.as_ref().map(|_| Vec::new());
    let end = play(&mut world, &events);
    if let Some(path) = &args.features {
        let decisions = world.decisions.take().unwrap_or_default();
        let rows = training_table(&catalog, &decisions, &events, end, path)?;
        output::say(&format!("{rows} rows written to {}", path.display()));
    }
    report(args, &world, events.len(), refused);
    Ok(true)
}

/// The events of a file, in order of time, and how many lines could not be read.
fn events(project: &Project, bytes: &[u8]) -> (Vec<Event>, usize) {
    let door = Door { schema: &project.workspace.schema, now: Time(i64::MAX / 2), history: true };
    let lines = feed::lines(bytes);
    let total = lines.len();
    let read = lines.iter().filter_map(|line| read(&line.body, &BTreeMap::new(), &door).ok());
    let mut events: Vec<Event> = read.map(|event| Event { history: false, ..event }).collect();
    events.sort_by_cached_key(Event::position);
    let refused = total - events.len();
    (events, refused)
}

fn catalog(project: &Project) -> Catalog {
    let file = &project.workspace;
    let workspace = Workspace {
        name: file.name.clone(),
        schema: file.schema.clone(),
        policy: file.policy.clone(),
        ..Workspace::default()
    };
    Catalog::new(workspace, project.workflows.iter().cloned().map(Arc::new).collect(), vec![])
}

fn live(catalog: &Catalog, stage: Stage) -> Live {
    let state = StageState { stage, limits: StageLimits::default() };
    Live { stages: catalog.current().iter().map(|one| (one.name.clone(), state.clone())).collect(), kills: vec![] }
}

fn answer(project: &Project, fixed: Option<f64>, request: &ScoreRequest) -> ScoreOutcome {
    match fixed {
        Some(value) => Ok(Scored::scalar(value, "fixed")),
        None => project.host.score(std::slice::from_ref(request)).remove(0),
    }
}

fn play(world: &mut World<'_>, events: &[Event]) -> Time {
    for event in events {
        // An event that the decision refuses was refused at the door already.
        let _ = world.event(event.clone());
    }
    let end = events.last().map_or(Time(0), |event| event.time);
    world.run_to(end);
    end
}

/// Writes `contact, at, inputs…, goal`: the goal is 1 where it followed inside its window, 0 where it did not, and
/// empty where the history ends before the window does.
fn training_table(
    catalog: &Catalog,
    decisions: &[Decision],
    events: &[Event],
    end: Time,
    path: &Path,
) -> Result<usize> {
    let mut by_contact: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in events {
        by_contact.entry(&event.contact).or_default().push(event);
    }
    let failed = |error: csv::Error| CliError::new(codes::CLI_FILE, error.to_string(), "check the path");
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    let mut rows = 0;
    for decision in decisions {
        for entry in &decision.entries {
            let goal = catalog.version(&entry.workflow, &entry.version).and_then(|flow| flow.goal.as_ref());
            for score in &entry.scores {
                if rows == 0 {
                    let names = score.inputs.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
                    writer.write_record(["contact", "at"].into_iter().chain(names).chain(["goal"])).map_err(failed)?;
                }
                let own = by_contact.get(decision.contact.as_str()).map_or(&[][..], Vec::as_slice);
                let label = goal.map_or_else(String::new, |goal| label(goal, own, entry.at, end));
                let cells = score.inputs.iter().map(|(_, value)| {
                    value.as_ref().map_or_else(String::new, |value| {
                        value.number().map_or_else(|| value.to_string(), |n| n.to_string())
                    })
                });
                let head = [decision.contact.clone(), entry.at.to_string()];
                writer.write_record(head.into_iter().chain(cells).chain([label])).map_err(failed)?;
                rows += 1;
            }
        }
    }
    writer.flush().map_err(|error| CliError::file(path, &error))?;
    Ok(rows)
}

fn label(goal: &Goal, events: &[&Event], at: Time, end: Time) -> String {
    let until = at + goal.window;
    if until > end {
        return String::new();
    }
    let reached =
        |event: &&Event| event.time > at && event.time <= until && matches_any(&goal.event.events, &event.kind);
    u8::from(events.iter().any(reached)).to_string()
}

fn report(args: &Simulate, world: &World<'_>, events: usize, refused: usize) {
    let counts = world.counts();
    if args.format == output::Format::Json {
        let actions = counts.iter().map(|((workflow, state, reason), count)| {
            let reason = reason.map(staunch_core::action::ReasonCode::word);
            json!({ "workflow": workflow, "state": state.word(), "reason": reason, "count": count })
        });
        let actions: Vec<_> = actions.collect();
        output::json(&json!({ "events": events, "refused": refused, "runs": world.runs.len(), "actions": actions }));
        return;
    }
    let mut rows = vec![["workflow", "state", "reason", "count"].map(str::to_owned).to_vec()];
    for ((workflow, state, reason), n) in counts {
        let reason = reason.map_or("", staunch_core::action::ReasonCode::word);
        rows.push([&workflow, state.word(), reason, &count(n)].map(str::to_owned).to_vec());
    }
    output::say(&format!(
        "{} events, {refused} could not be read, {} runs",
        count(events as u64),
        count(world.runs.len() as u64)
    ));
    output::say(&table(&rows, &[3]));
}
