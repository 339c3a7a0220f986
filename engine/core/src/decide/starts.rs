//! What an event sets in motion beside waits: goals, leaving, and new runs.

use super::scope::Reads;
use super::steps::{go, need, seen};
use super::walk::{Need, Note, Walk};
use crate::event::Event;
use crate::receipt::Trace;
use crate::run::{EntryEvent, Run, RunStatus};
use crate::workflow::{WhileRunning, Workflow};
use std::sync::Arc;

/// Marks the goals that this event reaches, each once, inside its window.
pub(super) fn goals(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    for index in 0..walk.contact.runs.len() {
        let mut run = walk.contact.runs[index].clone();
        let Some(workflow) = walk.workflow_of(&run) else { continue };
        let Some(goal) = &workflow.goal else { continue };
        let (from, until) = run.goal_window(goal.window);
        if run.goal_at.is_some() || event.time <= from || event.time > until {
            continue;
        }
        let Some(trace) = seen(walk, &workflow, &run, event, &goal.event, "goal")? else { continue };
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
        let mut run = walk.contact.runs[index].clone();
        let Some(workflow) = walk.workflow_of(&run) else { continue };
        let pending = run.pending_until.is_some_and(|until| event.time <= until);
        if !run.active() && !pending {
            continue;
        }
        for wanted in &workflow.leave_when {
            let Some(trace) = seen(walk, &workflow, &run, event, wanted, "leave_when")? else { continue };
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

/// Starts the runs that this event starts.
pub(super) fn starts(walk: &mut Walk<'_>, event: &Event) -> Result<(), Need> {
    for workflow in walk.env.catalog.starts(&event.kind) {
        let workflow = Arc::clone(workflow);
        start(walk, &workflow, event)?;
    }
    Ok(())
}

fn start(walk: &mut Walk<'_>, workflow: &Arc<Workflow>, event: &Event) -> Result<(), Need> {
    let mut trace = Trace { step: "start".into(), expr: None, result: format!("{} came", event.kind), values: vec![] };
    let mut reads = Reads::default();
    let mut refused = None;
    if let Some(when) = &workflow.start.when {
        let moment = walk.moment(workflow, Some(event), None, event.time);
        let holds = need(&moment, moment.holds(when))?;
        trace.expr = Some(when.source.to_string());
        trace.values = moment.take_values();
        reads = moment.reads.take();
        match holds {
            Ok(true) => {}
            Ok(false) => refused = Some("when is false".to_owned()),
            Err(error) => refused = Some(error.to_string()),
        }
    }
    let active = walk.contact.runs.iter().position(|run| run.workflow == workflow.name && run.active());
    let refused = refused.or_else(|| barred(walk, workflow, event, active.is_some()));
    if let Some(why) = refused {
        let what = format!("not started: {why}");
        let note = Note { workflow, run: None, at: event.time, what, trace: vec![trace], reads, actions: vec![] };
        walk.note(note);
        return Ok(());
    }
    if let Some(index) = active {
        restart(walk, index, event);
    }
    let index = walk.add(new_run(walk, workflow, event));
    walk.contact.entered.insert(workflow.name.clone(), event.time);
    go(walk, index, workflow.first, event.time, "started", vec![trace])?;
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

fn barred(walk: &Walk<'_>, workflow: &Workflow, event: &Event, active: bool) -> Option<String> {
    if active && workflow.while_running == WhileRunning::Ignore {
        return Some("a run is active".into());
    }
    let (last, gap) = (walk.contact.entered.get(&workflow.name)?, workflow.start.again_after?);
    (event.time < *last + gap).then(|| format!("again_after {gap}: last entry at {last}"))
}

fn restart(walk: &mut Walk<'_>, index: usize, event: &Event) {
    let mut run = walk.contact.runs[index].clone();
    run.status = RunStatus::Left { reason: "restarted".into() };
    run.ended_at = Some(event.time);
    run.pending_until = None;
    walk.cancelled.push(run.id.clone());
    walk.note_of_run(&run, event.time, "left: restarted");
    walk.put(index, run);
}

fn new_run(walk: &Walk<'_>, workflow: &Workflow, event: &Event) -> Run {
    let workspace = &walk.env.catalog.workspace.name;
    Run {
        id: Run::id_of(workspace, &workflow.name, &walk.contact.id, &event.source, &event.id),
        workflow: workflow.name.clone(),
        version: workflow.version.clone(),
        entry: EntryEvent {
            source: event.source.clone(),
            id: event.id.clone(),
            time: event.time,
            fields: event.fields.clone(),
        },
        status: RunStatus::Done,
        assignment: None,
        exposed_at: None,
        goal_at: None,
        goal_value: None,
        ended_at: None,
        pending_until: None,
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
