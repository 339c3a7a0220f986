//! How good predictions are on rows that the training did not see, with bootstrap intervals.

use crate::calibrate::loss;
use crate::error::ModelError;
use crate::model::{Metric, Model};
use crate::picture::{BINS, Bin, bin_of, bins};
use crate::rng::Rng;
use crate::table::Table;
use std::collections::BTreeMap;

const TOP_SHARE: f64 = 0.1;
/// Rows of a segment that is measured by itself.
pub const SEGMENT_ROWS: usize = 30;
/// Segments that are measured.
pub const SEGMENTS: usize = 20;

/// A quality with its 95 % percentile interval (Efron 1979) over resampled groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// On the rows as they are.
    pub value: f64,
    /// 2.5th percentile.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

/// Qualities of a set of predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Rows.
    pub rows: usize,
    /// Rows whose outcome happened.
    pub positives: usize,
    /// Chance that a positive row scores above a negative one, ties counting half.
    pub auc: Measure,
    /// Mean of −ln of the probability of what happened, natural logarithm.
    pub log_loss: Measure,
    /// Mean squared difference of probability and outcome.
    pub brier: Measure,
    /// Mean |mean prediction − share of positives| over ten bins of equal width, weighted by their rows.
    pub ece: Measure,
    /// Share of positives in the tenth with the highest scores, relative to the share in all rows.
    pub lift_10: Measure,
    /// What was said and what happened, by tenths of the probability.
    pub bins: [Bin; BINS],
}

impl Evaluation {
    /// The qualities as the card carries them, rounded to six decimals.
    pub fn metrics(&self) -> Vec<Metric> {
        let round = |x: f64| (x * 1e6).round() / 1e6;
        [
            ("auc", self.auc),
            ("log_loss", self.log_loss),
            ("brier", self.brier),
            ("ece", self.ece),
            ("lift_10", self.lift_10),
        ]
        .map(|(name, m)| Metric { name: name.into(), value: round(m.value), low: round(m.low), high: round(m.high) })
        .into()
    }
}

/// Predicts every row of `table` (inputs are matched by name) and measures the predictions; `resamples` draws of whole
/// groups give the intervals. The same seed gives the same figures.
pub fn evaluate(model: &Model, table: &Table, resamples: usize, seed: u64) -> Result<Evaluation, ModelError> {
    let scores = scores(model, table)?;
    measure(&scores, &table.labels, &table.groups, resamples, seed)
}

/// What the model says of every row of `table`; inputs are matched by name. It must give a probability.
pub fn scores(model: &Model, table: &Table) -> Result<Vec<f64>, ModelError> {
    if model.head().range != Some((0.0, 1.0)) || !model.head().labels.is_empty() {
        return Err(ModelError::Table(
            "the model gives a number or classes, and only a probability can be measured against a yes/no label".into(),
        ));
    }
    let table = table.for_model(model)?;
    Ok((0..table.len()).map(|row| model.predict(&table.row(row)).0).collect())
}

/// The qualities within every segment of at least [`SEGMENT_ROWS`] rows with both labels, largest first; at most
/// [`SEGMENTS`]. `scores` holds one probability per row.
pub fn by_segment(scores: &[f64], table: &Table, resamples: usize, seed: u64) -> Vec<(String, Evaluation)> {
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, segment) in table.segments.iter().enumerate() {
        rows.entry(segment).or_default().push(row);
    }
    let mut all: Vec<(&str, Vec<usize>)> = rows.into_iter().filter(|(_, rows)| rows.len() >= SEGMENT_ROWS).collect();
    all.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    all.truncate(SEGMENTS);
    let one = |(name, rows): (&str, Vec<usize>)| {
        let own: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
        let part = table.pick(&rows);
        Some((name.to_owned(), measure(&own, &part.labels, &part.groups, resamples, seed).ok()?))
    };
    all.into_iter().filter_map(one).collect()
}

