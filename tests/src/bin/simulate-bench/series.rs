//! What is measured: the files of each series, and every job of a round.

use crate::Failure;
use serde_json::Value;
use staunch_tests::generate::{MATCHING, Shape, Written, model, write_events, write_workspace};
use staunch_tests::measure::{Measured, measure};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program was asked to do.
pub struct Options {
    /// The binary `staunch`.
    pub binary: PathBuf,
    /// This program.
    pub own: PathBuf,
    /// Events of the shape of issue 3; the other series follow from it.
    pub events: u64,
    /// How often everything is run.
    pub rounds: usize,
    /// One series alone.
    pub only: Option<Series>,
    /// Where the generated files go, for as long as the program runs.
    pub dir: PathBuf,
    /// Whether processes are pinned to core 0.
    pub pin: bool,
}

/// A question that the benchmark answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// How often the time of parsing does the simulation take?
    Main,
    /// Does an event cost more where workflows are that it does not touch?
    Workflows,
    /// Do as many events cost more where they are spread over more contacts?
    Contacts,
    /// Does an event cost more where there are more contacts, each with as many events?
    Alike,
}

impl Series {
    /// By its name.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn parse(word: &str) -> Result<Series, Failure> {
        match word {
            "main" => Ok(Series::Main),
            "workflows" => Ok(Series::Workflows),
            "contacts" => Ok(Series::Contacts),
            "alike" => Ok(Series::Alike),
            _ => Err(format!("`{word}` is no series: main, workflows, contacts, alike").into()),
        }
    }
}

/// One variant of a series: a workspace and a file of events.
pub struct Variant {
    /// Its series.
    pub series: Series,
    /// Workflows that the events match, and others.
    pub workflows: (usize, usize),
    /// The shop.
    pub shape: Shape,
    /// What the file of events holds.
    pub written: Written,
    /// Every run of the file, one a round.
    pub whole: Vec<Run>,
    /// Every run of the introductions alone.
    pub warm: Vec<Run>,
    /// Seconds of parsing the file, into a `Value` and into structs.
    pub parsed: Vec<(f64, f64)>,
    workspace: PathBuf,
    files: [PathBuf; 2],
}

/// One run of the simulation.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From the start of the process to its end.
    pub wall: f64,
    /// The simulation alone, as the program tells it; `wall` less the time for hardly any event where it does not.
    pub seconds: f64,
    /// The most memory, in bytes.
    pub peak: u64,
    /// Events that were decided, introductions included.
    pub events: u64,
    /// Runs that started.
    pub started: u64,
    /// Times that a run went on behind a wait, where the program tells it.
    pub advanced: Option<u64>,
    /// Scores that were asked for, where the program tells it.
    pub scores: Option<u64>,
}

/// Generates everything, runs all rounds, and gives the variants with their figures.
///
/// # Errors
/// What keeps a file from being written or a process from running.
pub fn run(options: &Options) -> Result<Vec<Variant>, Failure> {
    let folder = tempfile::Builder::new().prefix("simulate-bench-").tempdir_in(&options.dir)?;
    let mut variants = Vec::new();
    for (series, workflows, shape) in plan(options.events) {
        if options.only.is_none_or(|only| only == series) {
            variants.push(prepare(options, folder.path(), series, workflows, shape)?);
        }
    }
    for round in 1..=options.rounds {
        for variant in &mut variants {
            eprintln!("round {round} of {}: {}", options.rounds, variant.name());
            variant.parse(options)?;
            variant.warm.push(variant.simulate(options, &variant.files[0])?);
            variant.whole.push(variant.simulate(options, &variant.files[1])?);
        }
    }
    for variant in variants.iter_mut().filter(|variant| variant.series == Series::Main) {
        if variant.whole.iter().any(|run| run.scores.is_none()) {
            let rows = variant.score_rows(options)?;
            variant.whole.iter_mut().for_each(|run| run.scores = Some(rows));
        }
    }
    Ok(variants)
}

/// All variants for so many events. The contacts of the series `alike` have two events each, at the same intervals, so
/// that every event meets a contact in the same state whatever their number is.
fn plan(events: u64) -> Vec<(Series, (usize, usize), Shape)> {
    let main = Shape { contacts: events / 100, events, ..Shape::MAIN };
    let fewer = Shape { events: events / 5, ..main };
    let spread = |contacts| Shape { contacts, ..main };
    let alike = |contacts| Shape { contacts, events: 2 * contacts, ..main };
    vec![
        (Series::Main, (MATCHING.len(), 0), main),
        (Series::Workflows, (1, 0), fewer),
        (Series::Workflows, (MATCHING.len(), 0), fewer),
        (Series::Workflows, (MATCHING.len(), 1_000 - MATCHING.len()), fewer),
        (Series::Contacts, (MATCHING.len(), 0), spread(events / 100)),
        (Series::Contacts, (MATCHING.len(), 0), spread(events / 10)),
        (Series::Contacts, (MATCHING.len(), 0), spread(events)),
        (Series::Alike, (MATCHING.len(), 0), alike(events / 100)),
        (Series::Alike, (MATCHING.len(), 0), alike(events / 10)),
        (Series::Alike, (MATCHING.len(), 0), alike(events)),
    ]
}

