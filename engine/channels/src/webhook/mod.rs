//! Tasks and requests by a signed webhook (Standard Webhooks 1.0): one POST per attempt to one fixed address.

mod address;
mod answer;
mod sign;

pub(crate) use address::loopback_host;

use crate::SetupError;
use crate::connector::{Connector, Outgoing, SendError, Sent};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use serde::Serialize;
use sign::Secret;
use staunch_core::action::{Channel, Payload};
use staunch_core::codes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Where tasks and requests are posted.
#[derive(Clone)]
pub struct WebhookSettings {
    /// `https://…`; `http://…` only to loopback, and only where `allow_loopback` is set.
    pub url: String,
    /// `whsec_` and base64, or the key itself; at least 16 bytes.
    pub secret: String,
    /// The other side recognises `Idempotency-Key`, so that repeating does no harm.
    pub peer_dedupes: bool,
    /// May the host be this machine?
    pub allow_loopback: bool,
    /// May the host be in a private network (10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7)?
    pub allow_private: bool,
    /// For one attempt, connection included.
    pub timeout: Duration,
}

impl WebhookSettings {
    /// A peer on the public internet that promises nothing, with 15 seconds per attempt.
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> WebhookSettings {
        WebhookSettings {
            url: url.into(),
            secret: secret.into(),
            peer_dedupes: false,
            allow_loopback: false,
            allow_private: false,
            timeout: Duration::from_secs(15),
        }
    }
}

/// A webhook that takes tasks, and the requests of webhook steps.
pub struct Webhook {
    name: String,
    url: Url,
    secret: Secret,
    peer_dedupes: bool,
    client: Client,
}

/// The body of a request; the same at every attempt.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    action_id: &'a str,
    workflow: &'a str,
    contact: &'a str,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Task {
        title: &'a str,
        assignee: Option<&'a str>,
        due: Option<String>,
    },
    /// A webhook step: its id, and its texts below `fields`, so that no name of theirs can take the place of one above.
    Request {
        name: &'a str,
        fields: &'a BTreeMap<String, String>,
    },
}

impl<'a> What<'a> {
    /// The type of the message, and what it says; `None` for what no webhook takes.
    fn of(payload: &'a Payload) -> Option<(&'static str, What<'a>)> {
        match payload {
            Payload::Task { title, assignee, due } => {
                let due = due.map(|time| time.to_string());
                Some(("staunch.task", What::Task { title, assignee: assignee.as_deref(), due }))
            }
            Payload::Webhook { name, fields } => Some(("staunch.webhook", What::Request { name, fields })),
            Payload::Email { .. } | Payload::Nudge { .. } => None,
        }
    }
}

impl Webhook {
    /// Reads the settings; connects only when there is something to send.
    pub fn new(name: &str, settings: WebhookSettings) -> Result<Webhook, SetupError> {
        crate::choose_tls();
        let wrong = |why: String| SetupError::new(format!("connector `{name}`: {why}"));
        let allowed = address::Allowed { loopback: settings.allow_loopback, private: settings.allow_private };
        let url = address::parse(&settings.url, allowed).map_err(&wrong)?;
        let secret = Secret::parse(&settings.secret).map_err(|why| wrong(why.to_owned()))?;
        // No redirects: they would carry the task, signed, to a host that nobody named. No proxy: it would look up the
        // host itself, past our check of its addresses.
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .dns_resolver(Arc::new(address::CheckedResolver { allowed }))
            .user_agent(concat!("staunch/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| wrong(format!("the HTTP client cannot be built: {error}")))?;
        Ok(Webhook { name: name.to_owned(), url, secret, peer_dedupes: settings.peer_dedupes, client })
    }

    fn body(&self, outgoing: &Outgoing) -> Result<Vec<u8>, SendError> {
        let (kind, what) = What::of(&outgoing.payload).ok_or_else(|| outgoing.misplaced(&self.name))?;
        let Outgoing { action_id, workflow, contact, .. } = outgoing;
        let timestamp = outgoing.planned_at.to_string();
        let body = Body { kind, timestamp, data: Data { action_id, workflow, contact, what } };
        serde_json::to_vec(&body).map_err(|error| SendError::fail(codes::CHANNEL_PAYLOAD, error.to_string()))
    }

    fn headers(&self, id: &str, outgoing: &Outgoing, body: &[u8]) -> Result<HeaderMap, SendError> {
        let seconds = outgoing.now.0.div_euclid(staunch_core::time::SECOND).to_string();
        let signature = self.secret.sign(id, &seconds, body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let ours = [
            ("webhook-id", id),
            ("webhook-timestamp", &seconds),
            ("webhook-signature", &signature),
            ("idempotency-key", id),
        ];
        for (name, value) in ours {
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|error| SendError::fail(codes::CHANNEL_HEADER, format!("{name}: {error}")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

#[async_trait::async_trait]
impl Connector for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn channels(&self) -> &[Channel] {
        &[Channel::Task, Channel::Webhook]
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let id = outgoing.checked_id()?;
        let body = self.body(outgoing)?;
        let headers = self.headers(id, outgoing, &body)?;
        match self.client.post(self.url.clone()).headers(headers).body(body).send().await {
            Ok(response) => answer::of_response(response, outgoing.now, self.peer_dedupes).await,
            Err(error) => Err(answer::of_failure(&error, self.peer_dedupes)),
        }
    }

    fn repeat_after_crash(&self) -> bool {
        self.peer_dedupes
    }
}
