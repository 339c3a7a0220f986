//! The last-moment gate as the store asks it: what a claim is, what the gate sees, and what it may answer.

use crate::StoredAction;
use staunch_core::account::Accounts;
use staunch_core::action::{Channel, ReasonCode};
use staunch_core::arm::Assignment;
use staunch_core::contact::Contact;
use staunch_core::guards::Sent;
use staunch_core::policy::{Kill, Live};
use staunch_core::receipt::Check;
use staunch_core::{Span, Time};

/// A claim for the dispatcher.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The clock in force.
    pub now: Time,
    /// Who claims.
    pub worker: String,
    /// At most this many enter `sending`.
    pub limit: u32,
    /// How long the worker may take for one.
    pub lease: Span,
}

/// The last-moment gate: pure, asked inside the claim's transaction.
pub trait Gate: Send + Sync {
    /// Which counts of a workflow's recent actions the gate wants to see.
    fn windows(&self, workflow: &str, live: &Live) -> Vec<WindowAsk>;
    /// What else it wants to see; nothing, unless it says so.
    fn wants(&self) -> Wants {
        Wants::default()
    }
    /// The verdict on one action.
    fn rule(&self, input: &GateInput<'_>) -> GateVerdict;
}

/// What a gate wants to see beside the windows. What nobody asks for is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The accounts of the contacts.
    pub accounts: bool,
    /// What the person for whom a task is was given by all workflows, so far back. It is counted under a lock for that
    /// person.
    pub assigned: Option<Span>,
}

/// The latest actions of a workflow that entered `sending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WindowAsk {
    /// Of this channel, or of all.
    pub channel: Option<Channel>,
    /// Not older than this.
    pub window: Span,
    /// At most this many, the latest.
    pub limit: u32,
}

/// What the gate looks at.
#[derive(Debug)]
pub struct GateInput<'a> {
    /// The action.
    pub action: &'a StoredAction,
    /// The contact now.
    pub contact: &'a Contact,
    /// Stages and kills now.
    pub live: &'a Live,
    /// The arm of its run.
    pub assignment: &'a Assignment,
    /// What the contact got in the longest window that caps need ([`CAP_HORIZON`]), in order of time.
    pub sent: &'a [Sent],
    /// The asked windows, in the same order, each in order of time.
    pub windows: &'a [Vec<Time>],
    /// The accounts of the contacts of this claim, where the gate wants them.
    pub accounts: &'a Accounts,
    /// What the action's assignee was given, in order of time, where the gate wants that.
    pub assigned: &'a [(Channel, Time)],
    /// The clock in force.
    pub now: Time,
}

/// How far back a contact's actions are shown to the gate; caps with longer windows are refused by the checker.
pub const CAP_HORIZON: Span = Span::days(90);

/// What the gate says.
#[derive(Clone, Debug, PartialEq)]
pub enum GateVerdict {
    /// It enters `sending`.
    Go {
        /// What every guard said.
        checks: Vec<Check>,
    },
    /// It becomes `held` and is due at `until`.
    Hold {
        /// Due again.
        until: Time,
        /// Why.
        reason: ReasonCode,
        /// What every guard said.
        checks: Vec<Check>,
    },
    /// It becomes `withheld`.
    Never {
        /// The first reason.
        reason: ReasonCode,
        /// What every guard said.
        checks: Vec<Check>,
    },
    /// A breaker trips: the kill is put in force in the same transaction, and this action and all others of its scope
    /// are held.
    Trip(Kill),
}

/// An action that may go now.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The action, state `sending`.
    pub action: StoredAction,
    /// The contact, as the gate saw it.
    pub contact: Contact,
}
