//! The memory of a worker under sustained load.

use crate::Options;
use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::oracle;
use std::time::{Duration, Instant};

/// Events a second.
const RATE: usize = 500;
const CONTACTS: usize = 2_000;

pub fn run(options: &Options, case: &mut Case) {
    let seconds = options.size(8, 1_800);
    case.title(format!("One worker under {RATE} events a second for {seconds} s, over {CONTACTS} contacts; its resident memory once a second."));
    let bed = Bed::new(options, "memory", ONE_EFFECT);
    let feed = bed.feed();
    let events = orders(bed.now(), CONTACTS, RATE * seconds, 10);
    let worker = bed.worker(&[]);
    let (began, mut seen) = (Instant::now(), Vec::new());
    for (second, part) in events.chunks(RATE).enumerate() {
        std::thread::sleep(Duration::from_secs(second as u64).saturating_sub(began.elapsed()));
        feed.publish(messages(part)).unwrap();
        seen.push((began.elapsed().as_secs_f64() / 60.0, resident(worker.id())));
    }
    let third = &seen[seen.len() / 3..];
    let mebibytes = |at: Option<&(f64, f64)>| format!("{:.1} MiB", at.map_or(0.0, |one| one.1));
    case.say("at the start", mebibytes(seen.first()));
    case.say("after a third of the time", mebibytes(third.first()));
    case.say("at the end", mebibytes(seen.last()));
    let slope = slope(third);
    let found = format!("{slope:.2} MiB a minute");
    match options.full && seconds >= 600 {
        true => case.check("slope of the last two thirds", found, "< 1 MiB a minute", slope < 1.0),
        false => case.say("slope of the last two thirds, too short a run for a verdict", found),
    }
    bed.decided(120, events.len());
    case.say("effects that were behind when the last event was decided", bed.open());
    bed.settled(900);
    oracle::audit(&bed, &events, case);
}

/// Resident memory in MiB.
fn resident(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_024.0
}

/// Of a straight line through the points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0 / count, sum.1 + one.1 / count));
    let over: f64 = points.iter().map(|one| (one.0 - x) * (one.1 - y)).sum();
    let under: f64 = points.iter().map(|one| (one.0 - x).powi(2)).sum();
    over / under.max(f64::MIN_POSITIVE)
}
