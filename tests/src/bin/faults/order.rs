//! Numbered events of each contact, while workers come, go and are killed: committed decisions keep their order.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::generate::Rng;
use staunch_tests::{Service, within};
use std::time::Duration;

/// Workers of each third of the run.
const SCALES: [usize; 3] = [2, 4, 1];

pub fn run(options: &Options, case: &mut Case) {
    let (contacts, each) = (options.size(200, 1_000), if options.full { 100 } else { 50 });
    let kills = options.size(9, 90);
    case.title(format!(
        "{contacts} contacts with {each} numbered events each, published in order; workers 2, then 4, then 1, and {kills} times SIGKILL."
    ));
    let bed = Bed::new(options, "order", ONE_EFFECT);
    let feed = bed.feed();
    let events = orders(bed.now(), contacts, contacts * each, 10);
    let (mut chance, mut workers, mut published) = (Rng::new(17), Vec::<Service>::new(), 0);
    let parts: Vec<_> = events.chunks(events.len().div_ceil(kills)).collect();
    let mut killed = 0;
    for (number, part) in parts.iter().enumerate() {
        let wanted = SCALES[number * SCALES.len() / parts.len()];
        while workers.len() > wanted {
            // Who has to go goes as operators let it go.
            let mut last = workers.pop().unwrap();
            last.signal("TERM", 40);
        }
        while workers.len() < wanted {
            workers.push(bed.worker(&[]));
        }
        feed.publish(messages(part)).unwrap();
        published += part.len();
        std::thread::sleep(Duration::from_millis(chance.below(200)));
        within(120, "progress", || (published - bed.count() < 3_000).then_some(()));
        let at = chance.below(workers.len() as u64) as usize;
        workers.remove(at).kill();
        killed += 1;
    }
    workers.push(bed.worker(&[]));
    bed.decided(300, events.len());
    bed.settled(60);
    case.say("kills", killed);
    let found = oracle::audit(&bed, &events, case);
    case.exact("inversions in committed decisions", found.inversions(), 0);
    case.exact("events classed late though they were published in order", found.late(), 0);
    case.exact("inputs put aside", found.parked, 0);
}
