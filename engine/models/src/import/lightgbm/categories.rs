//! Texts for categories: Python writes the lists of the training's data frame behind the trees, in the order of its
//! categorical columns, and does not say which columns those are.

use super::super::texts::texts;
use super::{Parts, problem, refused};
use crate::error::ModelError;
use crate::trees::TreesInput;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Gives the inputs their texts, where the file has any.
pub(super) fn name(parts: &Parts<'_>, inputs: &mut [TreesInput]) -> Result<(), ModelError> {
    let Some(json) = parts.pandas else { return Ok(()) };
    let lists: Option<Vec<Vec<&RawValue>>> =
        serde_json::from_str(json).map_err(|error| problem("`pandas_categorical`", error))?;
    let lists = lists.unwrap_or_default();
    if lists.is_empty() {
        return Ok(());
    }
    let columns = [by_parameter(parts, inputs.len()), by_range(parts)];
    let Some(columns) = columns.iter().find(|columns| columns.len() == lists.len()) else {
        let what = format!(
            "{} lists of categories for {} categorical features, and nothing says which belong together",
            lists.len(),
            columns[0].len().max(columns[1].len())
        );
        let next = "train with unordered categories only, or with codes in place of categories";
        return Err(refused("`pandas_categorical`", what, next));
    };
    for (column, list) in columns.iter().zip(&lists) {
        let texts =
            texts(list).ok_or_else(|| problem("`pandas_categorical`", "a category is no text and no number"))?;
        let input = inputs.get_mut(*column);
        let input = input.ok_or_else(|| problem("`pandas_categorical`", format!("there is no feature {column}")))?;
        input.categories = texts;
    }
    Ok(())
}

/// Columns that the training was told are categorical.
fn by_parameter(parts: &Parts<'_>, inputs: usize) -> BTreeSet<usize> {
    let told = parts.parameters.get("categorical_feature").copied().unwrap_or_default();
    told.split(',').filter_map(|column| column.trim().parse().ok()).filter(|column| *column < inputs).collect()
}

/// Columns whose range is a list such as `-1:0:2` and not `[low:high]`.
fn by_range(parts: &Parts<'_>) -> BTreeSet<usize> {
    let ranges = parts.header.get("feature_infos").map_or("", |(text, _)| text);
    let listed = |range: &str| range.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    ranges.split_whitespace().enumerate().filter(|(_, range)| listed(range)).map(|(column, _)| column).collect()
}
