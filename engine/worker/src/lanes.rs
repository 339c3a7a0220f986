//! Lanes: batches that are worked on at the same time, so that one is decided while another is committed.
//!
//! A contact has its lane, by a hash of the id that its events name, and a lane has one batch at a time: what comes in order
//! about somebody is decided in order. Nobody hands deliveries out; the first lane without work takes a batch from the broker
//! and gives each lane its part. Under load parts wait while a lane is busy, and its next batch is larger.
//!
//! What came before is a suspect (`suspects.rs`) and is in no batch with what comes for the first time. It keeps its place.

use staunch_broker::{Broker, Delivery, Result};
use staunch_core::ingest::contact_of;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// So many suspects are taken at once. They are handled one by one, and nothing else goes on meanwhile.
const SUSPECTS: usize = 64;

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

    /// The first ones up to `max`, as far as they are all suspects or all none.
    fn take(&self, max: usize) -> Vec<Delivery> {
        let mut waiting = self.waiting();
        let suspect = waiting.front().is_some_and(Delivery::is_suspect);
        let max = if suspect { max.min(SUSPECTS) } else { max };
        let count = waiting.iter().take(max).take_while(|one| one.is_suspect() == suspect).count();
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

    /// The next batch of a lane, at most `max`; waits at most `wait` for its first message. Either all of it came before,
    /// or nothing of it.
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
        self.lanes.iter().flat_map(|lane| lane.waiting().drain(..).collect::<Vec<_>>()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_broker::Message;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    /// A broker that has these events, numbered for each contact.
    struct Full {
        left: Mutex<VecDeque<Delivery>>,
        asked: AtomicU64,
    }

    const CONTACTS: u64 = 40;

    fn delivery(tag: u64) -> Delivery {
        let body = format!(r#"{{"specversion":"1.0","id":"{tag}","subject":"c{}"}}"#, tag % CONTACTS);
        Delivery::new(Message::json(body), 1, None, tag)
    }

    #[async_trait::async_trait]
    impl Broker for Full {
        async fn publish(&self, _: &[Message]) -> Result<()> {
            Ok(())
        }

        async fn next(&self, max: usize, _: Duration) -> Result<Vec<Delivery>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            let mut left = self.left.lock().unwrap();
            let count = max.min(left.len());
            Ok(left.drain(..count).collect())
        }

        async fn ack(&self, _: &[Delivery]) -> Result<()> {
            Ok(())
        }

        async fn release(&self, _: &[Delivery]) -> Result<()> {
            Ok(())
        }

        async fn reject(&self, _: &[Delivery]) -> Result<()> {
            Ok(())
        }

        fn describe(&self) -> String {
            "a list".into()
        }

        async fn depth(&self) -> Result<u64> {
            Ok(0)
        }

        async fn ping(&self) -> Result<()> {
            Ok(())
        }

        async fn close(&self) {}
    }

    fn full(events: u64) -> Full {
        Full { left: Mutex::new((0..events).map(delivery).collect()), asked: AtomicU64::new(0) }
    }

    /// Works a lane off; every third batch fails once and is put back.
    async fn work(lanes: Arc<Lanes>, lane: usize, broker: Arc<Full>, done: Arc<Mutex<Vec<u64>>>) {
        let mut batches = 0;
        loop {
            let batch = lanes.take(lane, broker.as_ref(), 16, Duration::from_millis(50)).await.unwrap();
            if batch.is_empty() {
                return;
            }
            batches += 1;
            tokio::task::yield_now().await;
            if batches % 3 == 0 {
                lanes.put_back(lane, batch);
                continue;
            }
            done.lock().unwrap().extend(batch.iter().map(Delivery::tag));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn each_message_once_and_those_of_a_contact_in_order() {
        let (lanes, broker, done) = (Arc::new(Lanes::new(4)), Arc::new(full(4_000)), Arc::default());
        let lane = |lane| tokio::spawn(work(Arc::clone(&lanes), lane, Arc::clone(&broker), Arc::clone(&done)));
        for one in (0..4).map(lane).collect::<Vec<_>>() {
            one.await.unwrap();
        }
        let done = done.lock().unwrap();
        let mut by_contact: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        done.iter().for_each(|tag| by_contact.entry(tag % CONTACTS).or_default().push(*tag));
        assert_eq!((done.len(), by_contact.len()), (4_000, CONTACTS as usize));
        assert!(by_contact.values().all(|tags| tags.is_sorted()), "{by_contact:?}");
        assert!(lanes.caught_up() && lanes.empty().is_empty());
    }

    #[tokio::test]
    async fn suspects_keep_their_place_and_are_in_no_batch_with_others() {
        let attempts = [1, 1, 2, 3, 1, 2, 1, 1];
        let one = |(tag, attempts)| Delivery::new(delivery(tag).message, attempts, None, tag);
        let left = Mutex::new((0..).zip(attempts).map(one).collect());
        let (lanes, broker) = (Lanes::new(1), Full { left, asked: AtomicU64::new(0) });
        let mut batches = Vec::new();
        loop {
            let batch = lanes.take(0, &broker, 9, Duration::from_millis(5)).await.unwrap();
            if batch.is_empty() {
                break;
            }
            assert!(batch.iter().all(|one| one.is_suspect() == batch[0].is_suspect()));
            batches.push(batch.iter().map(Delivery::tag).collect::<Vec<_>>());
        }
        assert_eq!(batches, [vec![0, 1], vec![2, 3], vec![4], vec![5], vec![6, 7]]);
    }

    #[tokio::test]
    async fn what_no_lane_began_with_can_be_given_back() {
        let (lanes, broker) = (Lanes::new(3), full(30));
        let wait = Duration::from_millis(10);
        let taken: Vec<Delivery> = lanes.take(1, &broker, 30, wait).await.unwrap();
        let left = lanes.empty();
        assert!(!taken.is_empty() && !left.is_empty());
        assert_eq!(taken.len() + left.len(), 30);
        assert!(lanes.take(0, &broker, 30, wait).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn dead_letters_and_what_names_nobody_have_one_lane() {
        let lanes = Lanes::new(8);
        let dead = Delivery::new(Message::json(r#"{"subject":"c1"}"#), 51, Some("it failed".into()), 1);
        assert_eq!((lanes.lane_of(&dead), lanes.lane_of(&Delivery::new(Message::json("{"), 1, None, 2))), (0, 0));
        let used: std::collections::BTreeSet<usize> = (0..CONTACTS).map(|n| lanes.lane_of(&delivery(n))).collect();
        assert_eq!(used.len(), 8);
    }
}
