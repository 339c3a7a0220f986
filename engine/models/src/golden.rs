//! Golden vectors: `golden.csv` beside a plugin holds rows and the values that it must give for them, bit for bit.

use crate::error::ModelError;
use crate::model::{Input, Model};
use crate::sheet::{Sheet, number};

/// The column that holds the expected value.
pub const VALUE_COLUMN: &str = "value";
/// What stands in that column where the plugin must decline the row.
pub const DECLINED: &str = "declined";

/// Rows with their expected values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Golden {
    /// Names of the inputs, in column order.
    pub inputs: Vec<String>,
    /// The rows.
    pub rows: Vec<GoldenRow>,
}

/// One row: a text per input as the file holds it, `None` for a missing one, and the expected value.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenRow {
    /// Cells in the order of [`Golden::inputs`].
    pub cells: Vec<Option<String>>,
    /// The value that the plugin must give; `None` where it must decline the row.
    pub value: Option<f64>,
}

impl Golden {
    /// What the model says of some rows, with the edges of every input, a row without any value and, where an input is
    /// a text, one of texts that the model does not know in front. Rows are as the model reads them: texts by code.
    pub fn of(model: &Model, rows: &[Vec<Option<f64>>]) -> Golden {
        let (ends, head) = (model.ends(), model.head());
        let edge = |pick: fn(&(f64, f64)) -> f64| ends.iter().map(|ends| Some(pick(ends))).collect();
        let edges: [Vec<Option<f64>>; 3] = [vec![None; ends.len()], edge(|ends| ends.0), edge(|ends| ends.1)];
        let row = |row: &Vec<Option<f64>>| {
            let cells = head.inputs.iter().zip(row).map(|(input, cell)| cell.and_then(|x| text(input, x))).collect();
            GoldenRow { cells, value: Some(model.predict(row).0) }
        };
        let mut all: Vec<GoldenRow> = edges.iter().map(row).collect();
        if head.inputs.iter().any(|input| !input.categories.is_empty()) {
            let cells =
                head.inputs.iter().map(|input| (!input.categories.is_empty()).then(|| unknown(input))).collect();
            all.push(GoldenRow { cells, value: all[0].value });
        }
        all.extend(rows.iter().map(row));
        Golden { inputs: model.input_names().map(str::to_owned).collect(), rows: all }
    }

    /// What the model gives where a golden row says another value: the row's number, from 1, with both values. Empty
    /// where all agree bit for bit.
    pub fn differences(&self, model: &Model) -> Result<Vec<(usize, f64, f64)>, ModelError> {
        let head = model.head();
        let places: Vec<Option<usize>> =
            head.inputs.iter().map(|input| self.inputs.iter().position(|name| name == input.name)).collect();
        if let Some(at) = places.iter().position(Option::is_none) {
            return Err(ModelError::Golden(format!("no column for the input `{}`", head.inputs[at].name)));
        }
        let mut different = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let cell = |(input, place): (&Input<'_>, &Option<usize>)| {
                let Some(text) = place.and_then(|place| row.cells.get(place)?.as_deref()) else { return Ok(None) };
                if !input.categories.is_empty() {
                    return Ok(input.categories.iter().position(|known| known == text).map(|code| code as f64));
                }
                let wrong = || ModelError::Golden(format!("row {}: `{text}` is no number", at + 1));
                number(text).map(Some).ok_or_else(wrong)
            };
            let cells = head.inputs.iter().zip(&places).map(cell).collect::<Result<Vec<_>, _>>()?;
            let value = model.predict(&cells).0;
            let declines = || ModelError::Golden(format!("row {}: a model declines no row", at + 1));
            let expected = row.value.ok_or_else(declines)?;
            if value.to_bits() != expected.to_bits() {
                different.push((at + 1, expected, value));
            }
        }
        Ok(different)
    }

    /// Reads `golden.csv`: one column per input and one named `value`, a number or `declined`.
    pub fn read(bytes: &[u8]) -> Result<Golden, ModelError> {
        let wrong = |error: ModelError| ModelError::Golden(error.to_string());
        let sheet = Sheet::read(bytes).map_err(wrong)?;
        let value = sheet.position(VALUE_COLUMN).map_err(wrong)?;
        let columns: Vec<usize> = (0..sheet.names().len()).filter(|&column| column != value).collect();
        let inputs = columns.iter().map(|&column| sheet.names()[column].clone()).collect();
        let row = |row: usize| {
            let cells = columns.iter().map(|&column| sheet.text(row, column).map(str::to_owned)).collect();
            let needed = "a golden row needs the value that is expected, or `declined`";
            let value = match sheet.text(row, value) {
                Some(DECLINED) => None,
                text => Some(text.and_then(number).ok_or_else(|| wrong(sheet.error(row, value, needed)))?),
            };
            Ok(GoldenRow { cells, value })
        };
        Ok(Golden { inputs, rows: (0..sheet.len()).map(row).collect::<Result<_, ModelError>>()? })
    }

    /// Writes `golden.csv`; numbers in their shortest form that reads back to the same bits.
    pub fn write(&self) -> Result<Vec<u8>, ModelError> {
        let wrong = |error: &dyn std::fmt::Display| ModelError::Golden(error.to_string());
        if self.inputs.iter().any(|name| name == VALUE_COLUMN) {
            let text =
                format!("an input is named `{VALUE_COLUMN}`, as the column of expected values: rename the input");
            return Err(ModelError::Golden(text));
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.inputs.iter().map(String::as_str).chain([VALUE_COLUMN]);
        writer.write_record(header).map_err(|e| wrong(&e))?;
        for row in &self.rows {
            let value = row.value.map_or_else(|| DECLINED.to_owned(), |value| value.to_string());
            let cells = row.cells.iter().map(|cell| cell.as_deref().unwrap_or("")).chain([value.as_str()]);
            writer.write_record(cells).map_err(|e| wrong(&e))?;
        }
        writer.into_inner().map_err(|e| wrong(&e))
    }
}

