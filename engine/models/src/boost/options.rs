//! The settings of gradient boosting.

use crate::error::ModelError;
use crate::table::Table;

/// Which way the answer may go when an input grows and all others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It never falls.
    Up,
    /// It never rises.
    Down,
}

/// Settings of gradient boosting; the defaults suit tables of a thousand to a million rows.
#[derive(Clone, Debug, PartialEq)]
pub struct BoostOptions {
    /// Most trees.
    pub trees: usize,
    /// Rounds without a better validation after which it stops.
    pub patience: usize,
    /// What of each tree's answer is taken, above 0 and at most 1.
    pub rate: f64,
    /// Most leaves of a tree, 2 to 255.
    pub leaves: usize,
    /// Rows of a leaf.
    pub leaf_rows: u32,
    /// Sum of the second derivatives of a leaf.
    pub leaf_curve: f64,
    /// Weight of ½ Σ answer² of a tree's leaves against the loss.
    pub l2: f64,
    /// Inputs, by name, in which the answer may only rise or fall.
    pub monotone: Vec<(String, Direction)>,
}

impl Default for BoostOptions {
    fn default() -> Self {
        BoostOptions {
            trees: 500,
            patience: 40,
            rate: 0.05,
            leaves: 31,
            leaf_rows: 20,
            leaf_curve: 1e-3,
            l2: 1.0,
            monotone: Vec::new(),
        }
    }
}

impl BoostOptions {
    /// Per input of the table which way it is bound; an error where a setting makes no sense.
    pub(crate) fn bound(&self, table: &Table) -> Result<Vec<Option<Direction>>, ModelError> {
        let wrong = |text: &str| Err(ModelError::Setting(text.to_owned()));
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return wrong("the learning rate must be above 0 and at most 1");
        }
        if !(2..=255).contains(&self.leaves) || !(1..=2_000).contains(&self.trees) {
            return wrong("a tree has 2 to 255 leaves, and there are 1 to 2,000 trees");
        }
        if !(self.l2 >= 0.0 && self.l2.is_finite() && self.leaf_curve > 0.0 && self.leaf_curve.is_finite()) {
            return wrong("`l2` must be a finite number of at least 0, and `leaf_curve` one above 0");
        }
        let mut bound = vec![None; table.inputs.len()];
        for (name, direction) in &self.monotone {
            let input = table.input(name)?;
            if !table.texts(input).is_empty() {
                let text = format!("column `{name}` holds texts: only numbers can be bound to rise or fall");
                return Err(ModelError::Table(text));
            }
            if bound[input].replace(*direction).is_some() {
                return Err(ModelError::Setting(format!("column `{name}` is bound twice")));
            }
        }
        Ok(bound)
    }
}
