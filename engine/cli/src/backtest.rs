//! Two versions of a workspace over the same history: caps, quiet hours, timers, holdout and capacity are replayed.

mod compare;
mod html;
mod ledger;
mod outcome;
mod report;
mod text;

pub use compare::report;
pub use html::page;
pub use ledger::Ledger;
pub use text::text;

use crate::error::Result;
use crate::load::Project;
use crate::playback::{self, History, Theatre};
use staunch_core::Time;
use staunch_core::policy::Stage;
use staunch_core::sim::World;
use staunch_core::workflow::IfExpired;
use std::path::Path;

/// How both versions are played.
#[derive(Clone, Copy, Debug)]
pub struct Play<'a> {
    /// The events.
    pub events: &'a Path,
    /// The stage of all workflows.
    pub stage: Stage,
    /// Scores every row with this number instead of asking the plugins.
    pub score: Option<f64>,
    /// What waits for a person is approved at once.
    pub approve: bool,
}

/// How two versions are called on a page: by the revision, and by the folder.
pub fn labels(old: &str, new: &Path) -> report::Both<String> {
    report::Both { old: old.to_owned(), new: format!("{} (as it is)", new.display()) }
}

/// Plays one version and keeps what a report needs.
///
/// # Errors
/// Where the events cannot be read.
pub fn play(project: &Project, play: Play<'_>, progress: &dyn Fn(u64)) -> Result<Ledger> {
    let mut history = History::open(play.events)?;
    let mut theatre = Theatre::new(project, play.score);
    if play.approve {
        theatre = theatre.with_workflows(|flow| {
            flow.reviews.iter_mut().for_each(|gate| {
                (gate.expires, gate.if_expired) = (staunch_core::Span(0), IfExpired::Approve);
            });
        });
    }
    theatre.world(play.stage, |world| {
        world.quiet = true;
        world.decisions = Some(Vec::new());
        let mut ledger = Ledger::new(&theatre.catalog);
        let mut after = |world: &mut World<'_>, _: Time| ledger.take(world);
        let schema = &theatre.catalog.workspace.schema;
        let played = playback::play(world, schema, &mut history, &mut after, progress)?;
        ledger.take(world);
        ledger.finish(world, played);
        Ok(ledger)
    })
}
