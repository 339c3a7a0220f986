//! Two ids that turn out to be one person: the records become one, and nothing of either is lost.

use super::Subject;
use super::walk::{Need, Walk};
use crate::action::{Action, hash16};
use crate::arm::bucket;
use crate::contact::Contact;
use crate::event::Event;
use crate::run::Run;
use crate::time::Time;
use std::collections::BTreeSet;

/// The other id that an event names as the same person.
pub fn other_id(event: &Event) -> Option<&str> {
    if !matches!(event.kind.as_str(), "contact.identified" | "contact.aliased") {
        return None;
    }
    event.body.as_ref()?.get("alias")?.as_str()
}

impl Walk<'_> {
    /// Takes the other id over: as a plain alias where nobody has it, or with all that is known under it.
    pub fn identify(&mut self, event: &Event) -> Result<(), Need> {
        let Some(alias) = other_id(event).filter(|alias| *alias != self.contact.id) else { return Ok(()) };
        match self.other.take() {
            Some(other) if other.id != self.contact.id => {
                let other = self.catch_up(other, event.time)?;
                self.merge(other, event.time);
            }
            _ => {
                if self.contact.aliases.insert(alias.to_owned()) {
                    self.aliases.push(alias.to_owned());
                }
            }
        }
        Ok(())
    }

    /// What was due for the other record before this event is decided for it, as itself.
    fn catch_up(&mut self, other: Contact, to: Time) -> Result<Contact, Need> {
        let mut walk = Walk::new(self.env, Subject::from(other), self.scores);
        walk.deadlines(to, false)?;
        // Its runs become those of this contact, and all of them count as changed then.
        let Walk { contact, actions, entries, cancelled, .. } = walk;
        let contact_id = &self.contact.id;
        self.actions.extend(actions.into_iter().map(|action| Action { contact: contact_id.clone(), ..action }));
        self.entries.extend(entries);
        self.cancelled.extend(cancelled);
        Ok(contact)
    }

    /// Suppressions unite, facts add, newer fields and consent win, and of two active runs of a workflow the one that
    /// entered first survives.
    fn merge(&mut self, mut other: Contact, at: Time) {
        let crossed = self.crossed(&other);
        let mut runs = std::mem::take(&mut other.runs);
        self.contact.absorb(&other);
        self.aliases.extend(other.aliases.iter().cloned());
        self.aliases.push(other.id.clone());
        let (id, mut tombstone) = (self.contact.id.clone(), Contact::new(&other.id));
        tombstone.merged_into = Some(id);
        tombstone.decided_to = other.decided_to;
        self.merged = Some(tombstone);
        self.contact.facts.absorb(std::mem::take(&mut other.facts));
        for run in runs.drain(..) {
            self.add(run);
        }
        self.contact.crossed.extend(crossed);
        self.end_second_runs(at);
        for index in 0..self.contact.runs.len() {
            let mut run = self.contact.runs[index].clone();
            if self.contact.crossed.contains(&run.workflow) && !run.crossed {
                run.crossed = true;
                self.put(index, run);
            }
        }
        let known = hash16("merge", &[&self.contact.id, &other.id]);
        self.remark(at, &format!("merged: {} is this contact ({})", other.id, hex::encode(&known[..4])));
    }

    /// Workflows that both entered and whose dial puts the two on different sides.
    fn crossed(&self, other: &Contact) -> BTreeSet<String> {
        let workspace = &self.env.catalog.workspace.name;
        let sides = |contact: &Contact, workflow: &str| {
            let own = contact.runs.iter().filter(|run| run.workflow == workflow);
            let known = own.filter_map(|run| run.assignment.as_ref()).next_back().map(|place| place.arm);
            let holdout = self.env.catalog.named(workflow).map_or(0.0, |flow| flow.holdout);
            (known, bucket(workspace, "holdout", workflow, &contact.id) < holdout)
        };
        let both = self.contact.entered.keys().filter(|name| other.entered.contains_key(*name));
        let mut crossed: BTreeSet<String> = both
            .filter(|name| match (sides(&self.contact, name), sides(other, name)) {
                ((Some(one), _), (Some(two), _)) => one != two,
                ((_, one), (_, two)) => one != two,
            })
            .cloned()
            .collect();
        crossed.extend(other.crossed.iter().cloned());
        crossed
    }

    fn end_second_runs(&mut self, at: Time) {
        let order = |run: &Run| (run.entry.time, run.id.clone());
        for index in 0..self.contact.runs.len() {
            let run = &self.contact.runs[index];
            let earlier = |other: &Run| other.active() && other.workflow == run.workflow && order(other) < order(run);
            if !run.active() || !self.contact.runs.iter().any(earlier) {
                continue;
            }
            self.leave(index, at, "merged", "left: merged (the contact has an earlier run)");
        }
    }
}
