//! The figures as a page, and what is wrong with them.

use crate::series::{Options, Run, Series, Variant};
use staunch_core::Time;
use staunch_tests::measure::median;
use std::fmt::Write;
use std::time::SystemTime;

/// Share of the events that start or advance a run, at least.
const RUNS: f64 = 0.20;
/// Share of the events that reach the score, at least.
const SCORES: f64 = 0.05;

/// The middle of a figure over all rounds.
fn middle(runs: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    median(&runs.iter().map(figure).collect::<Vec<_>>())
}

impl Variant {
    fn events(&self) -> f64 {
        self.shape.events as f64
    }

    /// Seconds for an event of the shop: those of the whole file less those of its introductions.
    fn per_event(&self) -> f64 {
        let pairs = self.whole.iter().zip(&self.warm).map(|(whole, warm)| whole.seconds - warm.seconds);
        median(&pairs.collect::<Vec<_>>()) / self.events()
    }

    /// Seconds for a line of the file.
    fn per_line(&self) -> f64 {
        middle(&self.whole, |run| run.seconds) / self.written.lines as f64
    }

    /// Seconds of parsing a line, into a `Value` and into structs.
    fn per_parse(&self) -> (f64, f64) {
        let of = |part: fn(&(f64, f64)) -> f64| median(&self.parsed.iter().map(part).collect::<Vec<_>>());
        (of(|seconds| seconds.0) / self.written.lines as f64, of(|seconds| seconds.1) / self.written.lines as f64)
    }

    fn peak(&self, runs: &[Run]) -> f64 {
        middle(runs, |run| run.peak as f64)
    }

    /// Shares of the events: those that started a run, that advanced one, that reached the score.
    fn shares(&self) -> (f64, Option<f64>, Option<f64>) {
        let share = |count: u64| count as f64 / self.events();
        let last = self.whole.last();
        let started = last.map_or(0.0, |run| share(run.started));
        (started, last.and_then(|run| run.advanced).map(share), last.and_then(|run| run.scores).map(share))
    }
}

/// What keeps the figures from meaning what they should, by line.
pub fn problems(variants: &[Variant]) -> Vec<String> {
    let mut found = Vec::new();
    for variant in variants {
        let name = variant.name();
        for (run, lines) in variant.whole.iter().map(|run| (run, variant.written.lines)) {
            if run.events != lines {
                found.push(format!("{name}: {} of {lines} lines were decided", run.events));
            }
        }
        let (started, advanced, scores) = variant.shares();
        if variant.series == Series::Main {
            if started + advanced.unwrap_or(0.0) < RUNS {
                found.push(format!("{name}: only {} of the events start or advance a run", percent(started)));
            }
            if scores.is_none_or(|scores| scores < SCORES) {
                found.push(format!("{name}: only {} of the events reach the score", optional(scores)));
            }
        }
    }
    found
}

/// The report, as Markdown.
pub fn page(options: &Options, machine: &str, variants: &[Variant]) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write_page(&mut page, options, machine, variants);
    page
}

fn write_page(page: &mut String, options: &Options, machine: &str, variants: &[Variant]) -> std::fmt::Result {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let date = Time(seconds as i64 * 1_000_000).to_string();
    writeln!(page, "# Simulate, {}\n", date.split('T').next().unwrap_or_default())?;
    writeln!(page, "Machine: {machine}.")?;
    let pinned = if options.pin { "on core 0 alone (`taskset -c 0`)" } else { "not pinned: `taskset` is missing" };
    writeln!(page, "Each process {pinned}; medians of {} rounds, all variants in each round.", options.rounds)?;
    writeln!(page, "Command: `tests/simulate --events {} --rounds {}`.\n", options.events, options.rounds)?;
    for variant in variants.iter().filter(|variant| variant.series == Series::Main) {
        write_main(page, variant)?;
    }
    write_series(page, variants, Series::Workflows, "Workflows", "5 workflows")?;
    write_series(
        page,
        variants,
        Series::Contacts,
        "Contacts, as many events over more of them",
        "the fewest contacts",
    )?;
    write_series(page, variants, Series::Alike, "Contacts, each with two events", "the fewest contacts")?;
    write_memory(page, variants)
}

