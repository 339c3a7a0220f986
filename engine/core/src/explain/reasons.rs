//! The reason words of receipts, tests and tables: why an action or a run did not go on. `staunch explain` prints them.

use crate::action::ReasonCode;

/// All that is known of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The word, as it stands in a receipt.
    pub word: &'static str,
    /// What it says.
    pub means: &'static str,
    /// What to do, where something is to be done.
    pub next: &'static str,
}

/// What each says, and what to do.
const ABOUT: [(ReasonCode, &str, &str); ReasonCode::ALL.len()] = [
    (
        ReasonCode::Shadow,
        "The workflow stands in stage shadow: it decides and shows, and sends nothing.",
        "Look at what it would send, then `staunch rollout promote`.",
    ),
    (
        ReasonCode::Holdout,
        "The contact belongs to the group that this workflow leaves alone, to measure what it brings.",
        "Nothing: that is the comparison. The share is `experiment: { holdout }` of the workflow.",
    ),
    (
        ReasonCode::GlobalHoldout,
        "The contact belongs to the group that all workflows leave alone.",
        "Nothing: that is the comparison. The share stands in the policy of staunch.yaml.",
    ),
    (
        ReasonCode::Share,
        "The workflow stands in stage limited, and the contact is not in its share.",
        "Promote the workflow when its figures are good: `staunch rollout status` shows them.",
    ),
    (
        ReasonCode::Consent,
        "The contact has not agreed to the purpose of the workflow, or took it back.",
        "Nothing, unless consent came and was not told: send `consent.changed` with purpose and granted.",
    ),
    (
        ReasonCode::Suppressed,
        "The address or the person is suppressed: a bounce, a complaint, or an unsubscription.",
        "Nothing, or correct the address; `staunch why` shows which event it was.",
    ),
    (
        ReasonCode::NoAddress,
        "The contact has no address for the channel.",
        "Send `contact.updated` with it, or let a `choose` pick another channel.",
    ),
    (
        ReasonCode::Cap,
        "The contact has had as many messages as the policy allows, or the last one is too fresh.",
        "It goes when the cap lets it, unless it expires first; caps stand in the policy of staunch.yaml.",
    ),
    (
        ReasonCode::QuietHours,
        "It is night, or another quiet time, where the contact lives.",
        "It goes when the quiet hours are over, unless it expires first.",
    ),
    (
        ReasonCode::PerDay,
        "The stage of the rollout has sent as much today as it may.",
        "It goes on another day, unless it expires first; the limit is `per_day` of the stage.",
    ),
    (
        ReasonCode::Kill,
        "A kill or a breaker stops the workflow, the channel or everything.",
        "See why it was stopped, then `staunch resume`.",
    ),
    (
        ReasonCode::Dropped,
        "A kill with --drop took it away for good.",
        "Nothing: it will not be sent. New events start new runs.",
    ),
    (ReasonCode::Rejected, "A person looked at it and said no.", "Nothing: `staunch why` shows who, and why."),
    (
        ReasonCode::ReviewExpired,
        "Nobody answered the review in time, and silence means no.",
        "See what waits with `staunch review list`; the deadline stands in the gate.",
    ),
    (
        ReasonCode::Expired,
        "It came too late: `expires` of the step had passed before it could go.",
        "Where that happens often, see what held it: `staunch why`.",
    ),
    (
        ReasonCode::Left,
        "The run left the workflow before it was sent: by `leave_when`, or because another one took its place.",
        "Nothing: that is what the workflow says.",
    ),
    (
        ReasonCode::Render,
        "The text could not be rendered: mostly a value that is missing and has no default.",
        "`staunch why` names template, line and value; write `{{ contact.name | default(\"there\") }}`.",
    ),
    (
        ReasonCode::ScoreUnavailable,
        "The plugin gave no score, and the workflow says to hold then.",
        "`staunch why` names the cause; what happens then is `if_unavailable` of the score.",
    ),
    (
        ReasonCode::Expression,
        "A condition or feature could not be evaluated: a missing value, different currencies, a division by zero.",
        "`staunch why` shows the expression with its values; give a default with `??`.",
    ),
    (
        ReasonCode::Retry,
        "The channel asks to wait, or cannot be reached.",
        "It is tried again by itself; `staunch doctor` shows whether the channel answers.",
    ),
    (
        ReasonCode::Excluded,
        "The contact is in an audience that is never contacted, or in a country that is left out.",
        "Nothing; the rule stands in the policy of staunch.yaml.",
    ),
    (
        ReasonCode::Capacity,
        "The assignee has as many tasks as the capacity policy allows.",
        "It goes when tasks are done, unless it expires first.",
    ),
];

/// Every reason of an action.
pub fn reasons() -> impl Iterator<Item = Reason> {
    ABOUT.into_iter().map(|(code, means, next)| Reason { word: code.word(), means, next })
}

/// The page of a reason; `None` where there is no such word.
pub fn reason(word: &str) -> Option<Reason> {
    reasons().find(|one| one.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_says_something() {
        assert_eq!(ABOUT.map(|(code, ..)| code), ReasonCode::ALL, "each once, in the same order");
        for one in reasons() {
            for text in [one.means, one.next] {
                assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", one.word);
            }
        }
        assert_eq!(reason("quiet_hours").map(|one| one.word), Some("quiet_hours"));
        assert_eq!(reason("ST1042"), None);
    }
}
