//! The routes over a real store and queue: what a client sends, what it gets, and what is queued by it.

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use staunch_core::Span;
use staunch_core::ingest::MAX_BODY;
use std::time::Duration;
use support::{NOW, Site, id, nudge, task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const EVENT: &str = r#"{ "event":"order.paid", "contact":"c1", "time":"2023-11-14T00:00:00Z", "data":{"total":1.50} }"#;

#[tokio::test]
async fn events_are_queued_byte_for_byte() {
    let site = Site::open().await;
    let array = format!("[{EVENT},\n {EVENT}]");
    let lines = format!("{EVENT}\n{{\"not\":\"an event\"}}\n");
    for (media, body, count) in [
        ("application/json", EVENT.to_owned(), 1),
        ("application/cloudevents+json; charset=utf-8", EVENT.to_owned(), 1),
        ("application/cloudevents-batch+json", array, 2),
        ("application/x-ndjson", lines, 2),
        ("application/json", "[]".to_owned(), 0),
    ] {
        let answer = site.post("/v1/events", &[("content-type", media)], body).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({ "accepted": count })), "{media}");
        let queued = site.queued_bodies().await;
        assert_eq!(queued.len(), count);
        assert!(queued.iter().all(|body| body == EVENT || body == "{\"not\":\"an event\"}"), "{queued:?}");
    }
}

