//! Checking what a plugin answers, row by row: nothing that breaks the contract reaches a decision.

use crate::bindings::{Class, Manifest, Outcome, Ranked, Reason as GuestReason, ResultKind, RowResult};
use crate::fault::Fault;
use crate::manifest::word;
use crate::problem::failure;
use crate::refusals::Excess;
use staunch_core::codes;
use staunch_core::score::{Reason, ScoreFailure};
use std::collections::HashSet;

/// Reasons of one row.
pub const MAX_REASONS: usize = 16;
/// Characters of one reason.
pub const MAX_REASON_CHARS: usize = 200;
/// Items of one ranking.
pub const MAX_ITEMS: usize = 1_000;
/// Items of a ranking that are kept: what a workflow can ask for is near the top.
pub const KEPT_ITEMS: usize = 100;
/// How far the shares of all classes may be from 1 together.
const SHARES: f64 = 1e-6;

/// A checked answer for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The score, inside the manifest's range; of classes the largest share, of a ranking the first item's score (0
    /// where nothing is ranked).
    pub value: f64,
    /// Labels with their shares, largest first; empty for other kinds.
    pub classes: Vec<(String, f64)>,
    /// The first [`KEPT_ITEMS`] items with what they were ranked by, best first; empty for other kinds.
    pub ranking: Vec<(String, f64)>,
    /// The value before the link function, if the plugin has one.
    pub raw: Option<f64>,
    /// Why, as the plugin orders it: strongest first.
    pub reasons: Vec<Reason>,
}

/// Checks one answer against the manifest.
pub fn check(manifest: &Manifest, row: RowResult) -> Result<Answer, Fault> {
    let (mut classes, mut ranking) = (Vec::new(), Vec::new());
    let value = match (row.value, manifest.kind) {
        (Outcome::Declined(why), _) => return Err(failure(codes::PLUGIN_DECLINED, printable(&why)).into()),
        (Outcome::Scalar(value), ResultKind::Scalar) => scalar(manifest, value)?,
        (Outcome::Classes(given), ResultKind::Classes) => {
            classes = shares(manifest, given)?;
            classes.first().map_or(0.0, |(_, share)| *share)
        }
        (Outcome::Ranking(given), ResultKind::Ranking) => {
            if given.len() > MAX_ITEMS {
                return Err(too_many("items of a ranking", MAX_ITEMS, given.len()));
            }
            ranking = items(manifest, given)?;
            ranking.first().map_or(0.0, |(_, score)| *score)
        }
        (other, kind) => {
            let message = format!("it gave {} where its manifest says {}", shape(&other), word_of(kind));
            return Err(failure(codes::PLUGIN_SHAPE, message).into());
        }
    };
    raw(row.raw)?;
    if row.reasons.len() > MAX_REASONS {
        return Err(too_many("reasons of a row", MAX_REASONS, row.reasons.len()));
    }
    let reasons = row.reasons.into_iter().map(|one| reason(manifest, one)).collect::<Result<_, ScoreFailure>>()?;
    Ok(Answer { value, classes, ranking, raw: row.raw, reasons })
}

fn shape(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Scalar(_) => "a number",
        Outcome::Classes(_) => "classes",
        Outcome::Ranking(_) => "a ranking",
        Outcome::Declined(_) => "no answer",
    }
}

fn word_of(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Scalar => "a number",
        ResultKind::Classes => "classes",
        ResultKind::Ranking => "a ranking",
    }
}

/// Refuses a raw value that is none.
pub fn raw(raw: Option<f64>) -> Result<(), ScoreFailure> {
    match raw {
        Some(raw) if !raw.is_finite() => Err(bad("the raw value is not a finite number".into())),
        _ => Ok(()),
    }
}

/// Checks the value of a plugin that gives one number.
pub fn scalar(manifest: &Manifest, value: f64) -> Result<f64, ScoreFailure> {
    if !value.is_finite() {
        return Err(bad(format!("the score is {value}, not a finite number")));
    }
    if let Some(range) = manifest.range.filter(|range| !(range.low..=range.high).contains(&value)) {
        let [value, low, high] = [value, range.low, range.high].map(shown);
        return Err(bad(format!("the score {value} is outside its range {low} to {high}")));
    }
    Ok(value)
}

/// A number for people: one of hundreds of digits by its power of ten.
fn shown(value: f64) -> String {
    if value.abs() < 1e16 { value.to_string() } else { format!("{value:e}") }
}

/// A share for every label of the manifest, largest first.
fn shares(manifest: &Manifest, classes: Vec<Class>) -> Result<Vec<(String, f64)>, ScoreFailure> {
    if classes.len() != manifest.labels.len() {
        return Err(bad(format!("it gave {} classes, its manifest has {}", classes.len(), manifest.labels.len())));
    }
    let known: HashSet<&str> = manifest.labels.iter().map(String::as_str).collect();
    let (mut seen, mut sum, mut last) = (HashSet::new(), 0.0, f64::INFINITY);
    let (low, high) = manifest.range.map_or((0.0, 1.0), |range| (range.low.max(0.0), range.high.min(1.0)));
    for Class { label, share } in &classes {
        if !known.contains(label.as_str()) || !seen.insert(label.as_str()) {
            return Err(bad(format!("`{}` is no label of its manifest, or stands twice", printable(label))));
        }
        // Not a number is outside of every range.
        if !(low..=high).contains(share) {
            return Err(bad(format!("the share of `{label}` is {share}, not a number from {low} to {high}")));
        }
        if *share > last {
            return Err(bad(format!("`{label}` has a larger share than the class before it")));
        }
        (sum, last) = (sum + share, *share);
    }
    if (sum - 1.0).abs() > SHARES {
        return Err(bad(format!("the shares sum to {sum}, not to 1")));
    }
    Ok(classes.into_iter().map(|class| (class.label, class.share)).collect())
}

/// Items from best to worst; of a closed ranking only those of the manifest.
fn items(manifest: &Manifest, ranked: Vec<Ranked>) -> Result<Vec<(String, f64)>, ScoreFailure> {
    let known: HashSet<&str> = manifest.labels.iter().map(String::as_str).collect();
    let (mut seen, mut last) = (HashSet::new(), f64::INFINITY);
    for Ranked { item, score } in &ranked {
        if !word(item) || !seen.insert(item.as_str()) {
            let item = printable(item);
            return Err(bad(format!("the item `{item}` is empty, too long, not printable, or stands twice")));
        }
        if !known.is_empty() && !known.contains(item.as_str()) {
            return Err(bad(format!("`{item}` is no item of its manifest")));
        }
        if !score.is_finite() {
            return Err(bad(format!("the score of `{item}` is {score}, not a finite number")));
        }
        if *score > last {
            return Err(bad(format!("`{item}` is ranked below an item with a lower score")));
        }
        last = *score;
    }
    Ok(ranked.into_iter().take(KEPT_ITEMS).map(|one| (one.item, one.score)).collect())
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

fn too_many(limit: &'static str, allowed: usize, demanded: usize) -> Fault {
    let excess = Excess { limit, allowed: allowed as u64, demanded: demanded as u64 };
    Fault::limit(codes::PLUGIN_OUTPUT, "its answer is too long", excess)
}

fn bad(message: String) -> ScoreFailure {
    failure(codes::PLUGIN_OUTPUT, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_fills_a_screen() {
        assert_eq!([0.5, -3.0, f64::MAX, -1e300].map(shown), ["0.5", "-3", "1.7976931348623157e308", "-1e300"]);
    }
}
