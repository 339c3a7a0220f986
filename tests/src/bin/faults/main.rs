//! Faults on purpose: real `staunch run` processes on RabbitMQ and Postgres are killed, paused, cut off and misled, and
//! afterwards an oracle looks for what was lost, decided twice, sent twice or put out of order.
//!
//!     faults [--full] [--share 1.0] [--binary FILE] [--report FILE] [NAME...]
//!
//! Without names all cases run. The short sizes run in `tests/run`; `--full` takes the sizes of the requirements, and
//! `--share` a part of those. Servers are those of `tests/services`. The binary has to be built together with the tests'
//! crate, or it has no fail-points.

mod bed;
mod case;
mod clocks;
mod crash;
mod duplicates;
mod feed;
mod memory;
mod oracle;
mod order;
mod paused;
mod points;
mod poison;
mod receiver;
mod restart;
mod servers;
mod sigterm;
mod timers;

use case::Case;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The binary under test.
    pub binary: PathBuf,
    /// The sizes of the requirements instead of those for `tests/run`.
    pub full: bool,
    /// Of the full sizes, so much.
    pub share: f64,
}

impl Options {
    /// The short size, or this part of the full one.
    pub fn size(&self, short: usize, full: usize) -> usize {
        if self.full { ((full as f64 * self.share) as usize).max(1) } else { short }
    }
}

/// Runs a case.
type Run = fn(&Options, &mut Case);

/// All cases: name and what runs it.
const CASES: [(&str, Run); 11] = [
    ("crash", crash::run),
    ("points", points::run),
    ("order", order::run),
    ("sigterm", sigterm::run),
    ("restart", restart::run),
    ("poison", poison::run),
    ("paused", paused::run),
    ("clocks", clocks::run),
    ("duplicates", duplicates::run),
    ("timers", timers::run),
    ("memory", memory::run),
];

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("faults: {why}");
            ExitCode::from(2)
        }
    }
}

fn start() -> Result<bool, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut options = Options { binary: own.with_file_name("staunch"), full: false, share: 1.0 };
    let (mut names, mut report) = (Vec::new(), None);
    let all: Vec<String> = std::env::args().skip(1).collect();
    let mut args = all.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("`{arg}` needs a value"));
        match arg.as_str() {
            "--full" => options.full = true,
            "--share" => options.share = value()?.parse().map_err(|_| "`--share` takes a number".to_owned())?,
            "--binary" => options.binary = value()?.into(),
            "--report" => report = Some(PathBuf::from(value()?)),
            name if CASES.iter().any(|(known, _)| *known == name) => names.push(name.to_owned()),
            other => {
                let known: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
                return Err(format!("`{other}` is no option and no case; cases are {}", known.join(", ")));
            }
        }
    }
    let command = format!("tests/faults {}", all.join(" "));
    let mut page = case::head(&options, &command);
    let mut good = true;
    for (name, run) in CASES.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|one| one == name)) {
        let case = one(&options, name, *run);
        good &= case.good();
        print!("{case}");
        page += &case.to_string();
    }
    if let Some(file) = report {
        std::fs::write(&file, page).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(good)
}

/// A case that gives up by a panic has failed; those after it run all the same.
fn one(options: &Options, name: &str, run: Run) -> Case {
    let mut case = Case::new(name);
    std::panic::set_hook(Box::new(|panic| eprintln!("gave up: {panic}")));
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(options, &mut case))) {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        case.failed(&said.unwrap_or_else(|| "it broke off".to_owned()));
    }
    case.end();
    case
}
