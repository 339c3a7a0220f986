//! A history through the real queue, worker and dispatcher on a virtual clock: the same steps that `run` calls in
//! loops, here in a fixed order, so that the same history always gives the same figures.

use crate::error::Result;
use crate::feed::Timed;
use staunch_broker::Message;
use staunch_core::Time;
use staunch_core::policy::{Stage, StageLimits, StageState};
use staunch_worker::{Engine, VirtualClock};
use std::sync::Arc;
use std::time::Duration;

/// Virtual time goes on in whole hours, to the next one in which something is due.
const HOUR: i64 = 3_600 * staunch_core::time::SECOND;
/// Messages in one batch.
const BATCH: usize = 1_024;

/// A promotion on the way.
pub struct Promotion {
    /// When.
    pub at: Time,
    /// The workflow.
    pub workflow: String,
    /// Its new stage.
    pub stage: Stage,
}

/// Plays events up to `end`, and everything that falls due on the way. `progress` is told the clock now and then.
///
/// # Errors
/// What the store or the queue says.
pub async fn replay(
    engine: &Arc<Engine>,
    clock: &VirtualClock,
    feed: &[Timed],
    promotions: &[Promotion],
    end: Time,
    progress: &dyn Fn(Time, usize),
) -> Result<()> {
    let (mut next, mut promoted) = (0, 0);
    loop {
        let store = engine.store();
        let dates = [
            feed.get(next).map(|event| ceil(event.time)),
            store.next_wake().await?.map(ceil),
            store.next_action().await?.map(ceil),
            promotions.get(promoted).map(|promotion| promotion.at),
        ];
        let at = dates.into_iter().flatten().min().map_or(end, |at| at.max(clock.read()).min(end));
        clock.set(at);
        while let Some(promotion) = promotions.get(promoted).filter(|promotion| promotion.at <= at) {
            let stage = StageState { stage: promotion.stage, limits: StageLimits::default() };
            store.set_stage(&promotion.workflow, &stage, "demo", at).await?;
            promoted += 1;
        }
        let from = next;
        while feed.get(next).is_some_and(|event| event.time <= at) {
            next += 1;
        }
        let messages: Vec<Message> = feed[from..next].iter().map(|event| event.message.clone()).collect();
        if !messages.is_empty() {
            engine.broker().publish(&messages).await?;
        }
        settle(engine, clock, !messages.is_empty()).await?;
        progress(at, next);
        if at >= end {
            return Ok(());
        }
    }
}

fn ceil(time: Time) -> Time {
    Time(time.0.div_euclid(HOUR).saturating_add(i64::from(time.0.rem_euclid(HOUR) != 0)).saturating_mul(HOUR))
}

/// Ingest, wake, housekeep, dispatch, until nothing is left to do at this time.
async fn settle(engine: &Arc<Engine>, clock: &VirtualClock, mut published: bool) -> Result<()> {
    loop {
        let now = clock.read();
        while published {
            published = engine.ingest(0, BATCH, Duration::from_millis(10), clock).await?.taken > 0;
            published = published && engine.broker().depth().await? > 0;
        }
        let woken = engine.wake(5_000, now).await?;
        engine.housekeep(now).await?;
        let sent = engine.dispatch(256, now).await?.claimed;
        if woken + sent == 0 {
            return Ok(());
        }
    }
}
