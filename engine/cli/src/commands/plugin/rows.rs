//! Rows for a plugin: read from a CSV file, or made up to try it on.

use crate::error::{CliError, Result};
use staunch_core::codes;
use staunch_core::value::Value;
use staunch_scoring::{Input, InputKind, Manifest};
use std::path::Path;

/// One row: input names with their values.
pub type Row = Vec<(String, Option<Value>)>;

/// Rows as a plugin takes them.
pub fn borrowed(rows: &[Row]) -> Vec<&[(String, Option<Value>)]> {
    rows.iter().map(Vec::as_slice).collect()
}

/// Reads a file with a column per input; an empty cell is a missing value.
pub fn read(manifest: &Manifest, data: &Path) -> Result<Vec<Row>> {
    let unreadable =
        |error: csv::Error| CliError::new(codes::CLI_FILE, format!("{}: {error}", data.display()), "check the file");
    let mut reader = csv::Reader::from_path(data).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let inputs = &manifest.inputs;
    let places: Vec<Option<usize>> =
        inputs.iter().map(|input| headers.iter().position(|name| name == input.name)).collect();
    if let Some(at) = places.iter().position(Option::is_none) {
        let known: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let message = format!("{} has no column `{}`", data.display(), inputs[at].name);
        return Err(CliError::usage(message, format!("the plugin reads {}", known.join(", "))));
    }
    let mut rows = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(unreadable)?;
        let cells = inputs.iter().zip(&places).map(|(input, place)| {
            let text = place.and_then(|at| record.get(at)).unwrap_or_default().trim();
            let wrong = || {
                let message = format!("{} line {}: `{text}` is no number", data.display(), line + 2);
                CliError::usage(message, super::golden::NUMBERS)
            };
            Ok((input.name.clone(), cell(input.kind, text).ok_or_else(wrong)?))
        });
        rows.push(cells.collect::<Result<Row>>()?);
    }
    Ok(rows)
}

/// The value of a cell; `None` where it is not of this kind.
pub fn cell(kind: InputKind, text: &str) -> Option<Option<Value>> {
    match (text, kind) {
        ("", _) => Some(None),
        (text, InputKind::Text) => Some(Some(Value::Text(text.to_owned()))),
        // As a workflow's truth value comes to a plugin.
        ("true" | "false", InputKind::Number) => Some(Some(Value::Number(f64::from(u8::from(text == "true"))))),
        (text, InputKind::Number) => text.parse().ok().map(|number| Some(Value::Number(number))),
    }
}

/// Numbers that made-up rows hold: of every size that people's figures have.
const NUMBERS: [f64; 12] = [0.0, 1.0, 2.0, 0.5, 7.0, 30.0, 365.0, -1.0, 1_000.0, 12_345.678, 0.001, 1e6];
/// Texts that made-up rows hold.
const TEXTS: [&str; 6] = ["a", "yes", "no", "other", "Straße 7, 北京", "1,2,3"];
/// Numbers at the edge of what there is.
const EDGES: [f64; 9] =
    [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 5e-324, 1e300, -1e300, 9_007_199_254_740_993.0, -1e-300];

/// The same rows every time; about one value of seven is missing.
pub fn made(manifest: &Manifest, count: usize) -> Vec<Row> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move |below: usize| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((x ^ (x >> 31)) >> 33) as usize) % below
    };
    let mut value = |input: &Input| {
        let missing = next(7) == 0;
        let value = match input.kind {
            InputKind::Number => Value::Number(NUMBERS[next(NUMBERS.len())]),
            InputKind::Text => Value::Text(TEXTS[next(TEXTS.len())].to_owned()),
        };
        (input.name.clone(), (!missing).then_some(value))
    };
    (0..count).map(|_| manifest.inputs.iter().map(&mut value).collect()).collect()
}

/// Rows at the edge of what can come, each with what it is.
pub fn edges(manifest: &Manifest) -> Vec<(String, Row)> {
    let row = |value: &dyn Fn(&Input) -> Option<Value>| -> Row {
        manifest.inputs.iter().map(|input| (input.name.clone(), value(input))).collect()
    };
    let number = |x: f64| row(&move |input: &Input| (input.kind == InputKind::Number).then_some(Value::Number(x)));
    let text = |text: &str| row(&|input: &Input| (input.kind == InputKind::Text).then(|| Value::Text(text.to_owned())));
    let mut all = vec![("every value missing".to_owned(), row(&|_: &Input| None))];
    if manifest.inputs.iter().any(|input| input.kind == InputKind::Number) {
        all.extend(EDGES.iter().map(|x| (format!("every number {x:e}"), number(*x))));
    }
    if manifest.inputs.iter().any(|input| input.kind == InputKind::Text) {
        let texts =
            [("empty", String::new()), ("unknown", "\u{1f9ed} no such text".into()), ("long", "x,1:".repeat(5_000))];
        all.extend(texts.iter().map(|(name, long)| (format!("every text {name}"), text(long))));
        let odd = "\u{0}\u{202e}\u{7f}";
        all.push(("every text of control characters".into(), text(odd)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_by_their_kind() {
        assert_eq!(cell(InputKind::Number, ""), Some(None));
        assert_eq!(cell(InputKind::Number, "1.5"), Some(Some(Value::Number(1.5))));
        assert_eq!(cell(InputKind::Number, "x"), None);
        assert_eq!(cell(InputKind::Number, "true"), Some(Some(Value::Number(1.0))));
        assert_eq!(cell(InputKind::Number, "false"), Some(Some(Value::Number(0.0))));
        assert_eq!(cell(InputKind::Text, "1.5"), Some(Some(Value::Text("1.5".into()))));
    }
}
