//! What a worker decides by: the published workflows with what the files of the workspace say around them. It is
//! exchanged as a whole, and a batch holds on to the one that it began with.

use crate::engine::{Engine, WorkerError};
use staunch_core::Time;
use staunch_core::contact::Contact;
use staunch_core::decide::{Catalog, Renderer, Workspace};
use staunch_core::workflow::Workflow;
use staunch_scoring::Scorer;
use staunch_store::Store;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// What the files of a workspace say beside its workflows.
pub struct Content {
    /// Schema, policy, audiences and zone.
    pub workspace: Workspace,
    /// Scores.
    pub scorer: Arc<dyn Scorer>,
    /// Messages.
    pub renderer: Arc<dyn Renderer>,
}

/// One consistent set: workflows, policy, scores, messages.
pub struct Decider {
    /// The workflows in force, in their workspace.
    pub catalog: Arc<Catalog>,
    /// Scores.
    pub scorer: Arc<dyn Scorer>,
    /// Messages.
    pub renderer: Arc<dyn Renderer>,
    /// The store's word for what was published when this was made.
    publication: String,
}

impl Decider {
    /// The content of some files around what the store has published.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn of(content: Content, store: &dyn Store) -> Result<Decider, WorkerError> {
        // The word before the versions: what is published in between is noticed at the next look.
        let publication = store.publication().await?;
        let published = store.published().await?;
        let share = |list: Vec<_>| list.into_iter().map(Arc::new).collect();
        let Content { workspace, scorer, renderer } = content;
        let catalog = Arc::new(Catalog::new(workspace, share(published.current), share(published.older)));
        Ok(Decider { catalog, scorer, renderer, publication })
    }

    /// What the files said when this was made.
    fn content(&self) -> Content {
        let (scorer, renderer) = (Arc::clone(&self.scorer), Arc::clone(&self.renderer));
        Content { workspace: self.catalog.workspace.clone(), scorer, renderer }
    }

    /// The active runs of a contact whose versions it does not know.
    fn unknown<'a>(&'a self, contact: &'a Contact) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lost = |workflow: &str, version: &str| self.catalog.version(workflow, version).is_none();
        let runs = contact.runs.iter().filter(|run| run.active());
        runs.map(|run| (run.workflow.as_str(), run.version.as_str()))
            .filter(move |(workflow, version)| lost(workflow, version))
    }
}

impl Engine {
    /// What decisions are made by from now on.
    pub fn decider(&self) -> Arc<Decider> {
        // A writer that panicked left the old one in place.
        Arc::clone(&self.decider.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Exchanges what decisions are made by. Batches under way end with what they began with.
    pub fn swap(&self, decider: Decider) -> Arc<Decider> {
        let decider = Arc::new(decider);
        if !self.catalog().same_schedules(&decider.catalog) {
            self.owed.store(true, Ordering::Release);
        }
        *self.decider.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&decider);
        decider
    }

    /// The workflows in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.decider().catalog)
    }

    /// Takes changed files of the workspace: publishes these versions, and decides by the content around all that is
    /// published then. No batch of this process sees the one without the other.
    ///
    /// # Errors
    /// Where the store does not answer; then what is decided by stays as it was.
    pub async fn reload(&self, content: Content, workflows: &[Workflow], now: Time) -> Result<(), WorkerError> {
        let _one_at_a_time = self.changing.lock().await;
        if !workflows.is_empty() {
            self.parts.store.publish(workflows, now).await?;
        }
        self.swap(Decider::of(content, self.parts.store.as_ref()).await?);
        Ok(())
    }

    /// Takes what was published since the last look, by whomever. `true` where there was something.
    ///
    /// # Errors
    /// Where the store does not answer; then nothing changed.
    pub async fn refresh(&self) -> Result<bool, WorkerError> {
        let _one_at_a_time = self.changing.lock().await;
        let decider = self.decider();
        let changed = self.parts.store.publication().await? != decider.publication;
        if changed {
            self.swap(Decider::of(decider.content(), self.parts.store.as_ref()).await?);
        }
        Ok(changed)
    }

    /// A decider that knows the versions of all active runs of these contacts, with the content of this one. Another
    /// process may have published one a moment ago, and a run of a version that nobody knows would be held.
    pub(crate) async fn knowing<'a>(
        &self,
        decider: Arc<Decider>,
        contacts: impl Iterator<Item = &'a Contact>,
    ) -> Result<Arc<Decider>, WorkerError> {
        let lost: Vec<String> = contacts
            .flat_map(|contact| decider.unknown(contact))
            .map(|(workflow, version)| format!("{workflow} {version}"))
            .collect();
        if lost.is_empty() {
            return Ok(decider);
        }
        let mut gone = self.changing.lock().await;
        if lost.iter().all(|version| gone.contains(version)) {
            return Ok(decider);
        }
        let newer = Decider::of(decider.content(), self.parts.store.as_ref()).await?;
        let found = |version: &String| {
            let (workflow, version) = version.split_once(' ').unwrap_or_default();
            newer.catalog.version(workflow, version).is_some()
        };
        // What the store does not have either is not asked for with every batch; it stays gone.
        gone.extend(lost.into_iter().filter(|version| !found(version)));
        // Unless files were taken in between: those have looked at the store later than this batch did.
        let still = Arc::ptr_eq(&self.decider(), &decider);
        Ok(if still { self.swap(newer) } else { Arc::new(newer) })
    }
}
