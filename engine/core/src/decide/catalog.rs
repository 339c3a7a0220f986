//! All published workflows of a workspace, indexed by what they listen to.

use crate::arm::Arm;
use crate::event::Event;
use crate::facts::FactKey;
use crate::feature::{FactDef, Over};
use crate::map::Table;
use crate::policy::Policy;
use crate::retention::Retention;
use crate::schema::{BUILT_IN_EVENTS, Schema};
use crate::time::Span;
use crate::workflow::{Audience, NodeKind, Workflow, matches_any};
use std::collections::BTreeMap;
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
    /// IANA zone of a contact whose own is unknown; empty = UTC.
    pub zone: String,
    /// Named audiences.
    pub audiences: Vec<Audience>,
    /// How long what is kept.
    pub retention: Retention,
}

/// What one type of event can touch.
#[derive(Clone, Debug, Default)]
struct Listeners {
    facts: Vec<usize>,
    starts: Vec<usize>,
    /// Whether a run of some version may wait for it, leave on it, or have it as its goal.
    runs: bool,
}

/// Published workflows: the version that starts runs, and older ones that still have runs.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The workspace.
    pub workspace: Workspace,
    current: Vec<Arc<Workflow>>,
    versions: Table<String, Table<String, Arc<Workflow>>>,
    /// Audiences by name, each as the features that its condition reads, and the condition.
    audiences: BTreeMap<String, (Arc<Workflow>, crate::expr::Expr)>,
    /// In order of their keys, each with a workflow that declares it.
    facts: Vec<(FactDef, Arc<Workflow>)>,
    /// Of every type that is named somewhere; others are looked through.
    by_event: Table<String, Listeners>,
    scheduled: Vec<usize>,
    forced: Option<Arm>,
    splits: BTreeMap<String, String>,
    silent: bool,
}

impl Catalog {
    /// An index over workflows; `older` holds versions that only still have runs.
    pub fn new(workspace: Workspace, mut current: Vec<Arc<Workflow>>, older: Vec<Arc<Workflow>>) -> Catalog {
        let mut catalog = Catalog { workspace, ..Catalog::default() };
        current.sort_by(|one, two| one.name.cmp(&two.name));
        for audience in &catalog.workspace.audiences {
            let flow = (Arc::new(audience.as_workflow()), audience.when.clone());
            catalog.audiences.insert(audience.name.clone(), flow);
        }
        let mut facts: BTreeMap<FactKey, (FactDef, Arc<Workflow>)> = BTreeMap::new();
        let all = current.iter().chain(&older);
        for workflow in all.clone() {
            let versions = catalog.versions.entry(workflow.name.clone()).or_default();
            versions.insert(workflow.version.clone(), Arc::clone(workflow));
        }
        for workflow in all.chain(catalog.audiences.values().map(|(flow, _)| flow)) {
            for fact in &workflow.facts {
                let (known, _) = facts.entry(fact.key).or_insert_with(|| (fact.clone(), Arc::clone(workflow)));
                known.keep = known.keep.max(fact.keep);
            }
        }
        catalog.facts = facts.into_values().collect();
        catalog.scheduled = (0..current.len()).filter(|at| current[*at].start.schedule.is_some()).collect();
        catalog.current = current;
        catalog.index();
        catalog
    }

    /// Resolves every type of event that is named somewhere, globs included.
    fn index(&mut self) {
        let named = self.facts.iter().flat_map(|(fact, _)| &fact.events);
        let named = named.chain(self.current.iter().flat_map(|flow| &flow.start.events));
        let declared = self.workspace.schema.events.keys().map(String::as_str);
        let kinds = named.map(String::as_str).chain(declared).chain(BUILT_IN_EVENTS.iter().copied());
        let mut kinds: Vec<String> = kinds.filter(|kind| !kind.contains('*')).map(str::to_owned).collect();
        kinds.sort_unstable();
        kinds.dedup();
        self.by_event = kinds.iter().map(|kind| (kind.clone(), Listeners::default())).collect();
        let facts: Vec<&[String]> = self.facts.iter().map(|(fact, _)| fact.events.as_slice()).collect();
        let starts: Vec<&[String]> = self.current.iter().map(|flow| flow.start.events.as_slice()).collect();
        file(&kinds, &facts, &mut self.by_event, |listeners, at| listeners.facts.push(at));
        file(&kinds, &starts, &mut self.by_event, |listeners, at| listeners.starts.push(at));
        let runs: Vec<Vec<String>> =
            self.versions.values().flat_map(|all| all.values()).map(|flow| flow.heard()).collect();
        let runs: Vec<&[String]> = runs.iter().map(Vec::as_slice).collect();
        file(&kinds, &runs, &mut self.by_event, |listeners, _| listeners.runs = true);
    }

    /// The same, but every assignment outside stage shadow gets this arm: a test says on which side its contact is.
    pub fn with_arm(self, arm: Arm) -> Catalog {
        Catalog { forced: Some(arm), ..self }
    }

    /// The same, but these splits (by step) take these arms.
    pub fn with_splits(self, splits: BTreeMap<String, String>) -> Catalog {
        Catalog { splits, ..self }
    }

    /// The same, but schedules start nothing by themselves: a test says when they tick.
    pub fn without_ticks(self) -> Catalog {
        Catalog { silent: true, ..self }
    }

    /// The arm that a test forces.
    pub(super) fn forced(&self) -> Option<Arm> {
        self.forced
    }