fn write_main(page: &mut String, main: &Variant) -> std::fmt::Result {
    let (value, typed) = main.per_parse();
    let (started, advanced, scores) = main.shares();
    let bytes = main.written.bytes / main.written.lines.max(1);
    writeln!(page, "## {}\n", main.name())?;
    writeln!(
        page,
        "{} lines of {bytes} bytes on average: two that introduce each contact, then the events of a shop. All 8",
        main.written.lines
    )?;
    writeln!(
        page,
        "features count every event of the shop. Of these, {} start a run, {} advance one,",
        percent(started),
        optional(advanced)
    )?;
    writeln!(page, "and {} reach the score, a model of 100 trees.\n", optional(scores))?;
    writeln!(page, "| | µs per line | lines per second | × the parse |\n|---|---|---|---|")?;
    let row = |name: &str, seconds: f64| {
        format!("| {name} | {:.2} | {:.0} | {:.1} |", seconds * 1e6, 1.0 / seconds, seconds / value)
    };
    writeln!(page, "{}", row("parse into `serde_json::Value`", value))?;
    writeln!(page, "{}", row("parse into structs", typed))?;
    writeln!(page, "{}", row("`staunch simulate`", main.per_line()))?;
    let wall = middle(&main.whole, |run| run.wall) / main.written.lines as f64;
    writeln!(page, "{}\n", row("its whole process, start to end", wall))?;
    writeln!(page, "Aim: at most 8 × the parse. Peak memory {}.\n", megabytes(main.peak(&main.whole)))
}

fn write_series(page: &mut String, all: &[Variant], series: Series, title: &str, base: &str) -> std::fmt::Result {
    let variants: Vec<&Variant> = all.iter().filter(|variant| variant.series == series).collect();
    let (unit, aim) = match series {
        Series::Contacts | Series::Alike => (variants.first(), "1.5"),
        _ => (variants.iter().find(|variant| variant.workflows == (5, 0)), "1.3"),
    };
    let Some(unit) = unit.map(|variant| variant.per_event()) else { return Ok(()) };
    writeln!(page, "## {title}\n")?;
    writeln!(
        page,
        "Time for an event after all contacts were introduced, against that with {base}. Aim: at most {aim} ×.\n"
    )?;
    writeln!(page, "| Variant | µs per event | × | runs started | scores | × the parse |\n|---|---|---|---|---|---|")?;
    for variant in variants {
        let (started, _, scores) = variant.shares();
        writeln!(
            page,
            "| {} | {:.2} | {:.2} | {} | {} | {:.1} |",
            variant.name(),
            variant.per_event() * 1e6,
            variant.per_event() / unit,
            percent(started),
            optional(scores),
            variant.per_event() / variant.per_parse().0
        )?;
    }
    writeln!(page)
}

/// Memory per contact: the difference between the most and the fewest contacts, divided by the contacts in between.
fn write_memory(page: &mut String, all: &[Variant]) -> std::fmt::Result {
    let mut variants = all.iter().filter(|variant| variant.series == Series::Alike);
    let (Some(fewest), Some(most)) = (variants.next(), variants.next_back()) else { return Ok(()) };
    let contacts = (most.shape.contacts - fewest.shape.contacts) as f64;
    let each = |runs: fn(&Variant) -> &[Run]| (most.peak(runs(most)) - fewest.peak(runs(fewest))) / contacts;
    writeln!(page, "## Memory\n\n| | bytes per contact |\n|---|---|")?;
    writeln!(page, "| introduced, without any event | {:.0} |", each(|variant| &variant.warm))?;
    writeln!(
        page,
        "| after 2 events each, with their runs, actions and keys | {:.0} |\n",
        each(|variant| &variant.whole)
    )?;
    let (least, peak) = (megabytes(fewest.peak(&fewest.whole)), megabytes(most.peak(&most.whole)));
    writeln!(
        page,
        "Peak of the process: {least} with {} contacts, {peak} with {}.",
        fewest.shape.contacts, most.shape.contacts
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn optional(share: Option<f64>) -> String {
    share.map_or_else(|| "an unknown number".into(), percent)
}

fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / 1e6)
}
