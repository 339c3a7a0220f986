//! Suspects: messages that came before. One of them may have ended the process that had it, so each is handled alone.
//!
//! While one is in work, this process decides nothing else. That it begins is written down first, and that it ended
//! afterwards; so after a crash the store knows with which message, and who came through is no suspect any more. A
//! message that ends two processes in this way is parked. Its neighbours are only delivered once more.
//!
//! Processes also end for other reasons. Where other messages were found in the same place lately, two ends prove
//! nothing, and more are asked for.

use crate::batch::Handled;
use crate::clock::Clock;
use crate::engine::{Engine, WorkerError};
use crate::ingest::identity;
use staunch_broker::Delivery;
use staunch_core::ingest::Refusal;
use staunch_core::{Time, codes};
use staunch_store::Suspicion;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{RwLock, RwLockReadGuard};

/// Processes that end while they handle a message alone, before it is parked.
const CRASHES: u32 = 2;
/// However many other messages look guilty: this many crashes are enough.
const ENOUGH: u32 = 5;

/// What a process holds of its suspects.
#[derive(Default)]
pub(crate) struct Suspects {
    /// Held for writing while a suspect is in work, for reading by all else that decides.
    deciding: RwLock<()>,
    /// Begun in the store and over, and the store does not know yet.
    ended: Mutex<Vec<String>>,
}

impl Suspects {
    /// Waits until no suspect is in work; none begins while this is held.
    pub async fn beside(&self) -> RwLockReadGuard<'_, ()> {
        self.deciding.read().await
    }

    fn take_ended(&self) -> Vec<String> {
        std::mem::take(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add_ended(&self, ids: impl IntoIterator<Item = String>) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }
}

/// Whether a message is parked for the ends of processes that handled it alone.
fn is_guilty(suspicion: Suspicion) -> bool {
    suspicion.crashes >= CRASHES.saturating_add(suspicion.others).min(ENOUGH)
}

impl Engine {
    /// Handles messages that came before, one by one and in their order.
    ///
    /// # Errors
    /// Where the store or the broker fails; what was not handled comes again.
    pub(crate) async fn handle_suspects(
        self: &Arc<Self>,
        lane: usize,
        mut all: Vec<Delivery>,
        clock: &dyn Clock,
    ) -> Result<Handled, WorkerError> {
        let _nothing_else = self.suspects.deciding.write().await;
        let mut total = Handled::default();
        let now = match clock.now().await {
            Ok(now) => now,
            Err(error) => {
                self.again(lane, all).await?;
                return Err(error);
            }
        };
        for at in 0..all.len() {
            match self.handle_suspect(&all[at], now).await {
                Ok(handled) => total.add(handled),
                Err(error) => {
                    self.again(lane, all.split_off(at)).await?;
                    return Err(error);
                }
            }
        }
        let ended = self.suspects.take_ended();
        if let Err(error) = self.parts.store.end_suspects(&ended, now).await {
            tracing::warn!(%error, "the store does not know yet which messages came through; it is told with the next one");
            self.suspects.add_ended(ended);
        }
        Ok(total)
    }

    async fn handle_suspect(self: &Arc<Self>, delivery: &Delivery, now: Time) -> Result<Handled, WorkerError> {
        let (id, _) = identity(delivery);
        // Before the next begins: who came through is not to look guilty of a later crash.
        let ended = self.suspects.take_ended();
        let begun = self.parts.store.begin_suspect(&id, &self.parts.name, &ended, now).await;
        // In memory only: what is in this list when the process ends has not ended for the store.
        if begun.is_err() {
            self.suspects.add_ended(ended);
        }
        self.suspects.add_ended([id.clone()]);
        let suspicion = begun?;
        if is_guilty(suspicion) {
            return self.park_suspect(delivery, &id, suspicion, now).await;
        }
        if suspicion.crashes > 0 {
            let crashes = suspicion.crashes;
            tracing::warn!(suspect = %id, crashes, "a process ended while it handled this message alone; it is tried again");
        }
        self.alone(delivery, now).await
    }

    async fn park_suspect(
        &self,
        delivery: &Delivery,
        id: &str,
        suspicion: Suspicion,
        now: Time,
    ) -> Result<Handled, WorkerError> {
        let message = format!(
            "{} processes ended while each handled this message alone. Look at the end of their logs for the cause",
            suspicion.crashes
        );
        tracing::error!(suspect = %id, crashes = suspicion.crashes, "a message that ends processes is parked");
        let refusal = Refusal { code: codes::EVENT_POISON, message };
        self.parts.store.park(&[self.parked(delivery, refusal, now).await?]).await?;
        self.parts.store.forget_suspect(id).await?;
        self.parts.broker.ack(std::slice::from_ref(delivery)).await?;
        let handled = Handled { taken: 1, parked: 1, ..Handled::default() };
        self.count(handled);
        Ok(handled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_crashes_park_where_nothing_else_ends_processes() {
        let guilty = |crashes, others| is_guilty(Suspicion { crashes, others });
        assert!(!guilty(0, 0) && !guilty(1, 0) && guilty(2, 0));
        assert!(!guilty(2, 1) && guilty(3, 1));
        assert!(!guilty(4, 900) && guilty(5, 900));
    }

    proptest! {
        /// More crashes never acquit, more neighbours in the same place never convict.
        #[test]
        fn a_verdict_is_monotone(crashes in 0u32..9, others in 0u32..9) {
            let guilty = |crashes, others| is_guilty(Suspicion { crashes, others });
            prop_assert!(!guilty(crashes, others) || guilty(crashes + 1, others));
            prop_assert!(guilty(crashes, others) || !guilty(crashes, others + 1));
        }
    }
}
