//! A million pending timers: those that come due fire once and in time, and the others cost nothing but their rows.

use crate::Options;
use crate::bed::{Bed, ONE_EFFECT, messages, orders};
use crate::case::Case;
use sqlx::Row;
use staunch_core::Time;
use staunch_core::contact::Contact;
use staunch_core::run::RunStatus;
use staunch_store::{Change, PostgresStore, Store};
use staunch_tests::{Service, until};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Timers that come due in a second.
const RATE: usize = 1_000;
/// Contacts written at once.
const BATCH: usize = 2_000;

/// What is waited for is short in the template; the seeded ones get times of their own. Nothing is sent: what is measured
/// is the timer.
fn waiting() -> String {
    let wait = "steps:\n  - wait: pause\n    for: 2d\n  - stop: over\n";
    let start = ONE_EFFECT.find("steps:").unwrap();
    format!("{}{wait}while_running: ignore\n", &ONE_EFFECT[..start])
}

pub fn run(options: &Options, case: &mut Case) {
    let (all, seconds) = (options.size(8_000, 1_000_000), options.size(4, 300));
    let firing = (RATE * seconds).min(all);
    case.title(format!(
        "{all} pending timers; {firing} of them come due at {RATE} a second for {seconds} s, the others within the next 30 days."
    ));
    let bed = Bed::new(options, "timers", &waiting());
    let worker = bed.worker(&[]);
    let events = orders(bed.now(), 1, 2, 1);
    bed.feed().publish(messages(&events)).unwrap();
    bed.decided(30, 2);
    worker.kill();
    let before = sizes(&bed);
    let seeding = Instant::now();
    seed(&bed, all, firing, options.size(7, 60), case);
    bed.database.run("VACUUM ANALYZE contacts");
    bed.database.run("VACUUM ANALYZE runs");
    let after = sizes(&bed);
    case.say("seeding", format!("{:.0} timers a second", all as f64 / seeding.elapsed().as_secs_f64()));
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        case.say(format!("{name}, bytes per pending timer"), (new - old) / all as i64);
    }
    idle(&bed, options, case);
    fire(&bed, firing, seconds, case);
}

/// Table and indexes.
fn sizes(bed: &Bed) -> Vec<(String, i64)> {
    let sql = "SELECT relname::text, pg_table_size(oid) FROM pg_class
        WHERE relname IN ('contacts', 'contacts_pkey', 'contacts_wake', 'runs') ORDER BY relname";
    bed.database.rows(sql).iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Copies of a contact that a worker decided about, each with a run and a time of its own. Those that are far away come
/// first, so that it is known how long the others take, which must be there before the first of them comes due.
fn seed(bed: &Bed, all: usize, firing: usize, margin: usize, case: &mut Case) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::connect(&bed.database.url, None).await.unwrap();
        let (model, _) = store.contact("c0").await.unwrap().unwrap();
        assert!(model.runs.len() == 1 && model.wake_at().is_some(), "no run waits: {model:?}");
        let (now, began) = (store.now().await.unwrap(), Instant::now());
        let far = |number: usize| now.0 + 86_400_000_000 + (number as i64 * 7_919_000) % 2_500_000_000_000;
        write(&store, &model, firing..all, now, far).await;
        let each = began.elapsed().as_secs_f64() / (all - firing).max(1) as f64;
        let now = store.now().await.unwrap();
        let start = now.0 + 1_000_000 * margin as i64 + (1.5e6 * each * firing as f64) as i64;
        write(&store, &model, 0..firing, now, |number| start + number as i64 * 1_000_000 / RATE as i64).await;
        let left = start - store.now().await.unwrap().0;
        case.check("seeded before the first came due", format!("{:.1} s", left as f64 / 1e6), "> 0 s", left > 0);
    });
}

async fn write(store: &PostgresStore, model: &Contact, numbers: Range<usize>, now: Time, due: impl Fn(usize) -> i64) {
    let all: Vec<usize> = numbers.collect();
    for part in all.chunks(BATCH) {
        let one = |number: &usize| {
            let mut contact = model.clone();
            contact.id = format!("t{number}");
            contact.runs[0].id = format!("{number:032x}");
            if let RunStatus::Waiting { until, .. } = &mut contact.runs[0].status {
                *until = Time(due(*number));
            }
            let change = Change { runs: contact.runs.clone(), ..Change::new(contact, 0) };
            assert_eq!(change.wake_at, Some(Time(due(*number))), "the time does not follow from the state");
            change
        };
        let changes: Vec<Change> = part.iter().map(one).collect();
        assert!(store.commit(&changes, now).await.unwrap().losers.is_empty());
    }
}

/// What waiting costs: the processor's share of a worker and of the database, with all timers pending.
fn idle(bed: &Bed, options: &Options, case: &mut Case) {
    let waits = "SELECT COUNT(*) FROM contacts WHERE wake_at < (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint + 3000000";
    let free = bed.database.number(waits) == 0;
    if !free {
        return;
    }
    let worker = bed.worker(&[]);
    std::thread::sleep(Duration::from_secs(1));
    let (began, before) = (Instant::now(), ticks(worker.id()));
    std::thread::sleep(Duration::from_secs(options.size(2, 10) as u64));
    let share = (ticks(worker.id()) - before) as f64 / began.elapsed().as_secs_f64();
    case.say("processor of a worker while all wait, and none is due", format!("{share:.1} % of a core"));
}

/// User and system time of a process in hundredths of a second.
fn ticks(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields.iter().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum()
}

fn fire(bed: &Bed, firing: usize, seconds: usize, case: &mut Case) {
    let worker: Service = bed.worker(&[]);
    let fired = "SELECT COUNT(*) FROM decisions WHERE kind <> 'event'";
    until(seconds as u64 + 180, "all due timers", || {
        std::thread::sleep(Duration::from_millis(500));
        bed.database.number(fired) as usize >= firing
    });
    std::thread::sleep(Duration::from_secs(2));
    drop(worker);
    let number = |sql: &str| bed.database.number(sql);
    case.exact("timers that fired", number(fired) as usize, firing);
    case.success(
        "of those that were due",
        number("SELECT COUNT(DISTINCT contact) FROM decisions WHERE kind <> 'event'") as usize,
        firing,
    );
    let twice = "SELECT COUNT(*) FROM (SELECT contact FROM decisions WHERE kind <> 'event' GROUP BY contact HAVING COUNT(*) > 1) AS x";
    case.exact("timers that fired twice", number(twice) as usize, 0);
    case.exact(
        "timers that fired early",
        number("SELECT COUNT(*) FROM decisions WHERE kind <> 'event' AND written < at") as usize,
        0,
    );
    for (name, share) in [("median", "0.5"), ("p99", "0.99"), ("longest", "1")] {
        let sql = format!(
            "SELECT (percentile_disc({share}) WITHIN GROUP (ORDER BY written - at))::bigint FROM decisions WHERE kind <> 'event'"
        );
        let late = number(&sql) as f64 / 1e6;
        let found = format!("{late:.2} s");
        match name {
            "p99" => case.check("lateness, p99", found, "<= 5 s", late <= 5.0),
            _ => case.say(format!("lateness, {name}"), found),
        }
    }
    let first = "SELECT (MAX(at) - MIN(at)) / 1000000 FROM decisions WHERE kind <> 'event'";
    case.say("they came due over", format!("{} s", number(first)));
}
