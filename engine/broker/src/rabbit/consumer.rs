//! The consuming side: a task that keeps two consumers alive and hands over what arrives.
//!
//! Each connection is an epoch. A delivery belongs to its epoch: with the connection its tag dies, and the server
//! delivers the message again.

use super::acks::{Ack, Acks};
use super::lines::Lines;
use super::link::{ANSWER, Link};
use crate::{BrokerError, Delivery, Result};
use lapin::options::BasicNackOptions;
use lapin::{Channel, Connection};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Between attempts to connect: from the first to the last, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// For the server's word that nothing more comes.
const LEFT: Duration = Duration::from_secs(3);
/// A connection that held this long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// What is wanted of the consuming side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Messages.
    Consume,
    /// Nothing new; what is here is still handled.
    Drain,
    /// The end.
    Close,
}

/// The consuming side of a broker.
pub(super) struct Consumer {
    shared: Arc<Shared>,
    /// At most as much as the prefetch allows.
    arrived: tokio::sync::Mutex<UnboundedReceiver<Delivery>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Something was given back.
    given_back: Notify,
}

pub(super) struct Shared {
    pub(super) link: Arc<Link>,
    live: Mutex<Live>,
    wish: watch::Sender<Wish>,
    /// Nothing more comes.
    ended: watch::Sender<bool>,
}

#[derive(Default)]
struct Live {
    epoch: u64,
    open: Option<(Arc<Connection>, Channel)>,
    /// Deliveries of this epoch that wait in this process, by tag and so in the order of the queue: given back, or
    /// about to be handed out.
    waiting: BTreeMap<u64, Delivery>,
    /// Deliveries of this epoch that nothing was said of: their queue, and whether they came before.
    held: HashMap<u64, (usize, bool)>,
    /// What was said of deliveries of this epoch.
    acks: Acks,
    /// Queues that are about to be left, and what was handled of them meanwhile. While the server may send no more of a
    /// queue, nothing of it is on its way when we leave; what came after that would reach nobody.
    leaving: Vec<usize>,
    withheld: Vec<u64>,
    /// All tags up to this one came, and these above it. One that never comes is held for us by the server, and reached
    /// nobody.
    came_to: u64,
    came: BTreeSet<u64>,
}

impl Live {
    fn keep(&mut self, delivery: Delivery) {
        if delivery.epoch == self.epoch {
            self.waiting.insert(delivery.tag, delivery);
        }
    }

    /// These were handled: what is to be said now.
    fn handled(&mut self, tags: Vec<u64>) -> Vec<Ack> {
        let leaving = |tag: &u64| self.held.get(tag).is_some_and(|(queue, _)| self.leaving.contains(queue));
        let (mut later, mut now): (Vec<u64>, Vec<u64>) = tags.into_iter().partition(leaving);
        self.withheld.append(&mut later);
        if self.leaving.is_empty() {
            now.append(&mut self.withheld);
        }
        for tag in &now {
            self.held.remove(tag);
        }
        self.acks.done(now)
    }

    /// Something is said of these.
    fn forget(&mut self, deliveries: &[Delivery]) {
        for tag in tags(self.epoch, deliveries) {
            self.held.remove(&tag);
        }
    }
}

impl Consumer {
    pub(super) fn start(link: Arc<Link>) -> Consumer {
        let shared = Arc::new(Shared {
            link,
            live: Mutex::default(),
            wish: watch::Sender::new(Wish::Consume),
            ended: watch::Sender::new(false),
        });
        let (sender, receiver) = unbounded_channel();
        let task = tokio::spawn(keep_alive(shared.clone(), sender));
        let (arrived, task) = (tokio::sync::Mutex::new(receiver), Mutex::new(Some(task)));
        Consumer { shared, arrived, task, given_back: Notify::new() }
    }

    /// Deliveries of this epoch were handled: what is to be said, and on which channel.
    pub(super) fn done(&self, deliveries: &[Delivery]) -> Option<(Channel, Vec<Ack>)> {
        self.shared.with(|live| {
            let channel = live.open.as_ref()?.1.clone();
            let tags: Vec<u64> = tags(live.epoch, deliveries).collect();
            Some((channel, live.handled(tags)))
        })
    }

    /// Deliveries of this epoch are to be rejected: their tags, and an acknowledgement that waited for them.
    pub(super) fn rejected(&self, deliveries: &[Delivery]) -> Option<(Channel, Vec<u64>, Option<Ack>)> {
        self.shared.with(|live| {
            let channel = live.open.as_ref()?.1.clone();
            live.forget(deliveries);
            let ack = live.acks.answered(tags(live.epoch, deliveries));
            Some((channel, tags(live.epoch, deliveries).collect(), ack))
        })
    }

