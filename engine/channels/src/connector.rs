//! What every connector is: one action goes in, one of four answers comes out.

use staunch_core::Time;
use staunch_core::action::{Action, Channel, Payload};
use staunch_core::codes::{self, Code};
use std::time::Duration;

/// One action on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The idempotency key to the outside: letters, digits, `-` and `_`, at most 64.
    pub action_id: String,
    /// The workflow that decided it.
    pub workflow: String,
    /// The contact's id.
    pub contact: String,
    /// The contact's e-mail address, where the channel needs one.
    pub to: Option<String>,
    /// What it says.
    pub payload: Payload,
    /// When it was decided: the same at every attempt.
    pub planned_at: Time,
    /// The clock in force at this attempt.
    pub now: Time,
}

impl Outgoing {
    /// The action as it goes out at `now`, to the address `to`.
    pub fn of(action: &Action, to: Option<String>, now: Time) -> Outgoing {
        Outgoing {
            action_id: action.id.clone(),
            workflow: action.workflow.clone(),
            contact: action.contact.clone(),
            to,
            payload: action.payload.clone(),
            planned_at: action.planned_at,
            now,
        }
    }

    /// The id where it is fit to be a file name, a header and a Message-ID.
    pub(crate) fn checked_id(&self) -> Result<&str, SendError> {
        let id = &self.action_id;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match !id.is_empty() && id.len() <= 64 && id.bytes().all(plain) {
            true => Ok(id),
            false => Err(SendError::fail(codes::CHANNEL_PAYLOAD, "the action's id is not a plain word")),
        }
    }

    /// The answer of a connector that was handed another channel's payload.
    pub(crate) fn misplaced(&self, connector: &str) -> SendError {
        let kind = match self.payload {
            Payload::Email { .. } => Channel::Email,
            Payload::Nudge { .. } => Channel::Nudge,
            Payload::Task { .. } => Channel::Task,
            Payload::Webhook { .. } => Channel::Webhook,
        };
        let message = format!("`{connector}` takes no {}; name another connector in the step", kind.word());
        SendError::fail(codes::CHANNEL_PAYLOAD, message)
    }
}

/// The other side took it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// What the other side calls it, for the receipt: a Message-ID, a file name, a status.
    pub reference: Option<String>,
}

/// Why an action was not sent, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing went out, or repeating it does no harm: try again.
    #[error("{code}: {message}")]
    Retry {
        /// Not before this, where the other side said so.
        after: Option<Duration>,
        /// Stable.
        code: Code,
        /// What happened and what to do; holds no personal data.
        message: String,
    },
    /// Nothing went out, and trying again would not change that.
    #[error("{code}: {message}")]
    Fail {
        /// Stable.
        code: Code,
        /// What happened and what to do; holds no personal data.
        message: String,
    },
    /// Bytes may have gone out and nobody knows whether they counted.
    #[error("{code}: {message}")]
    Doubt {
        /// Stable.
        code: Code,
        /// What happened and what to do; holds no personal data.
        message: String,
    },
}

impl SendError {
    pub(crate) fn retry(code: Code, message: impl Into<String>) -> SendError {
        SendError::Retry { after: None, code, message: message.into() }
    }

    pub(crate) fn fail(code: Code, message: impl Into<String>) -> SendError {
        SendError::Fail { code, message: message.into() }
    }

    pub(crate) fn doubt(code: Code, message: impl Into<String>) -> SendError {
        SendError::Doubt { code, message: message.into() }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            SendError::Retry { code, .. } | SendError::Fail { code, .. } | SendError::Doubt { code, .. } => code,
        }
    }
}

/// One way out.
#[async_trait::async_trait]
pub trait Connector: Send + Sync {
    /// The name that a step's `connector:` gives; unique in a workspace.
    fn name(&self) -> &str;

    /// The channels that it serves.
    fn channels(&self) -> &[Channel];

    /// Sends one action. Bounded in time by itself; safe to call from many tasks at once.
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError>;

    /// Whether an action found in `sending` after a crash may simply be sent again.
    fn repeat_after_crash(&self) -> bool;
}
