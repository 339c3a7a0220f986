//! All published workflows of a workspace, indexed by what they listen to.

use crate::arm::Arm;
use crate::event::Event;
use crate::feature::FactDef;
use crate::policy::Policy;
use crate::schema::Schema;
use crate::time::Span;
use crate::workflow::{Workflow, matches_any};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The parts of the workspace file that decisions read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workspace {
    /// Its name: part of every id and salt.
    pub name: String,
    /// Declared shapes.
    pub schema: Schema,
    /// The policy.
    pub policy: Policy,
}

/// Published workflows: the version that starts runs, and older ones that still have runs.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The workspace.
    pub workspace: Workspace,
    current: Vec<Arc<Workflow>>,
    versions: HashMap<(String, String), Arc<Workflow>>,
    /// In order of their keys, each with a workflow that declares it.
    facts: Vec<(FactDef, Arc<Workflow>)>,
    facts_by_event: HashMap<String, Vec<usize>>,
    starts_by_event: HashMap<String, Vec<usize>>,
    fact_globs: Vec<usize>,
    start_globs: Vec<usize>,
    forced: Option<Arm>,
}

impl Catalog {
    /// An index over workflows; `older` holds versions that only still have runs.
    pub fn new(workspace: Workspace, mut current: Vec<Arc<Workflow>>, older: Vec<Arc<Workflow>>) -> Catalog {
        let mut catalog = Catalog { workspace, ..Catalog::default() };
        current.sort_by(|one, two| one.name.cmp(&two.name));
        let mut facts: BTreeMap<String, (FactDef, Arc<Workflow>)> = BTreeMap::new();
        for workflow in current.iter().chain(&older) {
            catalog.versions.insert((workflow.name.clone(), workflow.version.clone()), Arc::clone(workflow));
            for fact in &workflow.facts {
                let new = || (fact.clone(), Arc::clone(workflow));
                let (known, _) = facts.entry(fact.key.clone()).or_insert_with(new);
                known.keep = known.keep.max(fact.keep);
            }
        }
        catalog.facts = facts.into_values().collect();
        for (index, (fact, _)) in catalog.facts.iter().enumerate() {
            place(index, &fact.events, &mut catalog.facts_by_event, &mut catalog.fact_globs);
        }
        for (index, workflow) in current.iter().enumerate() {
            place(index, &workflow.start.events, &mut catalog.starts_by_event, &mut catalog.start_globs);
        }
        catalog.current = current;
        catalog
    }

    /// The same, but every assignment outside stage shadow gets this arm: a test says on which side its contact is.
    pub fn with_arm(self, arm: Arm) -> Catalog {
        Catalog { forced: Some(arm), ..self }
    }

    /// The arm that a test forces.
    pub(super) fn forced(&self) -> Option<Arm> {
        self.forced
    }

    /// The workflows that start runs, in order of their names.
    pub fn current(&self) -> &[Arc<Workflow>] {
        &self.current
    }

    /// One version of a workflow.
    pub fn version(&self, name: &str, version: &str) -> Option<&Arc<Workflow>> {
        self.versions.get(&(name.to_owned(), version.to_owned()))
    }

    /// The workflows that an event may start, in order of their names.
    pub(super) fn starts(&self, kind: &str) -> Vec<&Arc<Workflow>> {
        let mut indexes = self.starts_by_event.get(kind).cloned().unwrap_or_default();
        let globs = self.start_globs.iter().filter(|at| matches_any(&self.current[**at].start.events, kind));
        indexes.extend(globs);
        indexes.sort_unstable();
        indexes.dedup();
        indexes.into_iter().map(|at| &self.current[at]).collect()
    }

    /// The facts that an event may leave, each with a workflow that declares it.
    pub(super) fn facts(&self, event: &Event) -> impl Iterator<Item = &(FactDef, Arc<Workflow>)> {
        let exact = self.facts_by_event.get(&event.kind).into_iter().flatten();
        let globs = self.fact_globs.iter().filter(|at| self.facts[**at].0.matches(event));
        exact.chain(globs).map(|at| &self.facts[*at])
    }

    /// How long the facts of a key are kept; `None` where nobody here counts them.
    pub(super) fn keep(&self, key: &str) -> Option<Span> {
        let found = self.facts.binary_search_by(|(fact, _)| fact.key.as_str().cmp(key));
        found.ok().map(|at| self.facts[at].0.keep)
    }
}

/// Files an index under each exact name, or among the globs where any of its names is one.
fn place(index: usize, names: &[String], exact: &mut HashMap<String, Vec<usize>>, globs: &mut Vec<usize>) {
    if names.iter().any(|name| name.contains('*')) {
        globs.push(index);
    } else {
        for name in names {
            let list = exact.entry(name.clone()).or_default();
            if list.last() != Some(&index) {
                list.push(index);
            }
        }
    }
}