    /// The arm of a split that a test forces.
    pub(super) fn forced_split(&self, step: &str) -> Option<&str> {
        self.splits.get(step).map(String::as_str)
    }

    /// The workflows that start runs, in order of their names.
    pub fn current(&self) -> &[Arc<Workflow>] {
        &self.current
    }

    /// The current version of a workflow.
    pub fn named(&self, name: &str) -> Option<&Arc<Workflow>> {
        let at = self.current.binary_search_by(|flow| flow.name.as_str().cmp(name)).ok()?;
        self.current.get(at)
    }

    /// The workflows with a schedule; none where a test says when they tick.
    pub(super) fn scheduled(&self) -> impl Iterator<Item = &Arc<Workflow>> {
        self.scheduled.iter().filter(|_| !self.silent).map(|at| &self.current[*at])
    }

    /// Whether contacts have the same ticks by both.
    pub fn same_schedules(&self, other: &Catalog) -> bool {
        let of = |catalog: &'_ Catalog| -> Vec<_> {
            let mut all: Vec<_> =
                catalog.scheduled().map(|flow| (flow.name.clone(), flow.start.schedule.clone())).collect();
            all.sort_by(|one, two| one.0.cmp(&two.0));
            all
        };
        of(self) == of(other) && self.workspace.zone == other.workspace.zone
    }

    /// One version of a workflow.
    pub fn version(&self, name: &str, version: &str) -> Option<&Arc<Workflow>> {
        self.versions.get(name)?.get(version)
    }

    /// An audience: the features that its condition reads, and the condition.
    pub(super) fn audience(&self, name: &str) -> Option<&(Arc<Workflow>, crate::expr::Expr)> {
        self.audiences.get(name)
    }

    /// The workflows that an event may start, in order of their names.
    pub(super) fn starts(&self, kind: &str) -> impl Iterator<Item = &Arc<Workflow>> {
        let known = self.by_event.get(kind).map(|listeners| listeners.starts.as_slice());
        let rest = if known.is_some() { &[][..] } else { self.current.as_slice() };
        let rest = rest.iter().filter(move |flow| matches_any(&flow.start.events, kind));
        known.unwrap_or_default().iter().map(|at| &self.current[*at]).chain(rest)
    }

    /// Whether an event of this type may mean something to a run under way.
    pub(super) fn heard(&self, kind: &str) -> bool {
        self.by_event.get(kind).is_none_or(|listeners| listeners.runs)
    }

    /// The facts that an event may leave with a contact or an account, each with a workflow that declares it.
    pub(super) fn facts(&self, event: &Event, over: Over) -> impl Iterator<Item = &(FactDef, Arc<Workflow>)> {
        let known = self.by_event.get(&event.kind).map(|listeners| listeners.facts.as_slice());
        let rest = if known.is_some() { &[][..] } else { self.facts.as_slice() };
        let rest = rest.iter().filter(move |(fact, _)| fact.matches(event));
        let all = known.unwrap_or_default().iter().map(|at| &self.facts[*at]).chain(rest);
        all.filter(move |(fact, _)| fact.over == over)
    }

    /// Whether anything is counted over accounts, so that shells have to load them.
    pub fn reads_accounts(&self) -> bool {
        !self.workspace.schema.account.is_empty() || self.facts.iter().any(|(fact, _)| fact.over == Over::Account)
    }

    /// How long the facts of a key are kept; `None` where nobody here counts them.
    pub fn keep(&self, key: FactKey) -> Option<Span> {
        let found = self.facts.binary_search_by_key(&key, |(fact, _)| fact.key);
        found.ok().map(|at| self.facts[at].0.keep)
    }

    /// The zone of a contact whose own is unknown.
    pub(super) fn zone(&self) -> jiff::tz::TimeZone {
        crate::time::zone(&self.workspace.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// Files the index of each list of names or globs under every type that it matches.
fn file(
    kinds: &[String],
    lists: &[&[String]],
    into: &mut Table<String, Listeners>,
    push: impl Fn(&mut Listeners, usize),
) {
    for (at, patterns) in lists.iter().enumerate() {
        let globs = patterns.iter().any(|name| name.contains('*'));
        let matching: Vec<&String> = if globs {
            kinds.iter().filter(|kind| matches_any(patterns, kind)).collect()
        } else {
            patterns.iter().collect()
        };
        let mut seen: Vec<&str> = Vec::new();
        for kind in matching {
            if !seen.contains(&kind.as_str())
                && let Some(listeners) = into.get_mut(kind)
            {
                seen.push(kind);
                push(listeners, at);
            }
        }
    }
}

impl Workflow {
    /// Whether it asks a plugin anywhere.
    pub fn scored(&self) -> bool {
        !self.scores.is_empty()
    }

    /// The events that its runs wait for, leave on, or have as their goal.
    fn heard(&self) -> Vec<String> {
        let waits = self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::WaitEvent { event, .. } => Some(event),
            _ => None,
        });
        let all = waits.chain(&self.leave_when).chain(self.goal.as_ref().map(|goal| &goal.event));
        all.flat_map(|event| event.events.iter().cloned()).collect()
    }
}

impl Audience {
    /// The audience as a workflow that never starts: a scope for its condition.
    fn as_workflow(&self) -> Workflow {
        let (features, facts) = (self.features.clone(), self.facts.clone());
        Workflow { features, facts, ..Workflow::empty(&format!("audience:{}", self.name), "") }
    }
}
