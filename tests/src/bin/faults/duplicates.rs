//! Every event is delivered 1 to 20 times, shuffled, to two workers, while database connections are cut.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::Service;
use staunch_tests::generate::Rng;
use std::time::Duration;

/// At most so many deliveries of one event.
const MOST: u64 = 20;

pub fn run(options: &Options, case: &mut Case) {
    let unique = options.size(1_000, 20_000);
    case.title(format!(
        "{unique} events, each delivered 1 to {MOST} times, shuffled, to two workers; the connection of a worker to the database is cut again and again, also during COMMIT."
    ));
    let bed = Bed::new(options, "duplicates", ONE_EFFECT);
    let events = orders(bed.now(), unique, 2 * unique, 1);
    let (consents, acting) = events.split_at(unique);
    let workers: Vec<Service> = (0..2).map(|_| bed.worker(&[])).collect();
    let feed = bed.feed();
    feed.publish(messages(consents)).unwrap();
    bed.decided(120, unique);
    let mut chance = Rng::new(13);
    let mut copies: Vec<usize> =
        (0..acting.len()).flat_map(|at| std::iter::repeat_n(at, 1 + chance.below(MOST) as usize)).collect();
    chance.shuffle(&mut copies);
    let mut cuts = 0;
    for part in copies.chunks(1_000) {
        feed.publish(part.iter().map(|at| (acting[*at].contact.as_str(), acting[*at].body.as_str()))).unwrap();
        cuts += cut(&bed);
    }
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        cuts += cut(&bed);
    }
    bed.decided(300, events.len());
    staunch_tests::until(120, "an empty queue", || bed.rabbit.ready() == (0, 0));
    bed.settled(400);
    case.say("deliveries of these events", copies.len());
    case.check("connections to the database that were cut", cuts, "> 0", cuts > 0);
    let found = oracle::audit(&bed, &events, case);
    case.exact("effects at the receiver", bed.receiver.count(), unique);
    case.exact("inputs put aside", found.parked, 0);
    case.exact("events classed late", found.late(), 0);
    drop(workers);
}

/// Cuts one connection that is in the middle of a transaction, where there is one.
fn cut(bed: &Bed) -> usize {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'staunch' AND state IN ('active', 'idle in transaction')
        ORDER BY query = 'COMMIT' DESC, random() LIMIT 1";
    bed.database.rows(sql).len()
}
