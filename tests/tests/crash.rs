//! Five times SIGKILL in the middle of 20,000 events: nothing is lost, nothing is decided or sent twice.

use serde_json::{Value, json};
use sqlx::Row;
use staunch_tests::{Database, Mail, Outgoing, Rabbit, Service, Sink, Workspace, report, until, within};
use std::collections::{BTreeMap, HashMap, HashSet};

const CONTACTS: usize = 2_000;
const ORDERS: usize = 8;
const EVENTS: usize = CONTACTS * (2 + ORDERS);
/// Processes that run, and die, side by side.
const PROCESSES: usize = 2;
/// Each kill comes when this many events are decided, so that all of them hit the middle.
const KILLS: [i64; 5] = [2_000, 5_000, 8_000, 11_000, 14_000];

const WORKSPACE: &str = "\
workspace: crash
zone: Europe/Berlin
currency: EUR
connections:
  broker: env:STAUNCH_AMQP_URL
  database: env:STAUNCH_DATABASE_URL
  smtp: env:STAUNCH_SMTP_URL
contact:
  email: { type: email, personal: true }
events:
  order.paid: { total: money }
purposes: [marketing]
mail:
  from: shop@example.com
policy: {}
";

const WORKFLOW: &str = "\
workflow: thanks
title: Thank for a large order
owner: test
purpose: marketing
priority: 50
start:
  event: order.paid
  when: event.total >= eur(100)
steps:
  - email: thank-you
    template: thanks/thank-you
    expires: 2d
while_running: ignore
";

fn workspace() -> Workspace {
    Workspace::new(&[
        ("staunch.yaml", WORKSPACE),
        ("workflows/thanks.yaml", WORKFLOW),
        ("templates/thanks/thank-you.txt", "Subject: Thank you\n\nThank you for your order.\n"),
    ])
}

/// One CloudEvent of an hour ago; a contact's events are a second apart.
fn event(start: i64, contact: usize, place: usize, kind: &str, data: Value) -> Value {
    let time = staunch_core::Time((start + place as i64) * 1_000_000);
    json!({ "specversion": "1.0", "id": format!("{kind}-{contact}-{place}"), "source": "shop", "type": kind,
            "time": time.to_string(), "subject": format!("c{contact}"), "data": data })
}

/// Every contact's address and consent first, then the orders in rounds. Two of each contact's orders are large.
fn events(start: i64) -> Vec<Value> {
    let mut all = Vec::with_capacity(EVENTS);
    for contact in 0..CONTACTS {
        let address = json!({ "email": format!("c{contact}@example.com") });
        all.push(event(start, contact, 0, "contact.updated", address));
        let consent = json!({ "purpose": "marketing", "granted": true });
        all.push(event(start, contact, 1, "consent.changed", consent));
    }
    for round in 0..ORDERS {
        for contact in 0..CONTACTS {
            let total = if (contact + round) % 4 == 0 { 100 + round } else { 20 };
            all.push(event(start, contact, 2 + round, "order.paid", json!({ "total": total })));
        }
    }
    all
}

fn is_large(event: &Value) -> bool {
    event["data"]["total"].as_f64().is_some_and(|total| total >= 100.0)
}

/// What was decided, by the event's id: whether it came late, and how many actions it made.
fn decided(database: &Database) -> BTreeMap<String, (bool, Vec<String>)> {
    let rows = database.rows("SELECT receipt FROM decisions");
    let receipts = rows.iter().map(|row| serde_json::from_str::<Value>(&row.get::<String, _>(0)).unwrap());
    let of_events = receipts.filter(|receipt| !receipt["event"].is_null());
    let mut all = BTreeMap::new();
    for receipt in of_events {
        let id = receipt["event"]["id"].as_str().unwrap().to_owned();
        let entries = receipt["entries"].as_array().unwrap();
        let actions = entries.iter().filter_map(|entry| entry["actions"].as_array()).flatten();
        let actions = actions.map(|id| id.as_str().unwrap().to_owned()).collect();
        let twice = all.insert(id.clone(), (receipt["late"] == true, actions));
        assert!(twice.is_none(), "{id} was decided twice");
    }
    all
}

