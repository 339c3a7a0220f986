//! Golden vectors of a plugin: rows with the answers that it must give.

use super::finding::Finding;
use super::rows::{self, Row};
use serde_json::json;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use staunch_models::{Golden, GoldenRow, Model, ModelError};
use staunch_scoring::{AnswerOrFailure, Manifest, Plugin as Loaded};

const NAME: &str = "golden vectors";
/// Rows that a line for people shows; the document for machines has all of them.
const SHOWN: usize = 3;

/// Whether the plugin gives the golden values; also the rows that have an answer.
pub fn check(plugin: &Loaded, golden: &Golden, tolerance: f64) -> (Finding, Vec<Row>) {
    let rows = match golden_rows(plugin.manifest(), golden) {
        Ok(rows) => rows,
        Err((problem, next)) => return (Finding::failed(NAME, problem, next), Vec::new()),
    };
    if rows.is_empty() {
        let next = "write a few rows with the values that you expect into golden.csv";
        return (Finding::failed(NAME, "the file has no rows under its header", next), rows);
    }
    let answers = plugin.answers(&rows::borrowed(&rows));
    let wrong = answers.iter().zip(&golden.rows).enumerate();
    let wrong = wrong
        .filter(|(_, (answer, _))| !rests(answer))
        .filter_map(|(at, (answer, row))| Some((at + 1, differs(answer, golden, row, tolerance)?)));
    let finding = judged(&wrong.collect::<Vec<_>>(), &answers, tolerance);
    let answered = rows.into_iter().zip(answers);
    (finding, answered.filter(|(_, answer)| answered_or_declined(answer)).map(|(row, _)| row).collect())
}

fn answered_or_declined(answer: &AnswerOrFailure) -> bool {
    answer.as_ref().err().is_none_or(|failure| failure.code == codes::PLUGIN_DECLINED)
}

/// The finding about rows of which these are wrong.
fn judged(wrong: &[(usize, String)], answers: &[AnswerOrFailure], tolerance: f64) -> Finding {
    let (how, count) =
        (if tolerance > 0.0 { format!("within {tolerance:e}") } else { "bit for bit".to_owned() }, answers.len());
    if wrong.is_empty() {
        return Finding::ok(NAME, format!("{count} rows, {how}"));
    }
    let row = |(at, text): &(usize, String)| format!("row {at}: {text}");
    let mut text = format!("{} of {count} rows differ; ", wrong.len());
    let unasked = answers.iter().filter(|answer| rests(answer)).count();
    text += &wrong.iter().take(SHOWN).map(row).collect::<Vec<_>>().join("; ");
    if wrong.len() > SHOWN {
        text += &format!("; and {} more", wrong.len() - SHOWN);
    }
    if unasked > 0 {
        text += &format!("; {unasked} were not asked, for it failed again and again");
    }
    let crash = answers.iter().find_map(|answer| answer.as_ref().err().filter(|failure| crashed(failure)));
    let next = "mend the plugin, or write golden.csv again after you made sure that the new values are right";
    let next = crash.map_or(next, super::probe::mend);
    let rows: Vec<_> = wrong.iter().map(|(row, text)| json!({ "row": row, "text": text })).collect();
    Finding { figures: Some(json!({ "wrong": rows })), ..Finding::failed(NAME, text, next) }
}

/// Whether the row was not asked, for the rows before it failed too often.
fn rests(answer: &AnswerOrFailure) -> bool {
    answer.as_ref().err().is_some_and(|failure| failure.code == codes::PLUGIN_TRIPPED)
}

fn crashed(failure: &ScoreFailure) -> bool {
    failure.code == codes::PLUGIN_TRAP
}

/// What is wrong with the file, and what to do.
type Wrong = (String, &'static str);

/// The golden rows as the plugin takes them.
fn golden_rows(manifest: &Manifest, golden: &Golden) -> Result<Vec<Row>, Wrong> {
    let next = "golden.csv has a column per input and `value`; of classes `label`, too, and of a ranking `items`";
    let strange =
        |name: &&String| !WHOLE.contains(&name.as_str()) && manifest.inputs.iter().all(|input| input.name != **name);
    if let Some(name) = golden.inputs.iter().find(strange) {
        return Err((format!("`{name}` is no input of the plugin"), next));
    }
    let row = |(at, row): (usize, &GoldenRow)| {
        let cells = manifest.inputs.iter().map(|input| {
            let none = || (format!("no column for the input `{}`", input.name), next);
            let text = cell(golden, row, &input.name).ok_or_else(none)?.unwrap_or_default();
            let wrong = || (format!("row {}: `{text}` is no number", at + 1), NUMBERS);
            Ok((input.name.clone(), rows::cell(input.kind, text).ok_or_else(wrong)?))
        });
        cells.collect()
    };
    golden.rows.iter().enumerate().map(row).collect()
}

/// How a cell of a number is written.
pub const NUMBERS: &str = "write a number; leave a missing value empty; a truth value is 1 or 0, or `true` or `false`";
/// Columns that hold more of the answer than its value.
const WHOLE: [&str; 2] = ["items", "label"];

fn cell<'a>(golden: &Golden, row: &'a GoldenRow, name: &str) -> Option<Option<&'a str>> {
    let place = golden.inputs.iter().position(|known| known == name)?;
    Some(row.cells.get(place)?.as_deref())
}

/// How an answer differs from its golden row.
fn differs(answer: &AnswerOrFailure, golden: &Golden, row: &GoldenRow, tolerance: f64) -> Option<String> {
    let wanted = row.value.map_or_else(|| "`declined`".to_owned(), |value| value.to_string());
    let (answer, value) = match (answer, row.value) {
        (Ok(answer), Some(value)) => (answer, value),
        (Ok(answer), None) => return Some(format!("{wanted} expected, {} given", answer.value)),
        (Err(failure), None) if failure.code == codes::PLUGIN_DECLINED => return None,
        (Err(failure), _) => return Some(format!("{wanted} expected, {failure}")),
    };
    let same =
        answer.value.to_bits() == value.to_bits() || (answer.value - value).abs() <= tolerance && tolerance > 0.0;
    if !same {
        return Some(format!("{value} expected, {} given", answer.value));
    }
    let items: Vec<&str> = answer.ranking.iter().map(|(item, _)| item.as_str()).collect();
    let whole = [
        serde_json::json!(items).to_string(),
        answer.classes.first().map(|(label, _)| label.clone()).unwrap_or_default(),
    ];
    WHOLE.iter().zip(whole).find_map(|(name, given)| {
        let expected = cell(golden, row, name)??;
        (expected != given).then(|| format!("{expected} expected, {given} given"))
    })
}

/// Whether the model gives the golden values, too.
pub fn model(golden: &Golden, model: &Model) -> Result<Finding, ModelError> {
    let different = golden.differences(model)?;
    Ok(match different.first() {
        None => Finding::ok("model", format!("gives the same {} golden values", golden.rows.len())),
        Some((row, golden, given)) => {
            let text = format!("{} rows differ; row {row}: {golden} expected, {given} given", different.len());
            Finding::failed("model", text, "compile the plugin from the model that golden.csv was written by")
        }
    })
}
