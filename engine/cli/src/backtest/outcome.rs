//! What followed a rule in the history: the workflow's goal within its window, or not, or nobody knows yet.

use serde::Serialize;
use staunch_core::Time;
use staunch_core::decide::Catalog;
use staunch_core::expr::{EvalError, Evaluator, Root, Scope};
use staunch_core::map::Map;
use staunch_core::run::EntryEvent;
use staunch_core::value::Value;
use staunch_core::workflow::{Goal, matches_any};
use staunch_rules::Rules;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// How often a rule was taken, by what followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The goal was reached within its window.
    pub reached: u64,
    /// The window passed without it.
    pub missed: u64,
    /// The history ends before the window, or the workflow has no goal.
    pub unknown: u64,
}

impl Outcome {
    /// How often it was taken.
    pub fn taken(self) -> u64 {
        self.reached + self.missed + self.unknown
    }

    /// The share that reached the goal, of those of whom it is known; `None` where of nobody.
    pub fn share(self) -> Option<f64> {
        let known = self.reached + self.missed;
        (known > 0).then(|| self.reached as f64 / known as f64)
    }

    /// Counts one more.
    pub fn add(&mut self, followed: Option<bool>) {
        match followed {
            Some(true) => self.reached += 1,
            Some(false) => self.missed += 1,
            None => self.unknown += 1,
        }
    }
}

/// An event that may be somebody's goal.
pub struct GoalEvent {
    /// When.
    pub at: Time,
    /// Its type.
    pub kind: String,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// The goals of workflows, and the events of a history that may reach them.
pub struct Goals {
    /// By (workflow, version).
    goals: HashMap<(String, String), Goal>,
    /// By contact, in order of time.
    events: HashMap<String, Vec<GoalEvent>>,
    rules: Rules,
    /// Workflows whose goal's condition could not be evaluated here.
    pub blurred: RefCell<BTreeSet<String>>,
}

impl Goals {
    /// Those of the current workflows.
    pub fn new(catalog: &Catalog) -> Goals {
        let goal = |flow: &std::sync::Arc<staunch_core::workflow::Workflow>| {
            Some(((flow.name.clone(), flow.version.clone()), flow.goal.clone()?))
        };
        let goals = catalog.current().iter().filter_map(goal).collect();
        Goals { goals, events: HashMap::new(), rules: Rules::new(), blurred: RefCell::default() }
    }

    /// Keeps an event where it may be a goal.
    pub fn add(&mut self, contact: &str, event: GoalEvent) {
        if self.goals.values().any(|goal| matches_any(&goal.event.events, &event.kind)) {
            self.events.entry(contact.to_owned()).or_default().push(event);
        }
    }

    /// Whether the goal followed a moment; `None` where the history ends too early or there is no goal.
    pub fn followed(
        &self,
        workflow: &str,
        version: &str,
        contact: &str,
        at: Time,
        entry: Option<&EntryEvent>,
        end: Time,
    ) -> Option<bool> {
        let goal = self.goals.get(&(workflow.to_owned(), version.to_owned()))?;
        let until = at + goal.window;
        let own = self.events.get(contact).map_or(&[][..], Vec::as_slice);
        let inside = own.iter().filter(|event| event.at > at && event.at <= until);
        let reached = inside.into_iter().any(|event| self.is_goal(workflow, goal, event, entry));
        if reached || until <= end { Some(reached) } else { None }
    }

    fn is_goal(&self, workflow: &str, goal: &Goal, event: &GoalEvent, entry: Option<&EntryEvent>) -> bool {
        if !matches_any(&goal.event.events, &event.kind) {
            return false;
        }
        let Some(filter) = &goal.event.filter else { return true };
        match self.rules.eval(filter, &Moment { event, entry }) {
            Ok(value) => value == Value::Bool(true),
            Err(_) => {
                self.blurred.borrow_mut().insert(workflow.to_owned());
                true
            }
        }
    }
}

/// The event and the entry: what a goal's condition can be about here.
struct Moment<'a> {
    event: &'a GoalEvent,
    entry: Option<&'a EntryEvent>,
}

impl Scope for Moment<'_> {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        match root {
            Root::Event => Ok(self.event.fields.get(name).cloned()),
            Root::Entry => Ok(self.entry.and_then(|entry| entry.fields.get(name).cloned())),
            _ => Err(EvalError::Failed("not known any more".into())),
        }
    }
}
