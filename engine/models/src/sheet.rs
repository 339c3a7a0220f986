//! CSV with a header line as named text columns, and its cells as typed values.

use crate::error::ModelError;
use staunch_core::suggest::closest;
use staunch_core::time::Time;
use std::collections::HashMap;
use std::io::Read;

/// Size of a table's file. What is larger fits into no memory as columns.
const MAX_BYTES: usize = 512 << 20;
const MAX_HEADER: usize = 1 << 20;
const MAX_ROWS: usize = 5_000_000;
const MAX_CELLS: usize = 50_000_000;
/// Columns that an error lists.
const LISTED: usize = 30;
/// Cells that say what a column holds.
const LOOKED_AT: usize = 100;

/// A file of rows under named columns, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

impl Sheet {
    /// Reads CSV (RFC 4180, UTF-8); cells are parted by commas, or by semicolons or tabs where the header has these and
    /// no comma. Every row has as many cells as the header; column names are unique.
    pub fn read(reader: impl Read) -> Result<Sheet, ModelError> {
        let bytes = bytes(reader)?;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .delimiter(delimiter(header(&bytes)?))
            .from_reader(&bytes[..]);
        let names: Vec<String> = reader
            .headers()
            .map_err(|error| broken(&error))?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        if names.iter().all(String::is_empty) {
            return Err(ModelError::Table("the table has no header line with the names of its columns".into()));
        }
        names_differ(&names)?;
        let mut rows = Vec::new();
        for row in reader.records() {
            if rows.len() == MAX_ROWS || rows.len() * names.len() > MAX_CELLS {
                return Err(too_large(format!("more than {MAX_ROWS} rows or {MAX_CELLS} cells")));
            }
            rows.push(row.map_err(|error| broken(&error))?);
        }
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

    /// Where a column stands; the error names the columns that exist.
    pub fn position(&self, name: &str) -> Result<usize, ModelError> {
        let found = self.names.iter().position(|known| known == name);
        found.ok_or_else(|| ModelError::Table(format!("no column `{name}`; {}", there_are(name, &self.names))))
    }

    /// A cell as text; `None` where it is empty or one of the usual words for "unknown".
    pub fn text(&self, row: usize, column: usize) -> Option<&str> {
        let cell = self.rows.get(row)?.get(column)?;
        let unknown = ["", "NA", "NaN", "nan", "null", "NULL"].contains(&cell);
        (!unknown).then_some(cell)
    }

    /// A hash of all cells of a row (FNV-1a of 64 bits).
    pub fn hash(&self, row: usize) -> u64 {
        let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let cells = self.rows.get(row).into_iter().flatten();
        cells.fold(0xcbf2_9ce4_8422_2325, |hash, cell| add(cell.bytes().fold(hash, add), 0xff))
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
        self.mostly(column, |text| number(text).is_some())
    }

    /// The first row with a number with a decimal comma, in a column that holds hardly anything but numbers so written.
    pub fn decimal_comma(&self, column: usize) -> Option<usize> {
        let comma = |text: &str| text.matches(',').count() == 1 && number(&text.replace(',', ".")).is_some();
        let first = (0..self.len()).find(|&row| self.text(row, column).is_some_and(comma))?;
        self.mostly(column, |text| comma(text) || number(text).is_some()).then_some(first)
    }

    fn mostly(&self, column: usize, kind: impl Fn(&str) -> bool) -> bool {
        let filled: Vec<&str> = (0..self.len()).filter_map(|row| self.text(row, column)).take(LOOKED_AT).collect();
        filled.iter().filter(|text| kind(text)).count() * 2 > filled.len()
    }

    /// A cell as an instant: RFC 3339, or a date that stands for its midnight in UTC.
    pub fn time(&self, row: usize, column: usize) -> Result<Time, ModelError> {
        let text = self.text(row, column).unwrap_or("");
        Time::parse(text).or_else(|| Time::parse(&format!("{text}T00:00:00Z"))).ok_or_else(|| {
            self.error(
                row,
                column,
                format!("`{text}` is not a date or a time with its zone, such as 2011-09-01T02:00:00+02:00"),
            )
        })
    }
}

/// The whole file, within bounds, as UTF-8 promises it.
fn bytes(mut reader: impl Read) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    let failed = |error: std::io::Error| ModelError::Table(format!("not readable: {error}"));
    // What has no header is not read any further.
    reader.by_ref().take(MAX_HEADER as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    header(&bytes)?;
    reader.take((MAX_BYTES - MAX_HEADER) as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(format!("more than {} MiB", MAX_BYTES >> 20)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ModelError::Table("the table is written in UTF-16: save it as UTF-8".into()));
    }
    Ok(bytes)
}

fn too_large(than: String) -> ModelError {
    ModelError::Table(format!("the table has {than}: give a sample of its rows"))
}

fn broken(error: &csv::Error) -> ModelError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "a cell is not UTF-8: save the table as UTF-8".into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the header has {expected_len}; a quotation mark may be left open")
        }
        _ => format!("not readable as CSV: {error}"),
    };
    ModelError::Table(format!("line {line}: {problem}"))
}

