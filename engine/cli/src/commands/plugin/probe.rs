//! The checks of a plugin, one function each. None of them reads a file or a calendar.

use super::finding::Finding;
use super::rows::{self, Row};
use super::timing;
use serde_json::json;
use staunch_core::score::ScoreFailure;
use staunch_core::{Span, Time, codes};
use staunch_scoring::{
    AnswerOrFailure, DEADLINE_TICKS, Demand, MAX_BATCH, MAX_COMPONENT, MAX_REASONS, Manifest, Plugin as Loaded,
    ResultKind, TICK,
};
use std::time::Duration;

/// Share of a limit from which a warning is due.
const MUCH: f64 = 0.5;
/// Days before its end at which a card's expiry is worth a word.
const SOON: i64 = 30;
/// How far the raw value may be from its parts, as a share of their sizes: they are rounded in any order.
const SUMS: f64 = 1e-6;
/// How long one measurement of latency may take.
const MEASURE: Duration = Duration::from_millis(400);

/// The file's size.
pub fn size(bytes: usize) -> Finding {
    share(
        "size",
        bytes as u64,
        MAX_COMPONENT as u64,
        format!("{:.1} KB", bytes as f64 / 1e3),
        "strip it, or use a smaller model",
    )
}

/// A finding about how much of a limit is used.
fn share(name: &'static str, used: u64, limit: u64, text: String, next: &str) -> Finding {
    let share = used as f64 / limit as f64;
    let text = format!("{text}, {:.1} % of what it may", 100.0 * share);
    let finding = if share > MUCH { Finding::warning(name, text, next) } else { Finding::ok(name, text) };
    Finding { figures: Some(json!({ "used": used, "limit": limit })), ..finding }
}

/// The manifest and its card; what would be wrong was refused at loading.
pub fn manifest(manifest: &Manifest, now: Time) -> Vec<Finding> {
    let card = &manifest.card;
    let mut found = Vec::new();
    let mut lacks = |lacking: bool, text: &str, next: &str| {
        if lacking {
            found.push(Finding::warning("manifest", text, next));
        }
    };
    lacks(card.owner.trim().is_empty(), "nobody owns it", "name a team or a person in the card's owner");
    lacks(card.purpose.trim().is_empty(), "it has no purpose", "say in the card what it is meant for");
    let open = manifest.kind == ResultKind::Scalar && manifest.range.is_none();
    lacks(open, "it has no range", "give a range, so that the host refuses what lies outside");
    let day = Span(86_400_000_000);
    if let Some(expires) = card.expires.as_deref().and_then(Time::parse) {
        lacks(expires <= now, &format!("it expired at {expires}"), "train it again, or check it and move the date");
        let soon = expires > now && expires <= now + Span(day.0 * SOON);
        lacks(soon, &format!("it expires at {expires}"), "plan to train it again");
    }
    let trained = card.trained_on.is_some();
    lacks(
        trained && card.metrics.is_empty(),
        "it was trained and names no quality",
        "put a measured quality into the card",
    );
    if found.is_empty() {
        let text = format!("{} inputs, owner {}, {}", manifest.inputs.len(), card.owner, card.purpose);
        found.push(Finding::ok("manifest", text));
    }
    found
}

/// Rows at the edge and made-up ones, one by one: each is answered or declined, none is a failure.
pub fn odd(plugin: &Loaded, edges: Vec<(String, Row)>, made: &[Row]) -> Finding {
    let made = made.iter().enumerate().map(|(at, row)| (format!("made-up row {}", at + 1), row.clone()));
    let (mut count, mut declined) = (0, 0);
    for (name, row) in edges.into_iter().chain(made) {
        count += 1;
        match plugin.answers(&[row.as_slice()]).pop() {
            Some(Err(failure)) if failure.code == codes::PLUGIN_DECLINED => declined += 1,
            Some(Err(failure)) => {
                return Finding::failed("odd inputs", format!("{name}: {failure}"), mend(&failure));
            }
            _ => {}
        }
    }
    let text = format!("{count} rows: missing, extreme, unknown");
    Finding::ok("odd inputs", if declined > 0 { format!("{text}; {declined} declined") } else { text })
}

