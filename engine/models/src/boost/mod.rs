//! Gradient boosting of trees over histograms (Friedman 2001; leaf-wise growth and subtraction of histograms as in
//! LightGBM, Ke et al. 2017), for a yes/no label.
//!
//! The same rows give the same bytes on every machine and in any order: sums are exact whole numbers, and what is not a
//! sum (bins, log-odds at the start) depends on counts alone.

mod bins;
mod category;
mod grow;
mod histogram;
mod options;
mod split;

pub use options::{BoostOptions, Direction};

use crate::error::ModelError;
use crate::folds::Fold;
use crate::math::{ln, sigmoid};
use crate::node::Node;
use crate::table::Table;
use crate::trees::{MAX_NODES, TreesInput};
use bins::{Column, Meaning, columns};
use grow::{Ground, Grown, grow};
use histogram::{Slope, fixed, float, offsets};

/// Columns that hold texts of which none stands in enough rows to learn from.
pub(crate) fn useless(table: &Table) -> Vec<usize> {
    let useless = |column: &Column| matches!(&column.meaning, Meaning::Text(texts) if texts.is_empty());
    columns(table).iter().filter(|column| useless(column)).map(|column| column.input).collect()
}

/// A table made ready for boosting.
pub(crate) struct Prepared<'a> {
    labels: &'a [bool],
    columns: Vec<Column>,
    offsets: Vec<usize>,
    bound: Vec<Option<Direction>>,
    options: BoostOptions,
}

/// What a cross-validation found.
pub(crate) struct Crossed {
    /// The number of trees with the lowest loss on held-out rows.
    pub trees: usize,
    /// That loss, the mean over all held-out rows.
    pub loss: f64,
    /// Held-out rows with the raw value that a model gave which did not see them.
    pub held: Vec<(usize, f64)>,
}

/// Trees and where they start from.
pub(crate) struct Forest {
    /// Log-odds of the training rows.
    pub base: f64,
    /// The trees.
    pub trees: Vec<Vec<Node>>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(table: &'a Table, options: &BoostOptions) -> Result<Prepared<'a>, ModelError> {
        let bound = options.bound(table)?;
        let columns = columns(table);
        let offsets = offsets(&columns);
        Ok(Prepared { labels: &table.labels, columns, offsets, bound, options: options.clone() })
    }

    fn ground(&self) -> Ground<'_> {
        Ground { columns: &self.columns, offsets: &self.offsets, bound: &self.bound, options: &self.options }
    }

    /// The inputs as the model file holds them, in the order of the table.
    pub(crate) fn inputs(&self, table: &Table) -> Vec<TreesInput> {
        let input = |column: &Column| {
            let categories = match &column.meaning {
                Meaning::Number(_) => Vec::new(),
                Meaning::Text(texts) => texts.clone(),
            };
            TreesInput { categories, ..TreesInput::number(&table.inputs[column.input]) }
        };
        self.columns.iter().map(input).collect()
    }

    /// From now on trees have so many leaves.
    pub(crate) fn set_leaves(&mut self, leaves: usize) {
        self.options.leaves = leaves;
    }

    /// Grows one forest per fold, all by one tree a round, until their held-out rows are predicted no better any more.
    pub(crate) fn cross(&self, folds: &[Fold]) -> Crossed {
        let mut boosters: Vec<Booster<'_>> = folds.iter().map(|fold| Booster::new(self, &fold.train)).collect();
        let measure = |boosters: &[Booster<'_>]| {
            let pairs = boosters.iter().zip(folds);
            let held: Vec<(usize, f64)> =
                pairs.flat_map(|(booster, fold)| fold.held.iter().map(|&row| (row, booster.raw[row]))).collect();
            let loss: i64 = held.iter().map(|(row, raw)| fixed(log_loss(*raw, self.labels[*row]))).sum();
            Crossed { trees: boosters[0].trees.len(), loss: float(loss) / held.len().max(1) as f64, held }
        };
        let mut best = measure(&boosters);
        for round in 1..=self.options.trees {
            boosters.iter_mut().for_each(Booster::round);
            let now = measure(&boosters);
            if now.loss < best.loss {
                best = Crossed { trees: round, ..now };
            } else if round - best.trees >= self.options.patience {
                break;
            }
        }
        best
    }

    /// Grows a forest of so many trees on all rows, fewer where there is nothing left to learn.
    pub(crate) fn fit(&self, trees: usize) -> Forest {
        let mut booster = Booster::new(self, &(0..self.labels.len()).collect::<Vec<_>>());
        for _ in 0..trees {
            booster.round();
        }
        Forest { base: booster.base, trees: booster.trees }
    }
}

/// −ln of the probability that the raw value gives what happened.
pub(crate) fn log_loss(raw: f64, label: bool) -> f64 {
    let toward = if label { raw } else { -raw };
    // Far out it is the raw value itself, where the probability is 0.
    if toward < -30.0 { -toward } else { -ln(sigmoid(toward)) }
}

struct Booster<'a> {
    prepared: &'a Prepared<'a>,
    rows: Vec<u32>,
    base: f64,
    /// The raw value of every row of the table so far.
    raw: Vec<f64>,
    slopes: Vec<Slope>,
    trees: Vec<Vec<Node>>,
    nodes: usize,
}

impl<'a> Booster<'a> {
    fn new(prepared: &'a Prepared<'a>, rows: &[usize]) -> Booster<'a> {
        let positives = rows.iter().filter(|&&row| prepared.labels[row]).count() as f64;
        let base = ln(positives / (rows.len() as f64 - positives));
        let count = prepared.labels.len();
        Booster {
            prepared,
            rows: rows.iter().map(|&row| row as u32).collect(),
            base,
            raw: vec![base; count],
            slopes: vec![Slope::default(); count],
            trees: Vec::new(),
            nodes: 0,
        }
    }

    /// Adds a tree; nothing where no split gains anything or the model file would hold no more.
    fn round(&mut self) {
        let labels = self.prepared.labels;
        for row in &self.rows {
            let row = *row as usize;
            self.slopes[row] = Slope::of(sigmoid(self.raw[row]), labels[row]);
        }
        let grown = grow(self.prepared.ground(), &self.rows, &self.slopes);
        let Some(grown) = grown.filter(|grown| self.nodes + grown.nodes.len() <= MAX_NODES) else { return };
        self.add(grown);
    }

    fn add(&mut self, grown: Grown) {
        for (row, raw) in self.raw.iter_mut().enumerate() {
            *raw += grown.answer(&self.prepared.columns, row);
        }
        self.nodes += grown.nodes.len();
        self.trees.push(grown.nodes);
    }
}

#[cfg(test)]
mod tests;
