//! What cannot be used: parked with its bytes and its cause, listed, and replayed; and plugins that cannot be trusted.

mod plugins;

use serde_json::{Value, json};
use staunch_tests::{Database, Outgoing, Rabbit, Service, Sink, Workspace, until, within};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What both kinds of workspace share; connections go on top.
pub const WORKSPACE: &str = "\
workspace: bad-input
zone: Europe/Berlin
currency: EUR
contact:
  email: { type: email, personal: true }
events:
  order.paid: { total: money }
purposes: [marketing]
mail:
  from: shop@example.com
policy: {}
";

const CONNECTIONS: &str = "\
connections:
  broker: env:STAUNCH_AMQP_URL
  database: env:STAUNCH_DATABASE_URL
  smtp: env:STAUNCH_SMTP_URL
";

const WORKFLOW: &str = "\
workflow: thanks
title: Say thank you
owner: test
purpose: marketing
priority: 50
start:
  event: order.paid
steps:
  - email: thank-you
    template: thanks/thank-you
    expires: 2d
while_running: ignore
";

fn workspace(connections: &str) -> Workspace {
    let workspace = format!("{WORKSPACE}{connections}");
    Workspace::new(&[
        ("staunch.yaml", &workspace),
        ("workflows/thanks.yaml", WORKFLOW),
        ("templates/thanks/thank-you.txt", "Subject: Thank you\n\nThank you.\n"),
    ])
}

/// Microseconds since 1970, a minute before the test began: the same at every call, so that the same event has the same
/// bytes.
pub fn now() -> i64 {
    static START: LazyLock<i64> = LazyLock::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_micros()).unwrap() - 60_000_000
    });
    *START
}

/// A good event; some parts can be replaced, null takes them away.
pub fn event(id: &str, kind: &str, data: Value, parts: Value) -> Value {
    let mut event = json!({ "specversion": "1.0", "id": id, "source": "shop", "type": kind,
        "time": staunch_core::Time(now()).to_string(), "subject": "c1", "data": data });
    for (name, value) in parts.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    event
}

fn order(id: &str, parts: Value) -> Vec<u8> {
    event(id, "order.paid", json!({ "total": 10 }), parts).to_string().into_bytes()
}

/// The code that each bad input is parked with, and the input.
fn bad() -> BTreeMap<&'static str, Vec<u8>> {
    let large = "x".repeat((1 << 20) + 1);
    let mut broken = order("latin", json!({ "subject": "M_ller" }));
    let at = broken.iter().position(|byte| *byte == b'_').unwrap();
    broken[at] = 0xfc;
    BTreeMap::from([
        ("ST2001", broken),
        ("ST2002", br#"{"specversion":"1.0","id":"e-1","#.to_vec()),
        ("ST2004", order("none", json!({ "id": null }))),
        ("ST2005", order("nobody", json!({ "subject": null }))),
        ("ST2007", order("future", json!({ "time": "2100-01-01T00:00:00Z" }))),
        ("ST2008", order("old", json!({ "time": "1970-01-01T00:00:00Z" }))),
        ("ST2009", event("typed", "order.paid", json!({ "total": "a lot" }), json!({})).to_string().into_bytes()),
        ("ST2010", order("large", json!({ "note": large }))),
    ])
}

/// Parked inputs by code.
fn parked(workspace: &Workspace) -> BTreeMap<String, Value> {
    let list = workspace.staunch(&["dead", "list", workspace.text(), "--format", "json"]).ok().json();
    let all = list["parked"].as_array().unwrap().clone();
    let count = all.len();
    let by_code: BTreeMap<String, Value> =
        all.into_iter().map(|one| (one["code"].as_str().unwrap().to_owned(), one)).collect();
    assert_eq!(by_code.len(), count, "something is parked twice: {list}");
    by_code
}

fn field<'a>(of: &'a BTreeMap<String, Value>, code: &str, name: &str) -> &'a str {
    of[code][name].as_str().unwrap_or_else(|| panic!("{code} has no {name}: {:?}", of[code]))
}

/// Each with its bytes and its cause.
fn check_shown(workspace: &Workspace, all: &BTreeMap<String, Value>) {
    for (code, bytes) in bad() {
        assert!(!field(all, code, "message").is_empty());
        let id = field(all, code, "id");
        let shown = workspace.staunch(&["dead", "show", &id[..12], "--dir", workspace.text()]).ok().out;
        assert!(shown.contains(code), "{shown}");
        if code == "ST2010" {
            assert_eq!(std::fs::read(field(all, code, "path")).unwrap(), bytes, "not all bytes were kept");
        } else {
            assert!(shown.contains(String::from_utf8_lossy(&bytes).as_ref()), "{code}: {shown}");
        }
    }
}

