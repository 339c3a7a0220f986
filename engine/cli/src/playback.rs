//! Histories on virtual time: a file of events through a world in memory, with nothing outside.
//!
//! `simulate`, `backtest` and `drill` share it.

mod answers;
mod lines;
mod scores;
mod tally;
mod theatre;
mod training;
mod unread;

pub use answers::Answers;
pub use lines::History;
pub use scores::Chosen;
pub use tally::{Day, Tally, day_of};
pub use theatre::{Theatre, asks, core_workspace};
pub use training::Training;
pub use unread::Unread;

use crate::error::{CliError, Result};
use crate::output::{self, count};
use staunch_core::event::Event;
use staunch_core::ingest::{Door, read, too_large};
use staunch_core::policy::Stage;
use staunch_core::schema::Schema;
use staunch_core::sim::World;
use staunch_core::{Time, codes};
use std::collections::BTreeMap;

/// What was read of a file of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Events that were decided.
    pub events: u64,
    /// Lines that are no events of this workspace.
    pub refused: u64,
    /// The first of those lines.
    pub unread: Vec<Unread>,
    /// The time of the first event.
    pub first: Option<Time>,
    /// The time of the last event.
    pub last: Option<Time>,
}

impl Played {
    /// From the first event to the last; nothing where there was none.
    pub fn span(&self) -> Option<(Time, Time)> {
        Some((self.first?, self.last?))
    }

    /// Whether anything could be read.
    pub fn any(&self) -> bool {
        self.refused == 0 || self.events > 0
    }
}

/// Lines between two moves of a progress bar.
const SHOW_EVERY: u64 = 1_024;

/// A progress bar over the bytes of a file, on stderr; nothing where that is no terminal.
pub fn bar(bytes: u64) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(bytes);
    let style = indicatif::ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {eta} to go");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// Says on stderr how fast a history was played.
pub fn say_speed(events: u64, seconds: f64) {
    let rate = (events as f64 / seconds.max(1e-9)).round() as u64;
    output::note(&format!("{} in {seconds:.1} s, {} per second", output::of(events, "event"), count(rate)));
}

/// Reads the stage of a command line.
///
/// # Errors
/// A word that is no stage.
pub fn stage(word: &str) -> Result<Stage> {
    Stage::parse(word).ok_or_else(|| CliError::usage(format!("`{word}` is no stage"), "use shadow, limited or full"))
}

/// Who looks on while a history is played.
pub trait Onlooker {
    /// An event comes.
    fn before(&mut self, _: &Event) {}
    /// An event of this time was decided: the world as it is, to take out what is wanted.
    fn after(&mut self, world: &mut World<'_>, at: Time);
}

/// Most look at the world only.
impl<F: FnMut(&mut World<'_>, Time)> Onlooker for F {
    fn after(&mut self, world: &mut World<'_>, at: Time) {
        self(world, at);
    }
}

/// Plays a history: events in order of time, and everything that falls due between them and up to the last; `progress` is
/// told how many bytes were read.
///
/// # Errors
/// Where the file cannot be read.
pub fn play(
    world: &mut World<'_>,
    schema: &Schema,
    history: &mut History,
    onlooker: &mut dyn Onlooker,
    progress: &dyn Fn(u64),
) -> Result<Played> {
    let door = Door { schema, now: Time(i64::MAX / 2), history: true };
    let none = BTreeMap::new();
    let mut played = Played::default();
    let mut group: Vec<(u64, Event)> = Vec::new();
    let mut read_bytes = 0u64;
    let mut lines = 0u64;
    while let Some(line) = history.next()? {
        read_bytes += line.bytes;
        lines += 1;
        if lines.is_multiple_of(SHOW_EVERY) {
            progress(read_bytes);
        }
        let event = match line.text.map(|text| read(text, &none, &door)) {
            Some(Ok(event)) => event,
            Some(Err(refusal)) => {
                played.refuse(line.number, refusal.code, refusal.message);
                continue;
            }
            None => {
                let refusal = too_large(line.bytes);
                played.refuse(line.number, refusal.code, refusal.message);
                continue;
            }
        };
        if group.first().is_some_and(|(_, first)| first.time != event.time) {
            decide(world, &mut group, &mut played, onlooker);
        }
        group.push((line.number, Event { history: false, ..event }));
    }
    decide(world, &mut group, &mut played, onlooker);
    if let Some(end) = played.last {
        world.run_to(end);
    }
    Ok(played)
}

/// Events of equal times go in the order of (sequence, id), whatever their order in the file is.
fn decide(world: &mut World<'_>, group: &mut Vec<(u64, Event)>, played: &mut Played, onlooker: &mut dyn Onlooker) {
    if group.len() > 1 {
        group.sort_by(|(_, one), (_, two)| (one.sequence, &one.id).cmp(&(two.sequence, &two.id)));
    }
    for (line, event) in group.drain(..) {
        let at = event.time;
        played.first = played.first.or(Some(at));
        played.last = Some(at);
        onlooker.before(&event);
        match world.event(event) {
            Ok(()) => played.events += 1,
            Err(why) => played.refuse(line, codes::CLI_STEP, why),
        }
        onlooker.after(world, at);
    }
}
