//! `/healthz`, `/readyz`, `/metrics`: for whoever watches the process.

use crate::WebState;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::TextEncoder;
use serde_json::json;
use std::future::Future;
use std::time::Duration;

/// A part that answers later than this is of no use to a probe.
const PING: Duration = Duration::from_secs(3);

/// 200 unless a loop hangs so that only a restart helps: an outage of database or broker is none of these.
pub(crate) async fn alive(State(state): State<WebState>) -> Response {
    let dead = (state.ready)().dead;
    let status = if dead.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "alive": dead.is_empty(), "dead": dead }))).into_response()
}

/// 200 where store, broker and all loops work, else 503 with what does not.
pub(crate) async fn ready(State(state): State<WebState>) -> Response {
    let mut broken = (state.ready)().broken;
    let (store, broker) = tokio::join!(ping(state.store.ping()), ping(state.broker.ping()));
    for (part, result) in [("store", store), ("broker", broker)] {
        if let Err(why) = result {
            broken.insert(part.into(), why);
        }
    }
    let status = if broken.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": broken.is_empty(), "broken": broken }))).into_response()
}

async fn ping<E: std::fmt::Display>(answer: impl Future<Output = Result<(), E>>) -> Result<(), String> {
    match tokio::time::timeout(PING, answer).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PING.as_secs())),
    }
}

/// Prometheus text.
pub(crate) async fn metrics(State(state): State<WebState>) -> Response {
    match TextEncoder::new().encode_to_string(&state.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
