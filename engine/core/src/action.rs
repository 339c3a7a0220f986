//! Actions: one effect on one channel, its id, its states and the reasons for them.

use crate::receipt::Check;
use crate::time::Time;
use crate::workflow::IfExpired;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// E-mail.
    Email,
    /// An in-app nudge.
    Nudge,
    /// A task for a person.
    Task,
    /// A signed HTTP request to a system of the company.
    Webhook,
}

impl Channel {
    /// All channels.
    pub const ALL: [Channel; 4] = [Channel::Email, Channel::Nudge, Channel::Task, Channel::Webhook];

    /// The word used in files, tables and output.
    pub fn word(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Nudge => "nudge",
            Channel::Task => "task",
            Channel::Webhook => "webhook",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.word() == word)
    }

    /// Whether the contact itself is reached, so that consent makes sense. What a webhook sets in motion (a voucher, a
    /// letter) may reach the contact, so it counts; a task is read by our own staff.
    pub fn customer_facing(self) -> bool {
        self != Channel::Task
    }
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// May still go: waits for a time or for a kill to end.
    Held,
    /// Waits for a person.
    Review,
    /// Goes as soon as it is due.
    Ready,
    /// Its bytes may be on their way.
    Sending,
    /// The channel took it.
    Done,
    /// The channel refused it.
    Failed,
    /// Nobody knows whether it went; never repeated by itself.
    InDoubt,
    /// Will never go.
    Withheld,
}

impl ActionState {
    /// All states.
    pub const ALL: [ActionState; 8] = [
        ActionState::Held,
        ActionState::Review,
        ActionState::Ready,
        ActionState::Sending,
        ActionState::Done,
        ActionState::Failed,
        ActionState::InDoubt,
        ActionState::Withheld,
    ];

    /// The word used in tables and output.
    pub fn word(self) -> &'static str {
        match self {
            ActionState::Held => "held",
            ActionState::Review => "review",
            ActionState::Ready => "ready",
            ActionState::Sending => "sending",
            ActionState::Done => "done",
            ActionState::Failed => "failed",
            ActionState::InDoubt => "in_doubt",
            ActionState::Withheld => "withheld",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<ActionState> {
        ActionState::ALL.into_iter().find(|state| state.word() == word)
    }

    /// May still be sent.
    pub fn pending(self) -> bool {
        matches!(self, ActionState::Held | ActionState::Review | ActionState::Ready)
    }

    /// Counts against a cap: it went, or may have gone.
    pub fn counts(self) -> bool {
        matches!(self, ActionState::Sending | ActionState::Done | ActionState::InDoubt)
    }
}

/// Why an action is held or withheld: a closed list, stable words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The workflow only watches.
    Shadow,
    /// The contact is held out of this workflow.
    Holdout,
    /// The contact is held out of everything.
    GlobalHoldout,
    /// The contact is outside the share of the stage.
    Share,
    /// No consent for the purpose.
    Consent,
    /// The address or person is suppressed.
    Suppressed,
    /// No address for the channel.
    NoAddress,
    /// A cap is reached.
    Cap,
    /// Quiet hours.
    QuietHours,
    /// The stage's daily limit is reached.
    PerDay,
    /// A kill is in force.
    Kill,
    /// A kill dropped it.
    Dropped,
    /// A person said no.
    Rejected,
    /// Nobody answered in time, and silence means no.
    ReviewExpired,
    /// It came too late.
    Expired,
    /// The run left the workflow before it was sent.
    Left,
    /// Its text could not be rendered.
    Render,
    /// Its score is unavailable.
    ScoreUnavailable,
    /// An expression failed.
    Expression,
    /// The channel asks to wait, or is not to be reached.
    Retry,
    /// The contact is in an audience that is never contacted, or in a country that is left out.
    Excluded,
    /// The assignee has as many tasks as the capacity policy allows.
    Capacity,
}

