//! From columns to rows, through the plugin's function, to results.

use crate::answer::{Answer, RowResult};
use crate::columns::{Column, Inputs};

/// One result per row, or why the whole batch is refused.
pub type Scored = Result<Vec<RowResult>, String>;

/// Scores each row by itself.
pub fn run_each<R: Inputs, A: Answer>(score: impl Fn(&R) -> A, rows: usize, mut columns: Vec<Column>) -> Scored {
    check::<R>(rows, &columns)?;
    Ok((0..rows).map(|row| score(&R::take(&mut columns, row)).row()).collect())
}

/// Scores all rows together.
pub fn run_batch<R: Inputs, A: Answer>(
    score: fn(&[R]) -> Result<Vec<A>, String>,
    rows: usize,
    mut columns: Vec<Column>,
) -> Scored {
    check::<R>(rows, &columns)?;
    let taken: Vec<R> = (0..rows).map(|row| R::take(&mut columns, row)).collect();
    Ok(score(&taken)?.into_iter().map(Answer::row).collect())
}

/// The columns must be the inputs: the host sees to it, and anything else would give wrong scores without a word.
fn check<R: Inputs>(rows: usize, columns: &[Column]) -> Result<(), String> {
    if columns.len() != R::INPUTS.len() {
        return Err(format!("{} columns are given, {} are expected", columns.len(), R::INPUTS.len()));
    }
    let mut problems = R::INPUTS.iter().zip(columns).filter_map(|(input, column)| column.problem(input, rows));
    problems.next().map_or(Ok(()), Err)
}
