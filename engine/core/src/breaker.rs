//! Breakers: fast, deterministic stops. This version knows one: too many actions of a channel in a window.

use crate::policy::{Kill, KillScope};
use crate::time::Time;
use crate::workflow::{Breaker, Workflow};

/// Whether one more action would go past a breaker of its workflow; the kill that follows.
///
/// `sent` holds when actions of this workflow and the breaker's channel entered `sending`, in order of time.
pub fn trip(workflow: &Workflow, breaker: &Breaker, sent: &[Time], now: Time) -> Option<Kill> {
    let recent = sent.iter().filter(|at| **at > now - breaker.window).count();
    (recent >= breaker.above as usize).then(|| Kill {
        scope: KillScope::Workflow(workflow.name.clone()),
        reason: format!("{recent} {} actions in {}, limit {}", breaker.channel.word(), breaker.window, breaker.above),
        by: format!("breaker:{}", breaker.id),
        at: now,
    })
}
