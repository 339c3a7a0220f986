//! The training table of a history: one row for each score that was asked for, with its inputs and whether the goal
//! followed. What a model learns from is what it will see.

use crate::error::{CliError, Result};
use crate::playback::Chosen;
use staunch_core::decide::Catalog;
use staunch_core::event::Event;
use staunch_core::receipt::ScoreNote;
use staunch_core::sim::World;
use staunch_core::value::Value;
use staunch_core::workflow::{Goal, matches_any};
use staunch_core::{Time, codes};
use std::collections::HashMap;
use std::path::Path;

/// One score that was asked for.
struct Row {
    contact: String,
    at: Time,
    workflow: String,
    version: String,
    inputs: Vec<(String, Option<Value>)>,
}

/// Rows and the events that can be goals.
#[derive(Default)]
pub struct Training {
    chosen: Chosen,
    rows: Vec<Row>,
    /// By contact: times and types of events that are some workflow's goal.
    goals: HashMap<String, Vec<(Time, String)>>,
}

impl Training {
    /// A table of these scores.
    pub fn of(chosen: Chosen) -> Training {
        Training { chosen, ..Training::default() }
    }

    /// Keeps an event that can be a goal.
    pub fn see(&mut self, catalog: &Catalog, event: &Event) {
        let goals = catalog.current().iter().filter_map(|flow| flow.goal.as_ref());
        if goals.into_iter().any(|goal| matches_any(&goal.event.events, &event.kind)) {
            self.goals.entry(event.contact.clone()).or_default().push((event.time, event.kind.clone()));
        }
    }

    /// Takes the scores out of the receipts, and the receipts out of the world.
    pub fn drain(&mut self, world: &mut World<'_>) {
        world.gates.clear();
        world.turns.clear();
        for decision in world.decisions.iter_mut().flat_map(|all| all.drain(..)) {
            for entry in decision.entries {
                let chosen = |score: &ScoreNote| self.chosen.has(&entry.workflow, &score.name);
                for score in entry.scores.into_iter().filter(chosen) {
                    self.rows.push(Row {
                        contact: decision.contact.clone(),
                        at: entry.at,
                        workflow: entry.workflow.clone(),
                        version: entry.version.clone(),
                        inputs: score.inputs,
                    });
                }
            }
        }
    }

    /// Writes `contact, at, inputs…, goal`: the goal is 1 where it followed inside its window, 0 where it did not, and
    /// empty where the history ends before the window does. Gives how many rows there are.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, catalog: &Catalog, end: Time, path: &Path) -> Result<usize> {
        let failed = |error: csv::Error| {
            let message = format!("{}: {error}", path.display());
            CliError::new(codes::CLI_FILE, message, "check the path and its permissions")
        };
        let mut writer = csv::Writer::from_path(path).map_err(failed)?;
        if let Some(first) = self.rows.first() {
            let names = first.inputs.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
            writer.write_record(["contact", "at"].into_iter().chain(names).chain(["goal"])).map_err(failed)?;
        }
        for row in &self.rows {
            let goal = catalog.version(&row.workflow, &row.version).and_then(|flow| flow.goal.as_ref());
            let label = goal.map_or_else(String::new, |goal| self.label(goal, row, end));
            let cells = row.inputs.iter().map(|(_, value)| value.as_ref().map_or_else(String::new, cell));
            let head = [row.contact.clone(), row.at.to_string()];
            writer.write_record(head.into_iter().chain(cells).chain([label])).map_err(failed)?;
        }
        writer.flush().map_err(|error| CliError::file(path, &error))?;
        Ok(self.rows.len())
    }

    fn label(&self, goal: &Goal, row: &Row, end: Time) -> String {
        let until = row.at + goal.window;
        if until > end {
            return String::new();
        }
        let own = self.goals.get(&row.contact).map_or(&[][..], Vec::as_slice);
        let reached =
            |(time, kind): &(Time, String)| *time > row.at && *time <= until && matches_any(&goal.event.events, kind);
        u8::from(own.iter().any(reached)).to_string()
    }
}

fn cell(value: &Value) -> String {
    value.number().map_or_else(|| value.to_string(), |number| number.to_string())
}
