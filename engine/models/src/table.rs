//! A training table: numeric inputs, a yes/no label, and the instant and group of each row.

use crate::error::ModelError;
use crate::sheet::{Sheet, number};
use staunch_core::time::{Span, Time};
use std::collections::HashMap;
use std::io::Read;

/// How to read a CSV file as a training table.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// The label column: 0/1 or true/false; a row without a label is left out.
    pub label: String,
    /// Columns that are not inputs.
    pub ignore: Vec<String>,
    /// The column with the instant of a row, if there is one. It is never an input.
    pub at: Option<String>,
    /// The column whose rows belong together, such as `contact`: resampling keeps them together. Never an input.
    pub group: Option<String>,
}

/// Labelled rows, by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// One column per input, one entry per row.
    pub columns: Vec<Vec<Option<f64>>>,
    /// Whether the row's outcome happened.
    pub labels: Vec<bool>,
    /// The instant of each row; empty if the table has no such column.
    pub at: Vec<Time>,
    /// The group of each row, numbered in order of appearance; each row its own if there is no such column.
    pub groups: Vec<u32>,
    /// Columns that hold no numbers and were left out.
    pub skipped: Vec<String>,
    /// Rows that were left out for want of a label.
    pub unlabelled: usize,
}

impl Table {
    /// Reads CSV. Inputs are all columns of numbers that the options do not name; a column of text is left out and
    /// listed in [`Table::skipped`]; a single cell that is not a number is an error with its place.
    pub fn read_csv(reader: impl Read, options: &TableOptions) -> Result<Table, ModelError> {
        let sheet = Sheet::read(reader)?;
        let label = sheet.position(&options.label)?;
        let at = options.at.as_deref().map(|name| sheet.position(name)).transpose()?;
        let group = options.group.as_deref().map(|name| sheet.position(name)).transpose()?;
        let mut used = vec![Some(label), at, group];
        for name in &options.ignore {
            used.push(Some(sheet.position(name)?));
        }
        let labels = labels(&sheet, label)?;
        let kept: Vec<usize> = (0..sheet.len()).filter(|&row| labels[row].is_some()).collect();
        let mut table = Table { unlabelled: sheet.len() - kept.len(), ..Table::default() };
        table.labels = labels.into_iter().flatten().collect();
        for (column, name) in sheet.names().iter().enumerate().filter(|(column, _)| !used.contains(&Some(*column))) {
            if sheet.looks_numeric(column) {
                let all = sheet.numbers(column)?;
                table.columns.push(kept.iter().map(|&row| all[row]).collect());
                table.inputs.push(name.clone());
            } else {
                table.skipped.push(name.clone());
            }
        }
        if let Some(column) = at {
            table.at = kept.iter().map(|&row| sheet.time(row, column)).collect::<Result<_, _>>()?;
        }
        table.groups = groups(&sheet, group, &kept);
        Ok(table)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of rows whose outcome happened.
    pub fn positives(&self) -> usize {
        self.labels.iter().filter(|label| **label).count()
    }

    /// One row in the order of the inputs.
    pub fn row(&self, row: usize) -> Vec<Option<f64>> {
        self.columns.iter().map(|column| column[row]).collect()
    }

    /// Splits by time: rows whose label was complete at `cutoff` (instant + `horizon` ≤ `cutoff`) for training, rows
    /// from `cutoff` on for evaluation. Rows between the two know something of the other side and go to neither.
    pub fn split(&self, cutoff: Time, horizon: Span) -> Result<(Table, Table), ModelError> {
        if self.at.len() != self.len() {
            return Err(ModelError::Table(
                "to split by time the table needs a column with the instant of each row".into(),
            ));
        }
        Ok((self.pick(|row| self.at[row] + horizon <= cutoff), self.pick(|row| self.at[row] >= cutoff)))
    }

    /// The table with its input columns in another order, or with fewer of them; the error names what is missing.
    pub fn with_inputs<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<Table, ModelError> {
        let mut table = Table { inputs: Vec::new(), columns: Vec::new(), ..self.clone() };
        for name in names {
            let column = self.inputs.iter().position(|known| known == name).ok_or_else(|| {
                ModelError::Table(format!("no column of numbers `{name}`; there are: {}", self.inputs.join(", ")))
            })?;
            table.inputs.push(name.to_owned());
            table.columns.push(self.columns[column].clone());
        }
        Ok(table)
    }

    fn pick(&self, keep: impl Fn(usize) -> bool) -> Table {
        let rows: Vec<usize> = (0..self.len()).filter(|&row| keep(row)).collect();
        Table {
            inputs: self.inputs.clone(),
            columns: self.columns.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            at: rows.iter().filter_map(|&row| self.at.get(row).copied()).collect(),
            groups: rows.iter().map(|&row| self.groups[row]).collect(),
            skipped: self.skipped.clone(),
            unlabelled: 0,
        }
    }
}

fn labels(sheet: &Sheet, column: usize) -> Result<Vec<Option<bool>>, ModelError> {
    let cell = |row| match sheet.text(row, column) {
        None => Ok(None),
        Some(text) => match number(text) {
            Some(0.0) => Ok(Some(false)),
            Some(1.0) => Ok(Some(true)),
            _ => Err(sheet.error(row, column, format!("`{text}` is not a label: 0, 1, true or false"))),
        },
    };
    (0..sheet.len()).map(cell).collect()
}

fn groups(sheet: &Sheet, column: Option<usize>, kept: &[usize]) -> Vec<u32> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut next = 0u32;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let mut group = |row: usize| match column.and_then(|column| sheet.text(row, column)) {
        // A row without a group is a group of its own.
        None => fresh(),
        Some(text) => *numbers.entry(text).or_insert_with(&mut fresh),
    };
    kept.iter().map(|&row| group(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "contact,at,x,note,y,bought\nc1,2011-01-01,1,hi,,1\nc2,2011-02-01,2,ho,5,0\nc1,2011-03-01,3,hu,6,\nc1,2011-04-01,4,he,7,true\n";

    fn options() -> TableOptions {
        TableOptions {
            label: "bought".into(),
            at: Some("at".into()),
            group: Some("contact".into()),
            ..TableOptions::default()
        }
    }

    #[test]
    fn reads_inputs_labels_and_groups() {
        let table = Table::read_csv(CSV.as_bytes(), &options()).unwrap();
        assert_eq!((table.inputs.join(" "), table.skipped.join(" ")), ("x y".into(), "note".into()));
        assert_eq!(table.labels, [true, false, true]);
        assert_eq!((table.groups.clone(), table.unlabelled), (vec![0, 1, 0], 1));
        assert_eq!(table.row(0), [Some(1.0), None]);
        let picked = table.with_inputs(["y"].into_iter()).unwrap();
        assert_eq!(picked.row(1), [Some(5.0)]);
        assert!(table.with_inputs(["z"].into_iter()).is_err());
    }

    #[test]
    fn splits_by_time_with_a_gap_for_the_label() {
        let table = Table::read_csv(CSV.as_bytes(), &options()).unwrap();
        let (train, test) = table.split(Time::parse("2011-02-15T00:00:00Z").unwrap(), Span::days(30)).unwrap();
        assert_eq!((train.labels, test.labels), (vec![true], vec![true]));
        assert_eq!(test.columns[0], [Some(4.0)]);
    }

    #[test]
    fn says_where_a_cell_is_wrong() {
        let bad_label = CSV.replace("5,0", "5,2");
        let error = Table::read_csv(bad_label.as_bytes(), &options()).unwrap_err();
        assert_eq!(error.to_string(), "line 3, column `bought`: `2` is not a label: 0, 1, true or false");
        let bad_cell = CSV.replace(",3,hu", ",three,hu");
        let error = Table::read_csv(bad_cell.as_bytes(), &options()).unwrap_err();
        assert!(error.to_string().starts_with("line 4, column `x`"), "{error}");
        let unknown = TableOptions { ignore: vec!["nope".into()], ..options() };
        assert!(Table::read_csv(CSV.as_bytes(), &unknown).is_err());
    }
}
