//! What an event sets in motion beside waits: goals, leaving, and new runs.

use super::scope::Reads;
use super::steps::{go, need, seen};
use super::walk::{Need, Note, Walk};
use crate::event::Event;
use crate::map::Map;
use crate::receipt::Trace;
use crate::run::{EntryEvent, Run, RunStatus};
use crate::time::Time;
use crate::workflow::{WhileRunning, Workflow};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Marks the goals that this event reaches, each once, inside its window.
pub(super) fn goals(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    for index in 0..walk.contact.runs.len() {
        let run = &walk.contact.runs[index];
        if run.goal_at.is_some() {
            continue;
        }
        let Some(workflow) = walk.workflow_of(run) else { continue };
        let Some(goal) = &workflow.goal else { continue };
        let (from, until) = run.goal_window(goal.window);
        if event.time <= from || event.time > until {
            continue;
        }
        let Some(trace) = seen(walk, &workflow, run, event, &goal.event, "goal")? else { continue };
        let mut run = run.clone();
        run.goal_at = Some(event.time);
        if let Some(value) = &goal.value {
            let moment = walk.moment(&workflow, Some(event), Some(&run.entry), event.time);
            run.goal_value = need(&moment, moment.eval(value))?.ok().and_then(|value| value.number());
        }
        plain_note(walk, &workflow, &run, event, "goal", trace);
        walk.put(index, run);
    }
    Ok(())
}

/// Ends the runs that leave on this event, and withholds what they still have pending.
pub(super) fn leaves(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    for index in 0..walk.contact.runs.len() {
        let run = &walk.contact.runs[index];
        let pending = run.pending_until.is_some_and(|until| event.time <= until);
        if !run.active() && !pending {
            continue;
        }
        let Some(workflow) = walk.workflow_of(run) else { continue };
        for wanted in &workflow.leave_when {
            let run = &walk.contact.runs[index];
            let Some(trace) = seen(walk, &workflow, run, event, wanted, "leave_when")? else { continue };
            let mut run = run.clone();
            walk.cancelled.push(run.id.clone());
            run.pending_until = None;
            if run.active() {
                run.status = RunStatus::Left { reason: event.kind.clone() };
                run.ended_at = Some(event.time);
            }
            plain_note(walk, &workflow, &run, event, &format!("left: {}", event.kind), trace);
            walk.put(index, run);
            break;
        }
    }
    Ok(())
}

/// What starts a run.
pub(super) enum Cause<'e> {
    /// An event.
    Event(&'e Event),
    /// A tick of its schedule.
    Tick(Time),
}

impl Cause<'_> {
    fn at(&self) -> Time {
        match self {
            Cause::Event(event) => event.time,
            Cause::Tick(at) => *at,
        }
    }

    fn event(&self) -> Option<&Event> {
        match self {
            Cause::Event(event) => Some(event),
            Cause::Tick(_) => None,
        }
    }

    /// What the run keeps of it. A tick's id is (workflow, tick); the contact is in the run's own id.
    fn entry(&self, workflow: &str) -> EntryEvent {
        match self {
            Cause::Event(event) => EntryEvent {
                source: event.source.clone(),
                id: event.id.clone(),
                time: event.time,
                fields: event.fields.clone(),
            },
            Cause::Tick(at) => {
                EntryEvent { source: "schedule".into(), id: format!("{workflow}@{at}"), time: *at, fields: Map::new() }
            }
        }
    }

    fn word(&self) -> String {
        match self {
            Cause::Event(event) => format!("{} came", event.kind),
            Cause::Tick(_) => "the schedule ticked".into(),
        }
    }
}

/// Starts the runs that this event starts.
pub(super) fn starts(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    let catalog = walk.env.catalog;
    for workflow in catalog.starts(&event.kind) {
        start(walk, workflow, &Cause::Event(event))?;
    }
    Ok(())
}

/// Says that a run did not start.
pub(super) fn refuse(walk: &mut Walk<'_>, workflow: &Workflow, at: Time, why: &str) {
    let (what, reads) = (format!("not started: {why}"), Reads::default());
    walk.note(Note { workflow, run: None, at, what, trace: vec![], reads, actions: vec![] });
}

/// Starts a run, or says why not.
pub(super) fn start(walk: &mut Walk<'_>, workflow: &Arc<Workflow>, cause: &Cause<'_>) -> Result<(), Need> {
    let at = cause.at();
    let mut trace = Trace::default();
    if walk.full {
        (trace.step, trace.result) = ("start".into(), cause.word());
    }
    let mut reads = Reads::default();
    let mut refused = None;
    if let Some(when) = &workflow.start.when {
        let moment = walk.moment(workflow, cause.event(), None, at);
        let holds = need(&moment, moment.holds(when))?;
        if walk.full {
            trace.expr = Some(when.source.to_string());
            trace.values = moment.take_values();
        }
        reads = moment.reads.take();
        match holds {
            Ok(true) => {}
            Ok(false) => refused = Some("when is false".to_owned()),
            Err(error) => refused = Some(error.to_string()),
        }
    }
    let active = walk.contact.runs.iter().position(|run| run.active() && run.workflow == workflow.name);
    let refused = refused.or_else(|| barred(walk, workflow, at, active.is_some()));
    if let Some(why) = refused {
        if walk.full {
            let what = format!("not started: {why}");
            walk.note(Note { workflow, run: None, at, what, trace: vec![trace], reads, actions: vec![] });
        }
        return Ok(());
    }
    if let Some(index) = active {
        walk.leave(index, at, "restarted", "left: restarted");
    }
    let index = walk.add(new_run(walk, workflow, cause));
    walk.contact.entered.insert(workflow.name.clone(), at);
    go(walk, index, workflow.first, at, "started", vec![trace])?;
    // What the start read belongs to the receipt, too.
    if let Some(entry) = walk.entries.last_mut() {
        let known: Vec<String> = entry.scores.iter().map(|note| note.name.clone()).collect();
        entry.scores.extend(reads.scores.into_iter().filter(|note| !known.contains(&note.name)));
        for (name, value) in reads.features {
            entry.features.entry(name).or_insert(value);
        }
    }
    Ok(())
}

fn barred(walk: &Walk<'_>, workflow: &Workflow, at: Time, active: bool) -> Option<String> {
    if active && workflow.while_running == WhileRunning::Ignore {
        return Some("a run is active".into());
    }
    let (last, gap) = (walk.contact.entered.get(&workflow.name)?, workflow.start.again_after?);
    (at < *last + gap).then(|| format!("again_after {gap}: last entry at {last}"))
}

fn new_run(walk: &Walk<'_>, workflow: &Workflow, cause: &Cause<'_>) -> Run {
    let workspace = &walk.env.catalog.workspace.name;
    let entry = cause.entry(&workflow.name);
    Run {
        id: Run::id_of(workspace, &workflow.name, &walk.contact.id, &entry.source, &entry.id),
        workflow: workflow.name.clone(),
        version: workflow.version.clone(),
        entry,
        status: RunStatus::Done,
        assignment: None,
        exposed_at: None,
        goal_at: None,
        goal_value: None,
        ended_at: None,
        pending_until: None,
        splits: BTreeMap::new(),
        unsure: None,
        crossed: walk.contact.crossed.contains(&workflow.name),
    }
}

fn plain_note(walk: &mut Walk<'_>, workflow: &Workflow, run: &Run, event: &Event, what: &str, trace: Trace) {
    walk.note(Note {
        workflow,
        run: Some(run.id.clone()),
        at: event.time,
        what: what.to_owned(),
        trace: vec![trace],
        reads: Reads::default(),
        actions: vec![],
    });
}
