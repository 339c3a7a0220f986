//! Golden vectors of a plugin: rows with the answers that it must give.

use super::probe::Finding;
use super::rows::{self, Row};
use staunch_models::{Golden, GoldenRow, Model, ModelError};
use staunch_scoring::{AnswerOrFailure, Manifest, Plugin as Loaded};

/// Whether the plugin gives the golden values; also the rows.
pub fn check(plugin: &Loaded, golden: &Golden, tolerance: f64) -> (Finding, Vec<Row>) {
    let name = "golden vectors";
    let manifest = plugin.manifest();
    let next = "mend the plugin, or write golden.csv again after you made sure that the new values are right";
    let rows = match golden_rows(manifest, golden) {
        Ok(rows) => rows,
        Err(problem) => return (Finding::failed(name, problem, "golden.csv has a column per input"), Vec::new()),
    };
    let answers = plugin.answers(&rows::borrowed(&rows));
    let wrong: Vec<String> = (answers.iter().zip(&golden.rows).enumerate())
        .filter_map(|(at, (answer, row))| Some(format!("row {}: {}", at + 1, differs(answer, golden, row, tolerance)?)))
        .collect();
    let how = if tolerance > 0.0 { format!("within {tolerance:e}") } else { "bit for bit".to_owned() };
    let finding = match wrong.first() {
        None => Finding::ok(name, format!("{} rows, {how}", rows.len())),
        Some(first) => Finding::failed(name, format!("{} of {} rows differ; {first}", wrong.len(), rows.len()), next),
    };
    (finding, rows)
}

/// The golden rows as the plugin takes them.
fn golden_rows(manifest: &Manifest, golden: &Golden) -> Result<Vec<Row>, String> {
    let strange =
        |name: &&String| !WHOLE.contains(&name.as_str()) && manifest.inputs.iter().all(|input| input.name != **name);
    if let Some(name) = golden.inputs.iter().find(strange) {
        return Err(format!("`{name}` is no input of the plugin"));
    }
    let row = |(at, row): (usize, &GoldenRow)| {
        let cells = manifest.inputs.iter().map(|input| {
            let text =
                cell(golden, row, &input.name).ok_or_else(|| format!("no column for the input `{}`", input.name))?;
            let text = text.unwrap_or_default();
            let value = rows::cell(input.kind, text).ok_or_else(|| format!("row {}: `{text}` is no number", at + 1))?;
            Ok((input.name.clone(), value))
        });
        cells.collect()
    };
    golden.rows.iter().enumerate().map(row).collect()
}

/// Columns that hold more of the answer than its value.
const WHOLE: [&str; 2] = ["items", "label"];

fn cell<'a>(golden: &Golden, row: &'a GoldenRow, name: &str) -> Option<Option<&'a str>> {
    let place = golden.inputs.iter().position(|known| known == name)?;
    Some(row.cells.get(place)?.as_deref())
}

/// How an answer differs from its golden row.
fn differs(answer: &AnswerOrFailure, golden: &Golden, row: &GoldenRow, tolerance: f64) -> Option<String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return Some(format!("{} expected, {failure}", row.value)),
    };
    let same = answer.value.to_bits() == row.value.to_bits()
        || (answer.value - row.value).abs() <= tolerance && tolerance > 0.0;
    if !same {
        return Some(format!("{} expected, {} given", row.value, answer.value));
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
