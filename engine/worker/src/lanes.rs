//! Lanes: batches that are worked on at the same time, so that one is decided while another is committed.
//!
//! A contact has its lane, by a hash of the id that its events name, and a lane has one batch at a time: what comes in order
//! about somebody is decided in order. Nobody hands deliveries out; the first lane without work takes a batch from the broker
//! and gives each lane its part. Under load parts wait while a lane is busy, and its next batch is larger.

use staunch_broker::{Broker, Delivery, Result};
use staunch_core::ingest::contact_of;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The lanes of a worker.
pub struct Lanes {
    lanes: Vec<Lane>,
    /// Held by the lane that asks the broker.
    asking: tokio::sync::Mutex<()>,
    /// The broker once had less than was asked for.
    caught_up: AtomicBool,
}

#[derive(Default)]
struct Lane {
    waiting: Mutex<VecDeque<Delivery>>,
    filled: Notify,
}

impl Lane {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, max: usize) -> Vec<Delivery> {
        let mut waiting = self.waiting();
        let count = max.min(waiting.len());
        waiting.drain(..count).collect()
    }
}

impl Lanes {
    /// So many lanes; at least one.
    pub fn new(count: usize) -> Lanes {
        let lanes = (0..count.max(1)).map(|_| Lane::default()).collect();
        Lanes { lanes, asking: tokio::sync::Mutex::default(), caught_up: AtomicBool::new(false) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    /// Whether what waited in the broker at the start is taken.
    pub fn caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }

    /// The next batch of a lane, at most `max`; waits at most `wait` for its first message.
    ///
    /// # Errors
    /// Where the broker fails.
    pub async fn take(&self, lane: usize, broker: &dyn Broker, max: usize, wait: Duration) -> Result<Vec<Delivery>> {
        let (own, deadline) = (&self.lanes[lane], Instant::now() + wait);
        loop {
            // Registered before looking, so that nothing that comes meanwhile is missed.
            let filled = own.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            let some = own.take(max);
            if !some.is_empty() || Instant::now() >= deadline {
                return Ok(some);
            }
            tokio::select! {
                asking = self.asking.lock() => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // Who asked before may have brought something for this lane.
                    if own.waiting().is_empty() {
                        let some = broker.next(max, left).await?;
                        self.caught_up.fetch_or(some.len() < max, Ordering::Relaxed);
                        self.share(some);
                    }
                    drop(asking);
                }
                () = filled => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    /// Gives each lane its part.
    fn share(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let lane = self.lane_of(&delivery);
            self.lanes[lane].waiting().push_back(delivery);
        }
        for lane in &self.lanes {
            if !lane.waiting().is_empty() {
                lane.filled.notify_waiters();
            }
        }
    }

    fn lane_of(&self, delivery: &Delivery) -> usize {
        if self.lanes.len() == 1 || delivery.dead.is_some() {
            return 0;
        }
        let message = &delivery.message;
        let contact = contact_of(&message.body, &message.headers);
        contact.map_or(0, |contact| {
            let hash = staunch_core::action::hash16("lane", &[&contact]);
            usize::from(hash[0]) * self.lanes.len() / 256
        })
    }

    /// Puts deliveries back to where the lane's next batch begins.
    pub fn put_back(&self, lane: usize, deliveries: Vec<Delivery>) {
        let mut waiting = self.lanes[lane].waiting();
        deliveries.into_iter().rev().for_each(|one| waiting.push_front(one));
    }

    /// All that waits, in no lane any more.
    pub fn empty(&self) -> Vec<Delivery> {
        self.lanes.iter().flat_map(|lane| lane.take(usize::MAX)).collect()
    }
}
