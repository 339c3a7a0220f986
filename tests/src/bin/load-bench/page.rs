//! What was measured, in words and tables.

use crate::latency::percentile;
use crate::{Options, Round};

/// One round in a line.
pub fn told(round: &Round) -> String {
    let parts: Vec<String> = round.parts.iter().map(|(name, micros)| format!("{name} {micros:.1}")).collect();
    format!("{:.0} events/s; microseconds of processor per event: {}", round.rate, parts.join(", "))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Two sides round by round, the ratio of their medians, and where the processor's time went.
pub fn rates(title: &str, options: &Options, one: (&str, &[Round]), two: (&str, &[Round])) -> String {
    let rate = |rounds: &[Round]| median(rounds.iter().map(|round| round.rate).collect());
    let (first, second) = (rate(one.1), rate(two.1));
    let mut text = format!(
        "## {title}\n\n{} events, {} rounds; medians: {} {first:.0}/s, {} {second:.0}/s, ratio {:.3}\n\n| round | {} | {} | ratio |\n|---|---|---|---|\n",
        options.events,
        options.rounds,
        one.0,
        two.0,
        second / first,
        one.0,
        two.0
    );
    for (number, (a, b)) in one.1.iter().zip(two.1).enumerate() {
        text += &format!("| {} | {:.0} | {:.0} | {:.3} |\n", number + 1, a.rate, b.rate, b.rate / a.rate);
    }
    text += "\nMicroseconds of processor per event, medians:\n\n| | broker | database | client |\n|---|---|---|---|\n";
    for (name, rounds) in [one, two] {
        let part = |at: usize| median(rounds.iter().map(|round| round.parts[at].1).collect());
        text += &format!("| {name} | {:.1} | {:.1} | {:.1} |\n", part(0), part(1), part(2));
    }
    text
}

const SHARES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// Percentiles of sorted latencies in a line.
pub fn percentiles(sorted: &[i64]) -> String {
    SHARES.map(|(name, share)| format!("{name} {:.1} ms", percentile(sorted, share))).join(", ")
}

/// Medians over rounds of each percentile, beside the floor's own.
pub fn latencies(rate: f64, floors: &[Vec<i64>], engines: &[Vec<i64>]) -> String {
    let mut text = format!(
        "## Latency from the broker to the commit\n\n{rate:.0} events/s, half of the engine's greatest rate, {} rounds, medians\n\n| | floor, ms | engine, ms | ratio |\n|---|---|---|---|\n",
        floors.len()
    );
    for (name, share) in SHARES {
        let of = |rounds: &[Vec<i64>]| median(rounds.iter().map(|round| percentile(round, share)).collect());
        let (floor, engine) = (of(floors), of(engines));
        text += &format!("| {name} | {floor:.1} | {engine:.1} | {:.2} |\n", engine / floor);
    }
    text
}
