//! Workers whose clock is an hour ahead or behind: only the database's clock counts.

use crate::Options;
use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use staunch_tests::{Service, root, until};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Seconds that the workflow waits before its effect.
const WAIT: u64 = 4;

/// The lease of a send in this case.
const LEASE: &str = "20";

fn waiting() -> String {
    let wait = format!("steps:\n  - wait: pause\n    for: {WAIT}s\n");
    ONE_EFFECT.replacen("steps:\n", &wait, 1)
}

pub fn run(options: &Options, case: &mut Case) {
    let contacts = options.size(50, 500);
    case.title(format!(
        "Workers whose clock is an hour ahead, and an hour behind (a library before the C library's clock): {contacts} timers of {WAIT} s each; and a lease of {LEASE} s that a worker ahead must not take."
    ));
    let shim = shim();
    for (name, shift) in [("an hour ahead", "3600"), ("an hour behind", "-3600")] {
        let bed = Bed::new(options, "clocks", &waiting());
        let skewed = [("LD_PRELOAD", shim.to_str().unwrap()), ("STAUNCH_TEST_CLOCK", shift), ("STAUNCH_LOG", "info")];
        timers(&bed, &skewed, name, contacts, case);
    }
    lease(options, shim.to_str().unwrap(), case);
}

/// No timer early, and none an hour late.
fn timers(bed: &Bed, skewed: &[(&str, &str)], name: &str, contacts: usize, case: &mut Case) {
    let worker = bed.worker(skewed);
    let now = bed.now();
    let mut events = orders(now, contacts, 2 * contacts, 1);
    // The orders are of this very second, so that their timers lie ahead.
    for (number, event) in events.iter_mut().enumerate() {
        let time = staunch_core::Time(now + number as i64);
        let at = event.body.find("\"time\":\"").unwrap() + 8;
        let end = at + event.body[at..].find('"').unwrap();
        event.body.replace_range(at..end, &time.to_string());
    }
    let began = Instant::now();
    bed.feed().publish(messages(&events)).unwrap();
    bed.decided(30, events.len());
    until(60, "all effects", || bed.receiver.count() >= contacts);
    let last = began.elapsed().as_secs_f64();
    let early = bed.database.number(&format!("SELECT COUNT(*) FROM actions WHERE sending_at < {now} + {WAIT}000000"));
    case.exact(format!("{name}: timers that fired early"), early as usize, 0);
    let first = bed.receiver.seen().values().filter_map(|one| one.first).min().unwrap();
    let first = first.duration_since(began).as_secs_f64();
    case.check(
        format!("{name}: first effect"),
        format!("after {first:.1} s"),
        format!(">= {WAIT} s"),
        first >= WAIT as f64 - 0.05,
    );
    case.check(format!("{name}: last effect"), format!("after {last:.1} s"), "< 30 s", last < 30.0);
    until(10, "the record", || {
        bed.database.number("SELECT COUNT(*) FROM actions WHERE state = 'done'") as usize == contacts
    });
    case.success(&format!("{name}: timers with their effect"), bed.receiver.count(), contacts);
    let off = off_by(&worker.err(), bed.now());
    case.check(
        format!("{name}: its own log is off by"),
        format!("{off} s"),
        "about an hour",
        (3_500..3_700).contains(&off.abs()),
    );
}

/// Seconds between the last line of a log and now.
fn off_by(log: &str, now: i64) -> i64 {
    let line: serde_json::Value =
        log.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let written = line["timestamp"].as_str().and_then(staunch_core::Time::parse);
    written.map_or(0, |written| (written.0 - now) / 1_000_000)
}

/// A worker that is an hour ahead does not think that another one's lease is over.
fn lease(options: &Options, shim: &str, case: &mut Case) {
    let bed = Bed::new(options, "leases", ONE_EFFECT);
    let events = orders(bed.now(), 8, 16, 1);
    let own = ("STAUNCH_FAILPOINT_LEASE", LEASE);
    // All is decided before anything is sent, so that one claim takes all: a second one would wait for the answers of the first.
    let decider = bed.starting_as("worker", &[]).ready();
    bed.feed().publish(messages(&events)).unwrap();
    bed.decided(30, events.len());
    decider.kill();
    bed.receiver.hold(true);
    let holder = bed.worker(&[own]);
    until(30, "requests that are out", || bed.receiver.held() == 8);
    let ahead: Service = bed.worker(&[own, ("LD_PRELOAD", shim), ("STAUNCH_TEST_CLOCK", "3600")]);
    std::thread::sleep(Duration::from_secs(3));
    let stolen = bed.database.number("SELECT COUNT(*) FROM actions WHERE fence > 1 OR state <> 'sending'");
    case.exact("leases that a worker an hour ahead took", stolen as usize, 0);
    bed.receiver.hold(false);
    bed.settled(30);
    let repeats = bed.receiver.seen().values().filter(|one| one.times > 1).count();
    case.exact("requests that were repeated", repeats, 0);
    let done = bed.database.number("SELECT COUNT(*) FROM actions WHERE state = 'done'") as usize;
    case.success("actions under a lease that ended as done", done, 8);
    drop(ahead);
    drop(holder);
}

/// Builds the library.
fn shim() -> PathBuf {
    let folder = root().join("target/faults");
    std::fs::create_dir_all(&folder).unwrap();
    let library = folder.join("clock.so");
    let source = root().join("tests/tools/clock.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.is_ok_and(|status| status.success()), "cc could not build tests/tools/clock.c");
    library
}