fn names_differ(names: &[String]) -> Result<(), ModelError> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let wrong = |problem| Err(ModelError::Cell { line: 1, column: name.clone(), problem });
        if name.is_empty() {
            return wrong(format!("column {} has no name", place + 1));
        }
        if let Some(first) = first.insert(name, place) {
            return wrong(format!("the name stands in columns {} and {}", first + 1, place + 1));
        }
    }
    Ok(())
}

/// What an error says about a name that is none of these.
pub(crate) fn there_are(name: &str, names: &[String]) -> String {
    let near = closest(name, names.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let more = names.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{near}there are: {}{more}", names[..names.len().min(LISTED)].join(", "))
}

/// The first line, which a quoted name may break.
fn header(bytes: &[u8]) -> Result<&[u8], ModelError> {
    let mut quoted = false;
    let end = bytes.iter().take(MAX_HEADER + 1).position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    });
    match end {
        None if bytes.len() > MAX_HEADER => {
            Err(ModelError::Table(format!("the first line has more than {} MiB: this is no table", MAX_HEADER >> 20)))
        }
        end => Ok(&bytes[..end.unwrap_or(bytes.len())]),
    }
}

/// What parts the cells of the first line, outside quotes.
fn delimiter(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut bare = line.iter().copied().filter(|byte| {
        quoted ^= *byte == b'"';
        !quoted
    });
    match bare.find(|byte| [b',', b';', b'\t'].contains(byte)) {
        Some(b',') | None => b',',
        // A name may hold one of these where commas part the names.
        Some(other) => {
            if bare.any(|byte| byte == b',') {
                b','
            } else {
                other
            }
        }
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
    fn finds_what_parts_the_cells() {
        for text in ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2\n", "\"a\";\"b\"\r\n\"1\";2\r\n"] {
            let sheet = Sheet::read(text.as_bytes()).unwrap();
            assert_eq!((sheet.names().join(" "), sheet.text(0, 1)), ("a b".into(), Some("2")), "{text}");
        }
        assert_eq!(Sheet::read(&b"a;x,b\n1,2\n"[..]).unwrap().names(), ["a;x", "b"]);
        assert_eq!(Sheet::read(&b"\"a,x\";b\n1;2\n"[..]).unwrap().names(), ["a,x", "b"]);
        assert_eq!(Sheet::read(&b"only\n1\n"[..]).unwrap().names(), ["only"]);
    }

    #[test]
    fn refuses_broken_files() {
        for bad in ["a,a\n1,2\n", "a,\n1,2\n"] {
            assert!(matches!(Sheet::read(bad.as_bytes()), Err(ModelError::Cell { line: 1, .. })), "{bad}");
        }
        assert!(matches!(Sheet::read(&b"a,b\n1\n"[..]), Err(ModelError::Table(_))));
        assert!(Sheet::read(&b"a\n\xff\n"[..]).is_err());
        assert_eq!((number("inf"), number("1e999"), number("-1.5e3")), (None, None, Some(-1500.0)));
    }
}
