//! A history as a drill.

use super::{Sums, sent};
use crate::error::Result;
use crate::load::Project;
use crate::playback::{self, History, Played, Theatre};
use crate::scenario::stage::Fault;
use staunch_core::Time;
use staunch_core::action::Action;
use staunch_core::policy::Stage;
use staunch_core::sim::World;
use std::collections::BTreeMap;
use std::path::Path;

/// Actions by (workflow, step, channel, what became of them).
type Counts = BTreeMap<(String, String, &'static str, String), [u64; 2]>;

/// Plays a history twice: the counts of both plays, and what differs.
///
/// # Errors
/// Where the events cannot be read.
pub fn events(
    project: &Project,
    fault: &Fault,
    file: &Path,
    stage: Stage,
    score: Option<f64>,
) -> Result<(Counts, Sums, Played)> {
    let (normal, played) = play(project, None, file, stage, score)?;
    let (broken, _) = play(project, Some(fault), file, stage, score)?;
    let mut sums = Sums::default();
    sums.add(&normal, &broken);
    let mut counts = Counts::new();
    for (side, actions) in [&normal, &broken].into_iter().enumerate() {
        for action in actions {
            let reason = action.reason.map_or_else(String::new, |reason| format!(" ({})", reason.word()));
            let became = format!("{}{reason}", action.state.word());
            let key = (action.workflow.clone(), action.step.clone(), action.channel.word(), became);
            counts.entry(key).or_default()[side] += 1;
        }
    }
    debug_assert_eq!(sent(&broken).len() as u64, sums.same + sums.messages_more + sums.tasks_more);
    Ok((counts, sums, played))
}

fn play(
    project: &Project,
    fault: Option<&Fault>,
    file: &Path,
    stage: Stage,
    score: Option<f64>,
) -> Result<(Vec<Action>, Played)> {
    let mut history = History::open(file)?;
    let mut theatre = Theatre::new(project, score);
    if let Some(Fault::Score(name)) = fault {
        theatre = theatre.without_score(name);
    }
    let bar = playback::bar(history.bytes());
    let actions = theatre.world(stage, |world| {
        if let Some(Fault::Way(name)) = fault {
            world.down.insert(name.clone());
        }
        world.quiet = true;
        let mut after = |_: &mut World<'_>, _: Time| {};
        let schema = &theatre.catalog.workspace.schema;
        let played = playback::play(world, schema, &mut history, &mut after, &|bytes| bar.set_position(bytes))?;
        Ok((std::mem::take(&mut world.actions), played))
    });
    bar.finish_and_clear();
    actions
}