impl ReasonCode {
    /// The word used in files, tables and output.
    pub fn word(self) -> &'static str {
        match self {
            ReasonCode::Shadow => "shadow",
            ReasonCode::Holdout => "holdout",
            ReasonCode::GlobalHoldout => "global_holdout",
            ReasonCode::Share => "share",
            ReasonCode::Consent => "consent",
            ReasonCode::Suppressed => "suppressed",
            ReasonCode::NoAddress => "no_address",
            ReasonCode::Cap => "cap",
            ReasonCode::QuietHours => "quiet_hours",
            ReasonCode::PerDay => "per_day",
            ReasonCode::Kill => "kill",
            ReasonCode::Dropped => "dropped",
            ReasonCode::Rejected => "rejected",
            ReasonCode::ReviewExpired => "review_expired",
            ReasonCode::Expired => "expired",
            ReasonCode::Left => "left",
            ReasonCode::Render => "render",
            ReasonCode::ScoreUnavailable => "score_unavailable",
            ReasonCode::Expression => "expression",
            ReasonCode::Retry => "retry",
            ReasonCode::Excluded => "excluded",
            ReasonCode::Capacity => "capacity",
        }
    }

    /// All reasons.
    pub const ALL: [ReasonCode; 22] = [
        ReasonCode::Shadow,
        ReasonCode::Holdout,
        ReasonCode::GlobalHoldout,
        ReasonCode::Share,
        ReasonCode::Consent,
        ReasonCode::Suppressed,
        ReasonCode::NoAddress,
        ReasonCode::Cap,
        ReasonCode::QuietHours,
        ReasonCode::PerDay,
        ReasonCode::Kill,
        ReasonCode::Dropped,
        ReasonCode::Rejected,
        ReasonCode::ReviewExpired,
        ReasonCode::Expired,
        ReasonCode::Left,
        ReasonCode::Render,
        ReasonCode::ScoreUnavailable,
        ReasonCode::Expression,
        ReasonCode::Retry,
        ReasonCode::Excluded,
        ReasonCode::Capacity,
    ];

    /// Reads the word.
    pub fn parse(word: &str) -> Option<ReasonCode> {
        ReasonCode::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// What an action says, rendered at the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Payload {
    /// An e-mail; the address is read from the contact when it is sent.
    Email {
        /// One line.
        subject: String,
        /// The text part.
        text: String,
        /// The HTML part.
        html: Option<String>,
    },
    /// A nudge.
    Nudge {
        /// One line.
        title: String,
        /// The text.
        text: String,
    },
    /// A task.
    Task {
        /// One line.
        title: String,
        /// For whom.
        assignee: Option<String>,
        /// When it should be done.
        due: Option<Time>,
    },
    /// A request to a system of the company.
    Webhook {
        /// The author's step id: what the other side switches on.
        name: String,
        /// Rendered texts by name.
        fields: BTreeMap<String, String>,
    },
}

impl Payload {
    /// For whom a task is.
    pub fn assignee(&self) -> Option<&str> {
        match self {
            Payload::Task { assignee, .. } => assignee.as_deref(),
            _ => None,
        }
    }

    /// What an approval binds to: BLAKE3 of the payload's JSON, 32 hex digits.
    pub fn hash(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        hex::encode(hash16("payload", &[&json]))
    }
}

/// A review that an action waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The gate's id.
    pub gate: String,
    /// The role that decides.
    pub by: String,
    /// Until when.
    pub expires_at: Time,
    /// What silence means.
    pub if_expired: IfExpired,
}

/// One action, as the decision made it. What happens to it later is the store's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Hash of (workspace, workflow, run, step): the idempotency key to the outside, 32 hex digits.
    pub id: String,
    /// The contact.
    pub contact: String,
    /// The workflow.
    pub workflow: String,
    /// Its version.
    pub version: String,
    /// The run.
    pub run: String,
    /// The author's step id.
    pub step: String,
    /// Where it goes.
    pub channel: Channel,
    /// The connector; `None` is the channel's default.
    pub connector: Option<String>,
    /// Consent purpose.
    pub purpose: String,
    /// 0–100.
    pub priority: u8,
    /// Where it stands after the decision.
    pub state: ActionState,
    /// Why, where it is held or withheld.
    pub reason: Option<ReasonCode>,
    /// When it was decided.
    pub planned_at: Time,
    /// Not before.
    pub due_at: Time,
    /// Not after.
    pub expires_at: Time,
    /// The arm of its run.
    pub arm: crate::arm::Arm,
    /// What it says.
    pub payload: Payload,
    /// See [`Payload::hash`].
    pub payload_hash: String,
    /// The review it waits for.
    pub review: Option<Review>,
    /// Every guard that was asked at the decision.
    pub checks: Vec<Check>,
}

/// BLAKE3 over a domain and length-prefixed parts, first 16 bytes: equal only for equal lists.
pub fn hash16(domain: &str, parts: &[&str]) -> [u8; 16] {
    hash_parts(domain, parts.iter().map(|part| part.as_bytes()))
}

/// The same over bytes, as 32 hex digits.
pub fn hash_hex(domain: &str, parts: &[&[u8]]) -> String {
    hex::encode(hash_parts(domain, parts.iter().copied()))
}

fn hash_parts<'a>(domain: &'a str, parts: impl Iterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

/// An action's id. No attempt, time, worker or version is in it.
pub fn action_id(workspace: &str, workflow: &str, run: &str, step: &str) -> String {
    hex::encode(hash16("action", &[workspace, workflow, run, step]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_ids_do_not_collide_by_joining() {
        for state in ActionState::ALL {
            assert_eq!(ActionState::parse(state.word()), Some(state));
        }
        for reason in ReasonCode::ALL {
            assert_eq!(ReasonCode::parse(reason.word()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
        assert_ne!(action_id("a", "bc", "d", "e"), action_id("ab", "c", "d", "e"));
    }
}
