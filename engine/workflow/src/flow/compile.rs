//! Nested steps to flat nodes, in the author's order, each knowing what follows it.

use super::steps::{Branch, Step, StepKind};
use staunch_core::workflow::{Case, Node, NodeKind, SplitArm, Target};

/// All nodes and where a run begins. What was reported as wrong is left out; nobody runs it.
pub(super) fn compile(steps: &[Step]) -> (Vec<Node>, Target) {
    let mut nodes = Vec::new();
    let first = sequence(steps, Target::End, &mut nodes);
    // Built from the back, so that what follows is always known; turned around to stand as written.
    nodes.reverse();
    let count = nodes.len();
    nodes.iter_mut().for_each(|node| turn(node, count));
    (nodes, turned(first, count))
}

fn sequence(steps: &[Step], after: Target, nodes: &mut Vec<Node>) -> Target {
    steps.iter().rev().fold(after, |next, step| single(step, next, nodes))
}

fn branch(branch: &Branch, after: Target, nodes: &mut Vec<Node>) -> Target {
    match branch {
        Branch::Stop => Target::End,
        Branch::Continue => after,
        Branch::Steps(steps) => sequence(steps, after, nodes),
    }
}

fn single(step: &Step, next: Target, nodes: &mut Vec<Node>) -> Target {
    let kind = match &step.kind {
        StepKind::Bad => return next,
        StepKind::Stop if step.id.is_empty() => return Target::End,
        StepKind::Stop => NodeKind::Stop,
        StepKind::WaitFor(span) => NodeKind::WaitFor { span: *span },
        StepKind::WaitUntil(window) => NodeKind::WaitUntil { window: *window },
        StepKind::Set { field, value } => NodeKind::Set { field: field.clone(), value: value.clone() },
        StepKind::Act(act) => NodeKind::Act(act.clone()),
        StepKind::WaitEvent { event, up_to, if_seen, if_not } => {
            let if_not = branch(if_not, next, nodes);
            let if_seen = branch(if_seen, next, nodes);
            NodeKind::WaitEvent { event: event.clone(), up_to: *up_to, if_seen, if_not }
        }
        StepKind::Split(arms) => {
            let mut made = Vec::new();
            for arm in arms.iter().rev() {
                let then = branch(&arm.then, next, nodes);
                made.push(SplitArm { name: arm.name.clone(), share: arm.share, then });
            }
            made.reverse();
            NodeKind::Split { arms: made }
        }
        StepKind::Choose { cases, otherwise } => {
            let otherwise = branch(otherwise, next, nodes);
            let mut made = Vec::new();
            for case in cases.iter().rev() {
                let then = sequence(&case.steps, next, nodes);
                let Some(when) = case.when.clone() else { continue };
                made.push(Case { id: case.id.clone(), when, then });
            }
            made.reverse();
            NodeKind::Choose { cases: made, otherwise }
        }
    };
    nodes.push(Node { id: step.id.clone(), kind, next });
    Target::Node(nodes.len() - 1)
}

fn turned(target: Target, count: usize) -> Target {
    match target {
        Target::Node(index) => Target::Node(count - 1 - index),
        Target::End => Target::End,
    }
}

fn turn(node: &mut Node, count: usize) {
    node.next = turned(node.next, count);
    match &mut node.kind {
        NodeKind::Choose { cases, otherwise } => {
            *otherwise = turned(*otherwise, count);
            cases.iter_mut().for_each(|case| case.then = turned(case.then, count));
        }
        NodeKind::WaitEvent { if_seen, if_not, .. } => {
            *if_seen = turned(*if_seen, count);
            *if_not = turned(*if_not, count);
        }
        NodeKind::Split { arms } => arms.iter_mut().for_each(|arm| arm.then = turned(arm.then, count)),
        NodeKind::WaitFor { .. }
        | NodeKind::WaitUntil { .. }
        | NodeKind::Set { .. }
        | NodeKind::Act(_)
        | NodeKind::Stop => {}
    }
}
