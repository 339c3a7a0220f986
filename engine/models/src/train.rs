//! Logistic regression by Newton's method (iteratively reweighted least squares) with an L2 penalty on standardised
//! inputs. The same table gives the same model, byte for byte.

use crate::error::ModelError;
use crate::logistic::{LogisticInput, LogisticModel};
use crate::math::{ln, sigmoid};
use crate::model::{Card, FORMAT, Model};
use crate::solve::cholesky;
use crate::table::Table;
use staunch_core::score::Band;
use std::collections::BTreeMap;

const MAX_STEPS: usize = 100;
const MAX_HALVINGS: usize = 40;
const TOLERANCE: f64 = 1e-10;
const MIN_OF_EACH: usize = 10;

/// What to train and how.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// Weight of ½ Σ weight² against the summed log loss; 1 is a good start, 0 means none.
    pub l2: f64,
    /// Gives an input that has gaps a weight of its own for "missing"; otherwise a gap counts as the mean.
    pub missing_weights: bool,
    /// Units of inputs by name, for the manifest.
    pub units: BTreeMap<String, String>,
    /// Named parts of 0..1.
    pub bands: Vec<Band>,
    /// Card to fill: row counts are set by the training, everything else is kept.
    pub card: Card,
}

impl Default for TrainOptions {
    fn default() -> Self {
        let card = Card { minimum_outcomes: 500, ..Card::default() };
        let (name, version) = ("model".into(), "1.0.0".into());
        TrainOptions { name, version, l2: 1.0, missing_weights: true, units: BTreeMap::new(), bands: Vec::new(), card }
    }
}

/// Trains on all rows of the table, by its numbers. Needs at least 10 rows of each label.
pub fn train(table: &Table, options: &TrainOptions) -> Result<LogisticModel, ModelError> {
    path(table, options, &[options.l2])?
        .pop()
        .unwrap_or_else(|| Err(ModelError::Training("no penalty was given".into())))
}

/// One model per penalty, each found from the one before it; an error of its own where there is no solution.
pub(crate) fn path(
    table: &Table,
    options: &TrainOptions,
    penalties: &[f64],
) -> Result<Vec<Result<LogisticModel, ModelError>>, ModelError> {
    let positives = table.positives();
    if positives < MIN_OF_EACH || table.len() - positives < MIN_OF_EACH {
        let (rows, no) = (table.len(), table.len() - positives);
        let text = format!(
            "{rows} rows, {positives} with a positive label and {no} without: at least {MIN_OF_EACH} of each are needed"
        );
        return Err(ModelError::TooLittle(text));
    }
    let table = &table.numbers()?;
    if table.inputs.is_empty() {
        return Err(ModelError::Table("no column of numbers is left as an input".into()));
    }
    if !penalties.iter().all(|l2| *l2 >= 0.0 && l2.is_finite()) {
        return Err(ModelError::Setting("`l2` must be a finite number of at least 0".into()));
    }
    let inputs: Vec<LogisticInput> = table.inputs.iter().zip(&table.columns).map(|(n, c)| standardise(n, c)).collect();
    let design = Design::new(table, &inputs, options);
    let card = Card { rows: table.len() as u64, positives: positives as u64, ..options.card.clone() };
    let mut start = vec![0.0; design.width()];
    let one = |l2: &f64| {
        let weights = design.fit(*l2, start.clone())?;
        start.clone_from(&weights);
        assemble(&design, &weights, inputs.clone(), options, card.clone())
    };
    Ok(penalties.iter().map(one).collect())
}

fn assemble(
    design: &Design,
    weights: &[f64],
    mut inputs: Vec<LogisticInput>,
    options: &TrainOptions,
    card: Card,
) -> Result<LogisticModel, ModelError> {
    for (term, weight) in design.terms.iter().zip(&weights[1..]) {
        match *term {
            Term::Value(input) => inputs[input].weight = *weight,
            Term::Missing(input) => inputs[input].missing_weight = *weight,
        }
    }
    for input in &mut inputs {
        input.unit = options.units.get(&input.name).cloned();
    }
    let (name, version, bands) = (options.name.clone(), options.version.clone(), options.bands.clone());
    let model = LogisticModel { format: FORMAT, name, version, inputs, intercept: weights[0], bands, card };
    Model::Logistic(model.clone()).check()?;
    Ok(model)
}

