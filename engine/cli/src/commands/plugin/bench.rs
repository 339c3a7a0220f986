//! `staunch plugin bench`: how fast a plugin is, in numbers that mean the same on every machine: as a multiple of the
//! smallest plugin there can be, measured in the same run.

use super::rows::{self, Row};
use super::timing::{self, Times};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use staunch_core::codes;
use staunch_models::{Card, LogisticInput, LogisticModel, Model};
use staunch_scoring::Plugin as Loaded;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rounds over everything that is measured; the best of them counts, for others only add what the machine did besides.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(120);
const BATCH: usize = 256;

/// Measures one row and batches of 256, with and without reasons, and compares with an empty plugin in the same run (`floor`:
/// a compiled model of one number), so that the ratio means the same on every machine.
///
/// Example: staunch plugin bench X.wasm --data rows.csv --against old.wasm
#[derive(Debug, Args)]
pub struct Bench {
    /// The component.
    plugin: PathBuf,
    /// CSV with a column per input; made-up rows without it.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Another component to compare with.
    #[arg(long)]
    against: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One way to call a plugin.
#[derive(Clone, Copy, Debug, Serialize)]
struct Way {
    rows: usize,
    reasons: bool,
}

const WAYS: [Way; 4] = [
    Way { rows: 1, reasons: false },
    Way { rows: 1, reasons: true },
    Way { rows: BATCH, reasons: false },
    Way { rows: BATCH, reasons: true },
];

/// A plugin with rows for it, and the best times of each way.
struct Subject {
    plugin: Loaded,
    rows: Vec<Row>,
    best: [Option<Times>; WAYS.len()],
}

/// Runs the command.
pub fn run(args: &Bench) -> Result<bool> {
    let mut subjects = vec![subject(&args.plugin, args.data.as_deref())?];
    if let Some(path) = &args.against {
        subjects.push(subject(path, args.data.as_deref())?);
    }
    subjects.push(floor()?);
    for _ in 0..ROUNDS {
        // In turn, so that a slow moment of the machine meets everybody.
        subjects.iter_mut().for_each(Subject::round);
    }
    if let Some(failure) = subjects[0].failure() {
        let help = "run `staunch plugin check` on it";
        return Err(CliError::new(codes::CLI_STEP, format!("the rows have no scores: {failure}"), help));
    }
    let (first, floor) = (&subjects[0], &subjects[subjects.len() - 1]);
    let other = args.against.as_ref().and(subjects.get(1));
    say(args.format, first, other, floor);
    Ok(true)
}

fn subject(path: &Path, data: Option<&Path>) -> Result<Subject> {
    let plugin = super::load(path, &super::bytes(path)?)?;
    let rows = match data {
        Some(data) => rows::read(plugin.manifest(), data)?,
        None => rows::made(plugin.manifest(), BATCH),
    };
    if rows.is_empty() {
        return Err(CliError::usage("there are no rows to score", "give a file with at least one row"));
    }
    Ok(Subject { plugin, rows, best: Default::default() })
}

/// The smallest plugin: one number, one multiplication.
fn floor() -> Result<Subject> {
    let input = LogisticInput {
        name: "x".into(),
        unit: None,
        mean: 0.0,
        sd: 1.0,
        low: -1.0,
        high: 1.0,
        weight: 1.0,
        missing_weight: 0.0,
    };
    let (name, version, inputs) = ("floor".into(), "1".into(), vec![input]);
    let model =
        LogisticModel { format: 1, name, version, inputs, intercept: 0.0, bands: Vec::new(), card: Card::default() };
    let bytes = staunch_models::compile(&Model::Logistic(model))
        .map_err(|error| CliError::new(error.code(), error.to_string(), error.help()))?;
    let plugin = super::load(Path::new("floor"), &bytes)?;
    let rows = rows::made(plugin.manifest(), BATCH);
    Ok(Subject { plugin, rows, best: Default::default() })
}

impl Subject {
    fn round(&mut self) {
        let rows = rows::borrowed(&self.rows);
        let whole: Vec<_> = rows.iter().copied().cycle().take(rows.len().max(BATCH)).collect();
        let (plugin, quick) = (&self.plugin, self.plugin.is_quick());
        for (way, best) in WAYS.iter().zip(&mut self.best) {
            let starts = whole.len() - way.rows + 1;
            let times = timing::measure(ROUND, |n| {
                let some = &whole[(n * way.rows) % starts..][..way.rows];
                if !way.reasons && quick {
                    drop(plugin.plain_answers(some));
                } else {
                    drop(plugin.answers(some));
                }
            });
            if best.is_none_or(|best| times.p50 < best.p50) {
                *best = Some(times);
            }
        }
    }

    /// Why no row has a score, where none has.
    fn failure(&self) -> Option<String> {
        let mut answers = self.plugin.answers(&rows::borrowed(&self.rows[..self.rows.len().min(BATCH)])).into_iter();
        let first = answers.next()?.err()?;
        answers.all(|answer| answer.is_err()).then(|| first.to_string())
    }

    fn times(&self, at: usize) -> Times {
        self.best[at].unwrap_or(Times { p50: 0.0, p99: 0.0 })
    }
}

fn say(format: Format, plugin: &Subject, other: Option<&Subject>, floor: &Subject) {
    if format == Format::Json {
        let way = |(at, way): (usize, &Way)| {
            let times = plugin.times(at);
            let ratio = |other: &Subject| times.p50 / other.times(at).p50;
            json!({
                "rows": way.rows, "reasons": way.reasons, "call_us": times, "row_us": times.p50 / way.rows as f64,
                "rows_per_second": 1e6 * way.rows as f64 / times.p50, "of_floor": ratio(floor), "of_other": other.map(ratio),
            })
        };
        output::json(&json!({
            "plugin": plugin.plugin.manifest().name, "quick": plugin.plugin.is_quick(),
            "ways": WAYS.iter().enumerate().map(way).collect::<Vec<_>>(),
        }));
        return;
    }
    let head = ["rows", "reasons", "µs per row", "p99", "rows/s", "× floor"].map(str::to_owned);
    let mut table = vec![head.into_iter().chain(other.map(|_| "× other".to_owned())).collect::<Vec<String>>()];
    for (at, way) in WAYS.iter().enumerate() {
        let (times, rows) = (plugin.times(at), way.rows as f64);
        let ratio = |other: &Subject| format!("{:.2}", times.p50 / other.times(at).p50);
        let mut line = vec![
            way.rows.to_string(),
            if way.reasons { "yes" } else { "no" }.to_owned(),
            format!("{:.3}", times.p50 / rows),
            format!("{:.3}", times.p99 / rows),
            format!("{:.0}", 1e6 * rows / times.p50),
            ratio(floor),
        ];
        line.extend(other.map(ratio));
        table.push(line);
    }
    output::say(&output::table(&table, &[0, 2, 3, 4, 5, 6]));
    if !plugin.plugin.is_quick() {
        output::say("it does not export `values`: answers without reasons take the same way");
    }
}
