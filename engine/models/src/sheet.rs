//! CSV with a header line as named text columns, and its cells as typed values.

use crate::error::ModelError;
use staunch_core::time::Time;
use std::io::Read;

/// A file of rows under named columns, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Sheet {
    /// Reads CSV (RFC 4180, UTF-8). Every row has as many cells as the header; column names are unique.
    pub fn read(reader: impl Read) -> Result<Sheet, ModelError> {
        let broken = |error: csv::Error| ModelError::Table(format!("not readable as CSV: {error}"));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
        let names: Vec<String> = reader
            .headers()
            .map_err(broken)?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() || names[..index].contains(name) {
                return Err(ModelError::Table(format!("column {} has no name of its own: `{name}`", index + 1)));
            }
        }
        let rows = reader.records().collect::<Result<_, _>>().map_err(broken)?;
        Ok(Sheet { names, rows })
    }

    /// Names of the columns, in file order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows under the header.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a column stands; the error names the columns that exist.
    pub fn position(&self, name: &str) -> Result<usize, ModelError> {
        self.names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| ModelError::Table(format!("no column `{name}`; there are: {}", self.names.join(", "))))
    }

    /// A cell as text; `None` where it is empty or one of the usual words for "unknown".
    pub fn text(&self, row: usize, column: usize) -> Option<&str> {
        let cell = self.rows.get(row)?.get(column)?;
        let unknown = ["", "NA", "NaN", "nan", "null", "NULL"].contains(&cell);
        (!unknown).then_some(cell)
    }

    /// An error at a cell.
    pub fn error(&self, row: usize, column: usize, problem: impl Into<String>) -> ModelError {
        let line = self.rows.get(row).and_then(|record| record.position()).map_or(0, csv::Position::line);
        let column = self.names.get(column).cloned().unwrap_or_default();
        ModelError::Cell { line, column, problem: problem.into() }
    }

    /// A whole column of numbers; truth values count as 0 and 1.
    pub fn numbers(&self, column: usize) -> Result<Vec<Option<f64>>, ModelError> {
        let cell = |row| match self.text(row, column) {
            None => Ok(None),
            Some(text) => match number(text) {
                Some(value) => Ok(Some(value)),
                None => Err(self.error(row, column, format!("`{text}` is not a finite number"))),
            },
        };
        (0..self.len()).map(cell).collect()
    }

    /// Whether the first filled cells of a column (up to 100) are mostly numbers: a column with one typo is a column
    /// of numbers with an error, not a column of text.
    pub fn looks_numeric(&self, column: usize) -> bool {
        let filled: Vec<&str> = (0..self.len()).filter_map(|row| self.text(row, column)).take(100).collect();
        filled.iter().filter(|text| number(text).is_some()).count() * 2 > filled.len()
    }

    /// A cell as an instant: RFC 3339, or a date that stands for its midnight in UTC.
    pub fn time(&self, row: usize, column: usize) -> Result<Time, ModelError> {
        let text = self.text(row, column).unwrap_or("");
        Time::parse(text)
            .or_else(|| Time::parse(&format!("{text}T00:00:00Z")))
            .ok_or_else(|| self.error(row, column, format!("`{text}` is not a date or an RFC 3339 time")))
    }
}

/// A finite number, or a truth value as 0 or 1.
pub fn number(text: &str) -> Option<f64> {
    match text {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_gaps_and_times() {
        let text = "\u{feff}a, b,at\n1,true,2011-09-01\n,x,2011-09-01T02:00:00+02:00\n";
        let sheet = Sheet::read(text.as_bytes()).unwrap();
        assert_eq!(sheet.names(), ["a", "b", "at"]);
        assert_eq!(sheet.numbers(0).unwrap(), [Some(1.0), None]);
        assert_eq!(sheet.time(0, 2).unwrap(), sheet.time(1, 2).unwrap());
        let error = sheet.numbers(1).unwrap_err();
        assert_eq!(error.to_string(), "line 3, column `b`: `x` is not a finite number");
        assert!(sheet.position("c").unwrap_err().to_string().contains("a, b, at"));
    }

    #[test]
    fn refuses_broken_files() {
        for bad in ["a,a\n1,2\n", "a,\n1,2\n", "a,b\n1\n"] {
            assert!(matches!(Sheet::read(bad.as_bytes()), Err(ModelError::Table(_))), "{bad}");
        }
        assert!(Sheet::read(&b"a\n\xff\n"[..]).is_err());
        assert_eq!((number("inf"), number("1e999"), number("-1.5e3")), (None, None, Some(-1500.0)));
    }
}
