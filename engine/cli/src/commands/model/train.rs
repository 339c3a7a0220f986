//! `staunch model train`: from a table to a model file, with its card and golden vectors.

use super::failed;
use super::files::{self, CARD, EVALUATION, GOLDEN, PICTURE};
use super::qualities::Qualities;
use crate::error::{CliError, Result};
use crate::output;
use clap::{Args, ValueEnum};
use staunch_core::score::Band;
use staunch_core::{Span, Time, codes};
use staunch_models::{
    BoostOptions, Card, Direction, Golden, Kind, LearnOptions, Measured, Model as Trained, Report, Rule, Table,
    TableOptions, TrainOptions, hold_out, learn, scores,
};
use std::path::PathBuf;

/// Rows of the table that go into the golden vectors.
const GOLDEN_ROWS: usize = 20;

#[derive(Debug, Args)]
pub struct Train {
    /// The table: a label column and inputs that are numbers or texts; CSV with a header line.
    #[arg(long)]
    data: PathBuf,
    /// The label column: 0 or 1, true or false, yes or no; rows without one are left out.
    #[arg(long)]
    label: String,
    /// What to train; `auto` takes whichever predicts held-out rows better.
    #[arg(long, value_enum, default_value_t)]
    kind: KindOf,
    /// The column with the instant of a row, for a split by time.
    #[arg(long)]
    at: Option<String>,
    /// The column whose rows belong together when rows are split (with --at time alone cuts) and when intervals are computed.
    #[arg(long)]
    group: Option<String>,
    /// Columns that are no inputs.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// Columns that are texts although they look like numbers.
    #[arg(long, value_delimiter = ',')]
    texts: Vec<String>,
    /// Trains on rows whose label was known before this time, evaluates on rows after it (needs --at).
    #[arg(long)]
    until: Option<String>,
    /// Without --until: the share of the rows to evaluate on, the latest where there is --at; 0 trains on all rows and
    /// evaluates by the validation inside the training.
    #[arg(long, default_value_t = 0.2, allow_negative_numbers = true)]
    holdout: f64,
    /// How long after its row a label is known.
    #[arg(long, default_value = "30d", allow_hyphen_values = true)]
    horizon: String,
    /// The penalty of a logistic regression; without it, chosen among a path by validation.
    #[arg(long, allow_negative_numbers = true)]
    l2: Option<f64>,
    /// The answer may only rise (up) or fall (down) with an input: up:COLUMN or down:COLUMN. For trees and auto.
    #[arg(long, value_name = "WAY:COLUMN")]
    monotone: Vec<String>,
    /// Most trees; else 500.
    #[arg(long)]
    trees: Option<usize>,
    /// Most leaves of a tree; without it, chosen by validation up to 31.
    #[arg(long)]
    leaves: Option<usize>,
    /// What of each tree's answer is taken; else 0.05.
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Seed of the splits.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// A column by whose values the qualities are broken down.
    #[arg(long)]
    segment: Option<String>,
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
    /// Also writes the card (Markdown), the picture of its calibration (SVG), `evaluation.json` and golden vectors (CSV) into
    /// this folder.
    #[arg(long)]
    kit: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum KindOf {
    #[default]
    Logistic,
    Trees,
    Auto,
}

pub(super) fn run(args: &Train) -> Result<bool> {
    let kit = args.kit.as_deref().map(|folder| (folder, &[CARD, EVALUATION, PICTURE, GOLDEN][..]));
    files::writable(Some(&args.output), kit, &[&args.data])?;
    let horizon = Span::parse(&args.horizon)
        .ok_or_else(|| CliError::usage(format!("`{}` is no duration", args.horizon), "write it as 30d"))?;
    let mut options = options_of(args, horizon)?;
    let table = files::table(&args.data, &table_options(args))?;
    let (rows, unseen) = split(args, &table, horizon)?;
    options.train.card = card(args, &rows, horizon);
    let (mut model, report) = learn(&rows, &options).map_err(failed)?;
    let qualities = qualities(&model, &rows, unseen.as_ref(), &report)?;
    model.card_mut().metrics = qualities.evaluation.metrics();
    let bytes = model.write().map_err(failed)?;
    if let Some(folder) = &args.kit {
        let mut kit = qualities.kit(&model, Some(&report));
        kit.push((GOLDEN, golden(&model, unseen.as_ref().unwrap_or(&rows))?));
        files::write_kit(folder, &kit)?;
    }
    files::write(&args.output, &bytes)?;
    output::say(&output::fit(&told(&rows, &report)));
    output::say(&qualities.said());
    output::say(&format!("written to {}; compile it with `staunch model compile`", args.output.display()));
    Ok(true)
}

fn table_options(args: &Train) -> TableOptions {
    TableOptions {
        label: args.label.clone(),
        ignore: args.ignore.clone(),
        at: args.at.clone(),
        group: args.group.clone(),
        segment: args.segment.clone(),
        texts: args.texts.clone(),
        ..TableOptions::default()
    }
}

fn options_of(args: &Train, horizon: Span) -> Result<LearnOptions> {
    let kind = match args.kind {
        KindOf::Logistic => Kind::Logistic,
        KindOf::Trees => Kind::Trees,
        KindOf::Auto => Kind::Auto,
    };
    fits(args, kind)?;
    let train = TrainOptions {
        name: args.name.clone(),
        version: args.version.clone(),
        l2: args.l2.unwrap_or(1.0),
        bands: args.bands.iter().map(|text| band(text)).collect::<Result<_>>()?,
        ..TrainOptions::default()
    };
    let monotone = args.monotone.iter().map(|text| monotone(text)).collect::<Result<_>>()?;
    let known = BoostOptions::default();
    let boost = BoostOptions {
        trees: args.trees.unwrap_or(known.trees),
        leaves: args.leaves.unwrap_or(known.leaves),
        rate: args.rate.unwrap_or(known.rate),
        monotone,
        ..known
    };
    let (path, sizes) = (args.l2.is_none(), args.leaves.is_none());
    Ok(LearnOptions { kind, train, path, boost, sizes, horizon, seed: args.seed })
}

/// Whether every setting that was given is one of what is trained: one without effect would mislead.
fn fits(args: &Train, kind: Kind) -> Result<()> {
    let of_trees = [
        ("--monotone", !args.monotone.is_empty()),
        ("--trees", args.trees.is_some()),
        ("--leaves", args.leaves.is_some()),
        ("--rate", args.rate.is_some()),
    ];
    let given = of_trees.into_iter().find(|(_, given)| *given && kind == Kind::Logistic);
    if let Some((option, _)) = given {
        let message = format!("{option} is for trees, and a logistic regression is trained");
        return Err(CliError::usage(message, "add --kind trees or --kind auto, or leave it out"));
    }
    if args.l2.is_some() && kind != Kind::Logistic {
        let message = "--l2 is for a logistic regression alone; --kind auto chooses the penalty itself";
        return Err(CliError::usage(message, "leave it out, or take --kind logistic"));
    }
    if args.until.is_some() && args.at.is_none() {
        let message = "--until needs the column with the instant of each row";
        return Err(CliError::usage(message, "name the column by --at"));
    }
    Ok(())
}

/// Rows to train on, and rows to evaluate on where there are such.
fn split(args: &Train, table: &Table, horizon: Span) -> Result<(Table, Option<Table>)> {
    if let Some(until) = &args.until {
        let time = Time::parse(until)
            .ok_or_else(|| CliError::usage(format!("`{until}` is no time"), "write it as 2011-09-01T00:00:00Z"))?;
        let (rows, unseen) = table.split(time, horizon).map_err(failed)?;
        return Ok((rows, Some(unseen)));
    }
    if args.holdout == 0.0 {
        return Ok((table.clone(), None));
    }
    if !(0.05..=0.5).contains(&args.holdout) {
        return Err(CliError::usage(format!("--holdout is {}", args.holdout), "give 0, or 0.05 to 0.5"));
    }
    let (rows, unseen) = hold_out(table, args.holdout, horizon, args.seed).map_err(failed)?;
    Ok((rows, Some(unseen)))
}

/// Measured on unseen rows, else on those that validation held out, else on the training rows.
fn qualities(model: &Trained, rows: &Table, unseen: Option<&Table>, report: &Report) -> Result<Qualities> {
    let (table, answers, measured) = match unseen {
        Some(unseen) => (unseen.clone(), scores(model, unseen).map_err(failed)?, Measured::Unseen),
        None if report.held.is_empty() => (rows.clone(), scores(model, rows).map_err(failed)?, Measured::Training),
        None => {
            let (places, answers): (Vec<usize>, Vec<f64>) = report.held.iter().copied().unzip();
            (rows.pick(&places), answers, Measured::Validation)
        }
    };
    Qualities::of(&answers, &table, measured)
}

fn golden(model: &Trained, table: &Table) -> Result<Vec<u8>> {
    let table = table.for_model(model).map_err(failed)?;
    let sample: Vec<Vec<Option<f64>>> =
        (0..table.len()).step_by((table.len() / GOLDEN_ROWS).max(1)).map(|at| table.row(at)).collect();
    Golden::of(model, &sample).write().map_err(failed)
}

/// What was trained on, and what validation chose.
fn told(rows: &Table, report: &Report) -> String {
    let mut text = format!("trained on {} rows", rows.len());
    if let Some(rule) = report.rule {
        let how = match rule {
            Rule::Time => "cuts in time",
            Rule::Groups => "parts of whole groups",
            Rule::Rows => "parts of rows",
        };
        text += &format!("; validated by {} {how}:", report.folds);
        for tried in &report.tried {
            let taken = if tried.taken { "  <- taken" } else { "" };
            text += &format!("\n  {:<11} {:<9} log loss {:.5}{taken}", tried.what, tried.value, tried.log_loss);
        }
    }
    for (kind, why) in &report.passed_over {
        text += &format!("\nnot taken, {kind}: {why}");
    }
    for (column, why) in &report.left_out {
        text += &format!("\n`{column}` is no input: {why}");
    }
    text
}

/// The card; without a cut, the training knows what happened until the last label was known.
fn card(args: &Train, rows: &Table, horizon: Span) -> Card {
    let last = || rows.at.iter().max().map(|last| (*last + horizon).to_string());
    Card {
        owner: args.owner.clone(),
        purpose: args.purpose.clone(),
        data_from: rows.at.iter().min().map(ToString::to_string),
        data_until: args.until.clone().or_else(last),
        minimum_outcomes: 500,
        ..Card::default()
    }
}

fn monotone(text: &str) -> Result<(String, Direction)> {
    match text.split_once(':') {
        Some(("up", column)) => Ok((column.to_owned(), Direction::Up)),
        Some(("down", column)) => Ok((column.to_owned(), Direction::Down)),
        _ => Err(CliError::usage(format!("`{text}` is no constraint"), "write it as up:tenure or down:price")),
    }
}

pub(super) fn band(text: &str) -> Result<Band> {
    let parsed = text.split_once('=').and_then(|(name, from)| Some((name.to_owned(), from.parse().ok()?)));
    let (name, from) = parsed
        .ok_or_else(|| CliError::new(codes::CLI_USAGE, format!("`{text}` is no band"), "write it as uncertain=0.2"))?;
    Ok(Band { name, from })
}
