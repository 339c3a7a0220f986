//! `staunch simulate`: events through the real core on virtual time, nothing outside; also makes training tables.

use crate::app::{self, Dir};
use crate::error::Result;
use crate::load;
use crate::output::{self, count, table};
use crate::playback::{self, Answers, Chosen, History, Onlooker, Played, Tally, Theatre, Training};
use clap::Args;
use serde_json::json;
use staunch_core::Time;
use staunch_core::action::ReasonCode;
use staunch_core::decide::Catalog;
use staunch_core::event::Event;
use staunch_core::plain;
use staunch_core::sim::World;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Plays events through the workflows of a workspace on virtual time; nothing is sent.
///
/// Example: staunch simulate examples/retail --events events.ndjson
#[derive(Debug, Args)]
pub struct Simulate {
    #[command(flatten)]
    dir: Dir,
    /// NDJSON events, in any order; one that is in order of time is read as a stream.
    #[arg(long)]
    events: PathBuf,
    /// Writes a training table: one row per score that was asked for, with its inputs and whether the goal followed.
    #[arg(long)]
    features: Option<PathBuf>,
    /// The score of that table, as SCORE or WORKFLOW.SCORE; needed where the workflows ask several plugins.
    #[arg(long, value_name = "SCORE", requires = "features")]
    of: Option<String>,
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

/// What a simulation came to.
struct Outcome {
    played: Played,
    decided: u64,
    started: u64,
    advanced: u64,
    answers: Answers,
    seconds: f64,
    contacts: usize,
    tally: Tally,
}

/// Counts what a world comes to, and keeps the rows of a training table where one is wanted.
struct Counter<'a> {
    catalog: &'a Catalog,
    wanted: bool,
    tally: Tally,
    training: Training,
}

impl Onlooker for Counter<'_> {
    fn before(&mut self, event: &Event) {
        if self.wanted {
            self.training.see(self.catalog, event);
        }
    }

    fn after(&mut self, world: &mut World<'_>, at: Time) {
        if self.wanted {
            self.training.drain(world);
        }
        self.tally.relieve(world, self.catalog, at);
    }
}

/// Runs the command.
pub fn run(args: &Simulate) -> Result<bool> {
    let stage = playback::stage(&args.stage)?;
    load::fixed_score(&args.dir.dir, args.score)?;
    args.features.iter().try_for_each(|path| app::writable(path, &[&args.events]))?;
    let project = if args.score.is_some() { load::open_unscored(&args.dir.dir)? } else { load::open(&args.dir.dir)? };
    let theatre = Theatre::new(&project, args.score);
    // Before anything is read or written.
    let of = args.of.as_deref();
    let chosen = args.features.as_ref().map(|_| Chosen::new(theatre.catalog.current(), of)).transpose()?;
    let since = Instant::now();
    let mut history = History::open(&args.events)?;
    let bar = playback::bar(history.bytes());
    let (mut outcome, training) =
        theatre.world(stage, |world| simulate(chosen, &theatre, world, &mut history, &bar))?;
    bar.finish_and_clear();
    outcome.seconds = since.elapsed().as_secs_f64();
    playback::say_speed(outcome.played.events, outcome.seconds);
    if let Some(path) = &args.features {
        let rows = training.write(&theatre.catalog, outcome.played.last.unwrap_or_default(), path)?;
        // On stderr: stdout holds one document.
        output::note(&format!(
            "{} written to {}",
            output::of(rows as u64, "row"),
            plain::line(&path.display().to_string())
        ));
    }
    report(args, &outcome);
    outcome.played.say_unread();
    Ok(outcome.played.any())
}

