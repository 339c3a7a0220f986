//! The queues that one connection consumes: going in line, what comes, giving a partition away, saying goodbye.
//!
//! A partition changes hands in order. Who gives it away cancels, and handles what it has; who gets it keeps what comes for
//! [`SETTLE`], so that the other one is done first. Where a process dies, the server gives back in order by itself.

use super::balance::{View, give_away, stalled};
use super::consumer::Shared;
use super::link::ask;
use super::wire;
use crate::{BrokerError, Delivery, Result};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream::{BoxStream, SelectAll, iter};
use lapin::Channel;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// Dead letters only pass through to the store.
const PARKED_PREFETCH: u16 = 50;
/// A partition has this part of the prefetch. After a crash all of it goes one by one, so it is not more.
const PARTS: u16 = 8;
/// Longer than a process takes for what it holds of a partition that it gave away.
const SETTLE: Duration = Duration::from_secs(2);

/// A queue that has messages fills its prefetch within this.
const FULL: Duration = Duration::from_millis(500);
/// Looks without giving away, where nobody takes.
const QUIET: usize = 12;

/// What kind of queue it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// That of all workers, for events without a contact in a header and for servers without partitions.
    Single,
    /// One of those by contact.
    Partition,
    /// Dead letters.
    Parked,
}

/// A queue that is consumed.
struct Line {
    queue: ShortString,
    kind: Kind,
    /// Its place in line; a new one each time, and 0 in none.
    number: u64,
    prefetch: u16,
    since: Instant,
    /// Its first message since then.
    first: Option<Instant>,
    last: Instant,
    /// What came while it settles.
    early: Vec<Delivery>,
    ready: Option<u32>,
}

/// What a stream of a queue gives.
struct Item {
    line: usize,
    number: u64,
    /// None at its end.
    raw: Option<lapin::Result<lapin::message::Delivery>>,
}

/// All queues of a connection.
pub(super) struct Lines<'a> {
    shared: &'a Shared,
    channel: Channel,
    epoch: u64,
    arrived: &'a UnboundedSender<Delivery>,
    lines: Vec<Line>,
    streams: SelectAll<BoxStream<'static, Item>>,
    places: u64,
    /// Places that we gave up ourselves.
    given_up: HashSet<u64>,
    looks: usize,
    /// What was given away at the last look.
    gave: Vec<usize>,
    /// Nothing is given away before this look.
    quiet_until: usize,
    /// Left, and entered again at this time.
    returning: Vec<usize>,
    return_at: Instant,
    /// To be left as soon as nothing can be on its way.
    leaving: Vec<usize>,
    leave_at: Instant,
    leave_by: Instant,
    /// The last tag at the last look.
    last_came: u64,
}

