//! How good a model is, on what, and how that is said: to people, to machines and as a kit.

use super::files::{CARD, EVALUATION, PICTURE};
use super::{RESAMPLES, SEED, failed};
use crate::error::Result;
use crate::output::fit;
use serde_json::{Map, Value, json};
use staunch_models::evaluate::{SEGMENT_ROWS, SEGMENTS};
use staunch_models::{Evaluation, Measured, Model, Page, Report, Table, by_segment, card_markdown, measure, picture};
use std::collections::HashSet;

/// Characters of a segment's name on a terminal.
const NAME: usize = 20;

/// How good a model is, and on what.
pub(super) struct Qualities {
    pub evaluation: Evaluation,
    segments: Vec<(String, Evaluation)>,
    /// Segments that are not measured by themselves.
    left_out: usize,
    measured: Measured,
}

impl Qualities {
    /// Measures the answers for the rows of a table.
    pub(super) fn of(answers: &[f64], table: &Table, measured: Measured) -> Result<Qualities> {
        let evaluation = measure(answers, &table.labels, &table.groups, RESAMPLES, SEED).map_err(failed)?;
        let segments = by_segment(answers, table, RESAMPLES, SEED);
        let left_out = table.segments.iter().collect::<HashSet<_>>().len() - segments.len();
        Ok(Qualities { evaluation, segments, left_out, measured })
    }

    /// The card, its picture and the evaluation for machines.
    pub(super) fn kit(&self, model: &Model, report: Option<&Report>) -> Vec<(&'static str, Vec<u8>)> {
        let Qualities { evaluation, segments, measured, .. } = self;
        let page = Page { model, report, evaluation, measured: *measured, segments, picture: Some(PICTURE) };
        vec![
            (CARD, card_markdown(&page).into_bytes()),
            (EVALUATION, format!("{:#}\n", self.document()).into_bytes()),
            (PICTURE, picture::svg(&evaluation.bins).into_bytes()),
        ]
    }

    /// For people.
    pub(super) fn said(&self) -> String {
        let evaluation = &self.evaluation;
        let on = match self.measured {
            Measured::Unseen => "rows that the training did not see",
            Measured::Validation => "rows, each by a model of the validation that did not see it",
            Measured::Training => "training rows (too good to be true: give --until or --holdout)",
            Measured::Given => "rows",
        };
        let mut text = format!("measured on {} {on}, {} of them positive", evaluation.rows, evaluation.positives);
        if self.measured == Measured::Given {
            text += "\n(rows that the training saw make a model look better than it is)";
        }
        for metric in evaluation.metrics() {
            text += &format!("\n  {:<9} {:.4}  ({:.4} to {:.4})", metric.name, metric.value, metric.low, metric.high);
        }
        text += &format!("\n\n{}", picture::text(&evaluation.bins));
        text += &self.said_of_segments();
        text.trim_end().to_owned()
    }

    fn said_of_segments(&self) -> String {
        let mut text = String::new();
        if !self.segments.is_empty() {
            text += "\nsegment                rows positive     auc (interval)       log loss     ece\n";
        }
        for (name, part) in &self.segments {
            let (auc, loss, ece) = (part.auc, part.log_loss.value, part.ece.value);
            text += &format!(
                "{:<NAME$} {:>6} {:>8}  {:.4} ({:.4} to {:.4})  {loss:.4}  {ece:.4}\n",
                short(name),
                part.rows,
                part.positives,
                auc.value,
                auc.low,
                auc.high
            );
        }
        if self.left_out > 0 {
            let (count, rows) = (self.left_out, SEGMENT_ROWS);
            text += &fit(&format!(
                "\nnot measured by themselves: {count} segments, of fewer than {rows} rows, of one label only, or behind \
                 the {SEGMENTS} largest"
            ));
        }
        text
    }

    /// For machines.
    pub(super) fn document(&self) -> Value {
        let mut whole = document(&self.evaluation);
        let segments: Map<String, Value> =
            self.segments.iter().map(|(name, own)| (name.clone(), document(own))).collect();
        whole["segments"] = Value::Object(segments);
        whole
    }
}

fn short(name: &str) -> String {
    match name.chars().count() {
        0 => "(none)".into(),
        1..=NAME => name.into(),
        _ => name.chars().take(NAME - 1).chain(['…']).collect(),
    }
}

fn document(evaluation: &Evaluation) -> Value {
    let metrics: Map<String, Value> = evaluation
        .metrics()
        .into_iter()
        .map(|m| (m.name, json!({ "value": m.value, "low": m.low, "high": m.high })))
        .collect();
    let bin = |bin: &picture::Bin| json!({ "rows": bin.rows, "said": bin.said, "happened": bin.happened });
    let bins: Vec<Value> = evaluation.bins.iter().map(bin).collect();
    json!({ "rows": evaluation.rows, "positives": evaluation.positives, "metrics": metrics, "bins": bins })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 rows: half in one segment with a long name, half in segments too small to measure.
    fn qualities(measured: Measured) -> Qualities {
        let answers: Vec<f64> = (0..400).map(|row| f64::from(row % 97) / 97.0).collect();
        let large = |row: i32| row < 200;
        let table = Table {
            labels: (0..400).map(|row| row % 3 == 0).collect(),
            groups: (0..400).collect(),
            segments: (0..400).map(|row| if large(row) { "é".repeat(60) } else { format!("s{}", row % 10) }).collect(),
            ..Table::default()
        };
        Qualities::of(&answers, &table, measured).unwrap()
    }

    #[test]
    fn what_is_said_fits_a_terminal_and_leaves_nothing_unsaid() {
        let text = qualities(Measured::Given).said();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= 80, "{text}");
        assert!(text.starts_with("measured on 400 rows, 134 of them positive\n(rows that the training saw"), "{text}");
        assert!(text.contains("\nnot measured by themselves: 10 segments, of fewer than 30 rows"), "{text}");
        assert!(text.contains(&format!("{}… ", "é".repeat(19))), "{text}");
        assert!(!qualities(Measured::Unseen).said().contains("make a model look better"));
    }
}
