//! Dispatch: claim behind the gate, call the channel with no transaction open, record what it said.

use crate::decider::Decider;
use crate::engine::{Engine, WorkerError};
use crate::failpoint;
use crate::gate::LiveGate;
use futures_util::future::join_all;
use staunch_channels::{Outgoing, SendError};
use staunch_core::action::Channel;
use staunch_core::{Span, Time, codes};
use staunch_store::{Claim, Recovered, SendEnd, Sending, StoredAction};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a worker may take for one send before another one looks after it.
const LEASE: Span = Span::seconds(60);
/// A send is given up before its lease ends, so that nobody else looks after it meanwhile.
const LONGEST: Duration = Duration::from_secs(50);
/// The first pause after a channel asked to wait, where it named none; doubled with every attempt.
const FIRST_PAUSE: Span = Span::seconds(30);
/// The longest such pause.
const LONGEST_PAUSE: Span = Span::seconds(3_600);

/// What a dispatch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Entered `sending`.
    pub claimed: usize,
    /// The channel took it.
    pub done: usize,
}

impl Engine {
    /// Sends up to `max` due actions at once. A crash in between leaves at most these in doubt.
    ///
    /// # Errors
    /// Where the store fails. What was sent and not recorded is found by [`Engine::housekeep`].
    pub async fn dispatch(self: &Arc<Self>, max: u32, now: Time) -> Result<Dispatched, WorkerError> {
        let claim = Claim { now, worker: self.parts.name.clone(), limit: max, lease: failpoint::lease(LEASE) };
        let (decider, evaluator) = (self.decider(), Arc::clone(&self.parts.evaluator));
        let gate = LiveGate { decider: Arc::clone(&decider), evaluator };
        let mut claimed = self.parts.store.begin_sends(&claim, &gate).await?;
        if claimed.is_empty() {
            return Ok(Dispatched::default());
        }
        failpoint::hit(failpoint::AFTER_CLAIM);
        let fences: Vec<(&str, i64)> =
            claimed.iter().map(|one| (one.action.action.id.as_str(), one.action.fence)).collect();
        let ours = self.parts.store.begin_calls(&fences).await?;
        claimed.retain(|one| ours.contains(&one.action.action.id));
        let sends = claimed.iter().map(|sending| self.send(&decider, sending, now));
        let mut done = 0;
        for result in join_all(sends).await {
            done += usize::from(result?);
        }
        Ok(Dispatched { claimed: claimed.len(), done })
    }

    async fn send(&self, decider: &Decider, sending: &Sending, now: Time) -> Result<bool, WorkerError> {
        let stored = &sending.action;
        let action = &stored.action;
        let schema = &decider.catalog.workspace.schema;
        let to = sending.contact.email(schema).filter(|_| action.channel == Channel::Email).map(str::to_owned);
        let began = Instant::now();
        let end = match self.parts.channels.get(action.channel, action.connector.as_deref()) {
            None => SendEnd::Failed(format!(
                "{}: no connector for channel {}",
                codes::WORKER_NO_CONNECTOR,
                action.channel.word()
            )),
            Some(connector) => {
                match tokio::time::timeout(LONGEST, connector.send(&Outgoing::of(action, to, now))).await {
                    Ok(Ok(sent)) => SendEnd::Done(sent.reference),
                    Ok(Err(error)) => end_of(&error, stored.attempts, now),
                    Err(_) => SendEnd::InDoubt(format!("{}: no answer within the lease", codes::WORKER_LEASE)),
                }
            }
        };
        let channel = action.channel.word();
        self.parts.metrics.send_seconds.with_label_values(&[channel]).observe(began.elapsed().as_secs_f64());
        let result = match &end {
            SendEnd::Done(_) => "done",
            SendEnd::Retry { .. } => "retry",
            SendEnd::Failed(_) => "failed",
            SendEnd::InDoubt(_) => "in_doubt",
        };
        if !matches!(end, SendEnd::Done(_)) {
            tracing::warn!(action = action.id, channel, result, "a send did not end well");
        }
        failpoint::hit(failpoint::BEFORE_RECORD);
        let recorded = self.parts.store.end_send(&action.id, stored.fence, &end, now).await?;
        failpoint::hit(failpoint::AFTER_RECORD);
        if !recorded {
            self.parts.metrics.leases_lost.inc();
            tracing::warn!(action = action.id, "the lease was lost before the send was recorded");
        }
        self.parts.metrics.sends.with_label_values(&[channel, result]).inc();
        Ok(recorded && result == "done")
    }

    /// Ends reviews and actions whose time is over, and looks after sends that nobody recorded.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn housekeep(&self, now: Time) -> Result<Recovered, WorkerError> {
        self.parts.store.expire(now).await?;
        let repeatable = |stored: &StoredAction| {
            let action = &stored.action;
            let connector = self.parts.channels.get(action.channel, action.connector.as_deref());
            connector.is_some_and(|connector| connector.repeat_after_crash())
        };
        let recovered = self.parts.store.recover(now, &repeatable).await?;
        for (result, count) in [("repeated", recovered.repeated), ("in_doubt", recovered.in_doubt)] {
            self.parts.metrics.recovered.with_label_values(&[result]).inc_by(count);
        }
        if recovered != Recovered::default() {
            tracing::warn!(repeated = recovered.repeated, in_doubt = recovered.in_doubt, "sends without a record");
        }
        Ok(recovered)
    }
}

fn end_of(error: &SendError, attempts: i64, now: Time) -> SendEnd {
    let note = error.to_string();
    match error {
        SendError::Retry { after, .. } => {
            let doubled = FIRST_PAUSE.0.saturating_mul(1 << attempts.clamp(1, 16).saturating_sub(1));
            let asked = after.map_or(0, |after| i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
            SendEnd::Retry { at: now + Span(doubled.min(LONGEST_PAUSE.0).max(asked)), note }
        }
        SendError::Fail { .. } => SendEnd::Failed(note),
        SendError::Doubt { .. } => SendEnd::InDoubt(note),
    }
}
