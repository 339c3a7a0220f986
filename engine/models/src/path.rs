//! The penalty of a logistic regression, chosen among a path of them by the loss on held-out rows.

use crate::calibrate::held_loss;
use crate::error::ModelError;
use crate::folds::Fold;
use crate::model::Model;
use crate::table::Table;
use crate::train::{TrainOptions, path};

/// The penalties, from strong to weak: half a decade apart.
pub const PENALTIES: [f64; 11] = [1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01];

/// What a path gave.
pub(crate) struct Walked {
    /// Mean log loss on held-out rows per penalty; none where a fold has no solution.
    pub losses: Vec<Option<f64>>,
    /// Place of the lowest, of the strongest penalty among equal ones.
    pub best: usize,
    /// Held-out rows with their probability under the best penalty.
    pub held: Vec<(usize, f64)>,
}

/// Trains every penalty on every fold.
pub(crate) fn walk(table: &Table, options: &TrainOptions, folds: &[Fold]) -> Result<Walked, ModelError> {
    let table = &table.numbers()?;
    let mut held: Vec<Option<Vec<(usize, f64)>>> = vec![Some(Vec::new()); PENALTIES.len()];
    for fold in folds {
        for (model, held) in path(&table.pick(&fold.train), options, &PENALTIES)?.into_iter().zip(&mut held) {
            match (model, held.as_mut()) {
                (Ok(model), Some(held)) => {
                    let model = Model::Logistic(model);
                    held.extend(fold.held.iter().map(|&row| (row, model.predict(&table.row(row)).0)));
                }
                _ => *held = None,
            }
        }
    }
    let losses: Vec<Option<f64>> =
        held.iter().map(|held| held.as_ref().map(|held| held_loss(held, &table.labels))).collect();
    let mut best: Option<(usize, f64)> = None;
    for (place, loss) in losses.iter().enumerate() {
        if let Some(loss) = loss.filter(|loss| best.is_none_or(|(_, known)| *loss < known)) {
            best = Some((place, loss));
        }
    }
    let (best, _) = best.ok_or_else(|| ModelError::Training("no penalty of the path has a solution".into()))?;
    let held = held.swap_remove(best).unwrap_or_default();
    Ok(Walked { losses, best, held })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folds::folds;
    use crate::rng::Rng;
    use staunch_core::time::Span;

    /// `count` inputs of noise and one that tells something.
    fn table(rows: u32, count: usize) -> Table {
        let mut rng = Rng::new(5);
        let mut unit = || rng.below(1 << 20) as f64 / f64::from(1 << 20);
        let columns: Vec<Vec<Option<f64>>> = (0..=count).map(|_| (0..rows).map(|_| Some(unit())).collect()).collect();
        let labels = columns[0].iter().map(|x| unit() < 0.3 + 0.4 * x.unwrap()).collect();
        let inputs = (0..=count).map(|n| format!("x{n}")).collect();
        Table { inputs, columns, labels, groups: (0..rows).collect(), ..Table::default() }
    }

    #[test]
    fn noise_asks_for_a_strong_penalty() {
        let few = table(300, 40);
        let walked = walk(&few, &TrainOptions::default(), &folds(&few, Span::days(0), 1).unwrap()).unwrap();
        assert!(PENALTIES[walked.best] >= 10.0, "{:?}", walked.losses);
        assert!(walked.losses[walked.best] < walked.losses[PENALTIES.len() - 1], "{:?}", walked.losses);
        assert_eq!(walked.held.len(), 300);
    }
}
