//! What one version of a workflow, or of the policy, changes of another: by stable ids, never by positions.
//!
//! Each version is laid out as sheets (one for each step, case, feature, …) of keys and texts; sheets of the same id are
//! held against each other. Nothing here knows a store or a file.

mod flow;
mod policy;
mod words;

use crate::decide::{Existing, has_place, same_shape};
use crate::policy::Policy;
use crate::workflow::Workflow;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The workflow as a whole: title, owner, purpose, priority.
    Workflow,
    /// What starts it.
    Start,
    /// A feature, by its name.
    Feature,
    /// A score, by its name.
    Score,
    /// A step, by its id.
    Step,
    /// A case of a `choose`, as `choose/case`.
    Case,
    /// An arm of a `split`, as `split/arm`.
    Arm,
    /// An event that ends runs.
    LeaveWhen,
    /// What counts as success.
    Goal,
    /// The share held out.
    Experiment,
    /// A kill rule, by its id.
    Kill,
    /// A breaker, by its id.
    Breaker,
    /// A review gate, by its id; `launch` is the gate of new versions.
    Review,
    /// A file of a message, by its path below `templates`.
    Message,
    /// A rule of the policy: its kind and its id.
    Policy,
}

impl Part {
    /// The word used in tables and output.
    pub fn word(self) -> &'static str {
        match self {
            Part::Workflow => "workflow",
            Part::Start => "start",
            Part::Feature => "feature",
            Part::Score => "score",
            Part::Step => "step",
            Part::Case => "case",
            Part::Arm => "arm",
            Part::LeaveWhen => "leave_when",
            Part::Goal => "goal",
            Part::Experiment => "experiment",
            Part::Kill => "kill",
            Part::Breaker => "breaker",
            Part::Review => "review",
            Part::Message => "message",
            Part::Policy => "policy",
        }
    }
}

/// Whether something is new, gone or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only the new version has it.
    Added,
    /// Only the old version has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub part: Part,
    /// Its stable id; empty where there is only one.
    pub id: String,
    /// New, gone or another.
    pub change: Change,
    /// The keys that differ, in the order of files; all of them where it is new or gone.
    pub keys: Vec<KeyChange>,
}

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The key as files write it; `then` is what a step, case or arm goes on to.
    pub key: String,
    /// The old text; `None` where the key was not there.
    pub from: Option<String>,
    /// The new text; `None` where the key is not there any more.
    pub to: Option<String>,
}

/// Keys and texts of one part, in the order of files.
struct Sheet {
    part: Part,
    id: String,
    keys: Vec<(&'static str, String)>,
}

impl Sheet {
    fn new(part: Part, id: impl Into<String>) -> Sheet {
        Sheet { part, id: id.into(), keys: Vec::new() }
    }

    fn key(mut self, key: &'static str, text: impl ToString) -> Sheet {
        self.keys.push((key, text.to_string()));
        self
    }

    fn maybe(self, key: &'static str, text: Option<impl ToString>) -> Sheet {
        match text {
            Some(text) => self.key(key, text),
            None => self,
        }
    }
}

/// What `to` changes of `from`, both versions of one workflow: in the order of `to`, what is gone behind what is there.
/// Empty where they do the same, whatever their hashes are.
pub fn workflows(from: &Workflow, to: &Workflow) -> Vec<Difference> {
    differences(flow::sheets(from), flow::sheets(to))
}

/// What `to` changes of `from`, two policies.
pub fn policies(from: &Policy, to: &Policy) -> Vec<Difference> {
    differences(policy::sheets(from), policy::sheets(to))
}

fn differences(from: Vec<Sheet>, to: Vec<Sheet>) -> Vec<Difference> {
    let mut old: BTreeMap<(Part, String), Vec<(&'static str, String)>> =
        from.into_iter().map(|sheet| ((sheet.part, sheet.id), sheet.keys)).collect();
    let mut found = Vec::new();
    for sheet in to {
        let before = old.remove(&(sheet.part, sheet.id.clone()));
        let change = if before.is_some() { Change::Changed } else { Change::Added };
        let keys = changed(before.unwrap_or_default(), sheet.keys);
        if change == Change::Added || !keys.is_empty() {
            found.push(Difference { part: sheet.part, id: sheet.id, change, keys });
        }
    }
    let gone = old.into_iter().map(|((part, id), keys)| {
        let keys = changed(keys, Vec::new());
        Difference { part, id, change: Change::Removed, keys }
    });
    found.extend(gone);
    found.sort_by_key(|one| one.part);
    found
}

fn changed(from: Vec<(&'static str, String)>, to: Vec<(&'static str, String)>) -> Vec<KeyChange> {
    let mut keys = Vec::new();
    let mut old = from;
    for (key, text) in to {
        let before = old.iter().position(|(known, _)| *known == key).map(|at| old.remove(at).1);
        if before.as_ref() != Some(&text) {
            keys.push(KeyChange { key: key.to_owned(), from: before, to: Some(text) });
        }
    }
    keys.extend(old.into_iter().map(|(key, text)| KeyChange { key: key.to_owned(), from: Some(text), to: None }));
    keys
}

/// The steps of the old version that are gone or another, with what became of each; a case or arm counts for its step.
pub fn touched_steps(differences: &[Difference]) -> BTreeMap<String, Change> {
    let mut steps = BTreeMap::new();
    for one in differences {
        let step = match one.part {
            Part::Step if one.change != Change::Added => one.id.as_str(),
            Part::Case | Part::Arm => one.id.split_once('/').map_or(one.id.as_str(), |(step, _)| step),
            _ => continue,
        };
        let change = if one.part == Part::Step { one.change } else { Change::Changed };
        let known = steps.entry(step.to_owned()).or_insert(change);
        if change == Change::Removed {
            *known = change;
        }
    }
    // The cases of a step that is new belong to nobody's place.
    let new = |step: &String| {
        differences.iter().any(|one| one.part == Part::Step && one.id == *step && one.change == Change::Added)
    };
    steps.retain(|step, _| !new(step));
    steps
}

/// What publishing a version does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It finishes on the version that it entered with.
    Keeps,
    /// It goes on where it stands, with the new texts.
    Patched,
    /// It goes on where it stands, in the new version.
    Moved,
    /// It ends, and what it has pending is withheld.
    Ends,
}

impl Fate {
    /// The word used in tables and output.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Keeps => "keeps its version",
            Fate::Patched => "gets the new texts",
            Fate::Moved => "moves to the new version",
            Fate::Ends => "ends",
        }
    }
}

/// What a choice means for a run that stands at `step` of version `from` when `to` is published. The same rule as the
/// migration's.
pub fn fate(existing: Existing, from: &Workflow, to: &Workflow, step: &str) -> Fate {
    match existing {
        Existing::Patch if same_shape(from, to) => Fate::Patched,
        Existing::Move if has_place(step, from, to) => Fate::Moved,
        Existing::End => Fate::Ends,
        _ => Fate::Keeps,
    }
}

#[cfg(test)]
mod tests;
