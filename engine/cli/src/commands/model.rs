//! `staunch model`: train a model from a table, read those of other libraries, and compile them to scoring plugins.

mod foreign;

use crate::app;
use crate::error::{CliError, Result};
use crate::output;
use clap::{Args, Subcommand};
use staunch_core::score::Band;
use staunch_core::{Span, Time, codes};
use staunch_models::{Card, Golden, Model as Trained, ModelError, Table, TableOptions, TrainOptions};
use staunch_models::{card_markdown, evaluate, train};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Resamples of the bootstrap behind every interval.
const RESAMPLES: usize = 500;
/// The seed of the bootstrap: fixed, so that the same data gives the same card.
const SEED: u64 = 20_101_201;
/// Rows of the table that go into the golden vectors.
const GOLDEN: usize = 20;

/// Trains a model, reads one of another library, or compiles one to a wasm component.
///
/// Example: staunch model train --data features.csv --label goal --at at --until 2011-09-01T00:00:00Z -o model.json
/// Example: staunch model compile model.json -o repurchase.wasm
#[derive(Debug, Args)]
pub struct Model {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A logistic regression from a CSV table. Example: staunch model train --data F.csv --label goal -o model.json
    Train(Box<Train>),
    /// A model of LightGBM, XGBoost, scikit-learn or ours to a scoring plugin. Example: staunch model compile churn.txt -o churn.wasm
    Compile(Box<foreign::Foreign>),
    /// A model of LightGBM, XGBoost or scikit-learn to our own JSON. Example: staunch model import churn.onnx -o churn.json
    Import(Box<foreign::Foreign>),
}

#[derive(Debug, Args)]
struct Train {
    /// The table: a label column, numeric inputs, optionally `contact` and a time.
    #[arg(long)]
    data: PathBuf,
    /// The label column: 0 or 1; rows without one are left out.
    #[arg(long)]
    label: String,
    /// The column with the instant of a row, for a split by time.
    #[arg(long)]
    at: Option<String>,
    /// The column whose rows belong together when intervals are computed.
    #[arg(long)]
    group: Option<String>,
    /// Columns that are no inputs.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Trains on rows whose label was known before this time, evaluates on rows after it (needs --at).
    #[arg(long)]
    until: Option<String>,
    /// How long after its row a label is known.
    #[arg(long, default_value = "30d")]
    horizon: String,
    /// The plugin's name.
    #[arg(long, default_value = "model")]
    name: String,
    /// The plugin's version.
    #[arg(long, default_value = "1.0.0")]
    version: String,
    /// Named ranges of the score from low to high: NAME=FROM.
    #[arg(long = "band", value_name = "NAME=FROM")]
    bands: Vec<String>,
    /// What it is for, for the card.
    #[arg(long, default_value = "")]
    purpose: String,
    /// Who answers for it, for the card.
    #[arg(long, default_value = "")]
    owner: String,
    /// The model file.
    #[arg(short, long)]
    output: PathBuf,
    /// Also writes the card (Markdown) and golden vectors (CSV) into this folder.
    #[arg(long)]
    kit: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: Model) -> Result<bool> {
    match args.command {
        Command::Train(args) => train_model(&args),
        Command::Compile(args) => foreign::to_component(&args),
        Command::Import(args) => foreign::to_json(&args),
    }
}

fn failed(error: ModelError) -> CliError {
    CliError::new(error.code(), error.to_string(), error.help())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| CliError::file(path, &error))
}

fn train_model(args: &Train) -> Result<bool> {
    app::writable(&args.output, &[&args.data])?;
    let file = File::open(&args.data).map_err(|error| CliError::file(&args.data, &error))?;
    let options = TableOptions {
        label: args.label.clone(),
        ignore: args.ignore.clone(),
        at: args.at.clone(),
        group: args.group.clone(),
    };
    let table = Table::read_csv(file, &options).map_err(failed)?;
    let (rows, unseen) = split(args, &table)?;
    let options = TrainOptions {
        name: args.name.clone(),
        version: args.version.clone(),
        bands: args.bands.iter().map(|text| band(text)).collect::<Result<_>>()?,
        card: card(args, &rows),
        ..TrainOptions::default()
    };
    let mut model = Trained::Logistic(train(&rows, &options).map_err(failed)?);
    let measured = unseen.as_ref().unwrap_or(&rows);
    let evaluation = evaluate(&model, measured, RESAMPLES, SEED).map_err(failed)?;
    model.card_mut().metrics = evaluation.metrics();
    write(&args.output, &model.write().map_err(failed)?)?;
    if let Some(kit) = &args.kit {
        std::fs::create_dir_all(kit).map_err(|error| CliError::file(kit, &error))?;
        write(&kit.join("card.md"), card_markdown(&model, &evaluation).as_bytes())?;
        let sample: Vec<Vec<Option<f64>>> =
            (0..measured.len()).step_by((measured.len() / GOLDEN).max(1)).map(|at| measured.row(at)).collect();
        write(&kit.join("golden.csv"), &Golden::of(&model, &sample).write().map_err(failed)?)?;
    }
    let on = if unseen.is_some() { "unseen" } else { "training (no --until given: too good to be true)" };
    output::say(&format!("trained on {} rows, measured on {} {on} rows", rows.len(), measured.len()));
    for metric in evaluation.metrics() {
        output::say(&format!("  {:<9} {:.4}  ({:.4} to {:.4})", metric.name, metric.value, metric.low, metric.high));
    }
    output::say(&format!("written to {}; compile it with `staunch model compile`", args.output.display()));
    Ok(true)
}

fn split(args: &Train, table: &Table) -> Result<(Table, Option<Table>)> {
    let Some(until) = &args.until else { return Ok((table.clone(), None)) };
    let time = Time::parse(until)
        .ok_or_else(|| CliError::usage(format!("`{until}` is no time"), "write it as 2011-09-01T00:00:00Z"))?;
    let horizon = Span::parse(&args.horizon)
        .ok_or_else(|| CliError::usage(format!("`{}` is no duration", args.horizon), "write it as 30d"))?;
    let (rows, unseen) = table.split(time, horizon).map_err(failed)?;
    Ok((rows, Some(unseen)))
}

fn card(args: &Train, rows: &Table) -> Card {
    Card {
        owner: args.owner.clone(),
        purpose: args.purpose.clone(),
        data_from: rows.at.iter().min().map(ToString::to_string),
        data_until: args.until.clone(),
        minimum_outcomes: 500,
        ..Card::default()
    }
}

fn band(text: &str) -> Result<Band> {
    let parsed = text.split_once('=').and_then(|(name, from)| Some((name.to_owned(), from.parse().ok()?)));
    let (name, from) = parsed
        .ok_or_else(|| CliError::new(codes::CLI_USAGE, format!("`{text}` is no band"), "write it as uncertain=0.2"))?;
    Ok(Band { name, from })
}
