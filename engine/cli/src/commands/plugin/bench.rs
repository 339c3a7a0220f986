//! `staunch plugin bench`: how fast a plugin is, in numbers that mean the same on every machine: as a multiple of the
//! smallest plugin there can be, measured in the same run.

use super::beside;
use super::rows::{self, Row};
use super::timing::{self, Times};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use staunch_core::codes;
use staunch_core::value::Value;
use staunch_models::{Card, LogisticInput, LogisticModel, Model};
use staunch_scoring::Plugin as Loaded;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rounds over everything that is measured; the best of them counts, for others only add what the machine did besides.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(120);
const BATCH: usize = 256;

/// How fast a plugin is, beside the smallest one there can be.
///
/// Measures one row and batches of 256, with and without reasons, and compares with an empty plugin in the same run (`floor`:
/// a compiled model of one number), so that the ratio means the same on every machine.
///
/// A plugin that exports `values` is measured by bare numbers, too: what the component itself takes, without matching inputs
/// by their names.
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
    /// A program that scores rows by other means, to compare with: run in every round, it prints `p50=N`, its nanoseconds
    /// per row, one or more times.
    #[arg(long, value_name = "COMMAND")]
    beside: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One way to call a plugin.
#[derive(Clone, Copy, Debug, Serialize)]
struct Way {
    rows: usize,
    reasons: bool,
    /// Inputs are matched by name; else rows are bare numbers.
    names: bool,
}

const WAYS: [Way; 8] = [
    Way { rows: 1, reasons: false, names: true },
    Way { rows: 1, reasons: true, names: true },
    Way { rows: BATCH, reasons: false, names: true },
    Way { rows: BATCH, reasons: true, names: true },
    Way { rows: 1, reasons: false, names: false },
    Way { rows: 1, reasons: true, names: false },
    Way { rows: BATCH, reasons: false, names: false },
    Way { rows: BATCH, reasons: true, names: false },
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
    let mut beside = None;
    for _ in 0..ROUNDS {
        // In turn, so that a slow moment of the machine meets everybody.
        subjects.iter_mut().for_each(Subject::round);
        if let Some(command) = &args.beside {
            beside = least(beside, beside::micros(command)?);
        }
    }
    if let Some(failure) = subjects[0].failure() {
        let help = "run `staunch plugin check` on it";
        return Err(CliError::new(codes::CLI_STEP, format!("the rows have no scores: {failure}"), help));
    }
    let (first, floor) = (&subjects[0], &subjects[subjects.len() - 1]);
    let other = args.against.as_ref().and(subjects.get(1));
    say(args.format, first, &Others { other, floor, beside });
    Ok(true)
}

fn least(one: Option<f64>, other: f64) -> Option<f64> {
    Some(one.map_or(other, |one| one.min(other)))
}

/// What a plugin is compared with.
struct Others<'a> {
    other: Option<&'a Subject>,
    floor: &'a Subject,
    /// Microseconds per row.
    beside: Option<f64>,
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
        let numbers = if quick { numbers(plugin, &whole) } else { None };
        let width = plugin.manifest().inputs.len();
        for (way, best) in WAYS.iter().zip(&mut self.best) {
            let starts = whole.len() - way.rows + 1;
            let first = |n: usize| (n * way.rows) % starts;
            let times = match (way.names, &numbers) {
                (true, _) => timing::measure(ROUND, |n| {
                    let some = &whole[first(n)..][..way.rows];
                    if !way.reasons && quick {
                        drop(plugin.plain_answers(some));
                    } else {
                        drop(plugin.answers(some));
                    }
                }),
                (false, Some(numbers)) => timing::measure(ROUND, |n| {
                    let some = &numbers[first(n) * width..][..way.rows * width];
                    if way.reasons {
                        drop(plugin.explained_values(way.rows, some));
                    } else {
                        drop(plugin.values(way.rows, some));
                    }
                }),
                (false, None) => continue,
            };
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

    /// The ways that it has, with their times.
    fn ways(&self) -> impl Iterator<Item = (usize, &'static Way, Times)> {
        WAYS.iter().enumerate().zip(&self.best).filter_map(|((at, way), best)| Some((at, way, (*best)?)))
    }

    /// How many times longer a call takes than that of another; of a plugin without bare numbers by names.
    fn ratio(at: usize, times: Times, other: &Subject) -> f64 {
        let of = other.best[at].or(other.best[at % (WAYS.len() / 2)]);
        times.p50 / of.map_or(f64::NAN, |of| of.p50)
    }
}

/// Rows as bare numbers, NaN where they are missing; `None` where an input is text.
fn numbers(plugin: &Loaded, rows: &[&[(String, Option<Value>)]]) -> Option<Vec<f64>> {
    let inputs = &plugin.manifest().inputs;
    let cell = |name: &str, row: &[(String, Option<Value>)]| match row.iter().find(|(known, _)| known == name) {
        Some((_, Some(value))) => value.number(),
        _ => Some(f64::NAN),
    };
    rows.iter().flat_map(|row| inputs.iter().map(move |input| cell(&input.name, row))).collect()
}

fn say(format: Format, plugin: &Subject, others: &Others<'_>) {
    match format {
        Format::Json => output::json(&document(plugin, others)),
        Format::Text => output::say(&page(plugin, others)),
    }
}

fn document(plugin: &Subject, others: &Others<'_>) -> serde_json::Value {
    let way = |(at, way, times): (usize, &Way, Times)| {
        let row = times.p50 / way.rows as f64;
        json!({
            "rows": way.rows, "reasons": way.reasons, "names": way.names, "call_us": times, "row_us": row,
            "rows_per_second": 1e6 / row, "of_floor": Subject::ratio(at, times, others.floor),
            "of_other": others.other.map(|other| Subject::ratio(at, times, other)),
            "of_beside": others.beside.map(|beside| row / beside),
        })
    };
    json!({
        "plugin": plugin.plugin.manifest().name, "quick": plugin.plugin.is_quick(), "beside_row_us": others.beside,
        "ways": plugin.ways().map(way).collect::<Vec<_>>(),
    })
}

fn page(plugin: &Subject, others: &Others<'_>) -> String {
    let head = ["rows", "reasons", "by", "µs per row", "p99", "rows/s", "× floor"].map(str::to_owned);
    let more = others.other.map(|_| "× other").into_iter().chain(others.beside.map(|_| "× beside"));
    let mut table = vec![head.into_iter().chain(more.map(str::to_owned)).collect::<Vec<String>>()];
    for (at, way, times) in plugin.ways() {
        let rows = way.rows as f64;
        let ratio = |other: &Subject| format!("{:.2}", Subject::ratio(at, times, other));
        let mut line = vec![
            way.rows.to_string(),
            if way.reasons { "yes" } else { "no" }.to_owned(),
            if way.names { "name" } else { "number" }.to_owned(),
            format!("{:.3}", times.p50 / rows),
            format!("{:.3}", times.p99 / rows),
            format!("{:.0}", 1e6 * rows / times.p50),
            ratio(others.floor),
        ];
        line.extend(others.other.map(ratio));
        line.extend(others.beside.map(|beside| format!("{:.3}", times.p50 / rows / beside)));
        table.push(line);
    }
    let mut page = output::table(&table, &[0, 3, 4, 5, 6, 7, 8]);
    if !plugin.plugin.is_quick() {
        page += "\nit does not export `values`: answers without reasons take the same way";
    }
    page
}
