//! The embedded queue: messages in the workspace's own database, through the store's `Queue`.
//!
//! A taken message is leased; whoever crashes with it loses the lease, and the message comes again.

use crate::{ATTEMPTS, Broker, BrokerError, CONTENT_TYPE, Delivery, Message, Result};
use staunch_core::{Span, Time};
use staunch_store::{Queue, Taken};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The clock in force.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// Longer than any micro-batch takes.
const LEASE: Span = Span::seconds(60);
/// How soon messages of other processes are seen; our own wake at once.
const POLL: Duration = Duration::from_millis(200);

/// A [`Broker`] over the store's queue. Several processes may use the same database.
pub struct EmbeddedBroker {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<dyn Queue>,
    clock: Clock,
    published: Notify,
    closed: AtomicBool,
    /// Taken and not handed out: left by a dropped `next`, or rejected and about to come again.
    waiting: Mutex<VecDeque<Waiting>>,
}

struct Waiting {
    delivery: Delivery,
    /// Afterwards it may be in other hands.
    lease_ends: Time,
}

impl EmbeddedBroker {
    /// Wraps a queue. The clock must not run away from real time: leases of 60 s are measured by it.
    pub fn new(queue: Arc<dyn Queue>, clock: Clock) -> EmbeddedBroker {
        let (published, closed, waiting) = (Notify::new(), AtomicBool::new(false), Mutex::default());
        EmbeddedBroker { inner: Arc::new(Inner { queue, clock, published, closed, waiting }) }
    }

    fn open(&self) -> Result<&Arc<Inner>> {
        if self.inner.closed.load(Ordering::SeqCst) { Err(BrokerError::Closed) } else { Ok(&self.inner) }
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to `max` of what waits here and is still ours.
    fn hand_out(&self, max: usize) -> Vec<Delivery> {
        let now = (self.clock)();
        let mut waiting = self.waiting();
        waiting.retain(|one| one.lease_ends > now);
        let count = max.min(waiting.len());
        waiting.drain(..count).map(|one| one.delivery).collect()
    }

    /// Takes from the queue into `waiting`.
    async fn fetch(&self, max: usize) -> Result<()> {
        let now = (self.clock)();
        let taken = self.queue.take(u32::try_from(max).unwrap_or(u32::MAX), LEASE, now).await?;
        let (epoch, lease_ends) = (lease_epoch(now), now + LEASE);
        self.waiting().extend(taken.into_iter().map(|one| Waiting { delivery: delivery(one, epoch), lease_ends }));
        Ok(())
    }
}

/// A delivery remembers until when it is ours; microseconds since 1970, never negative in practice.
fn lease_epoch(now: Time) -> u64 {
    u64::try_from((now + LEASE).0).unwrap_or(0)
}

fn ids(deliveries: &[Delivery]) -> Vec<i64> {
    deliveries.iter().filter_map(|one| i64::try_from(one.tag).ok()).collect()
}

fn delivery(taken: Taken, epoch: u64) -> Delivery {
    let Taken { id, attempts, message } = taken;
    let mut headers: BTreeMap<String, String> = serde_json::from_str(&message.headers).unwrap_or_default();
    let content_type = headers.remove(CONTENT_TYPE).unwrap_or_default();
    let message = Message { body: message.body, content_type, headers };
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX).max(1);
    Delivery { message, attempts, dead: dead(attempts), tag: u64::try_from(id).unwrap_or(u64::MAX), epoch }
}

fn dead(attempts: u32) -> Option<String> {
    (attempts > ATTEMPTS).then(|| format!("it failed, or crashed the worker, {} times", attempts - 1))
}

fn stored(message: &Message) -> staunch_store::Message {
    let mut headers = message.headers.clone();
    if !message.content_type.is_empty() {
        headers.insert(CONTENT_TYPE.into(), message.content_type.clone());
    }
    let headers = serde_json::Value::from_iter(headers).to_string();
    staunch_store::Message { body: message.body.clone(), headers }
}

#[async_trait::async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, messages: &[Message]) -> Result<()> {
        let inner = self.open()?;
        let stored: Vec<_> = messages.iter().map(stored).collect();
        inner.queue.push(&stored, (inner.clock)()).await?;
        inner.published.notify_waiters();
        Ok(())
    }

    async fn next(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let inner = self.open()?;
            // Registered before the queue is asked, so that a message published meanwhile is not missed.
            let published = inner.published.notified();
            tokio::pin!(published);
            published.as_mut().enable();

            let missing = max.saturating_sub(inner.waiting().len());
            if missing > 0 {
                let task = inner.clone();
                // In a task of its own: what it takes is kept even where this future is dropped.
                let fetched = tokio::spawn(async move { task.fetch(missing).await }).await;
                fetched.unwrap_or(Err(BrokerError::Closed))?;
            }
            let deliveries = inner.hand_out(max);
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if !deliveries.is_empty() || left.is_zero() {
                return Ok(deliveries);
            }
            // Elapsed is not a failure: it is time to look for other processes' messages.
            let _ = tokio::time::timeout(left.min(POLL), published).await;
        }
    }

    async fn ack(&self, deliveries: &[Delivery]) -> Result<()> {
        Ok(self.open()?.queue.ack(&ids(deliveries)).await?)
    }

    async fn release(&self, deliveries: &[Delivery]) -> Result<()> {
        let inner = self.open()?;
        inner.queue.release(&ids(deliveries)).await?;
        inner.published.notify_waiters();
        Ok(())
    }

    async fn reject(&self, deliveries: &[Delivery]) -> Result<()> {
        let inner = self.open()?;
        let now = (inner.clock)();
        for one in deliveries {
            let lease_ends = Time(i64::try_from(one.epoch).unwrap_or(i64::MAX));
            // Past its lease the queue hands it out again by itself, and has counted this attempt.
            if lease_ends > now {
                let attempts = one.attempts.saturating_add(1);
                let delivery = Delivery { attempts, dead: dead(attempts), ..one.clone() };
                inner.waiting().push_back(Waiting { delivery, lease_ends });
            }
        }
        inner.published.notify_waiters();
        Ok(())
    }

    fn describe(&self) -> String {
        "one queue in the database".into()
    }

    async fn depth(&self) -> Result<u64> {
        Ok(self.open()?.queue.depth().await?)
    }

    async fn ping(&self) -> Result<()> {
        self.depth().await.map(drop)
    }

    async fn close(&self) {
        if self.inner.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        let kept: Vec<Delivery> = self.inner.waiting().drain(..).map(|one| one.delivery).collect();
        if !kept.is_empty()
            && let Err(error) = self.inner.queue.release(&ids(&kept)).await
        {
            tracing::debug!(%error, "messages come back when their lease ends");
        }
        self.inner.published.notify_waiters();
    }
}
