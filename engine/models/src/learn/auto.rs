//! Both kinds of model, and the choice between them: nothing that makes no sense is hidden by taking the other kind.

use super::{LearnOptions, Learnt, Report, Tried, logistic, trees};
use crate::boost::Direction;
use crate::calibrate::loss as row_loss;
use crate::error::ModelError;
use crate::model::Model;
use crate::table::Table;

/// Trains both kinds and takes the better one, or the only one that this table allows.
pub(super) fn either(table: &Table, options: &LearnOptions) -> Result<Learnt, ModelError> {
    // A setting of the trees that makes no sense is no reason to take the other kind.
    options.boost.bound(table)?;
    let (line, wood) = (logistic(table, options).and_then(|line| bounded(line, options)), trees(table, options));
    let only = |(model, mut report): Learnt, other: &'static str, error: &ModelError| {
        report.passed_over.push((other, error.to_string()));
        (model, report)
    };
    match (line, wood) {
        (Ok(line), Ok(wood)) => Ok(better(table, line, wood)),
        (Ok(line), Err(error)) => Ok(only(line, "trees", &error)),
        (Err(error), Ok(wood)) => Ok(only(wood, "logistic", &error)),
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
fn better(table: &Table, line: Learnt, wood: Learnt) -> Learnt {
    let loss = |report: &Report| {
        let part = |(row, p): &(usize, f64)| row_loss(*p, table.labels[*row]);
        report.held.iter().map(part).sum::<f64>() / report.held.len().max(1) as f64
    };
    let losses = [loss(&line.1), loss(&wood.1)];
    let taken = usize::from(losses[1] < losses[0]);
    let tried = ["logistic", "trees"].into_iter().zip(losses).enumerate().map(|(place, (value, log_loss))| Tried {
        what: "kind",
        value: value.into(),
        log_loss,
        taken: place == taken,
    });
    let (model, mut report) = if taken == 0 { line } else { wood };
    report.tried.splice(0..0, tried);
    (model, report)
}
