//! What arrives: one column per input, and how a row is taken out of them.

/// What an input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit floats. Money arrives in whole units of its currency, a truth value as 0 or 1.
    Number,
    /// UTF-8 text.
    Text,
}

/// One input that a plugin reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name: the last part of the name in a workflow (`feature.logins_7d` is `logins_7d`).
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The unit that the plugin expects, such as `days`, for people and for checks.
    pub unit: Option<&'static str>,
}

/// A struct of inputs; `#[derive(Inputs)]` writes it.
///
/// A field is an input of the same name. `#[input(unit = "days")]` adds a unit, `#[input(name = "logins_7d")]` another
/// name. Its type says what the input holds, see [`Field`].
pub trait Inputs: Sized {
    /// The inputs in order of the fields.
    const INPUTS: &'static [Input];

    /// Takes one row out of the columns, which are those of [`Inputs::INPUTS`].
    fn take(columns: &mut [Column], row: usize) -> Self;
}

/// A type that a field of inputs may have: `Option<f64>`, `Option<bool>` (a number that is not 0) or `Option<String>`.
/// `None` is a missing value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an input of a plugin",
    label = "write `Option<f64>`, `Option<bool>` or `Option<String>`",
    note = "every input may be missing, so its type is an `Option`; numbers arrive as 64-bit floats"
)]
pub trait Field: Sized {
    /// What the input holds.
    const KIND: Kind;

    /// The value of one row; of a text, which is moved out, only the first time.
    fn from_column(column: &mut Column, row: usize) -> Self;
}

/// The values of one input for all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The input's name.
    pub name: String,
    /// One value per row; that of a missing row means nothing.
    pub values: ColumnValues,
    /// Bit `i % 8` of byte `i / 8`, lowest bit first, is set where row `i` has no value.
    pub missing: Vec<u8>,
}

/// Numbers or texts.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValues {
    /// Finite numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Column {
    /// A column of numbers.
    pub fn numbers(name: &str, values: &[Option<f64>]) -> Column {
        let numbers = values.iter().map(|value| value.unwrap_or(0.0)).collect();
        Column { name: name.into(), values: ColumnValues::Numbers(numbers), missing: missing(values) }
    }

    /// A column of texts.
    pub fn texts(name: &str, values: &[Option<&str>]) -> Column {
        let texts = values.iter().map(|value| value.unwrap_or_default().to_owned()).collect();
        Column { name: name.into(), values: ColumnValues::Texts(texts), missing: missing(values) }
    }

    fn has(&self, row: usize) -> bool {
        self.missing.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 0)
    }

    /// What keeps it from being the column of this input with this many rows.
    pub(crate) fn problem(&self, input: &Input, rows: usize) -> Option<String> {
        let (kind, count) = match &self.values {
            ColumnValues::Numbers(values) => (Kind::Number, values.len()),
            ColumnValues::Texts(values) => (Kind::Text, values.len()),
        };
        let fits = self.name == input.name && kind == input.kind;
        let whole = count == rows && self.missing.len() == rows.div_ceil(8);
        (!fits || !whole).then(|| format!("column `{}` is not the input `{}` of {rows} rows", self.name, input.name))
    }
}

fn missing<T>(values: &[Option<T>]) -> Vec<u8> {
    let bit = |chunk: &[Option<T>]| {
        chunk.iter().enumerate().filter(|(_, value)| value.is_none()).fold(0, |byte, (at, _)| byte | 1 << at)
    };
    values.chunks(8).map(bit).collect()
}

impl Field for Option<f64> {
    const KIND: Kind = Kind::Number;

    fn from_column(column: &mut Column, row: usize) -> Self {
        match &column.values {
            ColumnValues::Numbers(numbers) if column.has(row) => numbers.get(row).copied(),
            _ => None,
        }
    }
}

impl Field for Option<bool> {
    const KIND: Kind = Kind::Number;

    fn from_column(column: &mut Column, row: usize) -> Self {
        Option::<f64>::from_column(column, row).map(|number| number != 0.0)
    }
}

impl Field for Option<String> {
    const KIND: Kind = Kind::Text;

    fn from_column(column: &mut Column, row: usize) -> Self {
        let has = column.has(row);
        match &mut column.values {
            ColumnValues::Texts(texts) if has => texts.get_mut(row).map(std::mem::take),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_none_wherever_they_stand() {
        let values: Vec<Option<f64>> = (0..19).map(|row| (row % 3 != 1).then_some(f64::from(row))).collect();
        let mut column = Column::numbers("x", &values);
        assert_eq!(column.missing.len(), 3);
        assert_eq!((0..19).map(|row| Option::<f64>::from_column(&mut column, row)).collect::<Vec<_>>(), values);
        assert_eq!(Option::<f64>::from_column(&mut column, 24), None, "behind the end");
    }

    #[test]
    fn truth_values_are_numbers_and_texts_are_moved_out() {
        let mut flags = Column::numbers("x", &[Some(0.0), Some(1.0), None]);
        let truth: Vec<_> = (0..3).map(|row| Option::<bool>::from_column(&mut flags, row)).collect();
        assert_eq!(truth, [Some(false), Some(true), None]);
        let mut texts = Column::texts("t", &[Some("a"), None, Some("")]);
        let all: Vec<_> = (0..3).map(|row| Option::<String>::from_column(&mut texts, row)).collect();
        assert_eq!(all, [Some("a".to_owned()), None, Some(String::new())]);
        assert_eq!(Option::<f64>::from_column(&mut texts, 0), None);
    }
}
