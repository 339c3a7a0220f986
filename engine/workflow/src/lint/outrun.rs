//! A wait for an event that ends the run before the wait can see it: what `if_seen` says is never done.

use super::{Everything, Placed, warning};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::workflow::{EventMatch, NodeKind, Target, matches_any};

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    all.flows.iter().flat_map(outrun).collect()
}

/// Whoever leaves on the event leaves with all that is pending: a wait that stops on it, too, says nothing new and is
/// fine. One that goes on to a step of its own never does.
fn outrun<'a>(flow: &'a Placed<'_>) -> impl Iterator<Item = Diagnostic> + 'a {
    flow.workflow.nodes.iter().filter_map(|node| {
        let NodeKind::WaitEvent { event, if_seen: Target::Node(_), .. } = &node.kind else { return None };
        let leave = flow.workflow.leave_when.iter().find(|leave| takes_all(leave, event))?;
        let at = wait_at(flow.file.root, &node.id).map_or_else(|| flow.start_at(), |wait| wait.at);
        let message = format!(
            "`if_seen` of the wait `{}` is never done: `leave_when` ends the run on `{}` before",
            node.id,
            leave.events.join("`, `")
        );
        let help = "write `if_seen: stop`, wait for another event, or give `leave_when` a `where`";
        Some(warning(flow.file, at, codes::UNREACHABLE, message, help))
    })
}

/// Whether every event that the wait is for ends the run; a glob matches itself and narrower ones.
fn takes_all(leave: &EventMatch, wanted: &EventMatch) -> bool {
    let whole = leave.filter.is_none() && leave.of.is_none();
    whole && wanted.events.iter().all(|event| matches_any(&leave.events, event))
}

/// The wait of this id, at any depth.
fn wait_at<'n>(node: &'n Node, id: &str) -> Option<&'n Node> {
    let own = node.get("wait").filter(|wait| matches!(&wait.kind, Kind::Scalar(scalar) if scalar.text == id));
    own.or_else(|| match &node.kind {
        Kind::Map(entries) => entries.iter().find_map(|entry| wait_at(&entry.value, id)),
        Kind::List(items) => items.iter().find_map(|item| wait_at(item, id)),
        Kind::Scalar(_) | Kind::Poison => None,
    })
}
