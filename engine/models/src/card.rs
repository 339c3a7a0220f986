//! The model card as a page that people read (Mitchell et al. 2019, the parts that apply to a tabular scorer).

use crate::boost::Direction;
use crate::calibration::Calibration;
use crate::evaluate::{Evaluation, Measure};
use crate::folds::Rule;
use crate::learn::{Report, Tried};
use crate::linear::LinearModel;
use crate::logistic::LogisticModel;
use crate::model::{Head, Model};
use crate::trees::TreesModel;
use std::fmt::Write;

/// What a card is written from.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The model.
    pub model: &'a Model,
    /// How it was trained, where that is known.
    pub report: Option<&'a Report>,
    /// Its qualities.
    pub evaluation: &'a Evaluation,
    /// Where they were measured.
    pub measured: Measured,
    /// Its qualities within segments, each with its name.
    pub segments: &'a [(String, Evaluation)],
    /// File of the picture of its calibration, beside the card.
    pub picture: Option<&'a str>,
}

/// Rows that a model was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Rows that the training did not see.
    Unseen,
    /// All rows, each by a model of the validation that did not see it.
    Validation,
    /// The training rows themselves.
    Training,
    /// Rows of a table of which nobody said whether the training saw them.
    Given,
}

/// The card as Markdown. Same input, same text.
pub fn card_markdown(page: &Page<'_>) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_card(&mut text, page);
    text
}

fn write_card(page: &mut String, parts: &Page<'_>) -> std::fmt::Result {
    let head = parts.model.head();
    write_head(page, &head)?;
    write_quality(page, parts)?;
    write_segments(page, parts.segments)?;
    if let Some(report) = parts.report {
        write_report(page, report)?;
    }
    match parts.model {
        Model::Logistic(model) => write_weights(page, model)?,
        Model::Trees(model) => write_splits(page, model)?,
        Model::Linear(model) => write_slopes(page, model)?,
    }
    if !head.bands.is_empty() {
        writeln!(page, "\n## Bands\n\n| Band | From |\n|---|---|")?;
        for band in head.bands {
            writeln!(page, "| {} | {} |", escaped(&band.name), band.from)?;
        }
    }
    let beyond = match parts.model {
        Model::Logistic(_) | Model::Linear(_) => "a value outside counts as the nearest end",
        Model::Trees(_) => {
            "beyond its thresholds nothing changes any more, and a text that it does not know counts as missing"
        }
    };
    write_limits(page, beyond)
}

fn write_head(page: &mut String, head: &Head<'_>) -> std::fmt::Result {
    let card = head.card;
    writeln!(page, "# {} {}\n\n{}\n", head.name, head.version, or_dash(&card.purpose))?;
    writeln!(page, "| | |\n|---|---|")?;
    writeln!(page, "| Owner | {} |\n| Kind | {} |", escaped(or_dash(&card.owner)), head.kind)?;
    if let (Some(from), Some(until)) = (&card.data_from, &card.data_until) {
        writeln!(page, "| Training data | {from} to {until} |")?;
    }
    writeln!(page, "| Training rows | {}, of them positive: {} |", card.rows, card.positives)?;
    writeln!(page, "| Labelled outcomes needed before use | {} |", card.minimum_outcomes)?;
    writeln!(page, "| Expires | {} |", card.expires.as_deref().unwrap_or("never"))
}

fn write_limits(page: &mut String, beyond: &str) -> std::fmt::Result {
    writeln!(page, "\n## Limits\n")?;
    writeln!(page, "- The model knows the ranges above and does not extrapolate: {beyond}.")?;
    writeln!(
        page,
        "- It says what tends to go together, not what an action would change; that is what the holdout is for."
    )?;
    writeln!(page, "- A score inside the training period is not evidence of quality.")
}

fn write_quality(page: &mut String, parts: &Page<'_>) -> std::fmt::Result {
    let evaluation = parts.evaluation;
    let share = 100.0 * evaluation.positives as f64 / evaluation.rows.max(1) as f64;
    let on = match parts.measured {
        Measured::Unseen => "rows that the training did not see",
        Measured::Validation => "all rows, each by a model of the validation that did not see it",
        Measured::Training => "the training rows themselves (too good to be true)",
        Measured::Given => "the rows of a table (worth something where the training did not see them)",
    };
    writeln!(page, "\n## Quality on {on}\n")?;
    writeln!(page, "{} rows, {} positive ({share:.1} %).\n", evaluation.rows, evaluation.positives)?;
    writeln!(page, "| Measure | Value | 95 % interval |\n|---|---|---|")?;
    let measures = [
        ("Area under the ROC curve (0.5 is chance)", evaluation.auc),
        ("Log loss", evaluation.log_loss),
        ("Brier score", evaluation.brier),
        ("Calibration error, ten bins", evaluation.ece),
        ("Lift in the top 10 %", evaluation.lift_10),
    ];
    for (name, m) in measures {
        writeln!(page, "| {name} | {:.3} | {:.3} to {:.3} |", m.value, m.low, m.high)?;
    }
    if let Some(file) = parts.picture {
        writeln!(page, "\n![What was said against what happened, by tenths of the probability]({file})")?;
    }
    Ok(())
}

