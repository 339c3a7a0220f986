//! From a CSV file to a training table.

use crate::error::ModelError;
use crate::sheet::{Sheet, number};
use crate::table::{Table, TableOptions};
use std::collections::HashMap;
use std::io::Read;

impl Table {
    /// Reads CSV. Inputs are the columns that the options say, else all that they do not name. A column is one of numbers or one of texts,
    /// whichever its first cells mostly are; a single cell of a column of numbers that is not one is an error with its
    /// place.
    pub fn read_csv(reader: impl Read, options: &TableOptions) -> Result<Table, ModelError> {
        let sheet = Sheet::read(reader)?;
        let label = sheet.position(&options.label)?;
        let find = |name: &Option<String>| name.as_deref().map(|name| sheet.position(name)).transpose();
        let (at, group, segment) = (find(&options.at)?, find(&options.group)?, find(&options.segment)?);
        let all = |names: &[String]| names.iter().map(|name| sheet.position(name)).collect::<Result<Vec<_>, _>>();
        let (ignored, texts, said) = (all(&options.ignore)?, all(&options.texts)?, all(&options.inputs)?);
        // A model that is measured reads what it reads; otherwise what has another meaning is no input.
        let other = |column: &usize| Some(*column) == at || Some(*column) == group || ignored.contains(column);
        let no_input =
            |column: &usize| *column == label || if said.is_empty() { other(column) } else { !said.contains(column) };
        let labels = labels(&sheet, label)?;
        let kept: Vec<usize> = (0..sheet.len()).filter(|&row| labels[row].is_some()).collect();
        let mut table = Table { unlabelled: sheet.len() - kept.len(), ..Table::default() };
        table.labels = labels.into_iter().flatten().collect();
        table.keys = kept.iter().map(|&row| sheet.hash(row)).collect();
        for column in (0..sheet.names().len()).filter(|column| !no_input(column)) {
            let (cells, categories) = input(&sheet, column, texts.contains(&column), &kept)?;
            table.columns.push(cells);
            table.categories.push(categories);
            table.inputs.push(sheet.names()[column].clone());
        }
        if let Some(column) = at {
            table.at = kept.iter().map(|&row| sheet.time(row, column)).collect::<Result<_, _>>()?;
        }
        if let Some(column) = segment {
            table.segments = kept.iter().map(|&row| sheet.text(row, column).unwrap_or("").to_owned()).collect();
        }
        table.groups = groups(&sheet, group, &kept);
        Ok(table)
    }
}

/// The cells of an input, with the texts that occur where it is one of texts.
type Cells = (Vec<Option<f64>>, Vec<String>);

fn input(sheet: &Sheet, column: usize, is_text: bool, kept: &[usize]) -> Result<Cells, ModelError> {
    if is_text {
        return Ok(codes(sheet, column, kept));
    }
    if sheet.looks_numeric(column) {
        let all = sheet.numbers(column)?;
        return Ok((kept.iter().map(|&row| all[row]).collect(), Vec::new()));
    }
    if let Some(row) = sheet.decimal_comma(column) {
        let text = sheet.text(row, column).unwrap_or_default();
        return Err(sheet.error(row, column, format!("`{text}` has a decimal comma: write numbers with a point")));
    }
    Ok(codes(sheet, column, kept))
}

fn labels(sheet: &Sheet, column: usize) -> Result<Vec<Option<bool>>, ModelError> {
    let cell = |row| match sheet.text(row, column) {
        None => Ok(None),
        Some(text) => match (number(text), text.to_ascii_lowercase().as_str()) {
            (Some(0.0), _) | (_, "no" | "n") => Ok(Some(false)),
            (Some(1.0), _) | (_, "yes" | "y") => Ok(Some(true)),
            _ => Err(sheet.error(row, column, format!("`{text}` is not a label: 0 or 1, true or false, yes or no"))),
        },
    };
    (0..sheet.len()).map(cell).collect()
}

