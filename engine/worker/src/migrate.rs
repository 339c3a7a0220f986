//! A newly published version says what becomes of runs under way: contact by contact, each like any other decision.

use crate::engine::{Engine, WorkerError};
use crate::jobs::Todo;
use staunch_core::Time;
use staunch_core::decide::{Existing, Input, Migration};
use std::sync::Arc;

/// Contacts that are migrated together.
const PAGE: u32 = 256;

/// What became of the runs of older versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Go on in the new version.
    pub moved: u64,
    /// Were ended.
    pub ended: u64,
    /// Keep the version that they entered with.
    pub kept: u64,
}

impl Migrated {
    /// Adds the counts of others.
    pub(crate) fn add(&mut self, other: Migrated) {
        self.moved += other.moved;
        self.ended += other.ended;
        self.kept += other.kept;
    }
}

impl Engine {
    /// Lets every active run of other versions of `workflow` keep its version, take the new texts, move or end. Twice in
    /// a row it changes nothing the second time; after an error it can be called again.
    ///
    /// # Errors
    /// Where the version is not among those that this engine knows, or the store fails.
    pub async fn migrate(
        self: &Arc<Self>,
        workflow: &str,
        to_version: &str,
        existing: Existing,
        now: Time,
    ) -> Result<Migrated, WorkerError> {
        let decider = self.decider();
        if decider.catalog.version(workflow, to_version).is_none() {
            let (workflow, version) = (workflow.to_owned(), to_version.to_owned());
            return Err(WorkerError::UnknownVersion { workflow, version });
        }
        let mut migrated = Migrated::default();
        if existing != Existing::Keep {
            let mut after = String::new();
            loop {
                let page = self.parts.store.standing_contacts(workflow, to_version, &after, PAGE).await?;
                let Some(last) = page.last().cloned() else { break };
                let (workflow, to) = (workflow.to_owned(), to_version.to_owned());
                let migration = Migration { workflow, to, existing, at: now, row: 0 };
                let todo =
                    |contact| Todo { contact, input: Input::Migrate(migration.clone()), delivery: None, again: false };
                migrated.add(
                    self.decide_all(Arc::clone(&decider), page.into_iter().map(todo).collect(), now).await?.migrated,
                );
                after = last;
            }
        }
        let standing = self.parts.store.standing(Some(workflow)).await?;
        migrated.kept = standing.iter().filter(|one| one.version != to_version).map(|one| one.count).sum();
        Ok(migrated)
    }
}