fn simulate(
    chosen: Option<Chosen>,
    theatre: &Theatre<'_>,
    world: &mut World<'_>,
    history: &mut History,
    bar: &indicatif::ProgressBar,
) -> Result<(Outcome, Training)> {
    let wanted = chosen.is_some();
    let training = Training::of(chosen.unwrap_or_default());
    world.quiet = true;
    world.decisions = wanted.then(Vec::new);
    let mut counter = Counter { catalog: &theatre.catalog, wanted, tally: Tally::default(), training };
    let schema = &theatre.catalog.workspace.schema;
    let played = playback::play(world, schema, history, &mut counter, &|bytes| bar.set_position(bytes))?;
    let Counter { tally, mut training, .. } = counter;
    training.drain(world);
    let (decided, contacts) = (world.decided_count, world.contacts().len());
    let (started, advanced, answers) = (world.started, world.advanced, theatre.answers());
    let tally = tally.finish(world);
    Ok((Outcome { played, decided, started, advanced, answers, seconds: 0.0, contacts, tally }, training))
}

fn report(args: &Simulate, outcome: &Outcome) {
    if args.format == output::Format::Json {
        let (runs, actions, days) = outcome.tally.to_json();
        output::json(&json!({
            "events": outcome.played.events, "refused": outcome.played.refused,
            "unread": outcome.played.unread,
            "from": outcome.played.first.map(|at| at.to_string()), "to": outcome.played.last.map(|at| at.to_string()),
            "contacts": outcome.contacts, "decisions": outcome.decided, "seconds": outcome.seconds,
            "runs_started": outcome.started, "runs_advanced": outcome.advanced, "scores": outcome.answers.asked(),
            "plugins": outcome.answers.to_json(),
            "runs": runs, "actions": actions, "days": days,
        }));
        return;
    }
    output::say(&text(outcome));
}

fn text(outcome: &Outcome) -> String {
    let played = &outcome.played;
    let mut parts = vec![format!(
        "{} of {}, {} could not be read; {}",
        output::of(played.events, "event"),
        output::of(outcome.contacts as u64, "contact"),
        count(played.refused),
        output::of(outcome.decided, "decision")
    )];
    if let Some((first, last)) = played.span() {
        parts.push(format!("from {first} to {last}, on virtual time"));
    }
    parts.extend(outcome.answers.text().map(|text| format!("\n{text}")));
    let tally = &outcome.tally;
    let mut rows = vec![["runs", "state", "count"].map(str::to_owned).to_vec()];
    rows.extend(tally.runs.iter().map(|((flow, state), n)| vec![flow.clone(), (*state).to_owned(), count(*n)]));
    parts.push(format!("\n{}", table(&rows, &[2])));
    let mut rows = vec![["actions", "channel", "state", "reason", "count"].map(str::to_owned).to_vec()];
    rows.extend(tally.actions.iter().map(|((flow, channel, state, reason), n)| {
        let reason = reason.map_or("", ReasonCode::word);
        [flow, channel.word(), state.word(), reason, &count(*n)].map(str::to_owned).to_vec()
    }));
    parts.push(format!("\n{}", table(&rows, &[4])));
    let mut rows = vec![["per day", "days", "planned", "sent", "most sent", "on"].map(str::to_owned).to_vec()];
    rows.extend(days(tally));
    parts.push(format!("\n{}", table(&rows, &[1, 2, 3, 4])));
    parts.push("(every day: --format json)".to_owned());
    parts.join("\n")
}

/// One row for each workflow: days on which something happened, means over them, and the day with most sends.
fn days(tally: &Tally) -> Vec<Vec<String>> {
    let mut flows: BTreeMap<&str, Vec<(&str, playback::Day)>> = BTreeMap::new();
    for ((flow, day), counts) in &tally.days {
        flows.entry(flow).or_default().push((day, *counts));
    }
    let row = |(flow, days): (&str, Vec<(&str, playback::Day)>)| {
        let mean = |sum: u64| format!("{:.1}", sum as f64 / days.len() as f64);
        // The first of equal days.
        let most = days.iter().rev().max_by_key(|(_, day)| day.sent)?;
        let planned = mean(days.iter().map(|(_, day)| day.planned).sum());
        let sent = mean(days.iter().map(|(_, day)| day.sent).sum());
        let on = if most.1.sent == 0 { "" } else { most.0 };
        Some([flow, &count(days.len() as u64), &planned, &sent, &count(most.1.sent), on].map(str::to_owned).to_vec())
    };
    flows.into_iter().filter_map(row).collect()
}
