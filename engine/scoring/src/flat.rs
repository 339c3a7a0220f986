//! The short way through the interface `values`: rows as numbers, answers as numbers.

use crate::batch::Row;
use crate::bindings::{InputKind, Manifest, ResultKind};
use crate::output::{self, Answer, MAX_REASONS};
use crate::problem::failure;
use staunch_core::codes;
use staunch_core::score::{Reason, ScoreFailure};
use staunch_core::value::Value;
use std::collections::HashMap;

/// Texts that one input may know.
const MAX_TEXTS: usize = 10_000;

/// The value of a row and the value before the link function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plain {
    /// The score, inside the manifest's range.
    pub value: f64,
    /// The value before the link function.
    pub raw: f64,
}

/// By input the codes of the texts that it knows.
pub struct Codes(Vec<HashMap<String, f64>>);

impl Codes {
    /// Takes what a plugin says that it knows; an error says what is wrong with that.
    pub fn new(manifest: &Manifest, texts: Vec<Vec<String>>) -> Result<Codes, String> {
        if manifest.kind != ResultKind::Scalar {
            return Err("it exports `values`, which is for plugins that give one number".into());
        }
        if texts.len() != manifest.inputs.len() {
            return Err(format!("`texts` has {} lists for {} inputs", texts.len(), manifest.inputs.len()));
        }
        let mut all = Vec::with_capacity(texts.len());
        for (input, known) in manifest.inputs.iter().zip(texts) {
            let count = known.len();
            let codes: HashMap<String, f64> = known.into_iter().zip((0u32..).map(f64::from)).collect();
            let odd = codes.len() < count || (count > 0 && input.kind == InputKind::Number);
            if odd || count > MAX_TEXTS {
                let name = &input.name;
                return Err(format!("`texts` of input `{name}`: none for a number, at most {MAX_TEXTS}, each once"));
            }
            all.push(codes);
        }
        Ok(Codes(all))
    }

    /// The rows one after the other, NaN where there is no value or a text that is not known.
    pub fn numbers(&self, rows: &[Row<'_>]) -> Vec<f64> {
        let cell = |(value, codes): (&Option<&Value>, &HashMap<String, f64>)| match value {
            Some(Value::Text(text)) => codes.get(text).copied().unwrap_or(f64::NAN),
            Some(value) => value.number().unwrap_or(f64::NAN),
            None => f64::NAN,
        };
        let mut numbers = Vec::with_capacity(rows.len() * self.0.len());
        for row in rows {
            numbers.extend(row.iter().zip(&self.0).map(cell));
        }
        numbers
    }
}

/// Checks the two numbers of each row.
pub fn plain(manifest: &Manifest, answer: &[f64]) -> Vec<Result<Plain, ScoreFailure>> {
    answer.chunks_exact(2).map(|row| checked(manifest, row[0], row[1])).collect()
}

/// Checks value, raw value and contributions of each row, and picks the reasons.
pub fn explained(manifest: &Manifest, answer: &[f64]) -> Vec<Result<Answer, ScoreFailure>> {
    let row = |row: &[f64]| {
        let Plain { value, raw } = checked(manifest, row[0], row[1])?;
        let reasons = reasons(manifest, &row[2..])?;
        Ok(Answer { value, classes: Vec::new(), ranking: Vec::new(), raw: Some(raw), reasons })
    };
    answer.chunks_exact(2 + manifest.inputs.len()).map(row).collect()
}

/// Checks the numbers of a row: value, raw value, contributions if there are any.
pub fn sound(manifest: &Manifest, row: &[f64]) -> Result<(), ScoreFailure> {
    checked(manifest, row[0], row[1])?;
    finite(manifest, &row[2..])
}

fn finite(manifest: &Manifest, contributions: &[f64]) -> Result<(), ScoreFailure> {
    match contributions.iter().position(|contribution| !contribution.is_finite()) {
        None => Ok(()),
        Some(place) => {
            let message = format!("the contribution of `{}` is not a finite number", manifest.inputs[place].name);
            Err(failure(codes::PLUGIN_OUTPUT, message))
        }
    }
}

fn checked(manifest: &Manifest, value: f64, raw: f64) -> Result<Plain, ScoreFailure> {
    let value = output::scalar(manifest, value)?;
    output::raw(Some(raw))?;
    Ok(Plain { value, raw })
}

/// The strongest contributions, ties in the order of the inputs, without those of 0.
fn reasons(manifest: &Manifest, contributions: &[f64]) -> Result<Vec<Reason>, ScoreFailure> {
    finite(manifest, contributions)?;
    let mut strongest: Vec<(usize, f64)> =
        contributions.iter().copied().enumerate().filter(|(_, contribution)| *contribution != 0.0).collect();
    strongest.sort_unstable_by(|(a, x), (b, y)| y.abs().total_cmp(&x.abs()).then(a.cmp(b)));
    strongest.truncate(MAX_REASONS);
    let reason =
        |(input, contribution): (usize, f64)| Reason { input: manifest.inputs[input].name.clone(), contribution };
    Ok(strongest.into_iter().map(reason).collect())
}
