//! Compares a model that was read with what its library answers, as `make.py` wrote it.

use staunch_models::Model;
use staunch_models::import::{self, Options};
use std::path::Path;

/// The largest |ours − theirs| / max(1, |theirs|) of a kind of file.
pub fn tolerance(name: &str) -> f64 {
    match name.split('-').next() {
        Some("lgb") => 1e-9,
        Some("xgb") => 2e-6,
        _ => 1e-6,
    }
}

/// Reads a model file and compares it on all rows of the table beside it; gives the number of rows.
pub fn compare(model: &Path) -> usize {
    let name = model.file_stem().unwrap().to_str().unwrap();
    let read = import::read(&std::fs::read(model).unwrap(), &Options::default());
    let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut table = csv::Reader::from_path(model.with_extension("csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let (mut rows, mut worst) = (0, (0.0f64, String::new()));
    for record in table.records() {
        let record = record.unwrap();
        let row = inputs(&read, &header, &record);
        for (what, ours, theirs) in pairs(&read, &row, &header, &record) {
            let error = (ours - theirs).abs() / theirs.abs().max(1.0);
            if error > worst.0 || error.is_nan() {
                worst = (error, format!("{name}, row {rows}, {what}: {ours} is not {theirs}; {row:?}"));
            }
        }
        rows += 1;
    }
    assert!(worst.0 <= tolerance(name), "{} (error {:e})", worst.1, worst.0);
    println!("{name}: {rows} rows, largest error {:e}", worst.0);
    rows
}

fn inputs(model: &Model, header: &csv::StringRecord, record: &csv::StringRecord) -> Vec<Option<f64>> {
    let names: Vec<String> = model.input_names().map(str::to_owned).collect();
    let cell = |(at, name): (usize, &String)| {
        let column = header.iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
        let text = record.get(column).filter(|text| !text.is_empty())?;
        if model.head().inputs[at].categories.is_empty() {
            return Some(text.parse().unwrap_or_else(|_| panic!("{name}: {text}")));
        }
        model.code(at, text)
    };
    names.iter().enumerate().map(cell).collect()
}

/// What is compared of a row: its name, ours, theirs. Where a library does not say a raw value, none is compared.
fn pairs(
    model: &Model,
    row: &[Option<f64>],
    header: &csv::StringRecord,
    record: &csv::StringRecord,
) -> Vec<(String, f64, f64)> {
    let (raws, shares) = (model.raws(row), model.shares(row));
    let (answer, reasons) = model.predict(row);
    assert!(reasons.iter().all(|reason| reason.contribution.is_finite()));
    let mut pairs = Vec::new();
    for (name, cell) in header.iter().zip(record) {
        let ours = match name.split_once(':') {
            _ if cell.is_empty() => continue,
            None if name == "raw" => raws[0],
            None if name == "answer" => answer,
            Some(("raw", class)) => raws[class.parse::<usize>().unwrap()],
            Some(("share", class)) => shares[class.parse::<usize>().unwrap()],
            _ => continue,
        };
        pairs.push((name.to_owned(), ours, cell.parse().unwrap()));
    }
    assert!(!pairs.is_empty());
    pairs
}

/// Compares all models of a folder; gives how many there are.
pub fn compare_all(folder: &Path, least_rows: usize) -> usize {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let is_model = |file: &&std::path::PathBuf| {
        file.extension().is_some_and(|end| ["txt", "json", "ubj", "onnx"].iter().any(|known| end == *known))
    };
    let mut failed = Vec::new();
    let mut count = 0;
    for file in files.iter().filter(is_model) {
        count += 1;
        match std::panic::catch_unwind(|| compare(file)) {
            Ok(rows) => assert!(rows >= least_rows, "{}: {rows} rows", file.display()),
            Err(_) => failed.push(file.display().to_string()),
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    count
}
