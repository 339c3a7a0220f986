//! Operators that make columns of columns: scalers, imputers, encoders.

use super::super::Budget;
use super::columns::{Column, Form, MAX_STEPS, Operation, Step};
use super::proto::{Element, Node as Operator};
use super::{OTHERWISE, Refusal};
use crate::node::MAX_CODE;
use crate::trees::{MAX_CATEGORIES, TreesInput};
use std::collections::HashMap;

/// Rounds to 32 bits.
pub(super) const CAST: Step = Step { operation: Operation::Cast, single: true };
/// Columns of a tensor.
pub(super) const MAX_COLUMNS: usize = 20_000;

/// The inputs of the model and the texts that they know.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) list: Vec<TreesInput>,
    codes: HashMap<(usize, String), u32>,
    /// Codes in all tables.
    budget: Budget,
}

impl Inputs {
    /// The code of a text, a new one where it was not known.
    fn code(&mut self, input: usize, text: &str) -> Result<u32, Refusal> {
        if let Some(code) = self.codes.get(&(input, text.to_owned())) {
            return Ok(*code);
        }
        let categories = &mut self.list[input].categories;
        if categories.len() == MAX_CATEGORIES {
            return Err(format!("input `{}` knows more than {MAX_CATEGORIES} texts", self.list[input].name).into());
        }
        let code = categories.len() as u32;
        categories.push(text.to_owned());
        self.codes.insert((input, text.to_owned()), code);
        Ok(code)
    }
}

/// What a category is called in the file.
pub(super) enum Key<'a> {
    Text(&'a str),
    Number(f64),
}

/// For one number each column has a value of its own, or all have one.
fn one_each(values: &[f64], at: usize) -> f64 {
    if values.len() == 1 { values[0] } else { values[at] }
}

/// Each column after `operation` with its number.
pub(super) fn arithmetic(
    columns: &[Column],
    values: &[f64],
    single: Option<bool>,
    operation: fn(f64) -> Operation,
) -> Result<Vec<Column>, Refusal> {
    if values.len() != 1 && values.len() != columns.len() {
        return Err(format!("{} constants for {} columns", values.len(), columns.len()).into());
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err("a constant is not finite".into());
    }
    let step = |(at, column): (usize, &Column)| {
        if column.element == Element::Text {
            return Err(Refusal::from("a text where a number belongs"));
        }
        let operation = operation(one_each(values, at));
        if matches!(operation, Operation::Multiply(0.0)) || matches!(operation, Operation::Divide(0.0)) {
            return Err(Refusal::Unsupported("a scale of 0".into(), "leave columns out that are the same in all rows"));
        }
        if matches!(&column.form, Form::Number(steps) if steps.len() >= MAX_STEPS) {
            let what = format!("more than {MAX_STEPS} computations on one column");
            return Err(Refusal::Unsupported(what, OTHERWISE));
        }
        Ok(column.then(Step { operation, single: single.unwrap_or(column.element == Element::Single) }))
    };
    columns.iter().enumerate().map(step).collect()
}

/// `Scaler`: subtracts, then multiplies, and gives 32-bit floats.
pub(super) fn scaler(operator: &Operator<'_>, columns: &[Column]) -> Result<Vec<Column>, Refusal> {
    let list =
        |name: &str| -> Result<Vec<f64>, Refusal> { Ok(operator.floats(name)?.into_iter().map(f64::from).collect()) };
    let (offset, scale) = (list("offset")?, list("scale")?);
    let single = columns.iter().all(|column| column.element != Element::Double);
    let columns = arithmetic(columns, &offset, Some(single), Operation::Subtract)?;
    let columns = arithmetic(&columns, &scale, Some(single), Operation::Multiply)?;
    Ok(columns.iter().map(|column| column.then(CAST)).collect())
}

/// `Imputer` for NaN.
pub(super) fn imputer(operator: &Operator<'_>, columns: &[Column]) -> Result<Vec<Column>, Refusal> {
    let values: Vec<f64> = operator.floats("imputed_value_floats")?.into_iter().map(f64::from).collect();
    let replaced = operator.float("replaced_value_float")?.unwrap_or(0.0);
    if values.is_empty() || !replaced.is_nan() {
        let what = "an imputer of another value than NaN";
        return Err(Refusal::Unsupported(what.into(), "let missing values be NaN, of a column of floats"));
    }
    let filled = arithmetic(columns, &values, None, Operation::Fill)?;
    Ok(filled.into_iter().zip(columns).map(|(filled, column)| Column { element: column.element, ..filled }).collect())
}