    /// Whether anything was handled that the server has to be told of yet.
    pub(super) fn owes(&self) -> bool {
        self.shared.with(|live| live.leaving.is_empty() && !live.withheld.is_empty())
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

    /// Asks the server for nothing new, and waits until nothing more is on its way. What is here is still handed out, and
    /// can be acknowledged.
    pub(super) async fn drain(&self) {
        self.shared.wish.send_if_modified(|wish| {
            let new = *wish == Wish::Consume;
            if new {
                *wish = Wish::Drain;
            }
            new
        });
        let mut ended = self.shared.ended.subscribe();
        let _ = tokio::time::timeout(LEFT, ended.wait_for(|ended| *ended)).await;
    }

    /// Gives back what was not handed out, so that it counts as released and not as lost with its connection.
    pub(super) async fn close(&self) {
        let Some(task) = self.take_task() else { return };
        self.shared.wish.send_replace(Wish::Close);
        let Some((connection, channel)) = self.shared.with(|live| live.open.take()) else { return task.abort() };
        let goodbye = async {
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

    fn wish(&self) -> Wish {
        *self.wish.borrow()
    }

    fn closing(&self) -> bool {
        self.wish() == Wish::Close
    }

    /// A delivery of queue number `at` came.
    pub(super) fn hold(&self, delivery: &Delivery, at: usize) {
        self.with(|live| {
            live.held.insert(delivery.tag, (at, delivery.is_suspect()));
            live.came.insert(delivery.tag);
            while live.came.remove(&(live.came_to + 1)) {
                live.came_to += 1;
            }
        });
    }

    /// Up to which tag all came, and the last that came.
    pub(super) fn came(&self) -> (u64, u64) {
        self.with(|live| (live.came_to, live.came.last().copied().unwrap_or(live.came_to)))
    }

    /// From now on nothing of these queues is acknowledged; with none, all of it is.
    pub(super) fn withhold(&self, queues: Vec<usize>) {
        self.with(|live| live.leaving = queues);
    }

    /// How many deliveries of queue number `at` are here.
    pub(super) fn held(&self, at: usize) -> usize {
        self.with(|live| live.held.values().filter(|(queue, _)| *queue == at).count())
    }

    /// Whether anything is here that came before.
    pub(super) fn holds_suspects(&self) -> bool {
        self.with(|live| live.held.values().any(|(_, suspect)| *suspect))
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
    for attempt in 1.. {
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
            live.held.clear();
            live.acks = Acks::default();
            (live.leaving, live.withheld) = Default::default();
            (live.came_to, live.came) = Default::default();
            live.epoch += 1;
        });
        if began.elapsed() > GOOD {
            pause = FIRST_PAUSE;
        }
        let wait = jittered(pause, attempt);
        tracing::warn!(error = %why, again_in_ms = wait.as_millis() as u64, "not consuming");
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Between three and five quarters, another part in each process, so that many do not come back in step.
fn jittered(pause: Duration, turn: u64) -> Duration {
    let hash = staunch_core::action::hash16("pause", &[&std::process::id().to_string(), &turn.to_string()]);
    pause * 3 / 4 + pause * u32::from(hash[0]) / 512
}

/// Consumes until the connection, the channel or a consumer ends, or until it is told to.
async fn consume(shared: &Shared, arrived: &UnboundedSender<Delivery>) -> Result<()> {
    let link = &shared.link;
    let mut wishes = shared.wish.subscribe();
    if *wishes.borrow_and_update() != Wish::Consume {
        return Err(BrokerError::Closed);
    }
    let (connection, channel) = link.open("consumer").await?;
    let epoch = shared.with(|live| live.epoch);
    let mut lines = Lines::join(shared, channel.clone(), epoch, arrived).await?;
    shared.with(|live| live.open = Some((Arc::new(connection), channel)));
    tracing::info!(at = %link.at, queues = %link.describe(), "consuming");
    let (mut turn, mut left) = (0, false);
    let mut look_at = Instant::now() + jittered(link.options.look, turn);
    loop {
        let looks = lines.has_partitions() && !left && lines.is_steady();
        tokio::select! {
            _ = wishes.changed(), if !left => {
                left = true;
                lines.prepare_all();
            }
            () = tokio::time::sleep_until(lines.leave_at().unwrap_or(look_at)), if lines.leave_at().is_some() => {
                lines.leave_if_full().await?;
            }
            () = tokio::time::sleep_until(look_at), if looks => {
                lines.look().await?;
                turn += 1;
                look_at = Instant::now() + jittered(link.options.look, turn);
            }
            () = tokio::time::sleep_until(lines.return_at().unwrap_or(look_at)), if !left && lines.return_at().is_some() => {
                lines.come_back().await?;
            }
            goes_on = lines.pass_on() => if !goes_on? {
                break;
            }
        }
    }
    shared.ended.send_replace(left);
    // Who drains still acknowledges over this connection.
    while left && !shared.closing() && wishes.changed().await.is_ok() {}
    Ok(())
}
