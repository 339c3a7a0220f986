//! How long a compiled tree ensemble takes per row inside the sandbox, with all limits on.
//!
//! `speed MODEL.json ROWS.bin RAW.bin [REPETITIONS [WAY]]`: rows are 64-bit floats, row after row, NaN where missing; the third
//! file holds the raw value that is expected of each. Prints one line per way and repetition: name, median and 99th
//! percentile in nanoseconds per row, largest difference of the raw value. `tests/scoring-speed/run` compares it with
//! LightGBM.

use staunch_core::score::ScoreFailure;
use staunch_core::value::Value;
use staunch_models::{Model, compile};
use staunch_scoring::{Answer, Plugin, Sandbox};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

/// Rows of one measured group of single calls, as in the program that it is compared with.
const GROUP: usize = 16;
const BATCH: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, rows, raw, rest @ ..] = arguments.as_slice() else {
        return Err("usage: speed MODEL.json ROWS.bin RAW.bin [REPETITIONS]".into());
    };
    let repetitions: usize = rest.first().map_or(Ok(5), |text| text.parse())?;
    let model = Model::read(&std::fs::read(model)?)?;
    let (rows, raw, inputs) = (floats(rows)?, floats(raw)?, model.input_names().count());
    let component = compile(&model)?;
    let start = Instant::now();
    let plugin = Plugin::load(
        &Arc::new(Sandbox::trusting(staunch_models::compile::is_ours).map_err(|e| e.to_string())?),
        "speed",
        &component,
    )?;
    println!("load ms={} bytes={}", start.elapsed().as_millis(), component.len());
    let names: Vec<String> = model.input_names().map(str::to_owned).collect();
    let named = |row: &[f64]| {
        let value = |x: &f64| (!x.is_nan()).then_some(Value::Number(*x));
        names.iter().cloned().zip(row.iter().map(value)).collect::<Vec<_>>()
    };
    let people = rows.chunks_exact(inputs).map(named).collect();
    let only = rest.get(1).map_or("", String::as_str);
    Bench { plugin, rows: &rows, people, raw: &raw, inputs, repetitions, only }.all()
}

fn floats(path: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

/// The inputs of a row by name.
type Person = Vec<(String, Option<Value>)>;

struct Bench<'a> {
    plugin: Plugin,
    rows: &'a [f64],
    people: Vec<Person>,
    raw: &'a [f64],
    inputs: usize,
    repetitions: usize,
    /// The only way to measure, unless it is empty.
    only: &'a str,
}

impl Bench<'_> {
    /// Every way: bare numbers, the same with contributions, people by the names of their inputs, those with reasons,
    /// and the same through `score-batch`.
    fn all(&self) -> Result<(), Box<dyn Error>> {
        let (plugin, inputs) = (&self.plugin, self.inputs);
        let some = |at: usize, count: usize| &self.rows[at * inputs..(at + count) * inputs];
        let people = |at: usize, count: usize| -> Vec<&[(String, Option<Value>)]> {
            self.people[at..at + count].iter().map(Vec::as_slice).collect()
        };
        let raw = |answer: Result<Answer, ScoreFailure>| answer.map(|answer| answer.raw.unwrap_or(f64::NAN));
        for (count, group) in [(1, GROUP), (BATCH, 1)] {
            self.run(&format!("values_{count}"), count, group, |at| {
                let answer = plugin.values(count, some(at, count)).ok_or("no short way")??;
                Ok(answer.chunks_exact(2).map(|row| row[1]).collect())
            })?;
            self.run(&format!("explained_{count}"), count, group, |at| {
                let answer = plugin.explained_values(count, some(at, count)).ok_or("no short way")??;
                Ok(answer.chunks_exact(2 + inputs).map(|row| row[1]).collect())
            })?;
            self.run(&format!("people_{count}"), count, group, |at| {
                plugin.plain_answers(&people(at, count)).into_iter().map(|plain| Ok(plain?.raw)).collect()
            })?;
            self.run(&format!("reasons_{count}"), count, group, |at| {
                plugin.answers(&people(at, count)).into_iter().map(|answer| Ok(raw(answer)?)).collect()
            })?;
            self.run(&format!("columns_{count}"), count, group, |at| {
                plugin.answers_by_columns(&people(at, count)).into_iter().map(|answer| Ok(raw(answer)?)).collect()
            })?;
        }
        Ok(())
    }

    /// Times calls of `count` rows each, `group` calls at a time, over all rows. `call` takes the first row's number and
    /// gives the raw values.
    fn run(
        &self,
        name: &str,
        count: usize,
        group: usize,
        call: impl Fn(usize) -> Result<Vec<f64>, Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        if !self.only.is_empty() && self.only != name {
            return Ok(());
        }
        let (rows, together) = (self.rows.len() / self.inputs, count * group);
        let rows = rows / together * together;
        let mut got = vec![0.0; rows];
        for repetition in 0..self.repetitions {
            let mut times = Vec::new();
            for measured in [false, true] {
                for first in (0..rows).step_by(together) {
                    let start = Instant::now();
                    for at in (first..first + together).step_by(count) {
                        got[at..at + count].copy_from_slice(&call(at)?);
                    }
                    if measured {
                        times.push(start.elapsed().as_nanos() as f64 / together as f64);
                    }
                }
            }
            times.sort_by(f64::total_cmp);
            let difference = got.iter().zip(self.raw).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let (median, high) = (times[times.len() / 2], times[times.len() * 99 / 100]);
            println!("{name} rep={repetition} p50={median:.0} p99={high:.0} maxdiff={difference:.1e}");
        }
        Ok(())
    }
}