/// What to do about a failure.
pub fn mend(failure: &ScoreFailure) -> &'static str {
    match failure.code.as_str() {
        codes::PLUGIN_TRAP => {
            "a crash is mostly a panic, such as `unwrap` of a missing value; a clock (`Instant`, `SystemTime`) and random \
             numbers crash, too, for a plugin has neither. Call `score` with this row in a test: `cargo test` shows the \
             message"
        }
        codes::PLUGIN_FUEL | codes::PLUGIN_DEADLINE => {
            "look for a loop that does not end, or that grows with the input"
        }
        codes::PLUGIN_LIMITS => "look for a table or a text that grows with the input",
        _ => "answer or decline every row: missing values, texts that are not known, numbers of any size",
    }
}

/// Checks that would only repeat that it fails.
const BEHIND: [&str; 6] = ["deterministic", "batches", "instructions", "memory", "time", "latency"];

/// What is not asked of a plugin that fails.
pub fn skipped() -> impl Iterator<Item = Finding> {
    BEHIND.iter().map(|name| Finding::skipped(name, "it fails on odd inputs"))
}

/// Two instances and two runs of each give the same.
pub fn repeats(one: &Loaded, other: &Loaded, rows: &[Row]) -> Finding {
    let rows = rows::borrowed(rows);
    let first = one.answers(&rows);
    let same = [one.answers(&rows), other.answers(&rows), other.answers(&rows)].iter().all(|again| *again == first);
    let next = "keep no state between calls: no statics, no counters, no caches";
    if same {
        Finding::ok("deterministic", format!("{} rows in two instances, twice each", rows.len()))
    } else {
        Finding::failed("deterministic", "the same rows have other answers the second time", next)
    }
}

/// A row's answer does not depend on the other rows, on their order, or on what was scored before.
pub fn splits(plugin: &Loaded, rows: &[Row]) -> Finding {
    let rows = rows::borrowed(rows);
    let whole = plugin.answers(&rows);
    let pieces =
        |size: usize| -> Vec<AnswerOrFailure> { rows.chunks(size).flat_map(|rows| plugin.answers(rows)).collect() };
    let reversed: Vec<_> = rows.iter().rev().copied().collect();
    let mut back = plugin.answers(&reversed);
    back.reverse();
    for (name, answers) in [("one by one", pieces(1)), ("in sevens", pieces(7)), ("in reverse order", back)] {
        if let Some(at) = answers.iter().zip(&whole).position(|(a, b)| a != b) {
            let next = "keep no state between rows (no statics, no counters, no caches) and score each row by itself: the \
                        host puts rows together as they come";
            return Finding::failed("batches", format!("row {} has another answer {name}", at + 1), next);
        }
    }
    Finding::ok("batches", "the same one by one, in sevens, together and in reverse")
}

/// A plugin with the interface `values` gives the same by both ways.
pub fn quick(plugin: &Loaded, rows: &[Row]) -> Option<Finding> {
    if !plugin.is_quick() {
        return None;
    }
    let rows = rows::borrowed(rows);
    let columns = plugin.answers_by_columns(&rows);
    let plain = plugin.plain_answers(&rows);
    let same = |(columns, plain): (&AnswerOrFailure, &Result<staunch_scoring::Plain, _>)| match (columns, plain) {
        (Ok(a), Ok(b)) => a.value.to_bits() == b.value.to_bits() && a.raw == Some(b.raw),
        (a, b) => a.is_err() == b.is_err(),
    };
    Some(match columns.iter().zip(&plain).all(same) && columns == plugin.answers(&rows) {
        true => Finding::ok("values", "the short way gives the same"),
        false => Finding::failed(
            "values",
            "`values` gives another answer than `score-batch`",
            "both must give the same bits",
        ),
    })
}

