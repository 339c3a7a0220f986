//! A service over a workspace that says two things, with an event between them.

use serde_json::{Value, json};
use staunch_tests::{Service, Workspace, get, post, until};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

static EVENTS: AtomicU32 = AtomicU32::new(1);

const FILES: [(&str, &str); 5] = [
    ("staunch.yaml", WORKSPACE),
    ("workflows/hello.yaml", HELLO),
    ("templates/hello/hi.txt", "Title: Hi\n\nHello, old.\n"),
    ("templates/hello/second.txt", "Title: Second\n\nSecond. {% include \"blocks/end.txt\" %}\n"),
    ("templates/blocks/end.txt", "The old end.\n"),
];

const WORKSPACE: &str = "\
workspace: reload
zone: Europe/Berlin
currency: EUR
contact:
  plan: { type: text }
events:
  user.signed_up: {}
  project.created: {}
purposes: [onboarding]
policy: {}
";

/// The workflow; its steps begin with the nudge.
pub const HELLO: &str = "\
workflow: hello
title: Say hello
owner: test
purpose: onboarding
priority: 10
start:
  event: user.signed_up
steps:
  - nudge: hi
    template: hello/hi
    expires: 7d
  - wait: first-project
    event: project.created
    up_to: 30d
    if_seen: continue
    if_not: stop
  - nudge: second
    template: hello/second
    expires: 7d
while_running: ignore
";

/// A step more.
pub const TWO: &str = "  - nudge: before\n    template: hello/second\n    expires: 7d\n";

/// A running service, with the workflow in stage full.
pub struct Bed {
    pub workspace: Workspace,
    service: Service,
    events: Cell<u32>,
}

impl Bed {
    /// Starts it.
    pub fn running() -> Bed {
        let workspace = Workspace::new(&FILES);
        workspace.staunch(&["publish", workspace.text()]).ok();
        for _ in 0..2 {
            workspace.staunch(&["rollout", "promote", workspace.text(), "--workflow", "hello", "--as", "test"]).ok();
        }
        Bed::over(workspace)
    }

    /// Starts it over a workspace that has run before.
    pub fn over(workspace: Workspace) -> Bed {
        let service = workspace.serve(&[]);
        until(20, "readiness", || get(&format!("{}/readyz", service.address())).is_ok_and(|reply| reply.status == 200));
        // Ids of events go on where an earlier service over the same workspace may have been.
        let events = Cell::new(std::process::id() + 1_000 * EVENTS.fetch_add(1, Ordering::Relaxed));
        Bed { workspace, service, events }
    }

    pub fn write(&self, path: &str, text: &str) {
        self.workspace.write(path, text.as_bytes());
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.workspace.dir().join(path)).unwrap()
    }

    pub fn out(&self) -> String {
        self.service.out()
    }

    pub fn ready(&self) -> bool {
        get(&format!("{}/readyz", self.service.address())).is_ok_and(|reply| reply.status == 200)
    }

    /// Waits until the service has printed this.
    #[track_caller]
    pub fn prints(&self, text: &str) {
        until(20, &format!("`{text}` in\n{}\n{}", self.out(), self.service.err()), || self.out().contains(text));
    }

    /// The version of the workflow in force.
    pub fn version(&self) -> String {
        let status = self.workspace.staunch(&["rollout", "status", self.workspace.text(), "--format", "json"]).ok();
        let status = status.json();
        let all = status["workflows"].as_array().unwrap();
        let one = all.iter().find(|one| one["workflow"] == "hello").unwrap();
        one["version"].as_str().unwrap().to_owned()
    }

    pub fn event(&self, contact: &str, kind: &str) {
        self.send(contact, kind, json!({}));
    }

    fn send(&self, contact: &str, kind: &str, data: Value) {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let time = staunch_core::Time(i64::try_from(since.as_micros()).unwrap()).to_string();
        self.events.set(self.events.get() + 1);
        let id = format!("e{}", self.events.get());
        let event = json!({
            "specversion": "1.0", "id": id, "source": "app", "type": kind, "time": time, "subject": contact,
            "data": data,
        });
        let reply = post(&format!("{}/v1/events", self.service.address()), event.to_string().as_bytes()).unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
    }

    pub fn sign_up(&self, contact: &str) {
        self.send(contact, "contact.updated", json!({ "plan": "trial" }));
        self.send(contact, "consent.changed", json!({ "purpose": "onboarding", "granted": true }));
        self.event(contact, "user.signed_up");
    }

    /// Waits until the contact has been told just this.
    #[track_caller]
    pub fn says(&self, contact: &str, texts: &[&str]) {
        let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        texts.sort();
        let said = || {
            let reply = get(&format!("{}/v1/contacts/{contact}/nudges", self.service.address())).unwrap().json();
            let nudges = reply["nudges"].as_array().unwrap().iter();
            let mut said: Vec<String> = nudges.map(|one| one["text"].as_str().unwrap().to_owned()).collect();
            said.sort();
            said
        };
        until(20, &format!("{texts:?} for {contact}; said {:?}\n{}", said(), self.service.err()), || said() == texts);
    }

    /// The value of a counter.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let metrics = get(&format!("{}/metrics", self.service.address())).unwrap().body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    }

    /// Ends the service and gives the workspace.
    pub fn stop(mut self) -> Workspace {
        assert_eq!(self.service.signal("TERM", 30).code(), Some(0), "{}", self.service.err());
        self.workspace
    }
}
