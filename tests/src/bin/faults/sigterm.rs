//! SIGTERM under load, again and again: the process finishes what it began, gives back the rest and ends in time.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::Service;
use staunch_tests::generate::Rng;
use std::time::{Duration, Instant};

const WORKERS: usize = 2;
const CONTACTS: usize = 500;
/// Published before each signal.
const PART: usize = 1_000;

pub fn run(options: &Options, case: &mut Case) {
    let times = options.size(5, 50);
    case.title(format!("{times} times SIGTERM to one of {WORKERS} workers under load, {PART} events before each."));
    let bed = Bed::new(options, "sigterm", ONE_EFFECT);
    let feed = bed.feed();
    let events = orders(bed.now(), CONTACTS, times * PART, 10);
    let mut workers: Vec<Service> = (0..WORKERS).map(|_| bed.worker(&[])).collect();
    let (mut chance, mut slowest, mut bad, mut warned, mut busy) = (Rng::new(11), Duration::ZERO, 0, 0, 0);
    for (number, part) in events.chunks(PART).enumerate() {
        feed.publish(messages(part)).unwrap();
        std::thread::sleep(Duration::from_millis(chance.below(150)));
        busy += usize::from(bed.count() < (number + 1) * PART);
        let worker = &mut workers[number % WORKERS];
        let began = Instant::now();
        let status = worker.signal("TERM", 60);
        slowest = slowest.max(began.elapsed());
        bad += usize::from(!status.success());
        warned += usize::from(worker.err().contains("stopped before everything was finished"));
        *worker = bed.worker(&[]);
    }
    bed.decided(120, events.len());
    bed.settled(60);
    case.exact("signals", times, times);
    case.check("signals while events were undecided", busy, "most", busy * 2 > times);
    case.check("slowest exit", format!("{:.1} s", slowest.as_secs_f64()), "<= 30 s", slowest.as_secs() < 30);
    case.exact("exits with another status than 0", bad, 0);
    case.exact("exits that broke work off", warned, 0);
    let found = oracle::audit(&bed, &events, case);
    case.exact("inputs put aside", found.parked, 0);
    let log = |worker: &Service| worker.err().matches("sends without a record").count();
    case.exact("sends that another worker had to look after", workers.iter().map(log).sum(), 0);
    case.say("events that another worker overtook, classed late", found.late());
    case.note("RabbitMQ before 4.3 counts what is given back at a farewell as one delivery; that count is checked by the tests of `engine/broker`.");
}