/// Starts the processes, waits for the kill's moment, and kills them all. Gives how much was undone by then.
fn one_life(workspace: &Workspace, rabbit: &Rabbit, database: &Database, at: i64) -> Value {
    let services: Vec<Service> = (0..PROCESSES).map(|_| workspace.serve(&[])).collect();
    until(120, &format!("{at} decided events"), || database.decided() >= at);
    services.into_iter().for_each(Service::kill);
    let left = EVENTS as i64 - database.decided();
    // All processes are dead: what was ready or unacknowledged at that moment is what lies in the queue now.
    let (ready, _) = rabbit.ready();
    assert!(ready >= 1_000 && left >= 1_000, "killed too late: {ready} ready or unacknowledged, {left} undecided");
    json!({ "ready_or_unacked": ready, "undecided": left, "actions": database.actions() })
}

/// The checks of the sink against the store: nothing arrives twice, and what counts as sent has arrived.
fn check_mails(mails: &[Mail], database: &Database) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for mail in mails {
        *seen.entry(mail.id.as_str()).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "arrived more than once: {twice:?}");
    let done = database.texts("SELECT id FROM actions WHERE state = 'done'");
    let missing = done.iter().filter(|id| !seen.keys().any(|known| known.contains(id.as_str()))).count();
    assert_eq!(missing, 0, "count as sent and never arrived");
}

#[test]
fn five_kills_lose_and_repeat_nothing() {
    let (rabbit, database, sink) = (Rabbit::new("crash"), Database::postgres("crash"), Sink::start(0.0));
    let workspace = workspace().connect(&rabbit, &database, &sink);
    workspace.go_full("thanks");
    let start = database.number("SELECT EXTRACT(EPOCH FROM now())::bigint") - 3_600;
    let events = events(start);
    let message = |(at, event): (usize, &Value)| {
        if at % 5 == 0 { Outgoing::binary(event) } else { Outgoing::structured(event) }
    };
    let messages: Vec<Outgoing> = events.iter().enumerate().map(message).collect();
    assert_eq!(rabbit.publish(&messages), EVENTS);

    let clock = std::time::Instant::now();
    let kills: Vec<Value> = KILLS.iter().map(|at| one_life(&workspace, &rabbit, &database, *at)).collect();
    let _services: Vec<Service> = (0..PROCESSES).map(|_| workspace.serve(&[])).collect();
    until(120, "all events to be decided", || database.decided() >= EVENTS as i64);
    let seconds = clock.elapsed().as_secs_f64();
    // The sends that were cut off are in doubt once their lease is over.
    let open = "SELECT COUNT(*) FROM actions WHERE state NOT IN ('done', 'failed', 'in_doubt', 'withheld')";
    within(180, "all actions to end", || (database.number(open) == 0).then_some(()));
    until(30, "an empty queue", || rabbit.ready() == (0, 0));

    let decisions = decided(&database);
    let published: HashSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    let found: HashSet<&str> = decisions.keys().map(String::as_str).collect();
    assert_eq!(published.len(), EVENTS);
    assert!(published == found, "lost: {}, invented: {}", (&published - &found).len(), (&found - &published).len());
    let mut expected = HashSet::new();
    for event in &events {
        let (late, actions) = &decisions[event["id"].as_str().unwrap()];
        // An event that another process overtook is late, and a late event decides nothing.
        assert_eq!(actions.len(), usize::from(is_large(event) && !late), "{event}: late {late}, {actions:?}");
        expected.extend(actions.iter().cloned());
    }
    let kept: HashSet<String> = database.texts("SELECT id FROM actions").into_iter().collect();
    assert_eq!(kept, expected);
    let mails = sink.mails();
    check_mails(&mails, &database);

    let count = |state: &str| database.number(&format!("SELECT COUNT(*) FROM actions WHERE state = '{state}'"));
    let (done, in_doubt, late) = (count("done"), count("in_doubt"), decisions.values().filter(|one| one.0).count());
    report(
        "crash",
        &json!({
            "events": EVENTS, "kills": kills, "seconds": seconds, "late": late, "actions": kept.len(), "done": done,
            "in_doubt": in_doubt, "mails": mails.len(),
        }),
    );
    assert_eq!(done + in_doubt, kept.len() as i64, "{:?}", database.actions());
    assert!(done as f64 >= 0.95 * kept.len() as f64, "{done} of {} done", kept.len());
    assert!(late as f64 <= 0.05 * EVENTS as f64, "{late} late");
}
