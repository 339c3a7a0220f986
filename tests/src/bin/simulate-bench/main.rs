//! `staunch simulate` on generated events against only parsing the same JSON, on one core, in one run.
//!
//!     simulate-bench [--events 1000000] [--rounds 3] [--only main] [--binary FILE] [--dir DIR] [--report FILE]
//!
//! Four series: the shape of issue 3 (`main`), 1 to 1,000 workflows (`workflows`), and contacts from a hundredth of the
//! events up to as many, with as many events in all (`contacts`) or two events each (`alike`). Each round runs everything once, in the same order. `simulate-bench parse FILE` is
//! the floor: it is run as a process of its own, pinned like the simulation.

mod parse;
mod report;
mod series;

use series::{Options, Series};
use staunch_tests::measure;
use std::path::PathBuf;
use std::process::ExitCode;

/// A message for the person who started the program.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.split_first() {
        Some((first, [file])) if first == "parse" => parse::run(file.as_ref()),
        _ => options(&args).and_then(|(options, report)| bench(&options, report)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("simulate-bench: {failure}");
            ExitCode::from(2)
        }
    }
}

fn options(args: &[String]) -> Result<(Options, Option<PathBuf>), Failure> {
    let own = std::env::current_exe()?;
    let mut options = Options {
        binary: own.with_file_name("staunch"),
        own,
        events: 1_000_000,
        rounds: 3,
        only: None,
        dir: std::env::temp_dir(),
        pin: measure::can_pin(),
    };
    let mut report = None;
    for pair in args.chunks(2) {
        let [name, value] = pair else { return Err(format!("`{}` needs a value", pair[0]).into()) };
        match name.as_str() {
            "--events" => options.events = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--only" => options.only = Some(Series::parse(value)?),
            "--binary" => options.binary = value.into(),
            "--dir" => options.dir = value.into(),
            "--report" => report = Some(value.into()),
            _ => return Err(format!("`{name}` is no option; see the head of main.rs").into()),
        }
    }
    if options.events < 10_000 || options.rounds == 0 {
        return Err("at least 10000 events and one round".into());
    }
    if !options.binary.is_file() {
        let help = "build it with `cargo build --release`, or name another with --binary";
        return Err(format!("{} is missing; {help}", options.binary.display()).into());
    }
    Ok((options, report))
}

/// Measures, prints and writes. False where the events were not what the benchmark says they are.
fn bench(options: &Options, file: Option<PathBuf>) -> Result<bool, Failure> {
    let machine = measure::machine();
    let results = series::run(options)?;
    let page = report::page(options, &machine, &results);
    println!("{page}");
    if let Some(file) = file {
        std::fs::write(&file, &page)?;
        eprintln!("written to {}", file.display());
    }
    let problems = report::problems(&results);
    for problem in &problems {
        eprintln!("simulate-bench: {problem}");
    }
    Ok(problems.is_empty())
}
