//! What a worker is made of.

use crate::cache::Contacts;
use crate::decider::{Content, Decider};
use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::plugins::Plugins;
use crate::retention::Swept;
use crate::suspects::Suspects;
use staunch_broker::{Broker, BrokerError};
use staunch_channels::Channels;
use staunch_core::expr::Evaluator;
use staunch_store::{Store, StoreError};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, RwLock};
use tokio::sync::Mutex;

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
    /// What is to be archived could not be written; nothing of it was deleted.
    #[error("{code}: cannot archive what is to be deleted: {0}. Nothing of it was deleted", code = staunch_core::codes::WORKER_ARCHIVE)]
    Archive(std::io::Error),
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
    /// Expressions.
    pub evaluator: Arc<dyn Evaluator>,
    /// The ways out.
    pub channels: Channels,
    /// Counters.
    pub metrics: Metrics,
    /// The name of this worker in leases and logs.
    pub name: String,
    /// Where the bytes of over-long bodies go.
    pub parked: PathBuf,
}

/// A worker: its parts, and what it decides by.
pub struct Engine {
    pub(crate) parts: Parts,
    pub(crate) decider: RwLock<Arc<Decider>>,
    /// Held by who is about to exchange the decider; versions of runs that the store does not have.
    pub(crate) changing: Mutex<HashSet<String>>,
    /// Schedules changed here: whoever was decided about in the meantime has no tick of theirs, and is to be woken.
    pub(crate) owed: AtomicBool,
    /// Messages on their way into batches.
    pub(crate) lanes: Lanes,
    /// Contacts as they were last committed here.
    pub(crate) contacts: Contacts,
    /// For so many batches more it is asked of every event whether it is decided already.
    pub(crate) repeats: AtomicU32,
    /// What came before, and is handled alone.
    pub(crate) suspects: Suspects,
    /// How far the sweep of old rows has come.
    pub(crate) swept: Mutex<Swept>,
}

impl Engine {
    /// An engine that decides by what the store has published.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn open(parts: Parts, content: Content) -> Result<Arc<Engine>, WorkerError> {
        let decider = RwLock::new(Arc::new(Decider::of(content, parts.store.as_ref()).await?));
        let (lanes, changing, owed) = (Lanes::new(parts.broker.lanes()), Mutex::default(), AtomicBool::new(false));
        let (contacts, repeats, suspects) = (Contacts::new(), AtomicU32::new(0), Suspects::default());
        let swept = Mutex::default();
        let engine = Arc::new(Engine { parts, decider, changing, owed, lanes, contacts, repeats, suspects, swept });
        let plugins = Plugins(Arc::downgrade(&engine));
        if let Err(error) = engine.parts.metrics.registry().register(Box::new(plugins)) {
            tracing::warn!(%error, "plugins have no metrics");
        }
        Ok(engine)
    }

    /// How many batches are worked on at the same time.
    pub fn lanes(&self) -> usize {
        self.lanes.count()
    }

    /// Whether what waited in the broker at the start is taken.
    pub fn caught_up(&self) -> bool {
        self.lanes.caught_up()
    }

    /// The ways out.
    pub fn channels(&self) -> &Channels {
        &self.parts.channels
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
