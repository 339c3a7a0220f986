//! `staunch model eval`: how good a model is on rows whose outcome is known.

use super::{RESAMPLES, SEED, failed, foreign, write};
use crate::app;
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::{Value, json};
use staunch_core::Time;
use staunch_models::picture;
use staunch_models::{
    Evaluation, Measured, Model as Trained, Page, Report, Table, TableOptions, by_segment, card_markdown, measure,
    scores,
};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The picture beside the card.
const PICTURE: &str = "calibration.svg";

#[derive(Debug, Args)]
pub struct Eval {
    /// The model: ours, or of LightGBM, XGBoost or scikit-learn as `model compile` reads it.
    model: PathBuf,
    /// The table: the inputs of the model and a label column.
    #[arg(long)]
    data: PathBuf,
    /// The label column: 0 or 1, true or false, yes or no; rows without one are left out.
    #[arg(long)]
    label: String,
    /// The column with the instant of a row.
    #[arg(long)]
    at: Option<String>,
    /// Only rows from this time on (needs --at).
    #[arg(long, requires = "at")]
    from: Option<String>,
    /// The column whose rows belong together when intervals are computed.
    #[arg(long)]
    group: Option<String>,
    /// A column by whose values the qualities are broken down.
    #[arg(long)]
    segment: Option<String>,
    /// Writes the model's answer for each row, in order, with the label: `value` and `label`.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Also writes the card (Markdown), the picture of its calibration (SVG) and `evaluation.json` into this folder.
    #[arg(long)]
    kit: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How good a model is, and on what.
pub(super) struct Qualities {
    pub evaluation: Evaluation,
    pub segments: Vec<(String, Evaluation)>,
    pub measured: Measured,
}

pub(super) fn run(args: &Eval) -> Result<bool> {
    let model = foreign::open(&args.model)?;
    if let Some(path) = &args.output {
        app::writable(path, &[&args.model, &args.data])?;
    }
    let table = table(args, &model)?;
    let answers = scores(&model, &table).map_err(failed)?;
    let evaluation = measure(&answers, &table.labels, &table.groups, RESAMPLES, SEED).map_err(failed)?;
    let segments = by_segment(&answers, &table, RESAMPLES, SEED);
    let qualities = Qualities { evaluation, segments, measured: Measured::Unseen };
    if let Some(path) = &args.output {
        let line = |(p, label): (&f64, &bool)| format!("{p},{}\n", u8::from(*label));
        let lines: String = answers.iter().zip(&table.labels).map(line).collect();
        write(path, format!("value,label\n{lines}").as_bytes())?;
    }
    if let Some(folder) = &args.kit {
        kit(folder, &model, None, &qualities)?;
    }
    match args.format {
        Format::Json => output::json(&document(&qualities)),
        Format::Text => output::say(&said(&qualities)),
    }
    Ok(true)
}

/// The table with those columns that the model or the options name, each of the type that the model reads.
fn table(args: &Eval, model: &Trained) -> Result<Table> {
    let file = File::open(&args.data).map_err(|error| CliError::file(&args.data, &error))?;
    let head = model.head();
    let texts = head.inputs.iter().filter(|input| !input.categories.is_empty());
    let options = TableOptions {
        label: args.label.clone(),
        at: args.at.clone(),
        group: args.group.clone(),
        segment: args.segment.clone(),
        texts: texts.map(|input| input.name.to_owned()).collect(),
        ..TableOptions::default()
    };
    let table = Table::read_csv(file, &options).map_err(failed)?;
    let Some(from) = &args.from else { return Ok(table) };
    let from = Time::parse(from)
        .ok_or_else(|| CliError::usage(format!("`{from}` is no time"), "write it as 2011-09-01T00:00:00Z"))?;
    let late: Vec<usize> = (0..table.len()).filter(|&row| table.at[row] >= from).collect();
    Ok(table.pick(&late))
}

/// Writes the card, its picture and the evaluation for machines.
pub(super) fn kit(folder: &Path, model: &Trained, report: Option<&Report>, qualities: &Qualities) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    let Qualities { evaluation, segments, measured } = qualities;
    let page = Page { model, report, evaluation, measured: *measured, segments, picture: Some(PICTURE) };
    write(&folder.join("card.md"), card_markdown(&page).as_bytes())?;
    write(&folder.join("evaluation.json"), format!("{:#}\n", document(qualities)).as_bytes())?;
    write(&folder.join(PICTURE), picture::svg(&evaluation.bins).as_bytes())
}

/// The qualities for people.
pub(super) fn said(qualities: &Qualities) -> String {
    let Qualities { evaluation, segments, measured } = qualities;
    let on = match measured {
        Measured::Unseen => "rows that the training did not see",
        Measured::Validation => "rows, each by a model of the validation that did not see it",
        Measured::Training => "training rows (too good to be true: give --until or --holdout)",
    };
    let mut text = format!("measured on {} {on}, {} of them positive", evaluation.rows, evaluation.positives);
    for metric in evaluation.metrics() {
        text += &format!("\n  {:<9} {:.4}  ({:.4} to {:.4})", metric.name, metric.value, metric.low, metric.high);
    }
    text += &format!("\n\n{}", picture::text(&evaluation.bins));
    if !segments.is_empty() {
        text += "\nsegment                    rows  positive     auc  (interval)          log loss      ece\n";
    }
    for (name, part) in segments {
        let (auc, loss, ece) = (part.auc, part.log_loss.value, part.ece.value);
        text += &format!(
            "{:<24} {:>6}  {:>8}  {:.4}  ({:.4} to {:.4})    {loss:.4}   {ece:.4}\n",
            if name.is_empty() { "(none)" } else { name.as_str() },
            part.rows,
            part.positives,
            auc.value,
            auc.low,
            auc.high
        );
    }
    text.trim_end().to_owned()
}

fn document(qualities: &Qualities) -> Value {
    let part = |part: &Evaluation| {
        let metrics: serde_json::Map<String, Value> = part
            .metrics()
            .into_iter()
            .map(|m| (m.name, json!({ "value": m.value, "low": m.low, "high": m.high })))
            .collect();
        let bin = |bin: &picture::Bin| json!({ "rows": bin.rows, "said": bin.said, "happened": bin.happened });
        let bins: Vec<Value> = part.bins.iter().map(bin).collect();
        json!({ "rows": part.rows, "positives": part.positives, "metrics": metrics, "bins": bins })
    };
    let mut whole = part(&qualities.evaluation);
    let segments: serde_json::Map<String, Value> =
        qualities.segments.iter().map(|(name, own)| (name.clone(), part(own))).collect();
    whole["segments"] = Value::Object(segments);
    whole
}