fn prepare(
    options: &Options,
    folder: &Path,
    series: Series,
    workflows: (usize, usize),
    shape: Shape,
) -> Result<Variant, Failure> {
    let workspace = folder.join(format!("workspace-{}-{}", workflows.0, workflows.1));
    if !workspace.exists() {
        write_workspace(&workspace, workflows.0, workflows.1)?;
        std::fs::create_dir_all(workspace.join("plugins"))?;
        let model_file = folder.join("churn.json");
        std::fs::write(&model_file, serde_json::to_vec(&model(shape.seed))?)?;
        let plugin = workspace.join("plugins/churn.wasm");
        staunch(options, &["model", "compile", text(&model_file)?, "-o", text(&plugin)?])?;
        staunch(options, &["lock", text(&workspace)?])?;
        staunch(options, &["check", text(&workspace)?])?;
    }
    let names = [false, true].map(|all| folder.join(format!("{}-{}-{all}.ndjson", shape.contacts, shape.events)));
    let mut written = Written::default();
    for (file, all) in names.iter().zip([false, true]) {
        let mut to = BufWriter::new(File::create(file)?);
        written = write_events(&shape, all, &mut to)?;
        to.flush()?;
    }
    let (whole, warm, parsed) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Variant { series, workflows, shape, written, whole, warm, parsed, workspace, files: names })
}

impl Variant {
    /// What it is, for people.
    pub fn name(&self) -> String {
        let (matching, idle) = self.workflows;
        format!("{} workflows, {} contacts, {} events", matching + idle, self.shape.contacts, self.shape.events)
    }

    fn parse(&mut self, options: &Options) -> Result<(), Failure> {
        let measured = measure(text(&options.own)?, &["parse", text(&self.files[1])?], options.pin)?;
        let told = document(&measured)?;
        let seconds = |name: &str| told[name].as_f64().ok_or_else(|| format!("no `{name}` in {told}"));
        self.parsed.push((seconds("value")?, seconds("typed")?));
        Ok(())
    }

    fn simulate(&self, options: &Options, file: &Path) -> Result<Run, Failure> {
        let measured = self.process(options, file, &[])?;
        let told = document(&measured)?;
        let seconds = match told["seconds"].as_f64() {
            Some(seconds) => seconds,
            None => measured.wall - self.start_up(options)?,
        };
        let number = |name: &str| told[name].as_u64();
        let events = number("events").ok_or_else(|| format!("no `events` in {told}"))?;
        let (wall, peak) = (measured.wall, measured.peak);
        let (advanced, scores) = (number("runs_advanced"), number("scores"));
        Ok(Run { wall, seconds, peak, events, started: started(&told), advanced, scores })
    }

    /// Seconds of a simulation of two lines, from the start of the process to its end.
    fn start_up(&self, options: &Options) -> Result<f64, Failure> {
        let file = self.workspace.join("one.ndjson");
        if !file.exists() {
            let one = Shape { contacts: 1, ..self.shape };
            write_events(&one, false, &mut File::create(&file)?)?;
        }
        Ok(self.process(options, &file, &[])?.wall)
    }

    /// Scores that were asked for, where `simulate` does not count them itself: a row each in the training table.
    fn score_rows(&self, options: &Options) -> Result<u64, Failure> {
        let table = self.workspace.join("scores.csv");
        self.process(options, &self.files[1], &["--features", text(&table)?])?;
        let rows = std::fs::read_to_string(&table)?.lines().count().saturating_sub(1) as u64;
        std::fs::remove_file(&table)?;
        Ok(rows)
    }

    fn process(&self, options: &Options, file: &Path, more: &[&str]) -> Result<Measured, Failure> {
        let mut args = vec!["simulate", text(&self.workspace)?, "--events", text(file)?, "--format", "json"];
        args.extend(more);
        let measured = measure(text(&options.binary)?, &args, options.pin)?;
        if !measured.ok {
            return Err(format!("staunch {} failed:\n{}{}", args.join(" "), measured.out, measured.err).into());
        }
        Ok(measured)
    }
}

/// Runs that started: `runs_started`, else the sum over `runs`.
fn started(told: &Value) -> u64 {
    let counts = |runs: &Vec<Value>| runs.iter().filter_map(|run| run["count"].as_u64()).sum();
    let runs = told["runs"].as_u64().or_else(|| told["runs"].as_array().map(counts));
    told["runs_started"].as_u64().or(runs).unwrap_or(0)
}

/// The JSON document on standard output.
fn document(measured: &Measured) -> Result<Value, Failure> {
    serde_json::from_str(&measured.out).map_err(|why| format!("{why} in {}{}", measured.out, measured.err).into())
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()).into())
}

fn staunch(options: &Options, args: &[&str]) -> Result<(), Failure> {
    let output = Command::new(&options.binary).args(args).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(format!("staunch {} failed:\n{}{}", args.join(" "), said[0], said[1]).into())
}
