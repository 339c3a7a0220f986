//! What of each workflow the tests exercised, read from the receipts: every way out of every step, and every exit.

use super::stage::Story;
use crate::output::table;
use serde_json::{Value, json};
use staunch_core::action::ActionState;
use staunch_core::receipt::{Entry, Trace};
use staunch_core::workflow::{EventMatch, NodeKind, Workflow, matches_any};
use std::collections::{BTreeMap, BTreeSet};

/// The result of a wait whose event did not come; a trace says so in these words.
const NOT: &str = "the event did not come";

/// One thing that a test can exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `case`, `else`, `arm`, `wait`, `step`, `start`, `leave_when` or `goal`.
    pub kind: &'static str,
    /// Its name, such as `risk/high-touch`.
    pub name: String,
    /// How often the tests exercised it.
    pub count: u64,
    /// What is known where it was reached and yet not exercised.
    pub note: String,
}

/// The coverage of one workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// In the author's order.
    pub items: Vec<Item>,
    /// Guards that were asked, each with how many actions it held or withheld.
    pub guards: BTreeMap<String, u64>,
}

impl Coverage {
    /// Of these stories, all about this workflow.
    pub fn of(workflow: &Workflow, stories: &[&Story]) -> Coverage {
        let mut found = Found::default();
        stories.iter().for_each(|story| found.add(workflow, story));
        let mut items = Vec::new();
        start(workflow, &found, &mut items);
        for node in &workflow.nodes {
            steps(&node.id, &node.kind, &found, &mut items);
        }
        exits(workflow, &found, &mut items);
        Coverage { items, guards: found.guards }
    }

    /// How many of how many.
    pub fn share(&self) -> (usize, usize) {
        (self.items.iter().filter(|item| item.count > 0).count(), self.items.len())
    }

    /// What no test exercised.
    pub fn missing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.count == 0)
    }
}

/// What the receipts say.
#[derive(Default)]
struct Found {
    /// (step or case, result without its details) → how often.
    traces: BTreeMap<(String, String), u64>,
    /// Step → what became of its actions.
    actions: BTreeMap<(String, &'static str), u64>,
    /// Exits by the beginning of their words.
    turns: BTreeMap<String, u64>,
    /// What ended runs: (event, expression).
    left: BTreeMap<(String, Option<String>), u64>,
    guards: BTreeMap<String, u64>,
}

impl Found {
    fn add(&mut self, workflow: &Workflow, story: &Story) {
        let entries = story.decisions.iter().flat_map(|decision| &decision.entries);
        for entry in entries.filter(|entry| entry.workflow == workflow.name) {
            self.entry(entry);
        }
        for action in &story.actions {
            *self.actions.entry((action.step.clone(), became(action.state))).or_default() += 1;
            for check in &action.checks {
                self.guards.entry(check.guard.clone()).or_default();
            }
        }
        let stops: BTreeSet<(usize, &str)> =
            story.stops.iter().map(|stop| (stop.action, stop.guard.as_str())).collect();
        for (_, guard) in stops {
            *self.guards.entry(guard.to_owned()).or_default() += 1;
        }
        for held in &story.log {
            let word = if matches!(held.what, staunch_core::sim::Happened::Held { .. }) { "held" } else { continue };
            *self.actions.entry((held.step.clone(), word)).or_default() += 1;
        }
    }

    fn entry(&mut self, entry: &Entry) {
        *self.turns.entry(entry.what.clone()).or_default() += 1;
        for trace in &entry.trace {
            *self.traces.entry((trace.step.clone(), result(trace))).or_default() += 1;
            if trace.step == "leave_when" {
                let kind = trace.result.strip_suffix(" came").unwrap_or_default().to_owned();
                *self.left.entry((kind, trace.expr.clone())).or_default() += 1;
            }
        }
    }

    fn trace(&self, step: &str, result: &str) -> u64 {
        self.traces.get(&(step.to_owned(), result.to_owned())).copied().unwrap_or(0)
    }

    fn seen(&self, step: &str) -> u64 {
        self.traces.iter().filter(|((name, _), _)| name == step).map(|(_, n)| n).sum()
    }

    fn turn(&self, fits: impl Fn(&str) -> bool) -> u64 {
        self.turns.iter().filter(|(what, _)| fits(what)).map(|(_, n)| n).sum()
    }
}

/// A result without the names of events, so that all of one kind are one.
fn result(trace: &Trace) -> String {
    if trace.result.ends_with(" came") { "came".to_owned() } else { trace.result.clone() }
}

fn became(state: ActionState) -> &'static str {
    match state {
        ActionState::Done => "sent",
        ActionState::Withheld => "withheld",
        other => other.word(),
    }
}

fn item(kind: &'static str, name: impl Into<String>, count: u64) -> Item {
    Item { kind, name: name.into(), count, note: String::new() }
}