impl<'a> Lines<'a> {
    /// In line for all queues.
    pub(super) async fn join(
        shared: &'a Shared,
        channel: Channel,
        epoch: u64,
        arrived: &'a UnboundedSender<Delivery>,
    ) -> Result<Lines<'a>> {
        let (link, now) = (&shared.link, Instant::now());
        let line = |queue: ShortString, kind| Line {
            queue,
            kind,
            number: 0,
            prefetch: 0,
            since: now,
            first: None,
            last: now,
            early: Vec::new(),
            ready: None,
        };
        // What waits in the queue of all comes from before the partitions were made.
        let mut lines = vec![line(link.names.events.clone(), Kind::Single)];
        lines.extend(link.partitions().into_iter().map(|queue| line(queue, Kind::Partition)));
        lines.push(line(link.names.parked.clone(), Kind::Parked));
        let (streams, given_up) = (SelectAll::new(), HashSet::new());
        let (returning, return_at) = (Vec::new(), now);
        let mut all = Lines {
            shared,
            channel,
            epoch,
            arrived,
            lines,
            streams,
            places: 0,
            given_up,
            looks: 0,
            gave: Vec::new(),
            quiet_until: 0,
            returning,
            return_at,
            leaving: Vec::new(),
            leave_at: now,
            leave_by: now,
            last_came: 0,
        };
        for at in 0..all.lines.len() {
            all.enter(at).await?;
        }
        Ok(all)
    }

    /// Prefetch is per consumer: quorum queues know no other.
    async fn enter(&mut self, at: usize) -> Result<()> {
        let (link, prefetch) = (&self.shared.link, self.shared.link.options.prefetch.max(1));
        self.places += 1;
        let (number, line) = (self.places, &mut self.lines[at]);
        let prefetch = match line.kind {
            Kind::Single => prefetch,
            Kind::Partition => prefetch.div_ceil(PARTS),
            Kind::Parked => PARKED_PREFETCH,
        };
        link.unless_late(self.channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let (queue, options) = (line.queue.clone(), BasicConsumeOptions::default());
        let consumed = self.channel.basic_consume(queue, tag(number), options, FieldTable::default());
        let stream = link.unless_late(consumed).await?;
        (line.number, line.prefetch) = (number, prefetch);
        (line.since, line.first, line.ready) = (Instant::now(), None, None);
        line.last = line.since;
        let items = stream.map(Some).chain(iter([None]));
        self.streams.push(items.map(move |raw| Item { line: at, number, raw }).boxed());
        Ok(())
    }

    /// Gives up the places of these lines; all words go out before the first answer. What is here of them is ours to handle.
    async fn leave(&mut self, lines: &[usize]) -> Result<()> {
        let mut cancelled = Vec::new();
        for at in lines {
            let line = &mut self.lines[*at];
            // What still comes of the old place has another number than the line, and is passed on at once.
            let number = std::mem::take(&mut line.number);
            if number == 0 {
                continue;
            }
            line.first = None;
            line.early.drain(..).for_each(|early| drop(self.arrived.send(early)));
            self.given_up.insert(number);
            cancelled.push(self.channel.basic_cancel(tag(number), BasicCancelOptions::default()));
        }
        self.shared.link.unless_late(try_join_all(cancelled)).await.map(drop)
    }

    /// Nothing new is to come from now on; what is here stays here.
    pub(super) fn prepare_all(&mut self) {
        let all = (0..self.lines.len()).filter(|at| self.lines[*at].number > 0).collect();
        (self.returning, self.leaving) = (Vec::new(), all);
        self.prepare();
    }

    fn prepare(&mut self) {
        self.leave_by = Instant::now() + FULL;
        self.leave_at = Instant::now();
        self.shared.withhold(self.leaving.clone());
    }

    /// When to look whether queues can be left.
    pub(super) fn leave_at(&self) -> Option<Instant> {
        (!self.leaving.is_empty()).then_some(self.leave_at)
    }

    /// Leaves, where the server may send no more, or does not: RabbitMQ 3.10 sends what was on its way after it has said
    /// that we left, and then nobody has it.
    pub(super) async fn leave_if_full(&mut self) -> Result<()> {
        let full = |at: &usize| self.shared.held(*at) >= usize::from(self.lines[*at].prefetch);
        let now = Instant::now();
        if now < self.leave_by && !self.leaving.iter().all(full) {
            self.leave_at = now + Duration::from_millis(20);
            return Ok(());
        }
        let leaving = std::mem::take(&mut self.leaving);
        self.leave(&leaving).await?;
        self.shared.withhold(Vec::new());
        (self.returning, self.return_at) = (leaving, now + SETTLE);
        Ok(())
    }

    /// Neither leaves nor returns.
    pub(super) fn is_steady(&self) -> bool {
        self.leaving.is_empty() && self.returning.is_empty()
    }

    /// Waits for the next message and hands it on; false when there is nothing to wait for any more, or nobody listens.
    pub(super) async fn pass_on(&mut self) -> Result<bool> {
        let settled = self.settled();
        let item = tokio::select! {
            item = self.streams.next() => item,
            () = tokio::time::sleep_until(settled.unwrap_or_else(Instant::now)), if settled.is_some() => {
                return Ok(self.settle());
            }
        };
        match item {
            Some(Item { line, number, raw: Some(raw) }) => self.take(line, number, raw),
            Some(Item { number, .. }) if self.given_up.remove(&number) => Ok(true),
            // The server ended it: it is a loss of all.
            Some(_) | None => Ok(false),
        }
    }

    fn take(&mut self, at: usize, number: u64, raw: lapin::Result<lapin::message::Delivery>) -> Result<bool> {
        let link = &self.shared.link;
        let lost = |error: lapin::Error| BrokerError::Unreachable { at: link.at.clone(), message: error.to_string() };
        let raw = raw.map_err(lost)?;
        let (line, now) = (&mut self.lines[at], Instant::now());
        let delivery = wire::delivery(raw, line.kind == Kind::Parked, self.epoch);
        self.shared.hold(&delivery, at);
        // What an older place still had comes out at once: it is ours, whoever is active now.
        if line.kind == Kind::Partition && line.number == number {
            line.last = now;
            let first = *line.first.get_or_insert(now);
            if now < first + SETTLE {
                line.early.push(delivery);
                return Ok(true);
            }
            for early in line.early.drain(..) {
                let _ = self.arrived.send(early);
            }
        }
        // Nobody listens any more: the broker was dropped.
        Ok(self.arrived.send(delivery).is_ok())
    }

    /// When the next partition has settled.
    fn settled(&self) -> Option<Instant> {
        let waiting = self.lines.iter().filter(|line| !line.early.is_empty());
        waiting.filter_map(|line| line.first).min().map(|first| first + SETTLE)
    }

    fn settle(&mut self) -> bool {
        let now = Instant::now();
        let due = self.lines.iter_mut().filter(|line| line.first.is_some_and(|first| now >= first + SETTLE));
        due.flat_map(|line| line.early.drain(..)).all(|early| self.arrived.send(early).is_ok())
    }

    /// Whether there is anything to look after.
    pub(super) fn has_partitions(&self) -> bool {
        self.lines.iter().any(|line| line.kind == Kind::Partition)
    }

    /// What is known of each partition; the first and the last line are none.
    fn views(&mut self, answers: &[lapin::Queue]) -> Vec<View> {
        let (now, last) = (Instant::now(), self.lines.len() - 1);
        let lines = self.lines.iter_mut().zip(answers).enumerate().take(last).skip(1);
        lines
            .map(|(at, (line, answer))| View {
                ours: line.first.is_some_and(|first| now >= first + SETTLE),
                held: self.shared.held(at),
                silent: now.duration_since(line.last),
                ready: answer.message_count(),
                ready_before: line.ready.replace(answer.message_count()),
            })
            .collect()
    }

    /// Gives away what is more than a share, and asks again for what looks forgotten.
    pub(super) async fn look(&mut self) -> Result<()> {
        self.looks += 1;
        let link = &self.shared.link;
        let (all_to, last) = self.shared.came();
        if all_to < std::mem::replace(&mut self.last_came, last) {
            let message = "it holds messages for us that it sent after we had left their queue".into();
            return Err(BrokerError::Unreachable { at: link.at.clone(), message });
        }
        // All workers consume this one, and all of them count there. A partition counts its active one only.
        // Nothing is passed on until the answers are here, so all questions go out at once.
        let questions = self.lines.iter().map(|line| ask(&self.channel, &line.queue));
        let answers = link.unless_late(try_join_all(questions)).await?;
        let workers = answers[0].consumer_count();
        let views = self.views(&answers);
        let turn = self.looks * 7 + std::process::id() as usize * 3;
        let mut leaving: Vec<usize> = stalled(&views).into_iter().map(|at| at + 1).collect();
        for at in &leaving {
            let (queue, ready) = (&self.lines[*at].queue, views[at - 1].ready);
            tracing::warn!(%queue, ready, "nobody is given its messages; asking again");
        }
        // It came back: there are workers, and they are not in line, such as those of an older version.
        if std::mem::take(&mut self.gave).iter().any(|at| self.lines[*at].first.is_some()) {
            self.quiet_until = self.looks + QUIET;
        }
        // Suspects go one by one: what is held of them takes longer than others wait.
        if self.looks >= self.quiet_until && !self.shared.holds_suspects() {
            self.gave = give_away(&views, workers, turn).into_iter().map(|at| at + 1).collect();
            for at in &self.gave {
                tracing::info!(queue = %self.lines[*at].queue, workers, "giving a partition to another worker");
            }
            leaving.extend(&self.gave);
        }
        self.leaving = leaving;
        if !self.leaving.is_empty() {
            self.prepare();
        }
        Ok(())
    }

    /// When lines that were left are entered again: what they had is passed on before.
    pub(super) fn return_at(&self) -> Option<Instant> {
        (!self.returning.is_empty()).then_some(self.return_at)
    }

    /// At the end of the line of what was left.
    pub(super) async fn come_back(&mut self) -> Result<()> {
        for at in std::mem::take(&mut self.returning) {
            self.enter(at).await?;
        }
        Ok(())
    }
}

fn tag(number: u64) -> ShortString {
    format!("staunch.{number}").into()
}
