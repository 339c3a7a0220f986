//! A case's figures with their verdicts, and the page that shows them.

use crate::Options;
use staunch_tests::measure;
use std::fmt::{self, Display};
use std::time::Instant;

/// One figure; without a verdict where nothing was promised.
struct Line {
    what: String,
    found: String,
    wanted: String,
    good: Option<bool>,
}

/// A case.
pub struct Case {
    name: String,
    title: String,
    lines: Vec<Line>,
    notes: Vec<String>,
    began: Instant,
    seconds: f64,
}

impl Case {
    /// One that begins now.
    pub fn new(name: &str) -> Case {
        let (lines, notes) = (Vec::new(), Vec::new());
        Case { name: name.into(), title: String::new(), lines, notes, began: Instant::now(), seconds: 0.0 }
    }

    /// What is done, in a line.
    pub fn title(&mut self, title: impl Into<String>) {
        self.title = title.into();
    }

    /// A figure and whether it is as promised.
    pub fn check(&mut self, what: impl Into<String>, found: impl Display, wanted: impl Into<String>, good: bool) {
        let (what, found, wanted) = (what.into(), found.to_string(), wanted.into());
        if !good {
            eprintln!("{}: {what}: {found}, wanted {wanted}", self.name);
        }
        self.lines.push(Line { what, found, wanted, good: Some(good) });
    }

    /// A count that has to be this one.
    pub fn exact(&mut self, what: impl Into<String>, found: usize, wanted: usize) {
        self.check(what, found, wanted.to_string(), found == wanted);
    }

    /// At least 95 of a hundred ended well: a run in which every call failed proves nothing.
    pub fn success(&mut self, what: &str, done: usize, of: usize) {
        let share = done as f64 / of.max(1) as f64;
        let found = format!("{:.2} % ({done} of {of})", share * 100.0);
        self.check(what, found, ">= 95 %", of > 0 && share >= 0.95);
    }

    /// A figure.
    pub fn say(&mut self, what: impl Into<String>, found: impl Display) {
        self.lines.push(Line { what: what.into(), found: found.to_string(), wanted: String::new(), good: None });
    }

    /// A sentence below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// It could not go on.
    pub fn failed(&mut self, why: &str) {
        let why: Vec<&str> = why.lines().take(3).collect();
        self.check("the run itself", why.join(" / "), "to come to its end", false);
    }

    /// It is over.
    pub fn end(&mut self) {
        self.seconds = self.began.elapsed().as_secs_f64();
    }

    /// Whether everything is as promised.
    pub fn good(&self) -> bool {
        self.lines.iter().all(|line| line.good != Some(false))
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.good() { "PASSED" } else { "FAILED" };
        writeln!(f, "\n## {}: {verdict} in {:.0} s\n\n{}\n", self.name, self.seconds, self.title)?;
        writeln!(f, "| What | Found | Wanted | Verdict |\n|---|---|---|---|")?;
        for line in &self.lines {
            let word = line.good.map_or("", |good| if good { "good" } else { "**BAD**" });
            writeln!(f, "| {} | {} | {} | {word} |", line.what, line.found.replace('|', "/"), line.wanted)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\n{note}"))
    }
}

/// The top of a report.
pub fn head(options: &Options, command: &str) -> String {
    let build = if cfg!(debug_assertions) { "without optimisation" } else { "release" };
    let share = if options.share < 1.0 { format!(" ({} of them)", options.share) } else { String::new() };
    let sizes = if options.full { format!("full sizes{share}") } else { "short sizes".to_owned() };
    format!(
        "# Faults\n\nMachine: {}. Broker, database, receiver and workers share it.\nCommand: `{}`: {sizes}, binary built {build}.\n0 failures in N trials bound the rate only below 3/N; N stands with each case.\n",
        measure::machine(),
        command.trim_end()
    )
}
