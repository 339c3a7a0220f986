//! A server over a SQLite store and its queue, at a fixed time, and a client that talks to it in memory.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use staunch_broker::{Broker, Delivery, EmbeddedBroker};
use staunch_core::action::{Action, ActionState, Channel, Payload};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::decide::ActionOutcome;
use staunch_core::policy::Live;
use staunch_core::receipt::{Decision, Entry};
use staunch_core::{Span, Time};
use staunch_store::{Change, Claim, Gate, GateInput, GateVerdict, SendEnd, SqliteStore, Store, WindowAsk};
use staunch_web::{Readiness, WebState};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

/// 2023-11-14T22:13:20Z.
pub const NOW: Time = Time(1_700_000_000_000_000);

pub struct Site {
    pub store: Arc<dyn Store>,
    pub broker: Arc<dyn Broker>,
    pub readiness: Arc<Mutex<Readiness>>,
    pub router: Router,
    _dir: tempfile::TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Status and stable code of an error.
    pub fn problem(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["message"].is_string() && json["help"].is_string(), "{json}");
        (self.status.as_u16(), json["code"].as_str().unwrap().to_owned())
    }
}

impl Site {
    pub async fn open() -> Site {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = Arc::new(SqliteStore::open(dir.path().join("staunch.db")).await.unwrap());
        let broker: Arc<dyn Broker> = Arc::new(EmbeddedBroker::new(sqlite.clone(), Arc::new(|| NOW)));
        let store: Arc<dyn Store> = sqlite;
        let registry = prometheus::Registry::new();
        let counter = prometheus::IntCounter::new("staunch_test_total", "For the test.").unwrap();
        counter.inc_by(3);
        registry.register(Box::new(counter)).unwrap();
        let readiness: Arc<Mutex<Readiness>> = Arc::default();
        let said = readiness.clone();
        let router = staunch_web::router(WebState {
            store: store.clone(),
            broker: broker.clone(),
            clock: Arc::new(|| Box::pin(async { Some(NOW) })),
            registry,
            ready: Arc::new(move || said.lock().unwrap().clone()),
        });
        Site { store, broker, readiness, router, _dir: dir }
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        assert_eq!(head.headers["x-content-type-options"], "nosniff");
        assert!(head.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("host", "127.0.0.1:7070");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.call(request.body(body.into()).unwrap()).await
    }

    pub async fn post_json(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.post(path, &[("content-type", "application/json")], body).await
    }

    /// Everything that was queued, and acknowledges it.
    pub async fn queued(&self) -> Vec<Delivery> {
        let deliveries = self.broker.next(20_000, Duration::ZERO).await.unwrap();
        self.broker.ack(&deliveries).await.unwrap();
        deliveries
    }

    pub async fn queued_bodies(&self) -> Vec<String> {
        let queued = self.queued().await;
        queued.into_iter().map(|one| String::from_utf8(one.message.body).unwrap()).collect()
    }

    /// Commits actions of one new contact, with a decision about them.
    pub async fn plan(&self, contact: &str, actions: Vec<Action>) {
        let mut change = Change::new(Contact::new(contact), 0);
        let ids = actions.iter().map(|action| action.id.clone()).collect();
        change.decisions = vec![decision(contact, ids)];
        change.actions = actions;
        assert!(self.store.commit(&[change], NOW).await.unwrap().losers.is_empty());
    }

    /// Sends everything that is ready.
    pub async fn send_all(&self) {
        let claim = Claim { now: NOW, worker: "w".into(), limit: 100, lease: Span::seconds(30) };
        for sending in self.store.begin_sends(&claim, &LetGo).await.unwrap() {
            let (action, fence) = (&sending.action.action.id, sending.action.fence);
            assert!(self.store.end_send(action, fence, &SendEnd::Done(None), NOW).await.unwrap());
        }
    }

    /// What the worker does with an outcome event.
    pub async fn outcome(&self, contact: &str, action: &str, kind: &str) {
        let (known, version) = self.store.contact(contact).await.unwrap().unwrap();
        let mut change = Change::new(known, version);
        change.outcomes = vec![ActionOutcome { action: action.into(), kind: kind.into(), at: NOW }];
        assert!(self.store.commit(&[change], NOW).await.unwrap().losers.is_empty());
    }
}

struct LetGo;

impl Gate for LetGo {
    fn windows(&self, _: &str, _: &Live) -> Vec<WindowAsk> {
        Vec::new()
    }

    fn rule(&self, _: &GateInput<'_>) -> GateVerdict {
        GateVerdict::Go { checks: Vec::new() }
    }
}

/// An id like a real one.
pub fn id(number: u32) -> String {
    format!("{number:032x}")
}

pub fn nudge(number: u32, contact: &str) -> Action {
    action(number, contact, Payload::Nudge { title: format!("Nudge {number}"), text: "Come back".into() })
}

pub fn task(number: u32, contact: &str, assignee: &str) -> Action {
    let payload = Payload::Task { title: format!("Task {number}"), assignee: Some(assignee.into()), due: None };
    action(number, contact, payload)
}

fn action(number: u32, contact: &str, payload: Payload) -> Action {
    let channel = if matches!(payload, Payload::Task { .. }) { Channel::Task } else { Channel::Nudge };
    Action {
        id: id(number),
        contact: contact.into(),
        workflow: "winback".into(),
        version: "v1".into(),
        run: format!("run-{contact}"),
        step: format!("step-{number}"),
        channel,
        connector: None,
        purpose: "news".into(),
        priority: 50,
        state: ActionState::Ready,
        reason: None,
        planned_at: NOW,
        due_at: NOW,
        expires_at: NOW + Span::days(7),
        arm: Arm::Treated,
        payload_hash: payload.hash(),
        payload,
        review: None,
        checks: Vec::new(),
    }
}

fn decision(contact: &str, actions: Vec<String>) -> Decision {
    let entry = Entry {
        workflow: "winback".into(),
        version: "v1".into(),
        run: None,
        at: NOW,
        what: "started".into(),
        trace: Vec::new(),
        features: [("orders".to_owned(), 3.0)].into(),
        scores: Vec::new(),
        actions,
    };
    let id = hex::encode(staunch_core::event::event_key("test", contact));
    Decision { id, contact: contact.into(), event: None, at: NOW, late: false, entries: vec![entry] }
}
