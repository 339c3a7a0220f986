//! Channels on which nothing leaves the process: the stored action is the task, or the nudge, itself.

use crate::connector::{Connector, Outgoing, SendError, Sent};
use staunch_core::action::{Channel, Payload};

/// Tasks that stay in the workspace: the action's row is the item on the task list.
#[derive(Clone, Debug)]
pub struct TaskList(String);

impl TaskList {
    /// The name of the list that every workspace has.
    pub const NAME: &'static str = "tasks";

    /// A list of this name.
    pub fn named(name: impl Into<String>) -> TaskList {
        TaskList(name.into())
    }
}

impl Default for TaskList {
    fn default() -> TaskList {
        TaskList::named(TaskList::NAME)
    }
}

#[async_trait::async_trait]
impl Connector for TaskList {
    fn name(&self) -> &str {
        &self.0
    }

    fn channels(&self) -> &[Channel] {
        &[Channel::Task]
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        match outgoing.payload {
            Payload::Task { .. } => Ok(Sent::default()),
            _ => Err(outgoing.misplaced(self.name())),
        }
    }

    fn repeat_after_crash(&self) -> bool {
        true
    }
}

/// Nudges: the action's row is what the product fetches for its user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nudges;

#[async_trait::async_trait]
impl Connector for Nudges {
    fn name(&self) -> &str {
        "nudges"
    }

    fn channels(&self) -> &[Channel] {
        &[Channel::Nudge]
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        match outgoing.payload {
            Payload::Nudge { .. } => Ok(Sent::default()),
            _ => Err(outgoing.misplaced(self.name())),
        }
    }

    fn repeat_after_crash(&self) -> bool {
        true
    }
}
