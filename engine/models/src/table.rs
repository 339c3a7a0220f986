//! A training table: inputs that are numbers or texts, a yes/no label, and the instant and group of each row.

use crate::error::ModelError;
use crate::model::Model;
use crate::sheet::there_are;
use staunch_core::time::{Span, Time};
use std::collections::HashMap;

/// How to read a CSV file as a training table.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// The columns that are inputs; none where all are that nothing else names.
    pub inputs: Vec<String>,
    /// The label column: 0/1, true/false or yes/no; a row without a label is left out.
    pub label: String,
    /// Columns that are not inputs.
    pub ignore: Vec<String>,
    /// The column with the instant of a row, if there is one. It is never an input.
    pub at: Option<String>,
    /// The column whose rows belong together, such as `contact`: resampling keeps them together. Never an input.
    pub group: Option<String>,
    /// The column by whose values an evaluation is broken down. It may be an input as well.
    pub segment: Option<String>,
    /// Columns that are texts although they look like numbers, such as the number of a shop.
    pub texts: Vec<String>,
}

/// Labelled rows, by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// One column per input, one entry per row; of a text input the place of the text in [`Table::categories`].
    pub columns: Vec<Vec<Option<f64>>>,
    /// Per input the texts that occur, in ascending order; none where it is a number. Shorter than `inputs` where the
    /// rest are numbers.
    pub categories: Vec<Vec<String>>,
    /// Whether the row's outcome happened.
    pub labels: Vec<bool>,
    /// The instant of each row; empty if the table has no such column.
    pub at: Vec<Time>,
    /// The group of each row, numbered in order of appearance; each row its own if there is no such column.
    pub groups: Vec<u32>,
    /// The segment of each row, empty if it has none; no entry at all if the table has no such column.
    pub segments: Vec<String>,
    /// A hash of each row as its file holds it, ignored columns included: splits follow it, so that models of other
    /// columns are measured on the same rows. Empty where the table comes from no file: then it is a hash of the inputs.
    pub keys: Vec<u64>,
    /// Rows that were left out for want of a label.
    pub unlabelled: usize,
}

impl Table {
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

    /// The texts of an input; none where it is a number.
    pub fn texts(&self, input: usize) -> &[String] {
        self.categories.get(input).map_or(&[], Vec::as_slice)
    }

    /// One row in the order of the inputs.
    pub fn row(&self, row: usize) -> Vec<Option<f64>> {
        self.columns.iter().map(|column| column[row]).collect()
    }

    /// Splits by time: rows whose label was complete at `cutoff` (instant + `horizon` ≤ `cutoff`) for training, rows
    /// from `cutoff` on for evaluation. Rows between the two know something of the other side and go to neither. A side
    /// without a row is an error.
    pub fn split(&self, cutoff: Time, horizon: Span) -> Result<(Table, Table), ModelError> {
        if self.at.len() != self.len() {
            return Err(ModelError::Table(
                "to split by time the table needs a column with the instant of each row".into(),
            ));
        }
        let rows =
            |keep: &dyn Fn(Time) -> bool| -> Vec<usize> { (0..self.len()).filter(|&row| keep(self.at[row])).collect() };
        let (past, future) = (rows(&|at| at + horizon <= cutoff), rows(&|at| at >= cutoff));
        let ends = self.at.iter().min().zip(self.at.iter().max());
        let text = match ends {
            Some((first, _)) if past.is_empty() => format!(
                "no label was known by {cutoff}: the first row is of {first}, and a label is known {horizon} after its row"
            ),
            Some((_, last)) if future.is_empty() => format!("no row is of {cutoff} or later: the last is of {last}"),
            _ => return Ok((self.pick(&past), self.pick(&future))),
        };
        Err(ModelError::TooLittle(text))
    }

    /// The table with its input columns in another order, or with fewer of them; the error names what is missing.
    pub fn with_inputs<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<Table, ModelError> {
        let mut table = Table { inputs: Vec::new(), columns: Vec::new(), categories: Vec::new(), ..self.clone() };
        for name in names {
            let column = self.input(name)?;
            table.inputs.push(name.to_owned());
            table.columns.push(self.columns[column].clone());
            table.categories.push(self.texts(column).to_vec());
        }
        Ok(table)
    }

