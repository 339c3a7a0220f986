//! The stop switch with 300 e-mails pending and the dispatcher at work: nothing more enters `sending`, and after the
//! resume everything goes out once or has a receipt why not.

use serde_json::{Value, json};
use staunch_tests::{Database, Outgoing, Rabbit, Service, Sink, Workspace, report, until};
use std::collections::HashSet;

/// Contacts of each kind: one mail that lasts, one that expires soon.
const EACH: usize = 200;

const WORKSPACE: &str = "\
workspace: kill
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
workflow: winback
title: Two offers
owner: test
purpose: marketing
priority: 50
start:
  event: order.paid
steps:
  - choose: which
    first:
      - case: long
        when: entry.total >= eur(100)
        do:
          - email: lasting
            template: offers/offer
            expires: 2d
    else:
      - email: passing
        template: offers/offer
        expires: 8s
while_running: ignore
";

struct Bed {
    database: Database,
    sink: Sink,
    workspace: Workspace,
    _rabbit: Rabbit,
}

/// All mails are decided, and the dispatcher has begun on them at half a second each.
fn bed() -> (Bed, Service) {
    let (rabbit, database, sink) = (Rabbit::new("kill"), Database::postgres("kill"), Sink::start(0.5));
    let workspace = Workspace::new(&[
        ("staunch.yaml", WORKSPACE),
        ("workflows/winback.yaml", WORKFLOW),
        ("templates/offers/offer.txt", "Subject: An offer\n\nAn offer.\n"),
    ]);
    let workspace = workspace.connect(&rabbit, &database, &sink);
    workspace.go_full("winback");
    let now = database.number("SELECT EXTRACT(EPOCH FROM now())::bigint");
    let event = |contact: usize, place: i64, kind: &str, data: Value| {
        let time = staunch_core::Time((now + place) * 1_000_000).to_string();
        Outgoing::structured(&json!({ "specversion": "1.0", "id": format!("{kind}-{contact}"), "source": "shop",
            "type": kind, "time": time, "subject": format!("c{contact}"), "data": data }))
    };
    let mut messages = Vec::new();
    for contact in 0..2 * EACH {
        let total = if contact % 2 == 0 { 100 } else { 50 };
        messages.push(event(contact, -2, "contact.updated", json!({ "email": format!("c{contact}@example.com") })));
        messages.push(event(contact, -1, "consent.changed", json!({ "purpose": "marketing", "granted": true })));
        messages.push(event(contact, 0, "order.paid", json!({ "total": total })));
    }
    rabbit.publish(&messages);
    let service = workspace.serve(&[]);
    until(30, "all mails to be planned", || database.number("SELECT COUNT(*) FROM actions") == 2 * EACH as i64);
    until(30, "the first sends", || database.number("SELECT COUNT(*) FROM actions WHERE sending_at IS NOT NULL") > 0);
    (Bed { database, sink, workspace, _rabbit: rabbit }, service)
}

fn ids(database: &Database, which: &str) -> HashSet<String> {
    database.texts(&format!("SELECT id FROM actions WHERE {which}")).into_iter().collect()
}

fn check_unique(sink: &Sink) -> HashSet<String> {
    let mails = sink.mails();
    let unique: HashSet<String> = mails.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(unique.len(), mails.len(), "a contact got its mail twice");
    unique
}

#[test]
fn nothing_is_sent_after_a_kill_and_everything_once_after_the_resume() {
    let (bed, service) = bed();
    let database = &bed.database;
    let dir = bed.workspace.text();
    bed.workspace
        .staunch(&["kill", "workflow:winback", "--dir", dir, "--reason", "a wrong price", "--as", "anna"])
        .ok();
    let killed = database.number("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint");
    let begun = ids(database, "sending_at IS NOT NULL");
    let pending = ids(database, "state = 'held' AND reason = 'kill'");
    assert!(pending.len() >= 100, "only {} pending: {:?}", pending.len(), database.actions());
    assert_eq!(begun.len() + pending.len() + ids(database, "state = 'withheld'").len(), 2 * EACH);

    // Long enough for the short ones to expire, with the dispatcher running all the time.
    until(30, "the short ones to expire", || {
        let now = database.number("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint");
        let latest = database.number("SELECT MAX(expires_at) FROM actions WHERE body LIKE '%\"passing\"%'");
        now > latest + 1_000_000
    });
    until(10, "what had begun to end", || ids(database, "state = 'sending'").is_empty());
    assert_eq!(ids(database, "sending_at IS NOT NULL"), begun, "something entered sending after the kill");
    assert_eq!(database.number("SELECT COALESCE(MAX(sending_at), 0) FROM actions").max(killed), killed);
    assert_eq!(check_unique(&bed.sink).len(), begun.len(), "{:?}", database.actions());

    let resumed =
        bed.workspace.staunch(&["resume", "workflow:winback", "--dir", dir, "--as", "anna", "--format", "json"]);
    let released = resumed.ok().json()["released"].as_i64().unwrap();
    until(120, "the rest to be sent", || ids(database, "state IN ('ready', 'sending', 'held', 'claimed')").is_empty());
    let (sent, expired) = (ids(database, "state = 'done'"), ids(database, "state = 'withheld' AND reason = 'expired'"));
    assert_eq!(sent.len() + expired.len(), 2 * EACH, "{:?}", database.actions());
    let lasting = ids(database, "body LIKE '%\"lasting\"%'");
    assert!(lasting.is_subset(&sent), "an unexpired one was not sent");
    assert_eq!(sent.difference(&begun).count() as i64, released);
    assert!(expired.len() >= 50, "only {} expired", expired.len());
    assert_eq!(check_unique(&bed.sink).len(), sent.len());
    check_receipts(&bed, &expired);
    drop(service);
    report(
        "kill",
        &json!({
            "sent_before": begun.len(), "held_by_the_kill": pending.len(), "released": released, "expired": expired.len(),
        }),
    );
}

/// Every expired one says so, and who killed what, where a person looks.
fn check_receipts(bed: &Bed, expired: &HashSet<String>) {
    let contacts = bed.database.texts("SELECT contact FROM actions WHERE state = 'withheld' ORDER BY contact LIMIT 3");
    for contact in contacts {
        let why = ["why", bed.workspace.text(), "--contact", &contact, "--workflow", "winback"];
        let text = bed.workspace.staunch(&why).ok().out;
        assert!(text.contains("withheld") && text.contains("expired"), "{text}");
        let json = bed.workspace.staunch(&[&why[..], &["--format", "json"]].concat()).ok().json();
        let action = &json["actions"][0];
        assert!(expired.contains(action["id"].as_str().unwrap()), "{action}");
        assert_eq!(
            (action["state"].as_str(), action["reason"].as_str()),
            (Some("withheld"), Some("expired")),
            "{action}"
        );
    }
    let log = bed.database.texts("SELECT who || ' ' || what FROM control_log ORDER BY id");
    assert!(log.iter().any(|line| line.starts_with("anna") && line.contains("kill")), "{log:?}");
}

#[test]
fn a_kill_of_nothing_is_an_error() {
    let workspace = Workspace::init("welcome");
    let dir = workspace.text();
    let answer = workspace.staunch(&["kill", "workflow:nobody", "--dir", dir, "--reason", "x"]).exit(2);
    assert!(answer.err.contains("ST7") && answer.err.contains("nobody"), "{}", answer.err);
    let answer = workspace.staunch(&["resume", "all", "--dir", dir]).exit(2);
    assert!(answer.err.contains("no kill is in force"), "{}", answer.err);
    workspace.staunch(&["kill", "all", "--dir", dir]).exit(2);
}
