//! In which ways people are parked in the kept histories.

use crate::form::{ActionRow, Kept};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::receipt::{Decision, Entry};
use staunch_core::run::{Run, RunStatus};
use staunch_core::schedule::Weekdays;
use staunch_core::workflow::{NodeKind, Workflow};
use std::collections::BTreeSet;

/// Every way that has to be there.
pub const WAYS: [&str; 20] = [
    "waits for a length of time",
    "waits for hours of local time",
    "waits for hours of a weekday",
    "waits for an event",
    "the event came",
    "the event did not come",
    "waits for the outcome of an own action",
    "held: score_unavailable",
    "unsure: a person looks at what follows",
    "waits for its schedule",
    "entered by its schedule",
    "not entered: again_after",
    "left: restarted",
    "action waits for a person",
    "action waits for quiet hours",
    "action waits for a cap",
    "action waits for capacity",
    "in an arm of a split",
    "is held out",
    "belongs to an account",
];

/// The ways in which people stand at some step of a history.
pub fn ways(kept: &Kept) -> Result<BTreeSet<&'static str>, String> {
    let workflows = kept.workflows()?;
    let mut found = BTreeSet::new();
    for step in &kept.history.steps {
        for row in step.rows.contacts.values() {
            let contact: Contact = serde_json::from_value(row.state.clone()).map_err(|error| error.to_string())?;
            found.extend((!contact.ticks.is_empty()).then_some("waits for its schedule"));
            found.extend(contact.account.is_some().then_some("belongs to an account"));
            contact.runs.iter().for_each(|run| of_run(run, &workflows, &mut found));
        }
        for row in step.rows.runs.values() {
            let run: Run = serde_json::from_value(row.clone()).map_err(|error| error.to_string())?;
            of_run(&run, &workflows, &mut found);
        }
        step.rows.actions.values().for_each(|row| found.extend(of_action(row)));
        for decision in &step.decisions {
            let decision: Decision = serde_json::from_value(decision.clone()).map_err(|error| error.to_string())?;
            decision.entries.iter().for_each(|entry| found.extend(of_entry(entry)));
        }
    }
    Ok(found)
}

fn of_entry(entry: &Entry) -> Option<&'static str> {
    let first = entry.trace.first().map(|trace| trace.result.as_str()).unwrap_or_default();
    match entry.what.as_str() {
        what if what.starts_with("not started: again_after") => Some("not entered: again_after"),
        what if what.starts_with("went on") && first == "the event did not come" => Some("the event did not come"),
        what if what.starts_with("went on") && first.ends_with(" came") => Some("the event came"),
        _ => None,
    }
}

fn of_run(run: &Run, workflows: &[Workflow], found: &mut BTreeSet<&'static str>) {
    found.extend(run.unsure.is_some().then_some("unsure: a person looks at what follows"));
    found.extend((!run.splits.is_empty()).then_some("in an arm of a split"));
    let arm = run.assignment.as_ref().map(|place| place.arm);
    found.extend((arm == Some(Arm::Holdout)).then_some("is held out"));
    found.extend((run.entry.source == "schedule").then_some("entered by its schedule"));
    found.extend(match &run.status {
        RunStatus::Held { reason, .. } if reason == "score_unavailable" => Some("held: score_unavailable"),
        RunStatus::Left { reason } if reason == "restarted" => Some("left: restarted"),
        RunStatus::Waiting { step, .. } => workflows
            .iter()
            .find(|flow| flow.name == run.workflow)
            .and_then(|flow| Some(of_wait(&flow.nodes[flow.node(step)?].kind))),
        _ => None,
    });
}

fn of_wait(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::WaitFor { .. } => "waits for a length of time",
        NodeKind::WaitUntil { window } if window.days == Weekdays::ALL => "waits for hours of local time",
        NodeKind::WaitUntil { .. } => "waits for hours of a weekday",
        NodeKind::WaitEvent { event, .. } if event.of.is_some() => "waits for the outcome of an own action",
        _ => "waits for an event",
    }
}

fn of_action(row: &ActionRow) -> Option<&'static str> {
    match (row.state.as_str()?, row.reason.as_str()) {
        ("review", _) => Some("action waits for a person"),
        ("held", Some("quiet_hours")) => Some("action waits for quiet hours"),
        ("held", Some("cap")) => Some("action waits for a cap"),
        ("held", Some("capacity")) => Some("action waits for capacity"),
        _ => None,
    }
}
