//! One message that ends the process that reads it, among many; and a place for parked inputs that is away for a while.

use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use crate::{Options, oracle};
use staunch_tests::{Service, until};
use std::time::{Duration, Instant};

/// The text that the fail-point looks for.
const MARK: &str = "fail.abort";
/// More crashes than these are not waited for.
const ENOUGH: usize = 12;

pub fn run(options: &Options, case: &mut Case) {
    let count = options.size(2_000, 10_000);
    case.title(format!(
        "One message among {count} aborts the process that reads it; a supervisor starts the process again each time. Then {BROKEN} unreadable messages come while the table of parked inputs is away for {AWAY} s."
    ));
    aborting(options, count, case);
    parking(options, case);
}

fn aborting(options: &Options, count: usize, case: &mut Case) {
    let bed = Bed::new(options, "poison", ONE_EFFECT);
    let mut events = orders(bed.now(), count / 4, count, 10);
    let poison = &mut events[count / 2];
    poison.body = poison.body.replace("\"total\"", &format!("\"{MARK}\":1,\"total\""));
    let poison = poison.id.clone();
    bed.feed().publish(messages(&events)).unwrap();
    let env = [("STAUNCH_FAILPOINT_EVENT", MARK)];
    let (mut service, mut crashes, began) = (bed.worker(&env), 0, Instant::now());
    let done = |bed: &Bed| {
        let parked = bed.database.number("SELECT COUNT(*) FROM parked");
        parked >= 1 && bed.database.decided() + parked >= count as i64
    };
    while !done(&bed) && crashes <= ENOUGH && began.elapsed().as_secs() < 120 {
        std::thread::sleep(Duration::from_millis(50));
        if service.has_ended() {
            crashes += 1;
            service = bed.starting(&env);
        }
    }
    events.retain(|event| event.id != poison);
    if done(&bed) {
        bed.settled(30);
    }
    drop(service);
    case.check("crashes until all was done", crashes, "<= 3", crashes <= 3);
    case.check("it did crash", crashes > 0, "true", crashes > 0);
    case.exact("inputs parked", bed.database.number("SELECT COUNT(*) FROM parked") as usize, 1);
    let decided = bed.database.decided() as usize;
    case.exact("others decided", decided, count - 1);
    if decided == count - 1 {
        oracle::audit(&bed, &events, case);
    }
}

const BROKEN: usize = 50;
const AWAY: u64 = 4;

fn parking(options: &Options, case: &mut Case) {
    let bed = Bed::new(options, "parking", ONE_EFFECT);
    let events = orders(bed.now(), 100, 500, 10);
    let broken: Vec<String> = (0..BROKEN).map(|number| format!("{{\"broken\": {number}")).collect();
    bed.database.run("ALTER TABLE parked RENAME TO parked_away");
    let feed = bed.feed();
    for (number, part) in events.chunks(10).enumerate() {
        feed.publish(messages(part)).unwrap();
        feed.publish([("x", broken[number].as_str())]).unwrap();
    }
    let service: Service = bed.worker(&[]);
    std::thread::sleep(Duration::from_secs(AWAY));
    let early = bed.database.number("SELECT COUNT(*) FROM parked_away");
    bed.database.run("ALTER TABLE parked_away RENAME TO parked");
    let healed = Instant::now();
    until(60, "all to be parked", || bed.database.number("SELECT COUNT(*) FROM parked") >= BROKEN as i64);
    bed.decided(60, events.len());
    bed.settled(30);
    drop(service);
    case.say("with no place for parked inputs: parked meanwhile", early);
    case.exact(
        "unreadable messages parked afterwards",
        bed.database.number("SELECT COUNT(*) FROM parked") as usize,
        BROKEN,
    );
    case.exact("others decided", bed.database.decided() as usize, events.len());
    case.say("done after the table was back", format!("{:.1} s", healed.elapsed().as_secs_f64()));
}
