//! A message that a person approves in one workflow and that another sends without asking.

use super::overlap::overlap;
use super::{Everything, Placed, warning};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for open in &all.flows {
        for (step, act) in open.acts() {
            let Some(template) = act.template.as_ref().filter(|_| !covered(open, act.channel)) else { continue };
            let approved = all.flows.iter().find(|gated| {
                let same = gated.acts().any(|(_, other)| other.template.as_ref() == Some(template));
                same && covered(gated, act.channel) && overlap(all, gated, open).is_some()
            });
            let Some(gated) = approved else { continue };
            let message = format!(
                "`{step}` sends `{template}` without an approval, and in `{}` a person looks at it first",
                gated.workflow.name
            );
            let help = "add a review gate on this channel here, too, or use another template";
            let at = place(open.file.root, step).unwrap_or_else(|| open.start_at());
            found.push(warning(open.file, at, codes::REVIEW_BYPASS, message, help));
        }
    }
    found
}

/// Whether some gate of a workflow sees actions of a channel.
fn covered(flow: &Placed<'_>, channel: Channel) -> bool {
    flow.workflow.reviews.iter().any(|gate| gate.channels.is_empty() || gate.channels.contains(&channel))
}

/// Where the step of an id stands.
fn place(node: &Node, id: &str) -> Option<usize> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().find_map(|entry| {
            let named = ["email", "nudge"].contains(&entry.key.as_str());
            match &entry.value.kind {
                Kind::Scalar(scalar) if named && scalar.text == id => Some(entry.value.at),
                _ => place(&entry.value, id),
            }
        }),
        Kind::List(items) => items.iter().find_map(|item| place(item, id)),
        Kind::Scalar(_) | Kind::Poison => None,
    }
}