    /// The table with those inputs alone that are numbers.
    pub(crate) fn numbers(&self) -> Result<Table, ModelError> {
        let number = |input: &usize| self.texts(*input).is_empty();
        self.with_inputs((0..self.inputs.len()).filter(number).map(|input| self.inputs[input].as_str()))
    }

    /// The table as the model reads rows: its inputs in its order, texts by its codes, missing where it does not know
    /// a text. An input of the other type is an error.
    pub fn for_model(&self, model: &Model) -> Result<Table, ModelError> {
        let head = model.head();
        let mut table = self.with_inputs(head.inputs.iter().map(|input| input.name))?;
        for (at, input) in head.inputs.iter().enumerate() {
            let wrong = |problem| Err(ModelError::Table(format!("column `{}` {problem}", input.name)));
            let known = std::mem::take(&mut table.categories[at]);
            match (input.categories.is_empty(), known.is_empty()) {
                (true, true) => continue,
                (true, false) => return wrong("holds texts, and the model reads numbers there"),
                (false, true) if table.columns[at].iter().any(Option::is_some) => {
                    return wrong("holds numbers, and the model reads texts there; read it as texts");
                }
                (false, _) => {}
            }
            let codes: HashMap<&String, f64> = input.categories.iter().zip((0..).map(f64::from)).collect();
            let code: Vec<Option<f64>> = known.iter().map(|text| codes.get(text).copied()).collect();
            for cell in &mut table.columns[at] {
                *cell = cell.and_then(|place| code.get(place as usize).copied().flatten());
            }
            table.categories[at] = input.categories.to_vec();
        }
        Ok(table)
    }

    /// Some of the rows, in the order in which they are named.
    pub fn pick(&self, rows: &[usize]) -> Table {
        Table {
            inputs: self.inputs.clone(),
            columns: self.columns.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect(),
            categories: self.categories.clone(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            at: rows.iter().filter_map(|&row| self.at.get(row).copied()).collect(),
            groups: rows.iter().map(|&row| self.groups[row]).collect(),
            keys: rows.iter().filter_map(|&row| self.keys.get(row).copied()).collect(),
            segments: rows.iter().filter_map(|&row| self.segments.get(row).cloned()).collect(),
            unlabelled: 0,
        }
    }

    /// Where an input stands; the error names the ones that there are.
    pub(crate) fn input(&self, name: &str) -> Result<usize, ModelError> {
        let found = self.inputs.iter().position(|known| known == name);
        found.ok_or_else(|| ModelError::Table(format!("no input column `{name}`; {}", there_are(name, &self.inputs))))
    }
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
        assert_eq!(table.inputs.join(" "), "x note y");
        assert_eq!((table.texts(0).len(), table.texts(1)), (0, &["he", "hi", "ho"].map(String::from)[..]));
        assert_eq!(table.labels, [true, false, true]);
        assert_eq!((table.groups.clone(), table.unlabelled), (vec![0, 1, 0], 1));
        assert_eq!(table.row(0), [Some(1.0), Some(1.0), None]);
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
        let fails = |at: &str, days| {
            let error = table.split(Time::parse(at).unwrap(), Span::days(days)).unwrap_err();
            assert!(matches!(error, ModelError::TooLittle(_)));
            error.to_string()
        };
        let early = fails("2011-02-15T00:00:00Z", 90);
        assert!(early.contains("first row is of 2011-01-01T00:00:00Z, and a label is known 90d after"), "{early}");
        assert!(fails("2012-01-01T00:00:00Z", 0).contains("the last is of 2011-04-01"));
    }

    #[test]
    fn says_where_a_cell_is_wrong() {
        let bad_label = CSV.replace("5,0", "5,2");
        let error = Table::read_csv(bad_label.as_bytes(), &options()).unwrap_err();
        assert_eq!(error.to_string(), "line 3, column `bought`: `2` is not a label: 0 or 1, true or false, yes or no");
        let bad_cell = CSV.replace(",3,hu", ",three,hu");
        let error = Table::read_csv(bad_cell.as_bytes(), &options()).unwrap_err();
        assert!(error.to_string().starts_with("line 4, column `x`"), "{error}");
        let unknown = TableOptions { ignore: vec!["nope".into()], ..options() };
        assert!(Table::read_csv(CSV.as_bytes(), &unknown).is_err());
    }
}
