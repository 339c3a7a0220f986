//! The consuming side: a task that keeps two consumers alive and hands over what arrives.
//!
//! Each connection is an epoch. A delivery belongs to its epoch: with the connection its tag dies, and the server
//! delivers the message again.

use super::acks::{Ack, Acks};
use super::link::{ANSWER, Link};
use super::wire;
use crate::{BrokerError, Delivery, Result};
use futures_util::StreamExt;
use futures_util::stream;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const EVENTS_TAG: &str = "events";
const PARKED_TAG: &str = "parked";
/// Dead letters only pass through to the store.
const PARKED_PREFETCH: u16 = 50;
/// Between attempts to connect: from the first to the last, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that held this long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// The consuming side of a broker.
pub(super) struct Consumer {
    shared: Arc<Shared>,
    /// At most as much as the prefetch allows.
    arrived: tokio::sync::Mutex<UnboundedReceiver<Delivery>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Something was given back.
    given_back: Notify,
}

struct Shared {
    link: Arc<Link>,
    live: Mutex<Live>,
    closing: AtomicBool,
}

#[derive(Default)]
struct Live {
    epoch: u64,
    open: Option<(Arc<Connection>, Channel)>,
    /// Deliveries of this epoch that wait in this process, by tag and so in the order of the queue: given back, or
    /// about to be handed out.
    waiting: BTreeMap<u64, Delivery>,
    /// What was said of deliveries of this epoch.
    acks: Acks,
}

impl Live {
    fn keep(&mut self, delivery: Delivery) {
        if delivery.epoch == self.epoch {
            self.waiting.insert(delivery.tag, delivery);
        }
    }
}

impl Consumer {
    pub(super) fn start(link: Arc<Link>) -> Consumer {
        let shared = Arc::new(Shared { link, live: Mutex::default(), closing: AtomicBool::new(false) });
        let (sender, receiver) = unbounded_channel();
        let task = tokio::spawn(keep_alive(shared.clone(), sender));
        let (arrived, task) = (tokio::sync::Mutex::new(receiver), Mutex::new(Some(task)));
        Consumer { shared, arrived, task, given_back: Notify::new() }
    }

    /// Deliveries of this epoch were handled: what is to be said, and on which channel.
    pub(super) fn done(&self, deliveries: &[Delivery]) -> Option<(Channel, Vec<Ack>)> {
        self.shared.with(|live| {
            let (_, channel) = live.open.as_ref()?;
            Some((channel.clone(), live.acks.done(tags(live.epoch, deliveries))))
        })
    }

    /// Deliveries of this epoch are to be rejected: their tags, and an acknowledgement that waited for them.
    pub(super) fn rejected(&self, deliveries: &[Delivery]) -> Option<(Channel, Vec<u64>, Option<Ack>)> {
        self.shared.with(|live| {
            let (_, channel) = live.open.as_ref()?;
            let ack = live.acks.answered(tags(live.epoch, deliveries));
            Some((channel.clone(), tags(live.epoch, deliveries).collect(), ack))
        })
    }

