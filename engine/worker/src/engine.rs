//! What a worker is made of, and the catalog it decides by.

use crate::metrics::Metrics;
use staunch_broker::{Broker, BrokerError};
use staunch_channels::Channels;
use staunch_core::decide::{Catalog, Renderer, Workspace};
use staunch_core::expr::Evaluator;
use staunch_scoring::Scorer;
use staunch_store::{Store, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

/// What can stop a step of the worker. The deliveries of a failed batch go back to the broker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Another worker changed the same contacts again and again.
    #[error("{code}: {count} contacts changed under every one of {tries} tries", code = staunch_core::codes::WORKER_CONTENDED)]
    Contended {
        /// How many contacts are left.
        count: usize,
        /// How often they were tried.
        tries: u32,
    },
    /// Runs cannot move to a version that this worker does not have.
    #[error("{code}: version {version} of {workflow} is not published here: publish it first", code = staunch_core::codes::WORKER_VERSION)]
    UnknownVersion {
        /// The workflow.
        workflow: String,
        /// The version.
        version: String,
    },
    /// A task of the worker broke down.
    #[error("{code}: a task broke down: {0}", code = staunch_core::codes::WORKER_PANIC)]
    Panic(String),
    /// A file for an over-long body could not be written.
    #[error("{code}: cannot keep the bytes of a parked input: {0}", code = staunch_core::codes::WORKER_PARKED_FILE)]
    ParkedFile(std::io::Error),
}

impl WorkerError {
    /// Whether one input of the batch is to blame, so that its neighbours go through without it.
    pub(crate) fn is_poison(&self) -> bool {
        match self {
            WorkerError::Panic(_) | WorkerError::Store(StoreError::OtherPayload(_)) => true,
            // A bad row of a contact is that contact's; one of stages or kills is everybody's.
            WorkerError::Store(StoreError::Corrupt { table, .. }) => {
                ["contacts", "accounts", "decisions", "runs"].contains(table)
            }
            _ => false,
        }
    }
}

/// The parts of an engine.
pub struct Parts {
    /// State.
    pub store: Arc<dyn Store>,
    /// Transport.
    pub broker: Arc<dyn Broker>,
    /// Scores.
    pub scorer: Arc<dyn Scorer>,
    /// Expressions.
    pub evaluator: Arc<dyn Evaluator>,
    /// Messages.
    pub renderer: Arc<dyn Renderer>,
    /// The ways out.
    pub channels: Channels,
    /// Counters.
    pub metrics: Metrics,
    /// The name of this worker in leases and logs.
    pub name: String,
    /// Where the bytes of over-long bodies go.
    pub parked: PathBuf,
}

/// A worker: its parts, and the published workflows.
pub struct Engine {
    pub(crate) parts: Parts,
    catalog: RwLock<Arc<Catalog>>,
}

impl Engine {
    /// An engine that decides by what the store has published.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn open(parts: Parts, workspace: Workspace) -> Result<Arc<Engine>, WorkerError> {
        let published = parts.store.published().await?;
        let share = |list: Vec<_>| list.into_iter().map(Arc::new).collect();
        let catalog = Catalog::new(workspace, share(published.current), share(published.older));
        Ok(Arc::new(Engine { parts, catalog: RwLock::new(Arc::new(catalog)) }))
    }

    /// The workflows in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        match self.catalog.read() {
            Ok(catalog) => Arc::clone(&catalog),
            // A writer that panicked left the old catalog in place.
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// The broker.
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.parts.broker
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.parts.metrics
    }
}
