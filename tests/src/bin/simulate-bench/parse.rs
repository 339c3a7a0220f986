//! The floor: the lines of a file, parsed by serde_json and dropped again.

use crate::Failure;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

/// An event of the shop as a program would declare it that wants just these fields.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are parsed to be measured")]
struct Typed<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are parsed to be measured")]
struct Data<'a> {
    amount: Option<f64>,
    minutes: Option<f64>,
    #[serde(borrow)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow)]
    item: Option<Cow<'a, str>>,
}

/// Parses a file twice and prints how long it took: `value` into `serde_json::Value`, `typed` into structs.
///
/// # Errors
/// A file that cannot be read or holds a line that is no event.
pub fn run(file: &Path) -> Result<bool, Failure> {
    let (lines, value) = each(file, |line| {
        black_box(serde_json::from_slice::<Value>(line)?);
        Ok(())
    })?;
    let (_, typed) = each(file, |line| {
        black_box(serde_json::from_slice::<Typed<'_>>(line)?);
        Ok(())
    })?;
    println!("{}", json!({ "lines": lines, "value": value, "typed": typed }));
    Ok(true)
}

/// Lines and seconds, reading included.
fn each(file: &Path, parse: impl Fn(&[u8]) -> Result<(), serde_json::Error>) -> Result<(u64, f64), Failure> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file)?);
    let (mut line, mut lines, began) = (Vec::new(), 0, Instant::now());
    while reader.read_until(b'\n', &mut line)? > 0 {
        parse(&line)?;
        lines += 1;
        line.clear();
    }
    Ok((lines, began.elapsed().as_secs_f64()))
}