fn write_segments(page: &mut String, segments: &[(String, Evaluation)]) -> std::fmt::Result {
    if segments.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n## Quality by segment\n\n95 % intervals in brackets.\n")?;
    writeln!(page, "| Segment | Rows | Positive | AUC | Log loss | Calibration error |\n|---|---|---|---|---|---|")?;
    let cell = |m: Measure| format!("{:.3} ({:.3} to {:.3})", m.value, m.low, m.high);
    for (name, part) in segments {
        let (rows, positives) = (part.rows, part.positives);
        let (auc, loss, ece) = (cell(part.auc), cell(part.log_loss), cell(part.ece));
        writeln!(page, "| {} | {rows} | {positives} | {auc} | {loss} | {ece} |", escaped(or_dash(name)))?;
    }
    Ok(())
}

fn write_report(page: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(page, "\n## How it was trained\n")?;
    if let Some(rule) = report.rule {
        let how = match rule {
            Rule::Time => "cuts in time, each trained on the past and measured on what came next",
            Rule::Groups => "parts of whole groups, each held out once",
            Rule::Rows => "parts of rows, each held out once",
        };
        writeln!(page, "Chosen by the log loss on held-out rows: {} {how}.\n", report.folds)?;
        writeln!(page, "| Choice | Tried | Log loss | |\n|---|---|---|---|")?;
        for Tried { what, value, log_loss, taken } in &report.tried {
            writeln!(page, "| {what} | {value} | {log_loss:.5} | {} |", if *taken { "taken" } else { "" })?;
        }
    } else {
        writeln!(page, "With the settings that were given; nothing was chosen by validation.")?;
    }
    for (column, direction) in &report.bound {
        let never = if *direction == Direction::Up { "falls" } else { "rises" };
        writeln!(page, "\nBound: all else equal, the answer never {never} when `{}` grows.", escaped(column))?;
    }
    for (column, why) in &report.left_out {
        writeln!(page, "\nColumn `{}` is no input: {why}.", escaped(column))?;
    }
    for (kind, why) in &report.passed_over {
        writeln!(page, "\nNot taken, {kind}: {}.", escaped(why))?;
    }
    Ok(())
}

/// A text that does not end the cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}

fn write_weights(page: &mut String, model: &LogisticModel) -> std::fmt::Result {
    writeln!(page, "\n## Inputs\n\nWeight: change of the log-odds for one standard deviation more.\n")?;
    writeln!(page, "| Input | Unit | Mean | Standard deviation | Range | Weight | Without a value |")?;
    writeln!(page, "|---|---|---|---|---|---|---|")?;
    for i in &model.inputs {
        let unit = escaped(i.unit.as_deref().unwrap_or("–"));
        let (low, high) = (short(i.low), short(i.high));
        writeln!(
            page,
            "| {} | {unit} | {} | {} | {low} to {high} | {:+.3} | {:+.3} |",
            escaped(&i.name),
            short(i.mean),
            short(i.sd),
            i.weight,
            i.missing_weight
        )?;
    }
    Ok(())
}

fn write_splits(page: &mut String, model: &TreesModel) -> std::fmt::Result {
    let mut asked = vec![0usize; model.inputs.len()];
    for split in model.trees.iter().flatten().filter_map(|node| node.split.as_ref()) {
        asked[split.input] += 1;
    }
    let calibration = match model.calibration {
        None => "none",
        Some(Calibration::Platt { .. }) => "Platt",
        Some(Calibration::Isotonic { .. }) => "isotonic",
    };
    writeln!(page, "\n## Inputs\n\n{} trees; calibration: {calibration}.\n", model.trees.len())?;
    writeln!(page, "| Input | Unit | Splits | Range of the thresholds |\n|---|---|---|---|")?;
    for ((input, asked), (low, high)) in model.inputs.iter().zip(asked).zip(model.ends()) {
        let unit = escaped(input.unit.as_deref().unwrap_or("–"));
        let range = match asked {
            0 => "–".to_owned(),
            _ if !input.categories.is_empty() => format!("{} texts", input.categories.len()),
            _ => format!("{} to {}", short(low), short(high)),
        };
        writeln!(page, "| {} | {unit} | {asked} | {range} |", escaped(&input.name))?;
    }
    Ok(())
}

fn write_slopes(page: &mut String, model: &LinearModel) -> std::fmt::Result {
    writeln!(page, "\n## Inputs\n\nWhat one more of a number adds, by class; categories add a value each.\n")?;
    writeln!(page, "| Input | Unit | Adds | Categories | Without a value |\n|---|---|---|---|---|")?;
    for input in &model.inputs {
        let list = |numbers: &[f64]| numbers.iter().map(|x| format!("{x:+.3}")).collect::<Vec<_>>().join(", ");
        let (unit, codes) = (escaped(input.unit.as_deref().unwrap_or("–")), input.codes.len());
        let (name, slopes, missing) = (escaped(&input.name), list(&input.slopes), list(&input.missing));
        writeln!(page, "| {name} | {unit} | {slopes} | {codes} | {missing} |")?;
    }
    Ok(())
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

fn short(x: f64) -> String {
    if x != 0.0 && (x.abs() < 0.01 || x.abs() >= 1e7) {
        format!("{x:.2e}")
    } else {
        format!("{}", (x * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests;
