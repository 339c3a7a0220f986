//! Golden vectors: `golden.csv` beside a plugin holds rows and the values that it must give for them, bit for bit.

use crate::error::ModelError;
use crate::model::Model;
use crate::sheet::{Sheet, number};

/// The column that holds the expected value.
pub const VALUE_COLUMN: &str = "value";

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
    /// The value that the plugin must give.
    pub value: f64,
}

impl Golden {
    /// What the model says of some rows, with the edges of every input and a row without any value in front.
    pub fn of(model: &Model, rows: &[Vec<Option<f64>>]) -> Golden {
        let ends = model.ends();
        let edge = |pick: fn(&(f64, f64)) -> f64| ends.iter().map(|ends| Some(pick(ends))).collect();
        let edges: [Vec<Option<f64>>; 3] = [vec![None; ends.len()], edge(|ends| ends.0), edge(|ends| ends.1)];
        let row = |row: &Vec<Option<f64>>| GoldenRow {
            cells: row.iter().map(|cell| cell.map(|x| x.to_string())).collect(),
            value: model.predict(row).0,
        };
        let inputs = model.input_names().map(str::to_owned).collect();
        Golden { inputs, rows: edges.iter().chain(rows).map(row).collect() }
    }

    /// Reads `golden.csv`: one column per input and one named `value`.
    pub fn read(bytes: &[u8]) -> Result<Golden, ModelError> {
        let wrong = |error: ModelError| ModelError::Golden(error.to_string());
        let sheet = Sheet::read(bytes).map_err(wrong)?;
        let value = sheet.position(VALUE_COLUMN).map_err(wrong)?;
        let columns: Vec<usize> = (0..sheet.names().len()).filter(|&column| column != value).collect();
        let inputs = columns.iter().map(|&column| sheet.names()[column].clone()).collect();
        let row = |row: usize| {
            let cells = columns.iter().map(|&column| sheet.text(row, column).map(str::to_owned)).collect();
            let value = sheet
                .text(row, value)
                .and_then(number)
                .ok_or_else(|| wrong(sheet.error(row, value, "a golden row needs its expected value")))?;
            Ok(GoldenRow { cells, value })
        };
        Ok(Golden { inputs, rows: (0..sheet.len()).map(row).collect::<Result<_, ModelError>>()? })
    }

    /// Writes `golden.csv`; numbers in their shortest form that reads back to the same bits.
    pub fn write(&self) -> Result<Vec<u8>, ModelError> {
        let wrong = |error: &dyn std::fmt::Display| ModelError::Golden(error.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.inputs.iter().map(String::as_str).chain([VALUE_COLUMN]);
        writer.write_record(header).map_err(|e| wrong(&e))?;
        for row in &self.rows {
            let value = row.value.to_string();
            let cells = row.cells.iter().map(|cell| cell.as_deref().unwrap_or("")).chain([value.as_str()]);
            writer.write_record(cells).map_err(|e| wrong(&e))?;
        }
        writer.into_inner().map_err(|e| wrong(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{LogisticInput, LogisticModel};
    use crate::model::{Card, FORMAT};

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
    fn refuses_rows_without_a_value() {
        let error = Golden::read(b"a,value\n1,\n").unwrap_err();
        assert_eq!(error.code(), staunch_core::codes::GOLDEN_INVALID);
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(Golden::read(b"a\n1\n").is_err());
    }
}
