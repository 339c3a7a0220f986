//! The loops of a running process, one per role, until it is told to stop.

use crate::clock::Clock;
use crate::engine::{Engine, WorkerError};
use crate::health::Health;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Messages in one batch at most.
const BATCH: usize = 256;
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

/// Runs the loops of these roles until `stop` turns true; each finishes what it has begun.
pub async fn run(
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    roles: Roles,
    health: Health,
    stop: watch::Receiver<bool>,
) {
    let mut loops = tokio::task::JoinSet::new();
    if roles.worker {
        let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
        loops.spawn(every("worker", health.clone(), stop.clone(), move || {
            let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
            async move { Ok(engine.ingest(BATCH, Duration::from_secs(1), clock.as_ref()).await?.taken) }
        }));
    }
    if roles.timers {
        let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
        loops.spawn(every("timers", health.clone(), stop.clone(), move || {
            let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
            async move { engine.wake(WAKES, clock.now().await?).await }
        }));
    }
    if roles.dispatcher {
        let (sender, time) = (Arc::clone(&engine), Arc::clone(&clock));
        loops.spawn(every("dispatcher", health.clone(), stop.clone(), move || {
            let (engine, clock) = (Arc::clone(&sender), Arc::clone(&time));
            async move { Ok(engine.dispatch(SENDS, clock.now().await?).await?.claimed) }
        }));
        loops.spawn(every("housekeeping", health, stop, move || {
            let (engine, clock) = (Arc::clone(&engine), Arc::clone(&clock));
            async move {
                engine.housekeep(clock.now().await?).await?;
                if let Ok(depth) = engine.broker().depth().await {
                    engine.metrics().queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(0)
            }
        }));
    }
    while let Some(ended) = loops.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a loop broke down");
        }
    }
}

/// Calls a step again and again: at once while it finds work, after a pause when it does not, after a longer one when
/// it fails.
async fn every<F, S>(name: &'static str, health: Health, mut stop: watch::Receiver<bool>, step: S)
where
    F: Future<Output = Result<usize, WorkerError>> + Send,
    S: Fn() -> F + Send,
{
    let mut pause = FIRST;
    while !*stop.borrow() {
        let idle = match step().await {
            Ok(0) => {
                (pause, _) = (FIRST, health.fine(name));
                IDLE
            }
            Ok(_) => {
                (pause, _) = (FIRST, health.fine(name));
                continue;
            }
            Err(error) => {
                tracing::error!(part = name, %error, "a step failed and will be tried again");
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
}