/// Where the plugin names its base and why: the raw value is the base and all contributions, as the contract has it.
pub fn contributions(plugin: &Loaded, rows: &[Row]) -> Option<Finding> {
    let name = "contributions";
    let base = plugin.manifest().base?;
    let mut summed = 0;
    for (at, answer) in plugin.answers(&rows::borrowed(rows)).into_iter().enumerate() {
        // Of as many as there may be the weakest were left out.
        let Some((raw, reasons)) = answer.ok().and_then(|answer| Some((answer.raw?, answer.reasons))) else { continue };
        if reasons.len() >= MAX_REASONS {
            continue;
        }
        summed += 1;
        let parts = || std::iter::once(base).chain(reasons.iter().map(|reason| reason.contribution));
        let (sum, size) = (parts().sum::<f64>(), parts().map(f64::abs).sum::<f64>());
        if (raw - sum).abs() > SUMS * size.max(raw.abs()) {
            let text = format!("row {}: raw is {raw}, base and contributions are {sum} together", at + 1);
            let next = "give `raw` as the base and all contributions, or leave `base` out";
            return Some(Finding::failed(name, text, next));
        }
    }
    (summed > 0).then(|| Finding::ok(name, format!("make the raw value of {summed} rows, with the base")))
}

/// Instructions, memory and wall time of the largest batch.
pub fn limits(plugin: &Loaded, rows: &[Row]) -> Vec<Finding> {
    let whole: Vec<_> = rows.iter().map(Vec::as_slice).cycle().take(MAX_BATCH).collect();
    let start = std::time::Instant::now();
    let usage = plugin.demand(&whole);
    let took = start.elapsed();
    let Demand { fuel, fuel_limit, memory, memory_limit } = match usage {
        Ok(usage) => usage,
        Err(failure) => {
            let next = "a whole batch has the same limits as one row has: look for memory that is never freed";
            return vec![Finding::failed("limits", format!("a batch of {MAX_BATCH} rows: {failure}"), next)];
        }
    };
    let deadline = TICK.as_micros() as u64 * DEADLINE_TICKS;
    let per_row = fuel as f64 / MAX_BATCH as f64;
    let took_ms = took.as_secs_f64() * 1e3;
    vec![
        share(
            "instructions",
            fuel,
            fuel_limit,
            format!("{per_row:.0} per row in a batch of {MAX_BATCH}"),
            "do less for each row",
        ),
        share(
            "memory",
            memory,
            memory_limit,
            format!("{:.1} MB", memory as f64 / 1e6),
            "hold less: a smaller model, smaller tables",
        ),
        share(
            "time",
            took.as_micros() as u64,
            deadline,
            format!("{took_ms:.1} ms for {MAX_BATCH} rows"),
            "do less for each row",
        ),
    ]
}

/// How long a call takes, with reasons.
pub fn latency(plugin: &Loaded, rows: &[Row]) -> Finding {
    let borrowed = rows::borrowed(rows);
    let batch: Vec<_> = borrowed.iter().copied().cycle().take(256).collect();
    let one = timing::measure(MEASURE, |n| drop(plugin.answers(&borrowed[n % borrowed.len()..][..1])));
    let many = timing::measure(MEASURE, |_| drop(plugin.answers(&batch)));
    let text =
        format!("one row {:.1} µs (p99 {:.1}), 256 rows {:.0} µs (p99 {:.0})", one.p50, one.p99, many.p50, many.p99);
    let figures = json!({ "one_row_us": one, "rows_256_us": many });
    Finding { figures: Some(figures), ..Finding::ok("latency", text) }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn much_of_a_limit_is_a_warning() {
        assert_eq!(size(1_000).state, State::Ok);
        assert_eq!(size(MAX_COMPONENT / 2 + 1_000_000).state, State::Warning);
    }
}