fn replay(workspace: &Workspace, id: &str, more: &[&str]) {
    workspace.staunch(&[&["dead", "replay", id, "--dir", workspace.text()], more].concat()).ok();
}

fn decided(workspace: &Workspace, contact: &str, event: &str) -> bool {
    let answer = workspace.staunch(&["why", workspace.text(), "--contact", contact, "--all"]);
    answer.code == Some(0) && answer.out.contains(event)
}

/// The whole way of the parked, on any broker and any store.
fn check_all(workspace: &Workspace, publish: impl Fn(&[Vec<u8>])) {
    let _service: Service = workspace.serve(&[]);
    let mut messages: Vec<Vec<u8>> = bad().into_values().collect();
    // Between them a good one: bad neighbours do not hold it up.
    messages.insert(4, order("good", json!({ "subject": "good" })));
    publish(&messages);
    until(30, "all to be parked", || parked(workspace).len() == bad().len());
    until(10, "the good neighbour to be decided", || decided(workspace, "good", "order.paid good"));
    let first = parked(workspace);
    assert!(first.keys().map(String::as_str).eq(bad().into_keys()), "{:?}", first.keys());
    check_shown(workspace, &first);
    assert!(!decided(workspace, "c1", ""), "something of a bad input was used");

    for code in ["ST2002", "ST2010"] {
        replay(workspace, field(&first, code, "id"), &[]);
        let again = |now: BTreeMap<String, Value>| now.get(code).is_some_and(|one| one["at"] != first[code]["at"]);
        until(20, "the same bytes to be parked once more", || again(parked(workspace)));
    }
    assert_eq!(parked(workspace).len(), bad().len());
    let mended = workspace.write("mended.json", &order("typed", json!({})));
    replay(workspace, field(&first, "ST2009", "id"), &["--body", mended.to_str().unwrap()]);
    until(20, "the mended one to be decided", || decided(workspace, "c1", "order.paid typed"));
    replay(workspace, field(&first, "ST2008", "id"), &["--history"]);
    let old = within(20, "the old one to leave the list", || {
        let now = parked(workspace);
        (!now.contains_key("ST2008") && now.len() == bad().len() - 2).then_some(now)
    });
    assert!(!old.contains_key("ST2009"));
    let unknown = workspace.staunch(&["dead", "show", "ffffffff", "--dir", workspace.text()]).exit(2);
    assert!(unknown.err.contains("dead list"), "{}", unknown.err);
}

#[test]
fn parked_and_replayed_on_the_embedded_queue() {
    let workspace = workspace("");
    check_all(&workspace, |messages| {
        let file = workspace.write("events.ndjson", &messages.join(&b'\n'));
        workspace.staunch(&["ingest", workspace.text(), file.to_str().unwrap()]).ok();
    });
    let outbox = workspace.dir().join(".staunch/outbox");
    assert!(!outbox.exists() || std::fs::read_dir(outbox).unwrap().next().is_none());
}

#[test]
fn parked_and_replayed_on_rabbitmq_and_postgres() {
    let (rabbit, database, sink) = (Rabbit::new("bad"), Database::postgres("bad"), Sink::start(0.0));
    let workspace = workspace(CONNECTIONS).connect(&rabbit, &database, &sink);
    check_all(&workspace, |messages| {
        let raw = |body: &Vec<u8>| Outgoing { body: body.clone(), ..Outgoing::default() };
        rabbit.publish(&messages.iter().map(raw).collect::<Vec<_>>());
    });
    until(20, "an empty queue", || rabbit.ready() == (0, 0));
    assert!(sink.mails().is_empty());
}

#[test]
fn binary_mode_without_an_id_is_parked() {
    let (rabbit, database, sink) = (Rabbit::new("binary"), Database::postgres("binary"), Sink::start(0.0));
    let workspace = workspace(CONNECTIONS).connect(&rabbit, &database, &sink);
    let _service = workspace.serve(&[]);
    let data = json!({ "total": 10 });
    let no_id = event("x", "order.paid", data.clone(), json!({ "id": null }));
    let good = event("good", "order.paid", data, json!({ "subject": "good" }));
    rabbit.publish(&[Outgoing::binary(&no_id), Outgoing::binary(&good)]);
    until(20, "the good one to be decided", || decided(&workspace, "good", "order.paid good"));
    until(20, "the other one to be parked", || parked(&workspace).contains_key("ST2004"));
}
