//! A worker that stands still for three leases and writes late: the fence refuses it, always.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::until;
use std::time::Duration;

/// The lease of a send in this case, in seconds.
const LEASE: &str = "3";

pub fn run(options: &Options, case: &mut Case) {
    let (times, orders_each) = (options.size(1, 10), 16);
    case.title(format!(
        "{times} times: SIGSTOP for three leases of {LEASE} s to a worker whose {orders_each} requests are out; another one takes them over; then SIGCONT, and the late answers come."
    ));
    let bed = Bed::new(options, "paused", ONE_EFFECT);
    let events = orders(bed.now(), orders_each * times, 2 * orders_each * times, 1);
    let (consents, acting) = events.split_at(orders_each * times);
    let (feed, lease) = (bed.feed(), ("STAUNCH_FAILPOINT_LEASE", LEASE));
    let first = bed.worker(&[lease]);
    feed.publish(messages(consents)).unwrap();
    bed.decided(60, consents.len());
    first.kill();
    let (mut refused, mut expected, mut overwritten) = (0, 0, 0);
    for (round, part) in acting.chunks(orders_each).enumerate() {
        bed.receiver.hold(true);
        let paused = bed.worker(&[lease]);
        feed.publish(messages(part)).unwrap();
        bed.decided(30, consents.len() + (round + 1) * orders_each);
        until(30, "requests that are out", || bed.receiver.held() > 0);
        std::thread::sleep(Duration::from_millis(300));
        let out = bed.receiver.held();
        paused.send("STOP");
        bed.receiver.hold(false);
        let other = bed.worker(&[lease]);
        std::thread::sleep(Duration::from_secs(3 * LEASE.parse::<u64>().unwrap()));
        bed.settled(60);
        let before = bed.database.texts("SELECT id || state || fence || COALESCE(note, '') FROM actions ORDER BY id");
        paused.send("CONT");
        until(20, "the late answers", || lost(&paused.err()) >= out);
        refused += lost(&paused.err());
        expected += out;
        let after = bed.database.texts("SELECT id || state || fence || COALESCE(note, '') FROM actions ORDER BY id");
        overwritten += usize::from(before != after);
        drop(other);
        drop(paused);
    }
    case.check("requests out when the worker was stopped", expected, "> 0", expected > 0);
    case.exact("late answers that the fence refused", refused, expected);
    case.exact("rounds in which a late answer changed a row", overwritten, 0);
    oracle::audit(&bed, &events, case);
}

/// Answers that were not recorded because the lease was lost.
fn lost(log: &str) -> usize {
    log.matches("the lease was lost before the send was recorded").count()
}
