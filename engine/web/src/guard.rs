//! What holds for every request: who may change things, how long an answer may take, and the security headers.

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use staunch_core::codes;
use std::time::Duration;

/// For a whole request, its body included.
const PATIENCE: Duration = Duration::from_secs(40);

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A page elsewhere can make a browser send forms and plain text here, but not JSON: that needs a permission which we
/// never give. So a change comes as JSON, or from a page of this very server.
pub(crate) async fn mutations(request: Request, next: Next) -> Response {
    if !own_host(request.headers()) {
        let help = "the server answers on loopback only: use 127.0.0.1 or localhost, or have the proxy set that Host";
        return Problem::new(StatusCode::FORBIDDEN, codes::HTTP_ORIGIN, "this host name is not ours", help)
            .into_response();
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_json(request.headers()) || same_origin(request.headers()) {
        return next.run(request).await;
    }
    let (status, help) = match request.headers().contains_key(header::ORIGIN) {
        true => (StatusCode::FORBIDDEN, "send it from a page of this server, or with `Content-Type: application/json`"),
        false => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "send it with `Content-Type: application/json`"),
    };
    Problem::new(status, codes::HTTP_ORIGIN, "a change has to come as JSON", help).into_response()
}

pub(crate) async fn patience(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable(codes::HTTP_TIMEOUT, "the answer took too long").into_response(),
    }
}

pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = media_type(headers);
    let lines = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    media == "application/json"
        || (media.starts_with("application/") && media.ends_with("+json"))
        || lines.contains(&media.as_str())
}

/// A name that an attacker points at this machine (DNS rebinding) comes with that name in `Host`.
fn own_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host.as_str(), |(name, _)| name);
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    origin_host.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_a_form_cannot_send_is_json() {
        for media in ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents-batch+json"] {
            assert!(is_json(&with(&[(header::CONTENT_TYPE, media)])), "{media}");
        }
        for media in ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "text/x+json", ""] {
            assert!(!is_json(&with(&[(header::CONTENT_TYPE, media)])), "{media}");
        }
    }

    #[test]
    fn only_loopback_names_are_ours() {
        for (host, ours) in [("127.0.0.1:7070", true), ("localhost", true), ("[::1]:7070", true), ("LOCALHOST:1", true)]
        {
            assert_eq!(own_host(&with(&[(header::HOST, host)])), ours, "{host}");
        }
        for host in ["evil.example", "evil.example:7070", "127.0.0.1.evil.example", "localhost:7070.evil.example"] {
            assert!(!own_host(&with(&[(header::HOST, host)])), "{host}");
        }
    }

    #[test]
    fn an_origin_matches_its_own_host_and_port_only() {
        let same = |origin, host| same_origin(&with(&[(header::ORIGIN, origin), (header::HOST, host)]));
        assert!(same("http://127.0.0.1:7070", "127.0.0.1:7070"));
        assert!(same("https://Staunch.example", "staunch.example"));
        for (origin, host) in
            [("http://evil.example", "127.0.0.1:7070"), ("http://127.0.0.1", "127.0.0.1:7070"), ("null", "null")]
        {
            assert!(!same(origin, host), "{origin} {host}");
        }
        assert!(!same_origin(&with(&[(header::HOST, "a")])));
    }
}
