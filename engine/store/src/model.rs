//! What goes into a store and what comes out.

use staunch_core::Time;
use staunch_core::account::{AccountDelta, Accounts};
use staunch_core::action::{Action, ActionState, Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::decide::{ActionOutcome, Transition};
use staunch_core::event::EventKey;
use staunch_core::policy::KillScope;
use staunch_core::receipt::{Check, Decision};
use staunch_core::run::Run;
use staunch_core::workflow::Workflow;
use std::collections::{HashMap, HashSet};

/// What a micro-batch needs to decide.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Known contacts with the version of their row; unknown ones are absent.
    pub contacts: HashMap<String, (Contact, i64)>,
    /// Of the asked ids those that are other ids of a contact, with that contact's own id; its contact is loaded.
    pub aliases: HashMap<String, String>,
    /// The accounts of the loaded contacts and those that were named; unknown ones are absent.
    pub accounts: Accounts,
    /// Which of the asked events are decided already.
    pub decided: HashSet<EventKey>,
}

/// All that one micro-batch changes of one contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The contact afterwards.
    pub contact: Contact,
    /// The version it was loaded with; 0 = there was no row.
    pub expected: i64,
    /// Receipts, in order.
    pub decisions: Vec<Decision>,
    /// New actions.
    pub actions: Vec<Action>,
    /// New or changed runs, last state each.
    pub runs: Vec<Run>,
    /// Runs whose pending actions (also those above) are withheld with reason `left`.
    pub cancelled: Vec<String>,
    /// Outcome events of earlier actions.
    pub outcomes: Vec<ActionOutcome>,
    /// The next wake-up.
    pub wake_at: Option<Time>,
    /// What is added to accounts. Additions commute: they never make this change lose.
    pub accounts: Vec<AccountDelta>,
    /// Ids that are this contact's from now on. One that is a contact by itself, or somebody else's, makes it lose.
    pub aliases: Vec<String>,
    /// Contacts that became this one. Whatever was theirs is this contact's afterwards.
    pub merged: Vec<Merged>,
}

/// A contact that became another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The empty record that points to the survivor.
    pub tombstone: Contact,
    /// The version that the contact was loaded with; 0 = there was no row.
    pub expected: i64,
}

impl Change {
    /// An empty change of a contact at a version.
    pub fn new(contact: Contact, expected: i64) -> Change {
        let wake_at = contact.wake_at();
        Change {
            contact,
            expected,
            decisions: Vec::new(),
            actions: Vec::new(),
            runs: Vec::new(),
            cancelled: Vec::new(),
            outcomes: Vec::new(),
            wake_at,
            accounts: Vec::new(),
            aliases: Vec::new(),
            merged: Vec::new(),
        }
    }

    /// Adds one more transition of the same contact. Where it merges another contact, [`Change::absorb`] comes first.
    pub fn add(&mut self, transition: Transition) {
        self.contact = transition.contact;
        self.decisions.extend(transition.decision);
        self.actions.extend(transition.actions);
        self.put_runs(transition.runs);
        self.cancelled.extend(transition.cancelled);
        self.outcomes.extend(transition.outcome);
        self.accounts.extend(transition.account.filter(|delta| !delta.is_empty()));
        self.aliases.extend(transition.aliases);
        self.wake_at = transition.wake_at;
    }

    /// Takes over what the same batch decided for a contact that becomes this one, and leaves its `tombstone`.
    pub fn absorb(&mut self, other: Change, tombstone: Contact) {
        self.decisions.extend(other.decisions);
        self.actions.extend(other.actions);
        self.put_runs(other.runs);
        self.cancelled.extend(other.cancelled);
        self.outcomes.extend(other.outcomes);
        self.accounts.extend(other.accounts);
        self.aliases.extend(other.aliases);
        self.merged.extend(other.merged);
        self.merged.push(Merged { tombstone, expected: other.expected });
    }

    /// The last state of a run counts.
    fn put_runs(&mut self, runs: Vec<Run>) {
        for run in runs {
            self.runs.retain(|known| known.id != run.id);
            self.runs.push(run);
        }
    }
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// Contacts whose change was not made: load, decide and commit again.
    pub losers: Vec<String>,
}

/// Workflows by content hash.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// The last version of each name, by name.
    pub current: Vec<Workflow>,
    /// Older versions with active runs.
    pub older: Vec<Workflow>,
}

