//! Workflows that start each other in a circle: an outcome of what one sends starts the next. A `set` step is no part of
//! it: it changes the contact without an event, so that it starts nothing.

use super::{Everything, error};
use crate::diagnostic::Diagnostic;
use staunch_core::codes;
use staunch_core::schema::BUILT_IN_EVENTS;
use staunch_core::workflow::{NodeKind, Workflow, matches_any};

/// What a workflow makes happen, and what starts it as often as it comes: bits by place in [`BUILT_IN_EVENTS`].
struct Part {
    outcomes: u32,
    starts: u32,
}

/// Each circle once, at its first member.
pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    let parts: Vec<Part> = all.flows.iter().map(|flow| part(flow.workflow)).collect();
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for first in 0..parts.len() {
        if parts[first].starts == 0 || told.contains(&first) {
            continue;
        }
        let Some(circle) = circle(&parts, first) else { continue };
        let names: Vec<String> = circle.iter().map(|at| format!("`{}`", all.flows[*at].workflow.name)).collect();
        let message = format!(
            "{} start each other in a circle, each by an outcome of what the one before it sends, with nothing to end it",
            names.join(" → ")
        );
        let help = "add `again_after:` to one of them, or start it on another event";
        let place = &all.flows[first];
        found.push(error(place.file, place.start_at(), codes::TRIGGER_CYCLE, message, help));
        told.extend(circle);
    }
    found
}

fn part(workflow: &Workflow) -> Part {
    let bits = |holds: &dyn Fn(&str) -> bool| {
        let events = BUILT_IN_EVENTS.iter().enumerate().filter(|(_, event)| holds(event));
        events.fold(0, |bits, (at, _)| bits | 1 << at)
    };
    let channels = workflow.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Act(act) => Some(act.channel.word()),
        _ => None,
    });
    let channels: Vec<&str> = channels.collect();
    let outcome = |event: &str| event.split_once('.').is_some_and(|(channel, _)| channels.contains(&channel));
    let spaced = workflow.start.again_after.is_some();
    let start = |event: &str| !spaced && matches_any(&workflow.start.events, event);
    Part { outcomes: bits(&outcome), starts: bits(&start) }
}

/// The shortest way from a workflow back to itself.
fn circle(parts: &[Part], first: usize) -> Option<Vec<usize>> {
    let mut ways = vec![vec![first]];
    let mut seen = vec![first];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = *way.last()?;
            for (next, part) in parts.iter().enumerate().filter(|(_, part)| part.starts != 0) {
                // A workflow that leads to itself is the business of its own file.
                if last == next || parts[last].outcomes & part.starts == 0 {
                    continue;
                }
                if next == first {
                    return Some(way);
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    longer.push([way.as_slice(), &[next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}
