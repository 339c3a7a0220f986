//! Both kinds of model, and the choice between them: nothing that makes no sense is hidden by taking the other kind.

use super::{LearnOptions, Learnt, Tried, logistic, trees};
use crate::boost::Direction;
use crate::calibrate::held_loss;
use crate::error::ModelError;
use crate::model::Model;
use crate::table::Table;

/// Trains both kinds and takes the better one, or the only one that this table allows.
pub(super) fn either(table: &Table, options: &LearnOptions) -> Result<Learnt, ModelError> {
    // A setting of the trees that makes no sense is no reason to take the other kind.
    options.boost.bound(table)?;
    let (regression, forest) =
        (logistic(table, options).and_then(|regression| bounded(regression, options)), trees(table, options));
    let only = |(model, mut report): Learnt, other: &'static str, error: &ModelError| {
        report.passed_over.push((other, error.to_string()));
        (model, report)
    };
    match (regression, forest) {
        (Ok(regression), Ok(forest)) => Ok(better(table, regression, forest)),
        (Ok(regression), Err(error)) => Ok(only(regression, "trees", &error)),
        (Err(error), Ok(forest)) => Ok(only(forest, "logistic", &error)),
        (Err(_), Err(error)) => Err(error),
    }
}

/// The logistic regression, where it rises and falls as it may.
fn bounded((model, mut report): Learnt, options: &LearnOptions) -> Result<Learnt, ModelError> {
    let Model::Logistic(inner) = &model else { return Ok((model, report)) };
    for (name, direction) in &options.boost.monotone {
        let weight = inner.inputs.iter().find(|input| input.name == *name).map_or(0.0, |input| input.weight);
        let (broken, way) = match direction {
            Direction::Up => (weight < 0.0, "falls"),
            Direction::Down => (weight > 0.0, "rises"),
        };
        if broken {
            return Err(ModelError::Setting(format!("it {way} with `{name}`, which it may not")));
        }
    }
    report.bound.clone_from(&options.boost.monotone);
    Ok((model, report))
}

/// The one that predicts held-out rows better.
fn better(table: &Table, regression: Learnt, forest: Learnt) -> Learnt {
    let losses = [&regression.1, &forest.1].map(|report| held_loss(&report.held, &table.labels));
    let taken = usize::from(losses[1] < losses[0]);
    let tried = ["logistic", "trees"].into_iter().zip(losses).enumerate().map(|(place, (value, log_loss))| Tried {
        what: "kind",
        value: value.into(),
        log_loss,
        taken: place == taken,
    });
    let (model, mut report) = if taken == 0 { regression } else { forest };
    report.tried.splice(0..0, tried);
    (model, report)
}
