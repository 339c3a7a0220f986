//! The places at which the schedule takes over: around every call to the store and the queue, and inside a channel.

use staunch_core::decide::ActionOutcome;
use staunch_core::event::EventKey;
use staunch_core::policy::{Kill, KillScope, Live, StageState};
use staunch_core::receipt::Decision;
use staunch_core::retention::Class;
use staunch_core::workflow::Workflow;
use staunch_core::{Span, Time, account, contact, run};
use staunch_store::*;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is made.
    Go,
    /// It fails, and nothing happened.
    Fail,
    /// It is made, and its answer is lost.
    Unheard,
}

/// A call that waits for its turn.
pub struct Waiting {
    /// The call.
    pub what: &'static str,
    /// Who decides says it here.
    pub answer: oneshot::Sender<Turn>,
}

tokio::task_local! {
    /// Where the calls of a step wait. What a step hands to another task does not wait.
    pub static SLOT: mpsc::UnboundedSender<Waiting>;
}

/// Waits for a turn.
pub async fn turn(what: &'static str) -> Turn {
    let (answer, said) = oneshot::channel();
    let asked = SLOT.try_with(|slot| slot.send(Waiting { what, answer }).is_ok()).unwrap_or(false);
    if asked { said.await.unwrap_or(Turn::Go) } else { Turn::Go }
}

fn failed() -> StoreError {
    StoreError::Database { message: "the test says so".into() }
}

/// A database whose calls wait for their turn.
pub struct Turning {
    /// The real one.
    pub real: Arc<SqliteStore>,
}

macro_rules! forward {
    ($trait:ident: $($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        #[async_trait::async_trait]
        impl $trait for Turning {
            $(async fn $name(&self, $($arg: $ty),*) -> Result<$out> {
                let turn = turn(stringify!($name)).await;
                if turn == Turn::Fail {
                    return Err(failed());
                }
                let done = $trait::$name(self.real.as_ref(), $($arg),*).await;
                if turn == Turn::Unheard { Err(failed()) } else { done }
            })*
        }
    };
}

forward! { Store:
    now() -> Time;
    load(contacts: &[String], events: &[EventKey], accounts: Option<&[String]>) -> Loaded;
    commit(changes: &[Change], now: Time) -> Committed;
    due(now: Time, limit: u32) -> Vec<String>;
    next_wake() -> Option<Time>;
    wake_all(now: Time) -> u64;
    publish(workflows: &[Workflow], now: Time) -> ();
    published() -> Published;
    publication() -> String;
    standing(workflow: Option<&str>) -> Vec<Standing>;
    standing_contacts(workflow: &str, except_version: &str, after: &str, limit: u32) -> Vec<String>;
    live() -> Live;
    set_stage(workflow: &str, stage: &StageState, by: &str, now: Time) -> ();
    kill(kill: &Kill, drop: bool, now: Time) -> u64;
    resume(scope: &KillScope, by: &str, now: Time) -> Option<Released>;
    begin_sends(claim: &Claim, gate: &dyn Gate) -> Vec<Sending>;
    begin_calls(claimed: &[(&str, i64)]) -> HashSet<String>;
    end_send(action: &str, fence: i64, end: &SendEnd, now: Time) -> bool;
    recover(now: Time, repeatable: &(dyn for<'a> Fn(&'a StoredAction) -> bool + Sync)) -> Recovered;
    expire(now: Time) -> u64;
    next_action() -> Option<Time>;
    review(action: &str, verdict: &ReviewVerdict, now: Time) -> ReviewEnd;
    actions(filter: &ActionFilter) -> Vec<StoredAction>;
    action(id: &str) -> Option<StoredAction>;
    outcomes(action: &str) -> Vec<ActionOutcome>;
    decisions(contact: &str, workflow: Option<&str>) -> Vec<Decision>;
    decisions_since(since: Time, after: Option<&str>, limit: u32) -> Vec<Decision>;
    contact(id: &str) -> Option<(contact::Contact, i64)>;
    runs(contact: &str) -> Vec<run::Run>;
    summary() -> Summary;
    exposures(workflow: &str) -> Vec<Exposure>;
    goals(workflow: &str) -> Vec<(String, Option<Time>)>;
    crossed(workflow: &str) -> u64;
    account(id: &str) -> Option<account::Account>;
    park(parked: &[Parked]) -> ();
    parked(limit: u32) -> Vec<Parked>;
    parked_one(id: &str) -> Option<Parked>;
    unpark(id: &str) -> bool;
    expendable(class: Class, before: Time, after: &str, limit: u32) -> Vec<Expendable>;
    discard(
        class: Class,
        before: Time,
        rows: &[Expendable],
        open: &(dyn for<'a> Fn(&'a run::Run) -> bool + Sync)
    ) -> u64;
    figures() -> Figures;
    begin_suspect(id: &str, worker: &str, ended: &[String], now: Time) -> Suspicion;
    end_suspects(ended: &[String], now: Time) -> ();
    forget_suspect(id: &str) -> ();
    ping() -> ();
}

forward! { Queue:
    push(messages: &[Message], now: Time) -> ();
    take(limit: u32, lease: Span, now: Time) -> Vec<Taken>;
    ack(ids: &[i64]) -> ();
    release(ids: &[i64]) -> ();
    depth() -> u64;
}
