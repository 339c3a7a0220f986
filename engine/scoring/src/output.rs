//! Checking what a plugin answers, row by row: nothing that breaks the contract reaches a decision.

use crate::bindings::{Manifest, Outcome, Reason as GuestReason, RowResult};
use crate::problem::failure;
use staunch_core::codes;
use staunch_core::score::{Reason, ScoreFailure};

/// Reasons of one row.
pub const MAX_REASONS: usize = 16;
/// Characters of one reason.
pub const MAX_REASON_CHARS: usize = 200;

/// A checked answer for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The score, inside the manifest's range.
    pub value: f64,
    /// The value before the link function, if the plugin has one.
    pub raw: Option<f64>,
    /// Why, as the plugin orders it: strongest first.
    pub reasons: Vec<Reason>,
}

/// Checks one answer against the manifest.
pub fn check(manifest: &Manifest, row: RowResult) -> Result<Answer, ScoreFailure> {
    let value = match row.value {
        Outcome::Scalar(value) => value,
        Outcome::Declined(why) => return Err(failure(codes::PLUGIN_DECLINED, printable(&why))),
        Outcome::Classes(_) | Outcome::Ranking(_) => {
            return Err(bad("it gave classes or a ranking instead of a number".into()));
        }
    };
    if !value.is_finite() {
        return Err(bad(format!("the score is {value}, not a finite number")));
    }
    if let Some(range) = manifest.range.filter(|range| !(range.low..=range.high).contains(&value)) {
        return Err(bad(format!("the score {value} is outside its range {} to {}", range.low, range.high)));
    }
    if row.raw.is_some_and(|raw| !raw.is_finite()) {
        return Err(bad("the raw value is not a finite number".into()));
    }
    if row.reasons.len() > MAX_REASONS {
        return Err(bad(format!("{} reasons, at most {MAX_REASONS} are allowed", row.reasons.len())));
    }
    let reasons = row.reasons.into_iter().map(|one| reason(manifest, one)).collect::<Result<_, _>>()?;
    Ok(Answer { value, raw: row.raw, reasons })
}

fn reason(manifest: &Manifest, reason: GuestReason) -> Result<Reason, ScoreFailure> {
    let GuestReason { input, contribution } = reason;
    if input.chars().nth(MAX_REASON_CHARS).is_some() || input.chars().any(char::is_control) {
        return Err(bad(format!("a reason has more than {MAX_REASON_CHARS} characters or control characters")));
    }
    let part_of = |known: &str| input.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    if !manifest.inputs.iter().any(|known| part_of(&known.name)) {
        return Err(bad(format!("a reason names `{input}`, which is not an input")));
    }
    if !contribution.is_finite() {
        return Err(bad(format!("the contribution of `{input}` is not a finite number")));
    }
    Ok(Reason { input, contribution })
}

/// A text of a plugin, safe to print in one line.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON_CHARS).collect()
}

fn bad(message: String) -> ScoreFailure {
    failure(codes::PLUGIN_OUTPUT, message)
}