fn standardise(name: &str, column: &[Option<f64>]) -> LogisticInput {
    let values: Vec<f64> = column.iter().flatten().copied().collect();
    let n = values.len().max(1) as f64;
    // Divided before it is summed: the sum of huge values may overflow where their mean does not.
    let mean: f64 = values.iter().map(|x| x / n).sum();
    let scale = values.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max);
    let spread = |x: &f64| ((x - mean) / scale) * ((x - mean) / scale);
    let sd = if scale > 0.0 { scale * (values.iter().map(spread).sum::<f64>() / n).sqrt() } else { 0.0 };
    // A column that never changes says nothing: it stays as an input with weight 0, so that callers need not know.
    // What is left of a constant by rounding is no change either.
    let sd = if sd > 1e-9 * mean.abs() && sd.is_finite() { sd } else { 1.0 };
    let (low, high) = if values.is_empty() {
        (0.0, 0.0)
    } else {
        (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    LogisticInput { name: name.to_owned(), unit: None, mean, sd, low, high, weight: 0.0, missing_weight: 0.0 }
}

#[derive(Clone, Copy)]
enum Term {
    Value(usize),
    Missing(usize),
}

/// The standardised table, row by row, with a leading 1 for the intercept.
struct Design {
    terms: Vec<Term>,
    rows: Vec<f64>,
    labels: Vec<f64>,
}

impl Design {
    fn new(table: &Table, inputs: &[LogisticInput], options: &TrainOptions) -> Design {
        let varies = |input: &usize| inputs[*input].low < inputs[*input].high;
        let gaps = |input: &usize| options.missing_weights && table.columns[*input].iter().any(Option::is_none);
        let terms: Vec<Term> = (0..inputs.len())
            .filter(varies)
            .map(Term::Value)
            .chain((0..inputs.len()).filter(gaps).map(Term::Missing))
            .collect();
        let mut rows = Vec::with_capacity(table.len() * (terms.len() + 1));
        for row in 0..table.len() {
            rows.push(1.0);
            for term in &terms {
                rows.push(match *term {
                    Term::Value(i) => table.columns[i][row].map_or(0.0, |x| (x - inputs[i].mean) / inputs[i].sd),
                    Term::Missing(i) => f64::from(u8::from(table.columns[i][row].is_none())),
                });
            }
        }
        let labels = table.labels.iter().map(|label| f64::from(u8::from(*label))).collect();
        Design { terms, rows, labels }
    }

    fn width(&self) -> usize {
        self.terms.len() + 1
    }

    /// Minimises summed log loss + l2/2 · Σ weight² (not the intercept's), from some weights on.
    fn fit(&self, l2: f64, mut weights: Vec<f64>) -> Result<Vec<f64>, ModelError> {
        let mut loss = self.loss(&weights, l2);
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = self.slopes(&weights, l2);
            let step = cholesky(hessian, &gradient).ok_or_else(|| {
                ModelError::Training("the inputs repeat each other or separate the labels fully".into())
            })?;
            let Some((next, next_loss)) = self.descend(&weights, &step, loss, l2) else {
                return Ok(weights);
            };
            let moved = step.iter().map(|s| s.abs()).fold(0.0, f64::max);
            let settled = moved < TOLERANCE || loss - next_loss <= loss * f64::EPSILON;
            (weights, loss) = (next, next_loss);
            if settled {
                return Ok(weights);
            }
        }
        Err(ModelError::Training(format!("still moving after {MAX_STEPS} steps")))
    }

    /// The longest of step, step/2, step/4 … that does not make the loss worse; `None` at the minimum.
    fn descend(&self, weights: &[f64], step: &[f64], loss: f64, l2: f64) -> Option<(Vec<f64>, f64)> {
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let next: Vec<f64> = weights.iter().zip(step).map(|(w, s)| w + length * s).collect();
            let next_loss = self.loss(&next, l2);
            if next_loss <= loss {
                return Some((next, next_loss));
            }
            length /= 2.0;
        }
        None
    }

    fn margin(row: &[f64], weights: &[f64]) -> f64 {
        row.iter().zip(weights).map(|(x, w)| x * w).sum()
    }

    fn loss(&self, weights: &[f64], l2: f64) -> f64 {
        let penalty: f64 = weights[1..].iter().map(|w| w * w).sum::<f64>() * l2 / 2.0;
        let row_loss = |(row, label): (&[f64], &f64)| {
            let margin = Self::margin(row, weights);
            // −ln of the probability of what happened; far out it is the margin itself, where the probability is 0.
            let toward = if *label > 0.5 { margin } else { -margin };
            if toward < -30.0 { -toward } else { -ln(sigmoid(toward)) }
        };
        penalty + self.rows.chunks_exact(self.width()).zip(&self.labels).map(row_loss).sum::<f64>()
    }

    /// The descent direction's right-hand side (−gradient) and the Hessian's lower triangle.
    fn slopes(&self, weights: &[f64], l2: f64) -> (Vec<f64>, Vec<f64>) {
        let n = self.width();
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
        for (row, label) in self.rows.chunks_exact(n).zip(&self.labels) {
            let p = sigmoid(Self::margin(row, weights));
            let (error, curve) = (label - p, p * (1.0 - p));
            for i in 0..n {
                gradient[i] += error * row[i];
                let factor = curve * row[i];
                for (cell, x) in hessian[i * n..].iter_mut().zip(&row[..=i]) {
                    *cell += factor * x;
                }
            }
        }
        for i in 1..n {
            gradient[i] -= l2 * weights[i];
            hessian[i * n + i] += l2;
        }
        (gradient, hessian)
    }
}

#[cfg(test)]
mod tests;
