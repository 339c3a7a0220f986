//! Training on the past and measuring on what came after, in one step: the model's card says both.

use crate::error::ModelError;
use crate::evaluate::{Evaluation, evaluate};
use crate::learn::{LearnOptions, Report, learn};
use crate::model::Model;
use crate::table::Table;
use staunch_core::time::{Span, Time};

/// Where the past ends and how the intervals are drawn.
#[derive(Clone, Copy, Debug)]
pub struct StudyOptions {
    /// Training sees nothing of this instant or later, labels included.
    pub cutoff: Time,
    /// How far a label looks ahead of its row.
    pub horizon: Span,
    /// Draws for the intervals; 1,000 is usual.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// Trains on the rows whose labels were complete at the cut-off, measures on the rows from the cut-off on, and fills the
/// card's data window and metrics.
pub fn study(
    table: &Table,
    options: &LearnOptions,
    when: StudyOptions,
) -> Result<(Model, Report, Evaluation), ModelError> {
    let (past, future) = table.split(when.cutoff, when.horizon)?;
    let (mut model, report) = learn(&past, options)?;
    model.card_mut().data_from = past.at.iter().min().map(Time::to_string);
    model.card_mut().data_until = Some(when.cutoff.to_string());
    let evaluation = evaluate(&model, &future, when.resamples, when.seed)?;
    model.card_mut().metrics = evaluation.metrics();
    model.check()?;
    Ok((model, report, evaluation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use staunch_core::time::DAY;

    #[test]
    fn the_card_says_what_was_seen_and_how_good_it_was() {
        let mut rng = Rng::new(11);
        let mut table = Table { inputs: vec!["x".into()], columns: vec![Vec::new()], ..Table::default() };
        for day in 0..1_000 {
            let x = rng.below(1_000) as f64 / 1_000.0;
            table.columns[0].push(Some(x));
            // After day 700 the relation turns round: a training that saw any of it would be worse on it than chance.
            let chance = if day < 700 { x } else { 1.0 - x };
            table.labels.push((rng.below(1_000) as f64) < 1_000.0 * chance);
            table.at.push(Time(day * DAY));
            table.groups.push(day as u32);
        }
        let when = StudyOptions { cutoff: Time(730 * DAY), horizon: Span::days(30), resamples: 200, seed: 1 };
        let (model, _, evaluation) = study(&table, &LearnOptions::default(), when).unwrap();
        let card = model.card();
        assert_eq!((card.rows, evaluation.rows), (701, 270));
        assert_eq!(card.data_from.as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(card.data_until.as_deref(), Some("1972-01-01T00:00:00Z"));
        assert!(evaluation.auc.high < 0.5, "{:?}", evaluation.auc);
        assert_eq!(card.metrics.len(), 5);
        assert_eq!(card.metrics[0].name, "auc");
        assert!(matches!(
            study(&table, &LearnOptions::default(), StudyOptions { cutoff: Time(0), ..when }),
            Err(ModelError::TooLittle(_))
        ));
    }
}