#[tokio::test]
async fn binary_mode_becomes_headers() {
    let site = Site::open().await;
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("CE-Id", "7"),
        ("ce-type", "order.paid"),
        ("ce-subject", "Zo%C3%AB"),
        ("staunch-history", "true"),
    ];
    let answer = site.post("/v1/events", &headers, r#"{"total":1}"#).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let queued = site.queued().await;
    let want = [("ce-id", "7"), ("ce-specversion", "1.0"), ("ce-subject", "Zoë"), ("ce-type", "order.paid")];
    let want = want.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(queued[0].message.headers, want.into());
    assert_eq!(queued[0].message.body, br#"{"total":1}"#);
    assert_eq!(site.post("/v1/events", &headers, "{").await.problem(), (400, "ST2002".into()));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_not_queued() {
    let site = Site::open().await;
    let large = vec![b' '; MAX_BODY + 1];
    for (body, want) in [
        (b"{".to_vec(), (400, "ST2002")),
        (Vec::new(), (400, "ST2002")),
        (format!("{EVENT}\n{{").into_bytes(), (400, "ST2002")),
        (vec![b'"', 0xff, b'"'], (400, "ST2001")),
        (large.clone(), (413, "ST2010")),
        ("1 ".repeat(10_001).into_bytes(), (413, "ST2010")),
    ] {
        assert_eq!(site.post_json("/v1/events", body).await.problem(), (want.0, want.1.to_owned()));
    }
    let chunks = Body::from_stream(futures_util::stream::iter(
        large.chunks(4096).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect::<Vec<_>>(),
    ));
    assert_eq!(site.post_json("/v1/events", chunks).await.problem(), (413, "ST2010".into()));
    let exact = format!("\"{}\"", "x".repeat(MAX_BODY - 2));
    assert_eq!(site.post_json("/v1/events", exact).await.status, StatusCode::ACCEPTED);
    assert_eq!(site.queued().await.len(), 1);
}

#[tokio::test]
async fn a_foreign_page_cannot_change_anything() {
    let site = Site::open().await;
    let form = ("content-type", "text/plain");
    let evil = ("origin", "http://evil.example");
    assert_eq!(site.post("/v1/events", &[form], EVENT).await.problem(), (415, "ST7504".into()));
    assert_eq!(site.post("/v1/events", &[], EVENT).await.problem(), (415, "ST7504".into()));
    assert_eq!(site.post("/v1/events", &[form, evil], EVENT).await.problem(), (403, "ST7504".into()));
    assert!(site.queued().await.is_empty());
    let own = ("origin", "http://127.0.0.1:7070");
    assert_eq!(site.post("/v1/events", &[form, own], EVENT).await.status, StatusCode::ACCEPTED);
    let preflight =
        Request::options("/v1/events").header("origin", evil.1).header("access-control-request-method", "POST");
    let answer = site.call(preflight.body(Body::empty()).unwrap()).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn nudges_are_listed_until_dismissed_or_expired() {
    let site = Site::open().await;
    let mut expired = nudge(3, "a/b c");
    expired.expires_at = NOW;
    let mut later = nudge(4, "a/b c");
    later.due_at = NOW + Span::days(1);
    site.plan("a/b c", vec![nudge(1, "a/b c"), nudge(2, "a/b c"), expired, later, task(5, "a/b c", "eve")]).await;
    site.plan("other", vec![nudge(6, "other")]).await;
    site.send_all().await;
    let listed = async || {
        let json = site.get("/v1/contacts/a%2Fb%20c/nudges").await.json();
        let nudges = json["nudges"].as_array().unwrap().clone();
        (nudges.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), nudges)
    };
    let (mut ids, nudges) = listed().await;
    ids.sort();
    assert_eq!(ids, [id(1), id(2)]);
    assert_eq!(nudges[0]["text"], "Come back");
    assert_eq!((&nudges[0]["seen"], &nudges[0]["sent_at"]), (&json!(false), &json!("2023-11-14T22:13:20Z")));
    site.outcome("a/b c", &id(1), "nudge.seen").await;
    site.outcome("a/b c", &id(2), "nudge.dismissed").await;
    let (ids, nudges) = listed().await;
    assert_eq!((ids, &nudges[0]["seen"]), (vec![id(1)], &json!(true)));
    assert_eq!(site.get("/v1/contacts/nobody/nudges").await.json()["nudges"], json!([]));
}

#[tokio::test]
async fn outcomes_become_events_and_a_double_click_is_one() {
    let site = Site::open().await;
    let mut held = nudge(2, "c1");
    held.due_at = NOW + Span::days(1);
    site.plan("c1", vec![nudge(1, "c1"), held, task(3, "c1", "eve")]).await;
    site.send_all().await;
    let post = async |path: String| site.post_json(&path, "").await;
    for _ in 0..2 {
        assert_eq!(post(format!("/v1/nudges/{}/clicked", id(1))).await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(post(format!("/v1/tasks/{}/rejected", id(3))).await.status, StatusCode::ACCEPTED);
    let queued = site.queued_bodies().await;
    let events: Vec<Value> = queued.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(events.len(), 3);
    assert_eq!((&events[0]["id"], &events[0]["source"]), (&events[1]["id"], &events[1]["source"]));
    assert_ne!(events[0]["id"], events[2]["id"]);
    let (clicked, rejected) = (&events[0], &events[2]);
    assert_eq!((&clicked["type"], &clicked["subject"]), (&json!("nudge.clicked"), &json!("c1")));
    assert_eq!((&rejected["type"], &rejected["data"]), (&json!("task.rejected"), &json!({ "action_id": id(3) })));
    assert_eq!(clicked["time"], "2023-11-14T22:13:20Z");
    readable(&queued);
    for path in [
        format!("/v1/nudges/{}/clicked", id(9)),
        format!("/v1/nudges/{}/clicked", id(2)),
        format!("/v1/nudges/{}/clicked", id(3)),
        format!("/v1/tasks/{}/done", id(1)),
        format!("/v1/nudges/{}/eaten", id(1)),
        "/v1/nudges/x'--/clicked".into(),
    ] {
        assert_eq!(post(path.clone()).await.problem(), (404, "ST7501".into()), "{path}");
    }
    assert!(site.queued().await.is_empty());
}

/// The worker's door takes them.
fn readable(bodies: &[String]) {
    let schema = staunch_core::schema::Schema::default();
    let door = staunch_core::ingest::Door { schema: &schema, now: NOW, history: false };
    for body in bodies {
        staunch_core::ingest::read(body.as_bytes(), &Default::default(), &door).unwrap();
    }
}

#[tokio::test]
async fn tasks_are_open_until_somebody_answers() {
    let site = Site::open().await;
    site.plan("c1", vec![task(1, "c1", "eve"), task(2, "c1", "bob")]).await;
    site.plan("c2", vec![task(3, "c2", "eve"), nudge(4, "c2")]).await;
    site.send_all().await;
    site.outcome("c1", &id(1), "task.done").await;
    let listed = async |query: &str| {
        let json = site.get(&format!("/v1/tasks{query}")).await.json();
        let tasks = json["tasks"].as_array().unwrap();
        let mut ids: Vec<String> = tasks.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(listed("").await, [id(2), id(3)]);
    assert_eq!(listed("?state=open&assignee=eve").await, [id(3)]);
    assert_eq!(listed("?state=done").await, [id(1)]);
    assert_eq!(listed("?state=all&contact=c1").await, [id(1), id(2)]);
    assert_eq!(listed("?state=all&limit=1").await.len(), 1);
    for query in ["?state=odd", "?limit=0", "?limit=x", "?limit=100000"] {
        assert_eq!(site.get(&format!("/v1/tasks{query}")).await.problem(), (400, "ST7503".into()), "{query}");
    }
}

#[tokio::test]
async fn why_tells_decisions_and_actions() {
    let site = Site::open().await;
    site.plan("c1", vec![nudge(1, "c1")]).await;
    site.send_all().await;
    site.outcome("c1", &id(1), "nudge.seen").await;
    let json = site.get("/v1/why/c1?workflow=winback").await.json();
    assert_eq!(json["decisions"][0]["entries"][0]["features"]["orders"], 3.0);
    assert_eq!(json["actions"][0]["state"], "done");
    assert_eq!(json["actions"][0]["outcomes"][0]["kind"], "nudge.seen");
    assert_eq!(site.get("/v1/why/c1?workflow=other").await.problem(), (404, "ST7501".into()));
    assert_eq!(site.get("/v1/why/nobody").await.problem(), (404, "ST7501".into()));
}

#[tokio::test]
async fn health_says_what_does_not_work() {
    let site = Site::open().await;
    assert_eq!(site.get("/healthz").await.status, StatusCode::OK);
    let ready = site.get("/readyz").await;
    assert_eq!((ready.status, ready.json()), (StatusCode::OK, json!({ "ready": true, "broken": {} })));
    site.readiness.lock().unwrap().broken.insert("dispatch".into(), "stuck".into());
    assert_eq!(site.get("/healthz").await.json(), json!({ "alive": true, "dead": {} }), "an outage is no death");
    site.broker.close().await;
    let broken = site.get("/readyz").await;
    assert_eq!(broken.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(broken.json()["broken"]["dispatch"], "stuck");
    assert!(broken.json()["broken"]["broker"].as_str().unwrap().starts_with("ST5006"));
    let refused = site.post_json("/v1/events", EVENT).await;
    assert_eq!(refused.problem(), (503, "ST5006".into()));
    assert_eq!(refused.headers["retry-after"], "5");
    site.readiness.lock().unwrap().dead.insert("dispatch".into(), "has not come round for 301 s".into());
    let dead = site.get("/healthz").await;
    assert_eq!((dead.status, &dead.json()["alive"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
}

#[tokio::test]
async fn the_rest_answers_too() {
    let site = Site::open().await;
    let metrics = site.get("/metrics").await;
    assert!(String::from_utf8(metrics.body).unwrap().contains("staunch_test_total 3"));
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let index = site.get("/").await;
    assert!(String::from_utf8(index.body).unwrap().contains("/v1/events"));
    assert!(index.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(site.get("/nowhere").await.problem(), (404, "ST7501".into()));
    assert_eq!(site.get("/v1/events").await.problem(), (405, "ST7502".into()));
}

#[tokio::test]
async fn the_server_serves_until_it_is_told_to_stop() {
    let site = Site::open().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let server = tokio::spawn(staunch_web::serve(listener, site.router.clone(), shutdown));
    let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
    line.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    line.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    // The line is still open, and idle: it must not hold the server.
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap().unwrap();
}
