//! What every case needs: queues and a database of its own, a receiver, a workspace with one workflow that sends a
//! request for every large order, and workers.

use crate::Options;
use crate::feed::Feed;
use crate::receiver::Receiver;
use sqlx::Row;
use staunch_core::Time;
use staunch_tests::{Database, Rabbit, Service, Workspace, until};
use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;

/// The lease of a send in these runs; a minute without fail-points.
pub const LEASE: u64 = 5;

const WORKSPACE: &str = "\
workspace: faults
zone: Europe/Berlin
currency: EUR
connections:
  broker: env:STAUNCH_AMQP_URL
  database: env:STAUNCH_DATABASE_URL
connectors:
  sure:   { kind: webhook, url: env:RECEIVER, secret: env:RECEIVER_SECRET, peer_dedupes: true }
  unsure: { kind: webhook, url: env:RECEIVER, secret: env:RECEIVER_SECRET }
contact:
  plan: { type: text, optional: true }
events:
  order.paid: { total: number, mark: text }
  step.taken: { count: number }
purposes: [service]
policy: {}
";

/// An order of 100 or more has one effect, and no other has any.
pub const ONE_EFFECT: &str = "\
workflow: work
title: One effect for every large order
owner: test
purpose: service
priority: 50
start:
  event: order.paid
  when: event.total >= 100 && feature.orders >= 0
features:
  orders: { count: order.paid, window: 30d }
steps:
  - webhook: effect
    connector: sure
    fields: { mark: \"{{ entry.mark }}\" }
    expires: 2d
while_running: ignore
";

/// Servers, workspace and receiver of one case; all ends with it.
pub struct Bed {
    pub rabbit: Rabbit,
    pub database: Database,
    pub receiver: Receiver,
    pub workspace: Workspace,
    binary: PathBuf,
    counted: Cell<(i64, i64)>,
}

/// Rows so far behind the newest one are settled: no transaction that wrote one is open any more.
const SETTLED: i64 = 20_000;

impl Bed {
    /// With this workflow, at its full stage, on the servers of `tests/services`.
    pub fn new(options: &Options, name: &str, flow: &str) -> Bed {
        Bed::on(options, Rabbit::new(name), Database::postgres(name), flow)
    }

    /// The same on other servers.
    pub fn on(options: &Options, rabbit: Rabbit, database: Database, flow: &str) -> Bed {
        let receiver = Receiver::start();
        let mut workspace = Workspace::new(&[("staunch.yaml", WORKSPACE), ("workflows/work.yaml", flow)]);
        let pairs = [
            ("STAUNCH_AMQP_URL", rabbit.url.clone()),
            ("STAUNCH_AMQP_PREFIX", rabbit.prefix.clone()),
            ("STAUNCH_DATABASE_URL", database.url.clone()),
            ("STAUNCH_ALLOW_LOOPBACK", "1".to_owned()),
            ("RECEIVER", receiver.url.clone()),
            ("RECEIVER_SECRET", "a secret of the tests alone".to_owned()),
            ("STAUNCH_FAILPOINT_LEASE", LEASE.to_string()),
        ];
        workspace.env.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        let bed =
            Bed { rabbit, database, receiver, workspace, binary: options.binary.clone(), counted: Cell::default() };
        bed.worker(&[]).kill();
        for _ in 0..2 {
            let promote = ["rollout", "promote", bed.workspace.text(), "--workflow", "work", "--as", "test"];
            bed.workspace.staunch(&promote).ok();
        }
        // The order of commits: rows of one contact are written under the lock of its row.
        bed.database.run("ALTER TABLE decisions ADD COLUMN seq BIGSERIAL");
        bed.database.run("CREATE INDEX decisions_seq ON decisions(seq)");
        // And their times: `decided_at` is when a batch began.
        bed.database.run(
            "ALTER TABLE decisions ADD COLUMN written BIGINT DEFAULT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint",
        );
        bed
    }

    /// A process with all roles, running.
    #[track_caller]
    pub fn worker(&self, env: &[(&str, &str)]) -> Service {
        self.starting(env).ready()
    }

    /// A process that was just started.
    pub fn starting(&self, env: &[(&str, &str)]) -> Service {
        self.starting_as("worker,dispatcher,timers,web", env)
    }

    /// A process with these roles that was just started.
    pub fn starting_as(&self, roles: &str, env: &[(&str, &str)]) -> Service {
        let own = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env: Vec<(String, String)> = self.workspace.env.iter().cloned().chain(own).collect();
        Service::of(&self.binary, self.workspace.dir(), &["--roles", roles], &env)
    }

    /// A connection to publish by.
    pub fn feed(&self) -> Feed {
        Feed::open(&self.rabbit.url, &self.rabbit.prefix)
    }

    /// Waits for so many decided events; gives up at the end of the time.
    #[track_caller]
    pub fn decided(&self, seconds: u64, events: usize) {
        until(seconds, &format!("{events} decided events"), || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            self.count() >= events
        });
    }

    /// How many events are decided. Counts only what is new since it was asked last: a look at all of a large table would
    /// take the processor from what is tested.
    pub fn count(&self) -> usize {
        let (mark, before) = self.counted.get();
        let sql =
            format!("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM decisions WHERE kind = 'event' AND seq > {mark}");
        let row = &self.database.rows(&sql)[0];
        let (new, last) = (row.get::<i64, _>(0), row.get::<i64, _>(1));
        if last - mark > 2 * SETTLED {
            let to = last - SETTLED;
            let sql = format!("SELECT COUNT(*) FROM decisions WHERE kind = 'event' AND seq > {mark} AND seq <= {to}");
            self.counted.set((to, before + self.database.number(&sql)));
        }
        (before + new) as usize
    }

    /// Waits until every action has ended in one way or another.
    #[track_caller]
    pub fn settled(&self, seconds: u64) {
        until(seconds, "all actions to end", || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            self.open() == 0
        });
    }

    /// How many actions have not ended.
    pub fn open(&self) -> i64 {
        let open = "SELECT COUNT(*) FROM actions WHERE state NOT IN ('done', 'failed', 'in_doubt', 'withheld')";
        self.database.number(open)
    }

    /// Now, by the database, in microseconds.
    pub fn now(&self) -> i64 {
        self.database.number("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint")
    }
}