/// `OneHotEncoder`: a column for each category.
pub(super) fn one_hot(
    operator: &Operator<'_>,
    columns: &[Column],
    inputs: &mut Inputs,
) -> Result<Vec<Column>, Refusal> {
    let (texts, numbers) = (operator.texts("cats_strings")?, operator.integers("cats_int64s")?);
    let keys: Vec<Key<'_>> = match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => texts.into_iter().map(Key::Text).collect(),
        (true, false) => numbers.into_iter().map(|number| Key::Number(number as f64)).collect(),
        _ => return Err("it has no categories, or those of two kinds".into()),
    };
    if keys.len().saturating_mul(columns.len()) > MAX_COLUMNS {
        return Err(format!("it makes more than {MAX_COLUMNS} columns").into());
    }
    let mut encoded = Vec::new();
    for column in columns {
        for key in &keys {
            encoded.push(table(column, std::slice::from_ref(key), &[1.0], 0.0, Element::Single, inputs)?);
        }
    }
    Ok(encoded)
}

/// `LabelEncoder` to numbers.
pub(super) fn label(operator: &Operator<'_>, columns: &[Column], inputs: &mut Inputs) -> Result<Vec<Column>, Refusal> {
    let texts = operator.texts("keys_strings")?;
    let mut numbers: Vec<f64> = operator.integers("keys_int64s")?.into_iter().map(|key| key as f64).collect();
    numbers.extend(operator.floats("keys_floats")?.into_iter().map(f64::from));
    let keys: Vec<Key<'_>> = texts.into_iter().map(Key::Text).chain(numbers.into_iter().map(Key::Number)).collect();
    let mut values: Vec<f64> = operator.integers("values_int64s")?.into_iter().map(|value| value as f64).collect();
    let whole = !values.is_empty();
    values.extend(operator.floats("values_floats")?.into_iter().map(f64::from));
    if keys.len() != values.len() || keys.is_empty() {
        let what = format!("{} keys for {} numbers", keys.len(), values.len());
        return Err(Refusal::Unsupported(what, OTHERWISE));
    }
    let (element, other) = if whole {
        (Element::Whole, operator.integer("default_int64")?.unwrap_or(-1) as f64)
    } else {
        (Element::Single, f64::from(operator.float("default_float")?.unwrap_or(-0.0)))
    };
    columns.iter().map(|column| table(column, &keys, &values, other, element, inputs)).collect()
}

/// A number for each category, `other` for what is none of them.
fn table(
    column: &Column,
    keys: &[Key<'_>],
    values: &[f64],
    other: f64,
    element: Element,
    inputs: &mut Inputs,
) -> Result<Column, Refusal> {
    let form = match &column.form {
        Form::Table { known, other: rest } => {
            let find = |x: f64| {
                let found = keys.iter().position(|key| matches!(key, Key::Number(number) if *number == x));
                found.map_or(other, |at| values[at])
            };
            inputs.budget.codes(known.len().saturating_mul(keys.len()))?;
            let known = known.iter().map(|(code, value)| (*code, find(*value))).collect();
            Form::Table { known, other: find(*rest) }
        }
        form => {
            inputs.budget.codes(keys.len())?;
            let mut known = Vec::with_capacity(keys.len());
            for (key, value) in keys.iter().zip(values) {
                let code = match (form, key) {
                    (Form::Text, Key::Text(text)) => inputs.code(column.input, text)?,
                    (Form::Number(steps), Key::Number(number)) => code(steps, *number)?,
                    _ => return Err("texts where numbers belong, or numbers where texts belong".into()),
                };
                known.push((code, *value));
            }
            known.sort_unstable_by_key(|(code, _)| *code);
            if known.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err("a category is named twice".into());
            }
            Form::Table { known: known.into(), other }
        }
    };
    Ok(Column { input: column.input, element, form })
}

/// A number as a code, which our trees compare after they cut off its fraction.
fn code(steps: &[Step], number: f64) -> Result<u32, Refusal> {
    let plain = steps.iter().all(|step| matches!(step.operation, Operation::Cast));
    if plain && number.fract() == 0.0 && (0.0..=f64::from(MAX_CODE)).contains(&number) {
        return Ok(number as u32);
    }
    let what = format!("the category {number}, or one of a number that was computed");
    Err(Refusal::Unsupported(what, "let categories be texts, or whole numbers from 0 to 65535"))
}
