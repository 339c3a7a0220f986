//! Webhooks against a small HTTP server that answers what each case tells it to.

use crate::{email, outgoing, task};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use staunch_channels::{Connector, Nudges, SendError, TaskList, Webhook, WebhookSettings};
use staunch_core::action::Payload;
use staunch_core::{Span, codes};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Requests = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A server that answers every POST by `reply`, and what it got.
async fn serve<F: Fn() -> Response + Clone + Send + Sync + 'static>(reply: F) -> (String, Requests) {
    let requests = Requests::default();
    let seen = requests.clone();
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body));
        reply()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/tasks", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/hooks/tasks", axum::routing::post(handler.clone()))
        .route("/elsewhere", axum::routing::any(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, requests)
}

fn settings(url: &str) -> WebhookSettings {
    let mut settings = WebhookSettings::new(url, SECRET);
    settings.allow_loopback = true;
    // Much patience, so that a busy machine fails no test.
    settings.timeout = Duration::from_secs(20);
    settings
}

fn client(url: &str) -> Webhook {
    Webhook::new("crm", settings(url)).unwrap()
}

fn verify(headers: &HeaderMap, body: &[u8]) {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes());
    mac.update(body);
    let signature = BASE64_STANDARD.decode(text("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    mac.verify_slice(&signature).expect("the signature is not of this body");
}

#[tokio::test]
async fn a_task_arrives_signed_and_two_attempts_have_one_key_and_one_body() {
    let (url, requests) = serve(|| StatusCode::CREATED.into_response()).await;
    let webhook = client(&url);
    let mut action = outgoing("0a1b", task("Call \"Jörg\"\n"));
    assert_eq!(webhook.send(&action).await.unwrap().reference.as_deref(), Some("HTTP 201"));
    action.now = action.now + Span::seconds(90);
    webhook.send(&action).await.unwrap();

    let requests = requests.lock().unwrap();
    let [(first, body), (second, again)] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    for (headers, body) in [(first, body), (second, again)] {
        verify(headers, body);
        assert_eq!(headers["idempotency-key"], "0a1b");
        assert_eq!(headers["webhook-id"], "0a1b");
        assert_eq!(headers["content-type"], "application/json");
    }
    assert_eq!(first["webhook-timestamp"], "1314878400");
    assert_eq!(second["webhook-timestamp"], "1314878490");
    assert_eq!(body, again);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let expected = serde_json::json!({
        "type": "staunch.task",
        "timestamp": "2011-09-01T08:00:00Z",
        "data": {
            "action_id": "0a1b", "workflow": "winback", "contact": "17850", "title": "Call \"Jörg\"\n",
            "assignee": "anna", "due": "2011-09-03T08:00:00Z",
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_webhook_step_arrives_signed_with_its_fields() {
    let (url, requests) = serve(|| StatusCode::OK.into_response()).await;
    let webhook = client(&url);
    assert!(webhook.channels().contains(&staunch_core::action::Channel::Webhook));
    let fields = [("plan", "trial"), ("contact", "not this one"), ("note", "\"Jörg\"\n")];
    let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let mut action = outgoing("0a1b", Payload::Webhook { name: "notify-erp".into(), fields });
    assert_eq!(webhook.send(&action).await.unwrap().reference.as_deref(), Some("HTTP 200"));
    action.now = action.now + Span::seconds(90);
    webhook.send(&action).await.unwrap();

    let requests = requests.lock().unwrap();
    let [(first, body), (second, again)] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    for headers in [first, second] {
        verify(headers, body);
        assert_eq!(
            (&headers["idempotency-key"], &headers["webhook-id"]),
            (&"0a1b".parse().unwrap(), &"0a1b".parse().unwrap())
        );
    }
    assert_eq!(body, again);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let expected = serde_json::json!({
        "type": "staunch.webhook",
        "timestamp": "2011-09-01T08:00:00Z",
        "data": {
            "action_id": "0a1b", "workflow": "winback", "contact": "17850", "name": "notify-erp",
            "fields": { "plan": "trial", "contact": "not this one", "note": "\"Jörg\"\n" },
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_a_doubt_as_a_task_is() {
    let (url, _) = serve(|| StatusCode::BAD_GATEWAY.into_response()).await;
    let action = outgoing("1", Payload::Webhook { name: "n".into(), fields: Default::default() });
    let error = client(&url).send(&action).await.unwrap_err();
    assert!(matches!(error, SendError::Doubt { code, .. } if code == codes::WEBHOOK_DOUBT), "{error}");
    assert!(!error.to_string().contains("task"), "{error}");
}

#[tokio::test]
async fn what_stays_in_the_process_takes_no_request() {
    let action = outgoing("1", Payload::Webhook { name: "n".into(), fields: Default::default() });
    let locals: [&dyn Connector; 2] = [&TaskList::default(), &Nudges];
    for local in locals {
        let error = local.send(&action).await.unwrap_err();
        assert!(matches!(error, SendError::Fail { code, .. } if code == codes::CHANNEL_PAYLOAD), "{error}");
        assert!(error.to_string().contains("takes no webhook; name another connector"), "{error}");
    }
}

/// What a status means: the answer's kind, its code and the wait that it asks for.
async fn meaning(status: u16, after: Option<&'static str>, dedupes: bool) -> (&'static str, &'static str, Option<u64>) {
    let reply = move || {
        let mut response = StatusCode::from_u16(status).unwrap().into_response();
        if let Some(after) = after {
            response.headers_mut().insert("retry-after", after.parse().unwrap());
        }
        response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
        response
    };
    let (url, requests) = serve(reply).await;
    let webhook = Webhook::new("crm", WebhookSettings { peer_dedupes: dedupes, ..settings(&url) }).unwrap();
    let result = webhook.send(&outgoing("1", task("t"))).await;
    assert_eq!(requests.lock().unwrap().len(), 1, "one request per attempt, no redirect followed");
    match result {
        Ok(_) => ("sent", "", None),
        Err(SendError::Retry { after, code, .. }) => ("retry", code, after.map(|wait| wait.as_secs())),
        Err(SendError::Fail { code, .. }) => ("fail", code, None),
        Err(SendError::Doubt { code, .. }) => ("doubt", code, None),
    }
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    use codes::{WEBHOOK_DEFERRED as DEFERRED, WEBHOOK_DOUBT as DOUBT, WEBHOOK_REFUSED as REFUSED};
    for (status, after, dedupes, expected) in [
        (204, None, false, ("sent", "", None)),
        (301, None, false, ("fail", REFUSED, None)),
        (307, None, true, ("fail", REFUSED, None)),
        (400, None, false, ("fail", REFUSED, None)),
        (401, None, false, ("fail", REFUSED, None)),
        (408, None, false, ("retry", DEFERRED, None)),
        (422, None, true, ("fail", REFUSED, None)),
        (429, Some("7"), false, ("retry", DEFERRED, Some(7))),
        (500, None, false, ("retry", DEFERRED, None)),
        (502, None, true, ("retry", DEFERRED, None)),
        (502, None, false, ("doubt", DOUBT, None)),
        (503, Some("Thu, 01 Sep 2011 12:00:30 GMT"), false, ("retry", DEFERRED, Some(30))),
        (504, None, false, ("doubt", DOUBT, None)),
    ] {
        assert_eq!(meaning(status, after, dedupes).await, expected, "{status} dedupes={dedupes}");
    }
}

#[tokio::test]
async fn silence_is_a_doubt_unless_the_peer_dedupes() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let action = outgoing("1", task("t"));
    let hasty = WebhookSettings { timeout: Duration::from_millis(500), ..settings(&url) };
    let error = Webhook::new("crm", hasty.clone()).unwrap().send(&action).await.unwrap_err();
    assert!(matches!(error, SendError::Doubt { code, .. } if code == codes::WEBHOOK_DOUBT), "{error}");
    let dedupes = Webhook::new("crm", WebhookSettings { peer_dedupes: true, ..hasty }).unwrap();
    assert!(dedupes.repeat_after_crash() && !client(&url).repeat_after_crash());
    let error = dedupes.send(&action).await.unwrap_err();
    assert!(matches!(error, SendError::Retry { code, .. } if code == codes::WEBHOOK_UNREACHABLE), "{error}");
}

#[tokio::test]
async fn nobody_listening_is_a_retry_without_a_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?key=hush", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).send(&outgoing("1", task("t"))).await.unwrap_err();
    assert!(matches!(error, SendError::Retry { code, .. } if code == codes::WEBHOOK_UNREACHABLE), "{error}");
    assert!(!error.to_string().contains("hush"), "the address may hold a key: {error}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let (url, _) = serve(|| {
        // Endless: only a reader that hangs up comes to an end before its time is over.
        let stream = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 8192])));
        Response::new(axum::body::Body::from_stream(stream))
    })
    .await;
    let begun = std::time::Instant::now();
    client(&url).send(&outgoing("1", task("t"))).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15), "it hung up by size, not by time");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_anything_is_sent() {
    let (url, requests) = serve(|| StatusCode::OK.into_response()).await;
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    // https, so that only the check of the looked-up address can stop it.
    let webhook = Webhook::new("crm", WebhookSettings::new(format!("https://localhost:{port}/"), SECRET)).unwrap();
    let error = webhook.send(&outgoing("1", task("t"))).await.unwrap_err();
    assert!(matches!(error, SendError::Fail { code, .. } if code == codes::WEBHOOK_ADDRESS), "{error}");
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_mail_is_no_task_and_settings_never_tell_the_secret() {
    let (url, requests) = serve(|| StatusCode::OK.into_response()).await;
    let error = client(&url).send(&outgoing("1", email("s", "t", None))).await.unwrap_err();
    assert_eq!(error.code(), codes::CHANNEL_PAYLOAD);
    assert!(requests.lock().unwrap().is_empty());
    for (url, secret) in
        [("https://crm.example.com/", "short-secret"), ("https://u:short-secret@crm.example.com/", SECRET)]
    {
        let error = Webhook::new("crm", WebhookSettings::new(url, secret)).err().unwrap();
        assert!(!error.to_string().contains("short-secret"), "{error}");
    }
}
