//! The broker, then the database, goes away under load and comes back: the same processes go on by themselves.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::feed::Feed;
use crate::servers::Servers;
use crate::{Options, oracle};
use staunch_tests::{Service, within};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many events are published a second.
const RATE: usize = 500;
const PART: usize = 50;

pub fn run(options: &Options, case: &mut Case) {
    let (away, times) = (options.size(3, 20), options.size(1, 5));
    case.title(format!(
        "{RATE} events a second to two workers; {times} times the broker is killed and comes back {away} s later, then {times} times the database is stopped and comes back {away} s later. Servers of its own."
    ));
    let servers = Servers::start();
    let bed = Bed::on(options, servers.rabbit(), servers.database(), ONE_EFFECT);
    let seconds = times * 2 * (away + 25) + 10;
    let events = orders(bed.now(), 500, RATE * seconds, 10);
    let mut workers: Vec<Service> = (0..2).map(|_| bed.worker(&[])).collect();
    let published = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicUsize::new(usize::MAX));
    let publisher = {
        let (url, prefix) = (bed.rabbit.url.clone(), bed.rabbit.prefix.clone());
        let (events, published, stop) = (events.clone(), Arc::clone(&published), Arc::clone(&stop));
        std::thread::spawn(move || publish(&url, &prefix, &events, &published, &stop))
    };
    bed.decided(60, 2 * RATE);
    for (which, limit) in [("amqp", 30), ("database", 60)] {
        outages(&servers, &bed, &workers, (which, limit), (times, away as u64), case);
    }
    stop.store(0, Ordering::SeqCst);
    publisher.join().unwrap();
    let count = published.load(Ordering::SeqCst);
    bed.decided(120, count);
    bed.settled(90);
    let ended = workers.iter_mut().map(Service::has_ended).filter(|ended| *ended).count();
    case.exact("processes that ended meanwhile", ended, 0);
    let found = oracle::audit(&bed, &events[..count], case);
    case.exact("inputs put aside", found.parked, 0);
    case.say("events that another worker overtook, classed late", found.late());
    drop(workers);
    // Before its servers.
    drop(bed);
}

/// Some outages of one server: how long until events are decided again, and how often the processes tried in vain.
fn outages(
    servers: &Servers,
    bed: &Bed,
    workers: &[Service],
    (which, limit): (&str, u64),
    (times, away): (usize, u64),
    case: &mut Case,
) {
    let tries = || -> Vec<usize> { workers.iter().map(|one| tries(&one.err())).collect() };
    let (mut slowest, mut most) = (Duration::ZERO, 0.0_f64);
    for _ in 0..times {
        let (before, began) = (tries(), Instant::now());
        servers.down(which);
        std::thread::sleep(Duration::from_secs(away));
        servers.up(which);
        let healed = Instant::now();
        bed.database.reconnect();
        let known = bed.database.decided();
        within(120, "decisions after the outage", || {
            std::thread::sleep(Duration::from_millis(100));
            (bed.database.decided() > known + PART as i64).then_some(())
        });
        slowest = slowest.max(healed.elapsed());
        let gone = began.elapsed().as_secs_f64();
        most = before.iter().zip(&tries()).map(|(old, new)| (new - old) as f64 / gone).fold(most, f64::max);
        std::thread::sleep(Duration::from_secs(2));
    }
    let (found, good) = (format!("{:.1} s", slowest.as_secs_f64()), slowest.as_secs() < limit);
    case.check(format!("{which}: slowest resumption after it was back"), found, format!("<= {limit} s"), good);
    let (found, wanted) = (format!("{most:.2} a second"), "< 5 a second for each process");
    case.check(format!("{which}: failed tries in the log"), found, wanted, most < 5.0);
}

/// Publishes at a steady pace; what was not confirmed is published again by a new connection.
fn publish(url: &str, prefix: &str, events: &[crate::bed::Event], published: &AtomicUsize, stop: &AtomicUsize) {
    let mut feed: Option<Feed> = None;
    let began = Instant::now();
    for (number, part) in events.chunks(PART).enumerate() {
        if stop.load(Ordering::SeqCst) == 0 {
            return;
        }
        let due = Duration::from_secs_f64((number * PART) as f64 / RATE as f64);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        loop {
            if feed.is_none() {
                feed = Feed::try_open(url, prefix).ok();
            }
            match feed.as_ref().map(|feed| feed.publish(messages(part))) {
                Some(Ok(())) => break,
                _ => {
                    feed = None;
                    std::thread::sleep(Duration::from_millis(300));
                }
            }
        }
        published.fetch_add(part.len(), Ordering::SeqCst);
    }
}

/// Lines of a log that tell of a try that failed.
fn tries(log: &str) -> usize {
    log.lines().filter(|line| line.contains("not consuming") || line.contains("a step failed")).count()
}
