//! SIGKILL of a random worker of three, again and again, while events flow.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::generate::Rng;
use staunch_tests::{Service, within};
use std::time::Duration;

const WORKERS: usize = 3;
const CONTACTS: usize = 2_000;
/// A kill comes so many milliseconds after its events were published, at most: into the middle of their work.
const JITTER: u64 = 80;
/// With so many undecided events in the broker, no more are published until some are decided.
const BACKLOG: usize = 3_000;

pub fn run(options: &Options, case: &mut Case) {
    let (kills, count) = (options.size(20, 1_000), options.size(20_000, 200_000));
    case.title(format!(
        "{kills} times SIGKILL of one of {WORKERS} workers, over {count} events of {CONTACTS} contacts."
    ));
    let bed = Bed::new(options, "crash", ONE_EFFECT);
    let feed = bed.feed();
    let events = orders(bed.now(), CONTACTS, count, 10);
    let mut workers: Vec<Service> = (0..WORKERS).map(|_| bed.starting(&[])).collect();
    let (mut chance, mut busy) = (Rng::new(7), 0);
    let parts: Vec<_> = events.chunks(count.div_ceil(kills)).collect();
    let mut published = 0;
    for number in 0..kills {
        if let Some(part) = parts.get(number) {
            feed.publish(messages(part)).unwrap();
            published += part.len();
        }
        let at = within(60, "a worker that runs", || running(&workers, &mut chance));
        std::thread::sleep(Duration::from_millis(chance.below(JITTER)));
        let left = within(120, "progress", || {
            let left = published - bed.count();
            (left < BACKLOG).then_some(left)
        });
        busy += usize::from(left > 0);
        std::mem::replace(&mut workers[at], bed.starting(&[])).kill();
    }
    bed.decided(300, count);
    bed.settled(60);
    case.say("kills", kills);
    case.check("kills while events were undecided", busy, "most", busy * 2 > kills);
    let found = oracle::audit(&bed, &events, case);
    case.exact("inputs put aside", found.parked, 0);
    case.say("events that another worker overtook, classed late", found.late());
    case.say("inversions in committed decisions", found.inversions());
}

/// One of the workers that say that they run.
fn running(workers: &[Service], chance: &mut Rng) -> Option<usize> {
    let ready: Vec<usize> = (0..workers.len()).filter(|at| workers[*at].out().contains("Ctrl-C stops")).collect();
    (!ready.is_empty()).then(|| ready[chance.below(ready.len() as u64) as usize])
}