/// Measures probabilities against outcomes; see [`evaluate`]. All slices hold one entry per row.
pub fn measure(
    scores: &[f64],
    labels: &[bool],
    groups: &[u32],
    resamples: usize,
    seed: u64,
) -> Result<Evaluation, ModelError> {
    let positives = labels.iter().filter(|label| **label).count();
    if positives == 0 || positives == labels.len() {
        let text =
            format!("{} rows to evaluate, {positives} with a positive label: both labels must occur", labels.len());
        return Err(ModelError::TooLittle(text));
    }
    let sorted = Sorted::new(scores, labels, groups);
    let whole = sorted.qualities(&vec![1; sorted.groups]).unwrap_or([f64::NAN; 5]);
    let mut draws: [Vec<f64>; 5] = Default::default();
    let mut rng = Rng::new(seed);
    for _ in 0..resamples {
        let mut weights = vec![0u32; sorted.groups];
        for _ in 0..sorted.groups {
            weights[rng.below(sorted.groups)] += 1;
        }
        // A draw without one of the labels has no AUC and no lift: it says nothing.
        for (quality, all) in sorted.qualities(&weights).into_iter().flatten().zip(&mut draws) {
            all.push(quality);
        }
    }
    let mut at = whole.into_iter().zip(draws).map(|(value, draws)| interval(value, draws));
    let mut next = || at.next().unwrap_or(Measure { value: f64::NAN, low: f64::NAN, high: f64::NAN });
    let (auc, log_loss, brier, ece, lift_10) = (next(), next(), next(), next(), next());
    let bins = bins(scores, labels);
    Ok(Evaluation { rows: labels.len(), positives, auc, log_loss, brier, ece, lift_10, bins })
}