/// A column of texts as places in the list of those that occur, which is in ascending order, so that it does not
/// depend on the order of the rows.
fn codes(sheet: &Sheet, column: usize, kept: &[usize]) -> Cells {
    let texts: Vec<Option<&str>> = kept.iter().map(|&row| sheet.text(row, column)).collect();
    let mut known: Vec<&str> = texts.iter().copied().flatten().collect();
    known.sort_unstable();
    known.dedup();
    let place: HashMap<&str, f64> = known.iter().copied().zip((0..).map(f64::from)).collect();
    let cells = texts.into_iter().map(|text| text.and_then(|text| place.get(text).copied())).collect();
    (cells, known.into_iter().map(str::to_owned).collect())
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

    fn read(text: &str, options: &TableOptions) -> Result<Table, ModelError> {
        Table::read_csv(text.as_bytes(), options)
    }

    #[test]
    fn labels_are_words_too_and_texts_may_look_like_numbers() {
        let options = TableOptions {
            label: "y".into(),
            texts: vec!["shop".into()],
            segment: Some("shop".into()),
            ..TableOptions::default()
        };
        let table = read("shop;y;fee\n12; Yes;1.5\n7;no; \n12;N;2\n;TRUE;3\n7;;4\n", &options).unwrap();
        assert_eq!(table.labels, [true, false, false, true]);
        assert_eq!((table.texts(0), table.texts(1).len()), (&["12", "7"].map(String::from)[..], 0));
        assert_eq!(table.columns[0], [Some(0.0), Some(1.0), Some(0.0), None]);
        assert_eq!(table.columns[1], [Some(1.5), None, Some(2.0), Some(3.0)]);
        assert_eq!((table.segments.join(","), table.unlabelled), ("12,7,12,".into(), 1));
    }

    #[test]
    fn only_the_columns_that_are_said_are_looked_at() {
        let text = "id,a,shop,y\n1e999,1,7,1\n2,2,8,0\n3,3,7,1\n";
        let plain = TableOptions { label: "y".into(), group: Some("shop".into()), ..TableOptions::default() };
        assert!(read(text, &plain).unwrap_err().to_string().contains("`1e999` is not a finite number"));
        let said = TableOptions { inputs: ["a", "shop"].map(String::from).to_vec(), ..plain };
        let table = read(text, &said).unwrap();
        assert_eq!((table.inputs.join(" "), table.groups), ("a shop".into(), vec![0, 1, 0]));
    }

    #[test]
    fn texts_may_hold_commas_and_names_line_breaks() {
        let options = TableOptions { label: "y".into(), texts: vec!["a\nb".into()], ..TableOptions::default() };
        let table = read("\"a\nb\";y\n0,5;1\n1,5;0\n", &options).unwrap();
        assert_eq!((table.inputs[0].as_str(), table.texts(0).len()), ("a\nb", 2));
        let list = TableOptions { label: "y".into(), ..TableOptions::default() };
        assert_eq!(read("a,y\n\"1,2,3\",1\n\"ja, so\",0\n\"0,5\",1\n", &list).unwrap().texts(0).len(), 3);
    }

    #[test]
    fn every_wrong_table_says_what_is_wrong_and_where() {
        let options = |label: &str| TableOptions { label: label.into(), ..TableOptions::default() };
        let utf16: Vec<u8> = "\u{feff}a,y\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes: [(&[u8], &str); 7] = [
            (&utf16, "UTF-16: save it as UTF-8"),
            (b"a,y\n1,1\n\xe4,1\n", "line 3: a cell is not UTF-8"),
            (b"a,y\n1,1\n1\n", "line 3: 1 cells where the header has 2"),
            (b"a,y\n\"1,1\n1,1\n", "where the header has 2; a quotation mark"),
            (b"", "no header line"),
            (b"\n\n", "no header line"),
            (&[0; 2 << 20], "the first line has more than 1 MiB"),
        ];
        for (bytes, words) in bytes {
            let error = Table::read_csv(bytes, &options("y")).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
        let cases = [
            (
                "a;y\n0,5;1\n1;0\n1,25;1\n",
                "y",
                "line 2, column `a`: `0,5` has a decimal comma: write numbers with a point",
            ),
            ("tenure,y\n1,1\n", "tenur", "no column `tenur`; did you mean `tenure`? there are: tenure, y"),
            ("a,y\n1,maybe\n", "y", "line 2, column `y`: `maybe` is not a label: 0 or 1, true or false, yes or no"),
            ("a,y\n1,1\n2,3\n", "y", "line 3, column `y`: `3` is not a label: 0 or 1, true or false, yes or no"),
            ("a,y\n1,1\n", "z", "no column `z`; there are: a, y"),
            ("a,y,a\n1,1,2\n", "y", "line 1, column `a`: the name stands in columns 1 and 3"),
            ("a,,y\n1,1,2\n", "y", "line 1, column ``: column 2 has no name"),
        ];
        for (text, label, expected) in cases {
            assert_eq!(read(text, &options(label)).unwrap_err().to_string(), expected);
        }
        let many: String = (0..2_000).map(|n| format!("c{n},")).collect::<String>() + "y\n";
        let error = read(&many, &options("zzz")).unwrap_err().to_string();
        assert!(error.ends_with("c28, c29 and 1971 more"), "{error}");
        let spread = TableOptions { ignore: vec!["b".into()], ..options("y") };
        assert_eq!(read("a,y\n1,1\n", &spread).unwrap_err().to_string(), "no column `b`; there are: a, y");
    }
}