    pub(super) async fn next(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>> {
        let deadline = Instant::now() + wait;
        // What is taken out of the channel waits in `waiting` until it is handed out without another await, so a
        // dropped future holds nothing.
        let Ok(mut arrived) = tokio::time::timeout_at(deadline, self.arrived.lock()).await else {
            return Ok(Vec::new());
        };
        loop {
            if self.shared.closing() {
                return Err(BrokerError::Closed);
            }
            // Registered before looking, so that nothing given back meanwhile is missed.
            let given_back = self.given_back.notified();
            tokio::pin!(given_back);
            given_back.as_mut().enable();

            let deliveries = self.shared.with(|live| hand_out(live, &mut arrived, max));
            if !deliveries.is_empty() || max == 0 {
                return Ok(deliveries);
            }
            tokio::select! {
                first = arrived.recv() => match first {
                    Some(first) => self.shared.with(|live| live.keep(first)),
                    None => return Err(BrokerError::Closed),
                },
                () = given_back => {}
                () = tokio::time::sleep_until(deadline) => return Ok(Vec::new()),
            }
        }
    }

    /// Keeps deliveries here until the next `next` or until `close`, instead of sending them to the server and back:
    /// before 4.3 it counts every return, and a database that is down for a minute would make its messages dead.
    pub(super) fn give_back(&self, deliveries: &[Delivery]) {
        self.shared.with(|live| deliveries.iter().for_each(|one| live.keep(one.clone())));
        self.given_back.notify_waiters();
    }

    /// Gives back what was not handed out, so that it counts as released and not as lost with its connection.
    pub(super) async fn close(&self) {
        let Some(task) = self.take_task() else { return };
        self.shared.closing.store(true, Ordering::SeqCst);
        let open = self.shared.with(|live| live.open.take());
        let Some((connection, channel)) = open else { return task.abort() };
        let goodbye = async {
            for tag in [EVENTS_TAG, PARKED_TAG] {
                channel.basic_cancel(tag.into(), BasicCancelOptions::default()).await?;
            }
            // It ends with the last delivery that came before the cancellation.
            let _ = task.await;
            let mut arrived = self.arrived.lock().await;
            for one in self.shared.with(|live| hand_out(live, &mut arrived, usize::MAX)) {
                channel.basic_nack(one.tag, BasicNackOptions { requeue: true, multiple: false }).await?;
            }
            connection.close(200, "done".into()).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(ANSWER, goodbye).await {
            tracing::debug!(%error, "the connection was gone before it was closed");
        }
    }

    fn take_task(&self) -> Option<JoinHandle<()>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if let Some(task) = self.take_task() {
            task.abort();
        }
    }
}

impl Shared {
    fn with<T>(&self, what: impl FnOnce(&mut Live) -> T) -> T {
        what(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

/// The tags of those that belong to an epoch.
fn tags(epoch: u64, deliveries: &[Delivery]) -> impl Iterator<Item = u64> {
    deliveries.iter().filter(move |one| one.epoch == epoch).map(|one| one.tag)
}

/// Up to `max` deliveries in the order of the queue; those of an earlier epoch are dropped.
fn hand_out(live: &mut Live, arrived: &mut UnboundedReceiver<Delivery>, max: usize) -> Vec<Delivery> {
    while live.waiting.len() < max
        && let Ok(one) = arrived.try_recv()
    {
        live.keep(one);
    }
    std::iter::from_fn(|| live.waiting.pop_first().map(|(_, one)| one)).take(max).collect()
}

async fn keep_alive(shared: Arc<Shared>, arrived: UnboundedSender<Delivery>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let why = match consume(&shared, &arrived).await {
            Ok(()) => "the server ended the consumer".to_owned(),
            Err(error) => error.to_string(),
        };
        if shared.closing() {
            return;
        }
        // From here on the old tags mean nothing.
        shared.with(|live| {
            live.open = None;
            live.waiting.clear();
            live.acks = Acks::default();
            live.epoch += 1;
        });
        if began.elapsed() > GOOD {
            pause = FIRST_PAUSE;
        }
        tracing::warn!(error = %why, again_in_ms = pause.as_millis() as u64, "not consuming");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Consumes until the connection, the channel or a consumer ends.
async fn consume(shared: &Shared, arrived: &UnboundedSender<Delivery>) -> Result<()> {
    let link = &shared.link;
    let (connection, channel) = link.open("consumer").await?;
    let events = subscribe(link, &channel, false).await?;
    let parked = subscribe(link, &channel, true).await?;
    let epoch = shared.with(|live| {
        live.open = Some((Arc::new(connection), channel));
        live.epoch
    });
    tracing::info!(at = %link.at, "consuming");
    // Either stream's end is a loss of both, so the ends are items here; only a farewell waits for the second.
    let ended = || stream::iter([None]);
    let events = events.map(|raw| Some((raw, false))).chain(ended());
    let parked = parked.map(|raw| Some((raw, true))).chain(ended());
    let mut both = stream::select(events, parked);
    while let Some(item) = both.next().await {
        match item {
            Some((raw, is_parked)) => {
                let lost =
                    |error: lapin::Error| BrokerError::Unreachable { at: link.at.clone(), message: error.to_string() };
                let delivery = wire::delivery(raw.map_err(lost)?, is_parked, epoch);
                // Nobody listens any more: the broker was dropped.
                let Ok(()) = arrived.send(delivery) else { return Ok(()) };
            }
            None if shared.closing() => {}
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Prefetch is per consumer: quorum queues know no other.
async fn subscribe(link: &Link, channel: &Channel, parked: bool) -> Result<lapin::Consumer> {
    let (queue, tag, prefetch) = match parked {
        true => (&link.parked, PARKED_TAG, PARKED_PREFETCH),
        false => (&link.events, EVENTS_TAG, link.options.prefetch.max(1)),
    };
    link.unless_late(channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
    let options = BasicConsumeOptions::default();
    link.unless_late(channel.basic_consume(queue.clone(), tag.into(), options, FieldTable::default())).await
}