fn start(workflow: &Workflow, found: &Found, items: &mut Vec<Item>) {
    items.push(item("start", "started", found.turn(|what| what.starts_with("started"))));
    let refused =
        |cause: &str| found.turn(|what| what.strip_prefix("not started: ").is_some_and(|why| why.starts_with(cause)));
    if workflow.start.when.is_some() {
        items.push(item("start", "not started: when", refused("when ")));
    }
    if workflow.start.again_after.is_some() {
        items.push(item("start", "not started: again_after", refused("again_after ")));
    }
}

fn steps(id: &str, kind: &NodeKind, found: &Found, items: &mut Vec<Item>) {
    match kind {
        NodeKind::Choose { cases, .. } => {
            let name = |case: &str| format!("{id}/{case}");
            items.extend(cases.iter().map(|case| item("case", name(&case.id), found.trace(&name(&case.id), "true"))));
            items.push(item("else", name("else"), found.trace(&name("else"), "taken")));
        }
        NodeKind::Split { arms } => {
            let name = |arm: &str| format!("{id}/{arm}");
            items.extend(arms.iter().map(|arm| item("arm", name(&arm.name), found.seen(&name(&arm.name)))));
        }
        NodeKind::WaitEvent { .. } => {
            items.push(item("wait", format!("{id} if_seen"), found.trace(id, "came")));
            items.push(item("wait", format!("{id} if_not"), found.trace(id, NOT)));
        }
        NodeKind::Act(_) => {
            let count = |word: &'static str| found.actions.get(&(id.to_owned(), word)).copied().unwrap_or(0);
            let others: Vec<&str> = ["held", "withheld", "review"].into_iter().filter(|word| count(word) > 0).collect();
            let note =
                if others.is_empty() { "never reached".to_owned() } else { format!("only {}", others.join(", ")) };
            let sent = count("sent");
            let note = if sent == 0 { note } else { String::new() };
            items.push(Item { note, ..item("step", format!("{id} sent"), sent) });
        }
        NodeKind::WaitFor { .. } | NodeKind::WaitUntil { .. } | NodeKind::Set { .. } | NodeKind::Stop => {
            items.push(item("step", id, found.seen(id)));
        }
    }
}

fn exits(workflow: &Workflow, found: &Found, items: &mut Vec<Item>) {
    for wanted in &workflow.leave_when {
        let hits = found.left.iter().filter(|((kind, expr), _)| {
            matches_any(&wanted.events, kind) && *expr == wanted.filter.as_ref().map(|filter| filter.source.to_string())
        });
        items.push(item("leave_when", named(wanted), hits.map(|(_, n)| n).sum()));
    }
    if let Some(goal) = &workflow.goal {
        items.push(item("goal", named(&goal.event), found.seen("goal")));
    }
}

fn named(event: &EventMatch) -> String {
    let filter = event.filter.as_ref().map_or_else(String::new, |filter| format!(" where {}", filter.source));
    format!("{}{filter}", event.events.join(", "))
}

/// For people: one line for each workflow, then what is missing, by name.
pub fn text(all: &BTreeMap<String, Coverage>) -> String {
    let mut rows = vec![["coverage", "exercised", "share"].map(str::to_owned).to_vec()];
    for (name, one) in all {
        let (hit, of) = one.share();
        rows.push(vec![name.clone(), format!("{hit} of {of}"), format!("{:.0} %", percent(hit, of))]);
    }
    let mut parts = vec![table(&rows, &[1, 2])];
    for (name, one) in all {
        let mut rows = vec![vec![format!("missing in {name}"), "what".to_owned(), String::new()]];
        rows.extend(one.missing().map(|item| vec![item.kind.to_owned(), item.name.clone(), item.note.clone()]));
        if rows.len() > 1 {
            parts.push(table(&rows, &[]));
        }
        let names = |stopped: bool| {
            let guards = one.guards.iter().filter(|(_, n)| (**n > 0) == stopped);
            let names: Vec<&str> = guards.map(|(guard, _)| guard.as_str()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        parts.push(format!(
            "  guards of {name} that stood in the way: {}\n  guards that never did: {}",
            names(true),
            names(false)
        ));
    }
    parts.join("\n\n")
}

/// For machines.
pub fn json(all: &BTreeMap<String, Coverage>) -> Value {
    let flows = all.iter().map(|(name, one)| {
        let items = one
            .items
            .iter()
            .map(|item| json!({ "kind": item.kind, "name": item.name, "count": item.count, "note": item.note }));
        let guards = one.guards.iter().map(|(guard, n)| json!({ "guard": guard, "stopped": n }));
        let (hit, of) = one.share();
        json!({
            "workflow": name, "exercised": hit, "of": of, "percent": percent(hit, of),
            "items": items.collect::<Vec<_>>(), "guards": guards.collect::<Vec<_>>(),
        })
    });
    flows.collect()
}

fn percent(hit: usize, of: usize) -> f64 {
    if of == 0 { 100.0 } else { (1_000.0 * hit as f64 / of as f64).round() / 10.0 }
}