pub(crate) fn interval(value: f64, mut draws: Vec<f64>) -> Measure {
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws.get(((draws.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(value);
    Measure { value, low: at(0.025), high: at(0.975) }
}

/// Rows from the highest score to the lowest, sorted once: a resample is only another set of weights.
pub(crate) struct Sorted {
    rows: Vec<Row>,
    groups: usize,
}

struct Row {
    score: f64,
    positive: bool,
    group: usize,
    loss: f64,
}

impl Sorted {
    /// Rows whose groups are numbered from 0 without gaps.
    pub(crate) fn numbered(scores: &[f64], labels: &[bool], groups: &[u32]) -> Sorted {
        let row = |((score, positive), group): ((&f64, &bool), &u32)| {
            let loss = loss(*score, *positive);
            Row { score: *score, positive: *positive, group: *group as usize, loss }
        };
        let mut rows: Vec<Row> = scores.iter().zip(labels).zip(groups).map(row).collect();
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        let groups = rows.iter().map(|row| row.group + 1).max().unwrap_or(0);
        Sorted { rows, groups }
    }

    fn new(scores: &[f64], labels: &[bool], groups: &[u32]) -> Sorted {
        let Sorted { mut rows, groups } = Sorted::numbered(scores, labels, groups);
        // Numbers of groups that fell to another split are squeezed out, else they would be drawn for nothing.
        let mut number = vec![usize::MAX; groups];
        let mut next = 0;
        for row in &mut rows {
            if number[row.group] == usize::MAX {
                number[row.group] = next;
                next += 1;
            }
            row.group = number[row.group];
        }
        Sorted { rows, groups: next }
    }

    /// AUC, log loss, Brier, ECE, lift at 10 %; `None` where a label does not occur.
    pub(crate) fn qualities(&self, weights: &[u32]) -> Option<[f64; 5]> {
        let weight = |row: &Row| f64::from(weights[row.group]);
        let total: f64 = self.rows.iter().map(weight).sum();
        let positives: f64 = self.rows.iter().filter(|row| row.positive).map(weight).sum();
        if positives <= 0.0 || positives >= total {
            return None;
        }
        let (auc, lift) = self.ranks(weight, total, positives);
        let (mut loss, mut square, mut bins) = (0.0, 0.0, [(0.0, 0.0); BINS]);
        for row in &self.rows {
            let (w, label) = (weight(row), f64::from(u8::from(row.positive)));
            loss += w * row.loss;
            square += w * (row.score - label) * (row.score - label);
            let bin = &mut bins[bin_of(row.score)];
            bin.0 += w * row.score;
            bin.1 += w * label;
        }
        let ece: f64 = bins.iter().map(|(predicted, happened)| (predicted - happened).abs()).sum();
        Some([auc, loss / total, square / total, ece / total, lift])
    }

    fn ranks(&self, weight: impl Fn(&Row) -> f64, total: f64, positives: f64) -> (f64, f64) {
        let (mut above, mut wins, mut seen, mut hits) = (0.0, 0.0, 0.0, 0.0);
        for ties in self.rows.chunk_by(|a, b| a.score == b.score) {
            let all: f64 = ties.iter().map(&weight).sum();
            let yes: f64 = ties.iter().filter(|row| row.positive).map(&weight).sum();
            wins += (all - yes) * (above + yes / 2.0);
            above += yes;
            // Of rows with equal scores at the edge of the tenth, a part counts as far as the tenth reaches.
            let room = (total * TOP_SHARE - seen).clamp(0.0, all);
            hits += if all > 0.0 { yes * room / all } else { 0.0 };
            seen += all;
        }
        let auc = wins / (positives * (total - positives));
        (auc, (hits / (total * TOP_SHARE)) / (positives / total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_its_own(n: usize) -> Vec<u32> {
        (0..n as u32).collect()
    }

    #[test]
    fn known_figures() {
        let scores = [0.9, 0.8, 0.8, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1];
        let labels = [true, true, false, false, true, false, false, false, false, false];
        let got = measure(&scores, &labels, &each_its_own(10), 200, 1).unwrap();
        // Pairs: 0.9 beats 7; 0.8 beats 6 and ties 1; 0.2 beats 5: 18.5 of 21.
        assert!((got.auc.value - 18.5 / 21.0).abs() < 1e-12);
        assert!((got.lift_10.value - 1.0 / 0.3).abs() < 1e-12);
        assert!((got.brier.value - (0.01 + 0.04 + 0.64 + 0.09 + 0.64 + 5.0 * 0.01) / 10.0).abs() < 1e-12);
        let loss = -(0.9f64.ln() + 0.8f64.ln() + 0.2f64.ln() + 0.7f64.ln() + 0.2f64.ln() + 5.0 * 0.9f64.ln()) / 10.0;
        assert!((got.log_loss.value - loss).abs() < 1e-12);
        assert!(got.auc.low <= got.auc.value && got.auc.value <= got.auc.high);
        assert_eq!(got, measure(&scores, &labels, &each_its_own(10), 200, 1).unwrap());
        assert!(measure(&scores, &[false; 10], &each_its_own(10), 10, 1).is_err());
    }

    #[test]
    fn calibrated_scores_have_little_error_and_the_interval_narrows() {
        let mut rng = Rng::new(3);
        let mut draw = |n: usize| {
            let scores: Vec<f64> = (0..n).map(|_| rng.below(1_000) as f64 / 1_000.0).collect();
            let labels: Vec<bool> =
                scores.iter().map(|p| (rng.below(1 << 20) as f64) < p * f64::from(1 << 20)).collect();
            measure(&scores, &labels, &each_its_own(n), 300, 9).unwrap()
        };
        let (small, large) = (draw(300), draw(10_000));
        assert!(large.ece.value < 0.02, "{:?}", large.ece);
        // AUC of labels drawn from uniform probabilities is 5/6.
        assert!(large.auc.low < 5.0 / 6.0 && 5.0 / 6.0 < large.auc.high, "{:?}", large.auc);
        assert!(large.auc.high - large.auc.low < 0.5 * (small.auc.high - small.auc.low));
    }

    #[test]
    fn rows_of_one_group_are_drawn_together() {
        let scores: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
        let labels: Vec<bool> = (0..100).map(|i| i % 3 == 0 || i > 80).collect();
        let grouped: Vec<u32> = (0..100).map(|i| 1_000 + i % 4).collect();
        let loose = measure(&scores, &labels, &each_its_own(100), 400, 5).unwrap();
        let tight = measure(&scores, &labels, &grouped, 400, 5).unwrap();
        assert_eq!(loose.auc.value, tight.auc.value);
        assert_ne!(loose.auc.low, tight.auc.low);
    }
}
