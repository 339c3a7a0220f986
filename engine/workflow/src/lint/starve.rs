//! A cap that others always use up before a workflow of low priority has its turn.

use super::overlap::overlap;
use super::{Everything, Placed, warning};
use crate::diagnostic::Diagnostic;
use staunch_core::codes;
use staunch_core::policy::Cap;
use staunch_core::time::Span;
use staunch_core::workflow::{NodeKind, Target, Workflow};

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for low in &all.flows {
        found.extend(all.workspace.policy.caps.iter().find_map(|cap| starved(all, low, cap)));
    }
    found
}

/// A workflow whose every capped action comes with more important ones of others that fill the cap.
fn starved(all: &Everything<'_>, low: &Placed<'_>, cap: &Cap) -> Option<Diagnostic> {
    if !binds(cap, low.workflow) {
        return None;
    }
    let mut slots = 0;
    let mut names = Vec::new();
    for high in &all.flows {
        let ahead = high.workflow.priority > low.workflow.priority;
        // What has a gap between its entries leaves slots free at other times.
        let always = high.workflow.start.again_after.is_none() && high.workflow.start.when.is_none();
        if ahead && always && overlap(all, high, low).is_some() && binds(cap, high.workflow) {
            slots += sent(high.workflow, cap);
            names.push(format!("`{}`", high.workflow.name));
        }
    }
    if slots < cap.max {
        return None;
    }
    let message = format!(
        "the cap `{}` leaves nothing for `{}`: {} may send {slots} of the {} that it allows in {}, whenever this starts",
        cap.id,
        low.workflow.name,
        names.join(" and "),
        cap.max,
        cap.window
    );
    let help = "raise its priority or the cap, start it on something else, or space the others by `again_after`";
    let at = low.file.root.get("priority").map_or_else(|| low.start_at(), |node| node.at);
    Some(warning(low.file, at, codes::STARVED, message, help))
}

fn binds(cap: &Cap, workflow: &Workflow) -> bool {
    !cap.exempt.contains(&workflow.purpose)
        && workflow
            .nodes
            .iter()
            .any(|node| matches!(&node.kind, NodeKind::Act(act) if cap.channels.contains(&act.channel)))
}

/// The most capped actions on a way through a workflow, as far as it can go within the cap's window.
fn sent(workflow: &Workflow, cap: &Cap) -> u32 {
    // Every target lies behind its node, so that one pass from the back knows what each way holds.
    let mut most = vec![0u32; workflow.nodes.len()];
    let of = |most: &[u32], target: Target| match target {
        Target::Node(index) => most.get(index).copied().unwrap_or(0),
        Target::End => 0,
    };
    for (index, node) in workflow.nodes.iter().enumerate().rev() {
        let go = |target| of(&most, target);
        let after = |span: Span, target| if span < cap.window { go(target) } else { 0 };
        most[index] = match &node.kind {
            NodeKind::Act(act) => u32::from(cap.channels.contains(&act.channel)) + go(node.next),
            NodeKind::Choose { cases, otherwise } => {
                cases.iter().map(|case| go(case.then)).max().unwrap_or(0).max(go(*otherwise))
            }
            NodeKind::Split { arms } => arms.iter().map(|arm| go(arm.then)).max().unwrap_or(0),
            NodeKind::WaitEvent { up_to, if_seen, if_not, .. } => go(*if_seen).max(after(*up_to, *if_not)),
            NodeKind::WaitFor { span } => after(*span, node.next),
            NodeKind::WaitUntil { .. } | NodeKind::Set { .. } => go(node.next),
            NodeKind::Stop => 0,
        };
    }
    of(&most, workflow.first)
}
