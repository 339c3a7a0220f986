//! From requests to columns: matching inputs by name, checking their types, marking what is missing.

use crate::bindings::{Column, ColumnValues, Input, InputKind, Manifest};
use crate::problem::failure;
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use staunch_core::value::Value;

/// The values of one row in the manifest's order. Every value has the kind that its input wants.
pub type Row<'a> = Vec<Option<&'a Value>>;

/// Puts the inputs of a request into the manifest's order.
pub fn row<'a>(manifest: &Manifest, inputs: &'a [(String, Option<Value>)]) -> Result<Row<'a>, ScoreFailure> {
    if inputs.len() != manifest.inputs.len() {
        let message = format!("{} inputs are given, the plugin reads {}", inputs.len(), manifest.inputs.len());
        return Err(failure(codes::PLUGIN_INPUTS, message));
    }
    manifest.inputs.iter().enumerate().map(|(position, input)| cell(input, position, inputs)).collect()
}

fn cell<'a>(
    input: &Input,
    position: usize,
    given: &'a [(String, Option<Value>)],
) -> Result<Option<&'a Value>, ScoreFailure> {
    // Workflows mostly give inputs in the plugin's own order.
    let same_place = given.get(position).filter(|(name, _)| *name == input.name);
    let Some((_, value)) = same_place.or_else(|| given.iter().find(|(name, _)| *name == input.name)) else {
        return Err(failure(codes::PLUGIN_INPUTS, format!("the plugin reads `{}`, which is not given", input.name)));
    };
    let Some(value) = value else { return Ok(None) };
    let number = value.number();
    let fits = match input.kind {
        InputKind::Number => number.is_some(),
        InputKind::Text => matches!(value, Value::Text(_)),
    };
    if !fits {
        let message = format!("the plugin does not read `{}` as {}", input.name, value.kind().word());
        return Err(failure(codes::PLUGIN_INPUTS, message));
    }
    // No answer is better than one from a number that is none: it comes from a division by zero upstream.
    if number.is_some_and(|number| !number.is_finite()) {
        return Err(failure(codes::PLUGIN_INPUTS, format!("`{}` is not a finite number", input.name)));
    }
    Ok(Some(value))
}

/// The columns of a batch, one per input.
pub fn columns(manifest: &Manifest, rows: &[Row<'_>]) -> Vec<Column> {
    let column = |(index, input): (usize, &Input)| {
        let cells = || rows.iter().map(|row| row.get(index).copied().flatten());
        let values = match input.kind {
            InputKind::Number => {
                ColumnValues::Numbers(cells().map(|cell| cell.and_then(Value::number).unwrap_or(0.0)).collect())
            }
            InputKind::Text => ColumnValues::Texts(cells().map(text).collect()),
        };
        let mut missing = vec![0u8; rows.len().div_ceil(8)];
        for (row, _) in cells().enumerate().filter(|(_, cell)| cell.is_none()) {
            missing[row / 8] |= 1 << (row % 8);
        }
        Column { name: input.name.clone(), values, missing }
    };
    manifest.inputs.iter().enumerate().map(column).collect()
}

fn text(cell: Option<&Value>) -> String {
    match cell {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}
