//! The process ends at each named point of the way of an event and of a send: only where bytes went out may anything be
//! in doubt, and only on a channel that cannot repeat.

use crate::bed::{Bed, Event, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::until;

const LEASE: &str = "2";

/// Each large order has two effects: one where the other side drops repeats, one where it does not.
fn two_effects() -> String {
    let second = "  - webhook: other
    connector: unsure
    fields: { mark: \"{{ entry.mark }} again\" }
    expires: 2d
while_running";
    ONE_EFFECT.replacen("while_running", second, 1)
}

/// How the process comes to its end.
enum End {
    /// By a fail-point of the engine.
    Abort(&'static str),
    /// By SIGKILL while the database holds its transaction open.
    InTransaction,
    /// By SIGKILL while the receiver keeps its answer back.
    NoReply,
}

impl End {
    /// Whether it comes while something is being sent.
    fn of_a_send(&self) -> bool {
        matches!(self, End::NoReply | End::Abort("after-claim" | "before-record" | "after-record:16"))
    }
}

/// The points in their order; whether bytes may have gone out there.
const POINTS: [(&str, End, bool); 8] = [
    ("before the transaction", End::Abort("before-commit"), false),
    ("in the transaction", End::InTransaction, false),
    ("after the commit, before the ack", End::Abort("after-commit"), false),
    ("after the ack", End::Abort("after-ack"), false),
    ("after the claim", End::Abort("after-claim"), false),
    ("bytes sent, no reply", End::NoReply, true),
    ("reply not recorded", End::Abort("before-record"), true),
    ("recorded", End::Abort("after-record:16"), false),
];

pub fn run(options: &Options, case: &mut Case) {
    let (rounds, contacts) = (options.size(1, 10), 40);
    case.title(format!(
        "The process ends at each of 8 points, {rounds} times each, with {contacts} orders of {contacts} contacts; each order has one effect at a receiver that drops repeats and one at a receiver that does not. Then another process finishes the work."
    ));
    let bed = Bed::new(options, "points", &two_effects());
    let (mut all, mut doubts) = (Vec::new(), [[0; 2]; POINTS.len()]);
    for round in 0..rounds {
        for (number, (_, end, _)) in POINTS.iter().enumerate() {
            let mut events = orders(bed.now(), contacts, 2 * contacts, 1);
            rename(&mut events, &format!("r{round}p{number}"));
            point(&bed, &events, end);
            let doubt = in_doubt(&bed, round, number);
            doubts[number] = [doubts[number][0] + doubt[0], doubts[number][1] + doubt[1]];
            all.extend(events);
        }
    }
    for ((name, _, bytes), doubt) in POINTS.iter().zip(doubts) {
        let what = format!("{name}: actions in doubt on the channel that repeats / that cannot");
        let good = doubt[0] == 0 && (*bytes || doubt[1] == 0);
        let wanted = if *bytes { "0 / the sends under way" } else { "0 / 0" };
        case.check(what, format!("{} / {}", doubt[0], doubt[1]), wanted, good);
    }
    oracle::audit_with(&bed, &all, 2, case);
}

/// Ids and contacts of their own, so that no point meets what another left behind.
fn rename(events: &mut [Event], mark: &str) {
    for event in events {
        let (id, contact) = (format!("{mark}{}", event.id), format!("{mark}{}", event.contact));
        let body = event.body.replace(&format!("\"{}\"", event.id), &format!("\"{id}\""));
        event.body = body.replace(&format!("\"{}\"", event.contact), &format!("\"{contact}\""));
        (event.id, event.contact) = (id, contact);
    }
}

fn point(bed: &Bed, events: &[Event], end: &End) {
    let before = bed.database.decided() as usize;
    let feed = bed.feed();
    let lease = ("STAUNCH_FAILPOINT_LEASE", LEASE);
    feed.publish(messages(events)).unwrap();
    if end.of_a_send() {
        // All is decided before anything is sent, so that the first claim is a full one.
        let decider = bed.starting_as("worker", &[]).ready();
        bed.decided(30, before + events.len());
        decider.kill();
    }
    match end {
        End::Abort(name) => {
            let mut service = bed.worker(&[lease, ("STAUNCH_FAILPOINT", name)]);
            let ended = service.ended(20);
            assert!(!ended.success(), "{name}: it ended by itself; is the binary built together with the tests?");
        }
        End::InTransaction => in_transaction(bed, lease),
        End::NoReply => {
            bed.receiver.hold(true);
            let service = bed.worker(&[lease]);
            until(20, "bytes at the receiver", || bed.receiver.held() > 0);
            service.kill();
            bed.receiver.hold(false);
        }
    }
    let service = bed.worker(&[lease]);
    bed.decided(30, before + events.len());
    bed.settled(30);
    drop(service);
}

/// Lets the database wait inside the transaction that writes decisions, and ends the process then.
fn in_transaction(bed: &Bed, lease: (&str, &str)) {
    bed.database.run(
        "CREATE FUNCTION wait_a_while() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$",
    );
    bed.database.run("CREATE TRIGGER wait_a_while AFTER INSERT ON decisions EXECUTE FUNCTION wait_a_while()");
    let service = bed.worker(&[lease]);
    let asleep = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until(20, "an open transaction", || bed.database.number(&format!("SELECT COUNT(*) {asleep}")) > 0);
    service.kill();
    // The server would notice only after the sleep that nobody is there any more.
    bed.database.rows(&format!("SELECT pg_terminate_backend(pid) {asleep}"));
    bed.database.run("DROP TRIGGER wait_a_while ON decisions");
    bed.database.run("DROP FUNCTION wait_a_while()");
}

fn in_doubt(bed: &Bed, round: usize, number: usize) -> [i64; 2] {
    ["effect", "other"].map(|step| {
        bed.database.number(&format!(
            "SELECT COUNT(*) FROM actions WHERE state = 'in_doubt' AND contact LIKE 'r{round}p{number}c%' AND body LIKE '%\"{step}\"%'"
        ))
    })
}