/// An event as it is published.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// About whom.
    pub contact: String,
    /// Whether the workflow acts on it.
    pub acts: bool,
    /// Its place among the events of its contact.
    pub place: usize,
    /// What goes over the wire.
    pub body: String,
}

/// Events of contacts in turn, a second apart for each contact, beginning an hour or more ago: first everybody's consent,
/// then orders, of which one in `every` is large.
pub fn orders(now: i64, contacts: usize, count: usize, every: usize) -> Vec<Event> {
    let seconds = (count / contacts.max(1)) as i64;
    let start = now - 1_000_000 * (3_600 + seconds);
    let mut places: HashMap<usize, usize> = HashMap::new();
    let one = |number: usize| {
        let contact = number % contacts;
        let place = places.entry(contact).or_default();
        *place += 1;
        let time = Time(start + 1_000_000 * *place as i64 + contact as i64);
        let (id, contact, acts) =
            (format!("e{number}"), format!("c{contact}"), *place > 1 && number.is_multiple_of(every));
        let (kind, data) = match (*place, acts) {
            (1, _) => ("consent.changed", r#"{"purpose":"service","granted":true}"#.to_owned()),
            (_, true) => ("order.paid", format!(r#"{{"total":100,"mark":"{id}"}}"#)),
            (_, false) => ("order.paid", format!(r#"{{"total":20,"mark":"{id}"}}"#)),
        };
        let body = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"shop","type":"{kind}","subject":"{contact}","time":"{time}","data":{data}}}"#
        );
        Event { id, contact, acts, place: *place, body }
    };
    (0..count).map(one).collect()
}

/// Keys and bodies to publish.
pub fn messages(events: &[Event]) -> impl Iterator<Item = (&str, &str)> {
    events.iter().map(|event| (event.contact.as_str(), event.body.as_str()))
}