/// A value as a file holds it: the text that a code stands for, none where it stands for none.
fn text(input: &Input<'_>, x: f64) -> Option<String> {
    if input.categories.is_empty() {
        return Some(x.to_string());
    }
    (x > -1.0).then(|| input.categories.get(x as usize).cloned()).flatten()
}

/// A text that the input does not know.
fn unknown(input: &Input<'_>) -> String {
    let mut text = String::from("unknown");
    while input.categories.contains(&text) {
        text.push('?');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{LogisticInput, LogisticModel};
    use crate::model::{Card, FORMAT};
    use crate::node::Test;
    use crate::sample::trees;

    #[test]
    fn survives_its_file() {
        let input = |name: &str| LogisticInput {
            name: name.into(),
            unit: None,
            mean: 1.0 / 3.0,
            sd: 0.7,
            low: -1e-9,
            high: 1e17,
            weight: 0.3,
            missing_weight: -0.1,
        };
        let (name, version, inputs) = ("m".into(), "1".into(), vec![input("a"), input("b")]);
        let model = LogisticModel {
            format: FORMAT,
            name,
            version,
            inputs,
            intercept: 0.1,
            bands: Vec::new(),
            card: Card::default(),
        };
        let golden = Golden::of(&Model::Logistic(model), &[vec![Some(0.1 + 0.2), None]]);
        assert_eq!(golden.rows.len(), 4);
        assert_eq!(Golden::read(&golden.write().unwrap()).unwrap(), golden);
    }

    #[test]
    fn texts_stand_for_themselves() {
        let mut model = trees(5, 2, 20, 4);
        model.inputs[1].categories = ["unknown", "b,c", "null?"].map(String::from).to_vec();
        for split in model.trees.iter_mut().flatten().filter_map(|node| node.split.as_mut()) {
            if split.input == 1 {
                split.test = Test::In(vec![0, 2]);
            }
        }
        let model = Model::Trees(model);
        let mut golden = Golden::of(&model, &[vec![Some(0.5), Some(1.0)], vec![Some(-0.5), None]]);
        let texts: Vec<Option<&str>> = golden.rows.iter().map(|row| row.cells[1].as_deref()).collect();
        assert_eq!(texts, [None, Some("unknown"), Some("null?"), Some("unknown?"), Some("b,c"), None]);
        assert_eq!(golden.rows[3].cells[0], None);
        assert_eq!(Golden::read(&golden.write().unwrap()).unwrap(), golden);
        assert_eq!(golden.differences(&model).unwrap(), []);
        golden.rows[4].cells[1] = Some("null?".into());
        let other = model.predict(&[Some(0.5), Some(2.0)]).0;
        assert_eq!(golden.differences(&model).unwrap(), [(5, golden.rows[4].value.unwrap(), other)]);
    }

    #[test]
    fn a_row_can_be_declined_by_a_plugin_and_not_by_a_model() {
        let file = "x,value\n1,declined\n2,true\n";
        let golden = Golden::read(file.as_bytes()).unwrap();
        assert_eq!(golden.rows.iter().map(|row| row.value).collect::<Vec<_>>(), [None, Some(1.0)]);
        assert_eq!(Golden::read(&golden.write().unwrap()).unwrap(), golden);
        let model = Model::Trees(trees(5, 2, 20, 4));
        let names: Vec<&str> = model.input_names().collect();
        let row = format!("{},value\n{}declined\n", names.join(","), ",".repeat(names.len()));
        let error = Golden::read(row.as_bytes()).unwrap().differences(&model).unwrap_err();
        assert!(error.to_string().contains("row 1: a model declines no row"), "{error}");
    }

    #[test]
    fn refuses_rows_without_a_value() {
        let error = Golden::read(b"a,value\n1,\n").unwrap_err();
        assert_eq!(error.code(), staunch_core::codes::GOLDEN_INVALID);
        assert!(error.to_string().contains("line 2") && error.to_string().contains("or `declined`"), "{error}");
        assert!(Golden::read(b"a\n1\n").is_err());
        let named = Golden { inputs: vec![VALUE_COLUMN.into()], rows: Vec::new() };
        assert!(named.write().unwrap_err().to_string().contains("rename the input"));
    }
}
