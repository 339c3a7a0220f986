//! HTTP: events in, nudges and tasks out and their outcomes in, receipts, health and metrics.
//!
//! There is no login yet, so the server is meant for the loopback address or a private network; nothing here decides
//! anything: what changes the world goes through the broker as an event.

mod error;
mod events;
mod guard;
mod health;
mod index;
mod nudges;
mod outcome;
mod problem;
mod tasks;
mod view;
mod why;

pub use error::WebError;
pub use view::{action_json, run_json};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use staunch_broker::Broker;
use staunch_core::Time;
use staunch_core::ingest::MAX_BODY;
use staunch_store::Store;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Tells the time in force; `None` where the database that keeps it does not answer.
pub type Clock = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<Time>> + Send>> + Send + Sync>;

/// Requests under way when the server is told to stop have this long.
const GRACE: Duration = Duration::from_secs(10);

/// What the pages need. Cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Where events go.
    pub broker: Arc<dyn Broker>,
    /// The clock in force.
    pub clock: Clock,
    /// What `/metrics` shows.
    pub registry: prometheus::Registry,
    /// What the loops of this process say.
    pub ready: Arc<dyn Fn() -> Readiness + Send + Sync>,
}

/// What keeps this process from working.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Each broken part with why; empty = ready.
    pub broken: BTreeMap<String, String>,
    /// Each part that only a restart mends, with why; empty = alive.
    pub dead: BTreeMap<String, String>,
}

/// All routes, with their limits and headers.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(index::page))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/v1/events", post(events::publish))
        .route("/v1/contacts/{id}/nudges", get(nudges::list))
        .route("/v1/nudges/{action}/{verb}", post(nudges::outcome))
        .route("/v1/tasks", get(tasks::list))
        .route("/v1/tasks/{action}/{verb}", post(tasks::outcome))
        .route("/v1/why/{contact}", get(why::receipts))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(guard::mutations))
        .layer(from_fn(guard::patience))
        .layer(from_fn(guard::headers))
        .with_state(state)
}

/// Serves until `shutdown`, then lets requests under way finish for a while.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WebError> {
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let signal = async move {
        shutdown.await;
        drop(stop);
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(signal).into_future();
    let deadline = async {
        // Dropping the sender is the signal.
        let _ = stopping.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = server => result.map_err(WebError::Server),
        () = deadline => {
            tracing::warn!("requests were cut off: they had not finished {} s after the stop", GRACE.as_secs());
            Ok(())
        }
    }
}
