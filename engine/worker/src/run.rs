//! The loops of a running process, one per role, until it is told to stop.

use crate::clock::Clock;
use crate::engine::{Engine, WorkerError};
use crate::health::Health;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Messages in one batch at most.
const BATCH: usize = 512;
/// What the loops over the lanes are called; there are no more lanes than these.
const WORKERS: [&str; 8] =
    ["worker", "worker-2", "worker-3", "worker-4", "worker-5", "worker-6", "worker-7", "worker-8"];
/// Contacts woken at once at most.
const WAKES: u32 = 500;
/// Sends at once: what a crash can leave in doubt.
const SENDS: u32 = 16;
/// The pause of a loop that found nothing to do.
const IDLE: Duration = Duration::from_millis(200);
/// The pause after the first failure; doubled up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(10);

/// A stopping process handles what it was given for so long; the rest goes back.
const DRAIN: Duration = Duration::from_secs(8);
/// The wait for more of it.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Ingest and decide.
    pub worker: bool,
    /// Send.
    pub dispatcher: bool,
    /// Wake contacts whose deadline has come.
    pub timers: bool,
}

/// How long a process with timers waits at its start for the queue's backlog: an event that came in time must not lose
/// against a deadline that passed while nothing ran.
const CATCH_UP: Duration = Duration::from_secs(60);
/// The pause between two looks for versions that another process published.
const LOOK: Duration = Duration::from_secs(2);
/// The broker has this long to tell its depth.
const PROBE: Duration = Duration::from_secs(2);
/// The pause between two looks at what the metrics show of the database and the broker.
const OBSERVE: Duration = Duration::from_secs(5);

/// The pause between two sweeps of what is older than it is kept.
const SWEEP: Duration = Duration::from_secs(600);

/// Runs the loops of these roles until `stop` turns true; each finishes what it has begun.
pub async fn run(
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    roles: Roles,
    health: Health,
    stop: watch::Receiver<bool>,
) {
    let caught_up = Arc::new(AtomicBool::new(!roles.worker));
    let (lanes, last) = (engine.lanes(), Arc::clone(&engine));
    let (began, takes) = (Instant::now(), roles.worker);
    let context = Context { engine, clock, caught_up, began, takes, health: health.clone() };
    let mut loops = tokio::task::JoinSet::new();
    let mut start = |name, step| loops.spawn(every(name, health.clone(), stop.clone(), context.clone(), step));
    if roles.worker {
        for (name, lane) in WORKERS.into_iter().zip(0..lanes) {
            start(name, Step::Ingest(lane));
        }
    }
    if roles.timers {
        start("timers", Step::Wake);
    }
    if roles.dispatcher {
        start("dispatcher", Step::Dispatch);
        start("housekeeping", Step::Housekeep);
        start("retention", Step::Sweep);
    }
    start("versions", Step::Refresh);
    start("figures", Step::Observe);
    while let Some(ended) = loops.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a loop broke down");
        }
    }
    if let Err(error) = last.release().await {
        tracing::warn!(%error, "messages that nobody began with could not be given back; they come again");
    }
}

/// What every loop works on.
#[derive(Clone)]
struct Context {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    caught_up: Arc<AtomicBool>,
    began: Instant,
    /// Whether this process takes messages.
    takes: bool,
    health: Health,
}

impl Context {
    /// Brings the metrics of database, broker and loops up to date.
    async fn observe(&self) -> Result<(), WorkerError> {
        let Context { engine, clock, health, .. } = self;
        let metrics = engine.metrics();
        for (part, why) in health.parts() {
            metrics.broken.with_label_values(&[part]).set(why.is_some().into());
        }
        metrics.connects(engine.store().connects(), engine.broker().connects());
        if let Ok(Ok(depth)) = tokio::time::timeout(PROBE, engine.broker().depth()).await {
            metrics.queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
            if self.takes {
                health.waiting(depth);
            }
        }
        let now = clock.now().await?;
        metrics.figures(&engine.store().figures().await?, now);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Step {
    Ingest(usize),
    /// What was delivered already, when the process stops.
    Drain(usize),
    Wake,
    Dispatch,
    Housekeep,
    Refresh,
    Observe,
    Sweep,
}

impl Step {
    /// The pause after it found nothing to do.
    fn pause(self) -> Duration {
        match self {
            Step::Observe => OBSERVE,
            Step::Sweep => SWEEP,
            _ => IDLE,
        }
    }
}

/// One step; how much it found to do.
async fn step(context: Context, step: Step) -> Result<usize, WorkerError> {
    let Context { engine, clock, caught_up, began, health, .. } = &context;
    match step {
        Step::Ingest(lane) | Step::Drain(lane) => {
            let wait = if matches!(step, Step::Drain(_)) { LAST_WAIT } else { Duration::from_secs(1) };
            let taken = engine.ingest(lane, BATCH, wait, clock.as_ref()).await?.taken;
            if taken > 0 {
                health.took();
            }
            if engine.caught_up() {
                caught_up.store(true, Ordering::Relaxed);
            }
            Ok(taken)
        }
        Step::Wake if !caught_up.load(Ordering::Relaxed) && began.elapsed() < CATCH_UP => Ok(0),
        Step::Wake => engine.wake(WAKES, clock.now().await?).await,
        Step::Dispatch => Ok(engine.dispatch(SENDS, clock.now().await?).await?.claimed),
        Step::Housekeep => {
            engine.housekeep(clock.now().await?).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(0)
        }
        Step::Refresh => {
            tokio::time::sleep(LOOK).await;
            if engine.refresh().await? {
                engine.metrics().reloads.with_label_values(&["published"]).inc();
                tracing::info!("took versions that another process published");
            }
            Ok(0)
        }
        Step::Sweep => engine.sweep(clock.now().await?).await,
        Step::Observe => {
            context.observe().await?;
            Ok(0)
        }
    }
}

/// Handles what lies here of the broker's messages, so that it need not come again to somebody else.
async fn drain(context: Context, lane: usize) {
    if !context.engine.broker().drain().await {
        return;
    }
    let all = async { while let Ok(Ok(1..)) = tokio::spawn(step(context.clone(), Step::Drain(lane))).await {} };
    if tokio::time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!("not all messages that were here could be handled; the others come again to whoever is next");
    }
}

/// Calls a step again and again: at once while it finds work, after a pause when it does not, after a longer one when
/// it fails. A step that panics has failed like any other; the loop goes on.
async fn every(name: &'static str, health: Health, mut stop: watch::Receiver<bool>, context: Context, what: Step) {
    let mut pause = FIRST;
    health.broken(name, "starting".into());
    while !*stop.borrow() {
        health.began(name);
        let result = match tokio::spawn(step(context.clone(), what)).await {
            Ok(result) => result,
            Err(error) => Err(WorkerError::Panic(error.to_string())),
        };
        let idle = match result {
            Ok(found) => {
                pause = FIRST;
                health.fine(name);
                if found > 0 {
                    continue;
                }
                what.pause()
            }
            Err(error) => {
                tracing::error!(part = name, %error, "a step failed and will be tried again");
                context.engine.metrics().failures.with_label_values(&[name]).inc();
                health.broken(name, error.to_string());
                let now = pause;
                pause = (pause * 2).min(LONGEST);
                now
            }
        };
        tokio::select! {
            () = tokio::time::sleep(idle) => {}
            _ = stop.changed() => {}
        }
    }
    if let Step::Ingest(lane) = what {
        drain(context, lane).await;
    }
    health.ended(name);
}
