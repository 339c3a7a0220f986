//! Two workflows that reach the same person on the same channel for the same purpose, with nothing that says which.

use super::overlap::overlap;
use super::{Everything, Placed, warning};
use crate::diagnostic::Diagnostic;
use staunch_core::action::Channel;
use staunch_core::codes;

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, two) in all.flows.iter().enumerate() {
        found.extend(all.flows[..index].iter().find_map(|one| conflict(all, one, two)));
    }
    found
}

fn conflict(all: &Everything<'_>, one: &Placed<'_>, two: &Placed<'_>) -> Option<Diagnostic> {
    let (first, second) = (one.workflow, two.workflow);
    if first.purpose != second.purpose || first.priority != second.priority {
        return None;
    }
    let capped = |channel: Channel| {
        let binds =
            |cap: &&staunch_core::policy::Cap| cap.channels.contains(&channel) && !cap.exempt.contains(&first.purpose);
        all.workspace.policy.caps.iter().any(|cap| binds(&cap))
    };
    let both = |channel: &Channel| channel.customer_facing() && one.acts_on(*channel) && two.acts_on(*channel);
    let channel = Channel::ALL.into_iter().filter(both).find(|channel| !capped(*channel))?;
    let start = overlap(all, one, two)?;
    let message = format!(
        "`{}` and `{}` both start on {start} and send {} for {}: one person gets both, and nothing says which goes first",
        first.name,
        second.name,
        channel.word(),
        first.purpose
    );
    let help = format!("give them different priorities, or add a cap on `{}` to the policy", channel.word());
    Some(warning(two.file, two.start_at(), codes::CONTRADICTING, message, help))
}
