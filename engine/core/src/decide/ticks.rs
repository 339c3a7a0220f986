//! Scheduled starts: the ticks of a contact, each decided for its own time like any other deadline.

use super::walk::{Need, Walk};
use super::{exclude, starts};
use crate::policy::ZoneChoice;
use crate::time::Time;
use crate::workflow::Workflow;
use std::sync::Arc;

impl Walk<'_> {
    /// Starts a scheduled workflow now, for a test.
    pub fn tick(&mut self, name: &str, at: Time) -> Result<(), Need> {
        self.deadlines(at, true)?;
        self.move_to(at);
        let Some(workflow) = self.env.catalog.named(name).cloned() else { return Ok(()) };
        self.start_by_schedule(&workflow, at)?;
        self.decide_wake(at, at.0);
        Ok(())
    }

    /// The tick of a workflow is due.
    pub fn due_tick(&mut self, name: &str, at: Time) -> Result<(), Need> {
        let found = self.env.catalog.scheduled().find(|flow| flow.name == name).cloned();
        let Some(workflow) = found else {
            self.contact.ticks.remove(name);
            return Ok(());
        };
        self.start_by_schedule(&workflow, at)?;
        self.set_tick(&workflow, at);
        Ok(())
    }

    fn start_by_schedule(&mut self, workflow: &Arc<Workflow>, at: Time) -> Result<(), Need> {
        let Some(schedule) = &workflow.start.schedule else { return Ok(()) };
        // Who is not in the audience is not a decision about them.
        match exclude::in_audience(self.env, &self.contact, &schedule.audience, at) {
            Ok(true) => starts::start(self, workflow, &starts::Cause::Tick(at)),
            Ok(false) => Ok(()),
            Err(error) => {
                starts::refuse(self, workflow, at, &format!("audience {}: {error}", schedule.audience));
                Ok(())
            }
        }
    }

    /// Gives the contact the next tick of every schedule that it does not have yet, or of all where its zone or the
    /// schedules may have changed.
    pub fn plan_ticks(&mut self, from: Time, all: bool) {
        let catalog = self.env.catalog;
        if catalog.scheduled().next().is_none() {
            if !self.contact.ticks.is_empty() {
                self.contact.ticks.clear();
            }
            return;
        }
        if all {
            self.contact.ticks.retain(|name, _| catalog.scheduled().any(|flow| flow.name == *name));
        }
        for workflow in catalog.scheduled() {
            if all || !self.contact.ticks.contains_key(&workflow.name) {
                self.set_tick(workflow, from);
            }
        }
    }

    fn set_tick(&mut self, workflow: &Workflow, after: Time) {
        let Some(schedule) = &workflow.start.schedule else { return };
        let zone = match &schedule.zone {
            ZoneChoice::Fixed(name) => crate::time::zone(name),
            ZoneChoice::Contact => self.contact.zone(&self.env.catalog.workspace.schema),
        };
        let zone = zone.unwrap_or_else(|| self.env.catalog.zone());
        match schedule.ticks.after(&zone, after) {
            Some(next) => drop(self.contact.ticks.insert(workflow.name.clone(), next)),
            None => drop(self.contact.ticks.remove(&workflow.name)),
        }
    }
}