/// An action with what happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAction {
    /// As it was decided; `state`, `reason` and `due_at` are the current ones, `checks` those of the decision.
    pub action: Action,
    /// What every guard said at the last gate.
    pub gate: Vec<Check>,
    /// Grows with every claim; a writer with an older one is refused.
    pub fence: i64,
    /// How often it entered `sending`.
    pub attempts: i64,
    /// When it last did.
    pub sending_at: Option<Time>,
    /// When it reached its last state.
    pub finished_at: Option<Time>,
    /// The channel's reference or error.
    pub note: Option<String>,
    /// Who approved or rejected it.
    pub reviewer: Option<String>,
}

/// How a send ended.
#[derive(Clone, Debug, PartialEq)]
pub enum SendEnd {
    /// The channel took it; its own reference, if it gave one.
    Done(Option<String>),
    /// Not now: held with reason `retry`, due at this time.
    Retry {
        /// Due again.
        at: Time,
        /// Code and message.
        note: String,
    },
    /// The channel refused it for good.
    Failed(String),
    /// Nobody knows.
    InDoubt(String),
}

/// What a recovery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Repeated.
    pub repeated: u64,
    /// In doubt.
    pub in_doubt: u64,
}

/// What a resume did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Pending again.
    pub released: u64,
    /// Withheld as expired.
    pub expired: u64,
}

/// A reviewer's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewVerdict {
    /// Yes or no.
    pub approve: bool,
    /// Who.
    pub by: String,
    /// The payload's hash that the reviewer saw.
    pub payload_hash: String,
}

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewEnd {
    /// Taken.
    Taken,
    /// No such action.
    Unknown,
    /// It does not wait for a review (any more).
    NotWaiting,
    /// The payload is not the one that was seen.
    Changed,
}

/// Which actions.
#[derive(Clone, Debug, Default)]
pub struct ActionFilter {
    /// Of this contact.
    pub contact: Option<String>,
    /// Of this workflow.
    pub workflow: Option<String>,
    /// In this state.
    pub state: Option<ActionState>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// At most; 0 = all.
    pub limit: u32,
}

/// Counts over everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Contacts known.
    pub contacts: u64,
    /// Events decided (late ones included).
    pub events: u64,
    /// Of these, late.
    pub late: u64,
    /// Decisions, wake-ups included.
    pub decisions: u64,
    /// Inputs parked.
    pub parked: u64,
    /// Runs by (workflow, state's word).
    pub runs: Vec<(String, String, u64)>,
    /// Actions by (workflow, channel, state, reason).
    pub actions: Vec<(String, Channel, ActionState, Option<ReasonCode>, u64)>,
}

/// A row that is older than its class is kept, and that nothing alive needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expendable {
    /// Its id.
    pub id: String,
    /// The contact that it belongs to; empty for a parked input.
    pub contact: String,
    /// Its time.
    pub at: Time,
    /// A decision's receipt as JSON, the file of an over-long parked input; else empty.
    pub text: String,
}

/// What an operator watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Actions that are not over, by state: `held`, `review`, `ready`, `sending`, `in_doubt`; none of a state = absent.
    pub pending: Vec<(ActionState, u64)>,
    /// When the first action that may go is due.
    pub action_due: Option<Time>,
    /// When the first contact is to be woken.
    pub wake_due: Option<Time>,
    /// Parked inputs.
    pub parked: u64,
    /// Scopes of the kills in force.
    pub kills: Vec<KillScope>,
}

/// How many people stand at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The workflow.
    pub workflow: String,
    /// Its version.
    pub version: String,
    /// The author's step id.
    pub step: String,
    /// `waiting` or `held`.
    pub status: String,
    /// How many runs.
    pub count: u64,
}

/// The first exposed run of a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The contact.
    pub contact: String,
    /// Its arm.
    pub arm: Arm,
    /// Since when.
    pub exposed_at: Time,
    /// When the goal was reached.
    pub goal_at: Option<Time>,
    /// What that was worth.
    pub goal_value: Option<f64>,
}

/// An input that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Hash of origin and bytes, 32 hex digits.
    pub id: String,
    /// Where it came from: the queue, the file, the endpoint.
    pub origin: String,
    /// Stable code.
    pub code: String,
    /// What is wrong, without values.
    pub message: String,
    /// The bytes as they came; where they were too large, their first part (see `path`).
    pub bytes: Vec<u8>,
    /// The message's headers as JSON.
    pub headers: String,
    /// The file that holds all bytes of one that was too large.
    pub path: Option<String>,
    /// When.
    pub at: Time,
}

/// What is known of a message that is about to be handled alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// Processes that ended while they handled it alone.
    pub crashes: u32,
    /// Other messages of the last ten minutes of which the same is true.
    pub others: u32,
}

/// A message of the embedded queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bytes.
    pub body: Vec<u8>,
    /// Headers as JSON.
    pub headers: String,
}

/// A message that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its place in the queue.
    pub id: i64,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// The message.
    pub message: Message,
}
