//! What a newly published version does with runs under way: keep them, give them the new texts, move them, or end them.

use super::walk::Walk;
use crate::run::Run;
use crate::time::Time;
use crate::workflow::{NodeKind, Workflow};

/// What the receipt says of a run that a publication ends.
const ENDED: &str = "left: a new version was published, and runs of older ones end";

/// What becomes of runs of older versions. Without a word they keep theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They finish on the version that they entered with.
    Keep,
    /// They go on with the new texts; only where the steps themselves are the same.
    Patch,
    /// They go on in the new version, each at the step where it stands; who stands at a step that is gone keeps the old.
    Move,
    /// They end, and what they have pending is withheld.
    End,
}

impl Existing {
    /// All choices with their words.
    pub const ALL: [(Existing, &'static str); 4] =
        [(Existing::Keep, "keep"), (Existing::Patch, "patch"), (Existing::Move, "move"), (Existing::End, "end")];
}

/// One step from older versions of a workflow to a published one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The workflow.
    pub workflow: String,
    /// The version that runs end up in.
    pub to: String,
    /// What becomes of them.
    pub existing: Existing,
    /// When.
    pub at: Time,
    /// Makes the receipt's id unique: the version of the contact's row.
    pub row: i64,
}

/// Whether two versions have the same steps, ways and conditions, so that only texts, templates and deadlines of actions
/// differ.
pub fn same_shape(one: &Workflow, two: &Workflow) -> bool {
    let bare = |flow: &Workflow| {
        let mut nodes = flow.nodes.clone();
        for node in &mut nodes {
            if let NodeKind::Act(act) = &mut node.kind {
                (act.template, act.title, act.assignee, act.due) = (None, None, None, None);
                act.fields.clear();
                act.round_robin.clear();
                act.expires = crate::Span(0);
            }
        }
        nodes
    };
    let same = one.features == two.features && one.facts == two.facts && one.scores == two.scores;
    same && one.first == two.first && one.leave_when == two.leave_when && bare(one) == bare(two)
}

/// Whether a step of one version can be gone on from in another: it is there and of the same kind.
pub fn has_place(step: &str, from: &Workflow, to: &Workflow) -> bool {
    let kind = |flow: &Workflow| {
        let node = flow.nodes.get(flow.node(step)?)?;
        Some(std::mem::discriminant(&node.kind))
    };
    kind(from).is_some() && kind(from) == kind(to)
}

impl Walk<'_> {
    /// Applies a migration to every active run of the workflow that is of another version.
    pub fn migrate(&mut self, migration: &Migration) {
        let Some(to) = self.env.catalog.version(&migration.workflow, &migration.to).cloned() else { return };
        for index in 0..self.contact.runs.len() {
            let run = &self.contact.runs[index];
            if run.workflow != migration.workflow || run.version == migration.to || !run.active() {
                continue;
            }
            let run = run.clone();
            let from = self.workflow_of(&run);
            let fits = match (migration.existing, &from, run.step()) {
                (Existing::Patch, Some(from), _) => same_shape(from, &to),
                (Existing::Move, Some(from), Some(step)) => has_place(step, from, &to),
                _ => false,
            };
            match migration.existing {
                Existing::End => self.leave(index, migration.at, "published", ENDED),
                Existing::Patch | Existing::Move if fits => self.take_version(index, run, &to, migration),
                _ => {}
            }
        }
        if !self.is_untouched() {
            self.decide_wake(migration.at, migration.row);
        }
    }

    fn take_version(&mut self, index: usize, mut run: Run, to: &Workflow, migration: &Migration) {
        let word = if migration.existing == Existing::Patch { "patched" } else { "moved" };
        let what = format!("{word}: {} to {}", run.version, to.version);
        run.version = to.version.clone();
        self.note_of_run(&run, migration.at, &what);
        self.put(index, run);
    }
}
