//! `staunch run` on an embedded workspace as `init` makes it: events in, nudges out, health, and a clean end.

use serde_json::{Value, json};
use staunch_tests::{HELLO, Service, Workspace, get, post, until, within};

/// Now, for events; the service reads the same clock.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    staunch_core::Time(i64::try_from(since.as_micros()).unwrap()).to_string()
}

fn workspace() -> Workspace {
    let workspace = Workspace::greeting("");
    workspace.staunch(&["check", workspace.text()]).ok();
    workspace
}

fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "app", "type": kind, "time": now(), "subject": "c1", "data": data })
}

fn nudges(address: &str) -> Vec<Value> {
    let reply = get(&format!("{address}/v1/contacts/c1/nudges")).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["nudges"].as_array().unwrap().clone()
}

fn sign_up(address: &str) {
    let events = [
        event("e1", "contact.updated", json!({ "email": "c1@example.com", "plan": "trial", "zone": "Europe/Berlin" })),
        event("e2", "consent.changed", json!({ "purpose": "onboarding", "granted": true })),
        event("e3", "user.signed_up", json!({})),
    ];
    for event in events {
        let reply = post(&format!("{address}/v1/events"), event.to_string().as_bytes()).unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
    }
}

#[test]
fn events_in_nudges_out_and_a_clean_end() {
    let workspace = workspace();
    workspace.go_full("hello");
    let mut service = workspace.serve(&[]);
    let address = service.address();
    assert_eq!(get(&format!("{address}/healthz")).unwrap().status, 200);
    until(20, "readiness", || get(&format!("{address}/readyz")).is_ok_and(|reply| reply.status == 200));
    sign_up(&address);
    let nudge = within(20, "the nudge", || nudges(&address).into_iter().next());
    assert_eq!(
        (nudge["text"].as_str(), nudge["seen"].as_bool()),
        (Some("Good to see you, trial."), Some(false)),
        "{nudge}"
    );
    let seen = format!("{address}/v1/nudges/{}/seen", nudge["id"].as_str().unwrap());
    assert!((200..300).contains(&post(&seen, b"").unwrap().status));
    until(20, "the nudge to be seen", || nudges(&address)[0]["seen"] == true);
    let dismissed = seen.replace("/seen", "/dismissed");
    assert!((200..300).contains(&post(&dismissed, b"").unwrap().status));
    until(20, "the nudge to be gone", || nudges(&address).is_empty());
    let metrics = get(&format!("{address}/metrics")).unwrap().body;
    assert!(metrics.contains("staunch_events_total{result=\"decided\"}"), "{metrics}");
    assert!(!metrics.contains("c1@example.com"));
    // They are looked at every five seconds.
    until(20, "what an operator watches", || {
        let metrics = get(&format!("{address}/metrics")).unwrap().body;
        let lines = ["staunch_part_broken{part=\"figures\"} 0", "staunch_actions_pending{state=\"in_doubt\"} 0"];
        lines.iter().all(|line| metrics.lines().any(|one| one == *line))
    });
    assert_eq!(get(&format!("{address}/v1/nothing")).unwrap().status, 404);
    assert_eq!(post(&format!("{address}/v1/events"), b"{broken").unwrap().status, 400);
    assert_eq!(post(&format!("{address}/v1/events"), &vec![b' '; (1 << 20) + 1]).unwrap().status, 413);

    let ended = service.signal("TERM", 30);
    assert_eq!(ended.code(), Some(0), "{}", service.err());
    assert!(!service.err().contains("c1@example.com"), "personal data in the log: {}", service.err());
    let text = workspace.staunch(&["why", workspace.text(), "--contact", "c1", "--workflow", "hello"]).ok().out;
    assert!(text.contains("hi") && text.contains("done"), "{text}");
}

#[test]
fn one_process_at_a_time_and_control_c_ends_it() {
    let workspace = workspace();
    let mut first = workspace.serve(&[]);
    let mut second = Service::start(workspace.dir(), &[], &workspace.env);
    assert_eq!(second.ended(20).code(), Some(2));
    until(5, "what it says", || second.err().contains("ST7015") && second.err().contains("next:"));
    assert_eq!(first.signal("INT", 30).code(), Some(0));
    // Its lock went with it.
    let mut third = workspace.serve(&[]);
    assert_eq!(third.signal("TERM", 30).code(), Some(0));
}

#[test]
fn a_broken_workspace_does_not_start() {
    let workspace = workspace();
    workspace.write("workflows/hello.yaml", HELLO.replace("user.signed_up", "user.sined_up").as_bytes());
    let mut service = Service::start(workspace.dir(), &[], &workspace.env);
    assert_eq!(service.ended(20).code(), Some(2));
    until(5, "what it says", || service.err().contains("workflows/hello.yaml:7:") && service.err().contains("next:"));
}
