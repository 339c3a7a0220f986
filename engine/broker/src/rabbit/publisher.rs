//! The publishing side: one channel with confirms, opened again after a loss.

use super::link::{ANSWER, Link, ask};
use super::wire;
use crate::{BrokerError, Message, Result};
use futures_util::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// So many messages, or so many bytes, are on their way before their confirms are awaited together.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 16 << 20;
/// A server under a memory or disk alarm holds publishers back; beyond this the caller has to know.
const CONFIRM: Duration = Duration::from_secs(30);
/// Once more after a loss, and a last time when the server is just coming up.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(600);
/// Between two attempts to connect.
const GAP: Duration = Duration::from_millis(500);

pub(super) struct Publisher {
    link: Arc<Link>,
    outlet: Mutex<Slot>,
    closed: AtomicBool,
}

#[derive(Default)]
struct Slot {
    open: Option<Outlet>,
    /// The last attempt that failed, and why.
    failed: Option<(Instant, String)>,
}

#[derive(Clone)]
struct Outlet {
    connection: Arc<Connection>,
    channel: Channel,
}

enum Failure {
    /// A new connection may help.
    Lost(String),
    /// So many messages reached no queue.
    Unroutable(usize),
}

impl Publisher {
    pub(super) async fn open(link: Arc<Link>) -> Result<Publisher> {
        let publisher = Publisher { link, outlet: Mutex::default(), closed: AtomicBool::new(false) };
        publisher.outlet().await?;
        Ok(publisher)
    }

    /// The open channel, or a new one. One caller at a time connects.
    async fn outlet(&self) -> Result<Outlet> {
        let mut slot = self.outlet.lock().await;
        if self.closed.load(Ordering::SeqCst) {
            return Err(BrokerError::Closed);
        }
        if let Some(outlet) = slot.open.as_ref().filter(|outlet| outlet.channel.status().connected()) {
            return Ok(outlet.clone());
        }
        slot.open = None;
        // However many callers there are: a server that is down is asked twice a second.
        if let Some((_, message)) = slot.failed.as_ref().filter(|(at, _)| at.elapsed() < GAP) {
            return Err(BrokerError::Unreachable { at: self.link.at.clone(), message: message.clone() });
        }
        match self.connect().await {
            Ok(outlet) => {
                *slot = Slot { open: Some(outlet.clone()), failed: None };
                Ok(outlet)
            }
            Err(error) => {
                let message = match &error {
                    BrokerError::Unreachable { message, .. } => message.clone(),
                    other => other.to_string(),
                };
                slot.failed = Some((Instant::now(), message));
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Outlet> {
        let (connection, channel) = self.link.open("publisher").await?;
        self.link.unless_late(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Outlet { connection: Arc::new(connection), channel })
    }

    /// Forgets an outlet that failed, unless somebody replaced it already.
    async fn forget(&self, failed: &Outlet) {
        let mut slot = self.outlet.lock().await;
        if slot.open.as_ref().is_some_and(|outlet| Arc::ptr_eq(&outlet.connection, &failed.connection)) {
            slot.open = None;
        }
    }

    pub(super) async fn publish(&self, messages: &[Message]) -> Result<()> {
        let mut rest = messages;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_len(rest));
            self.publish_batch(batch).await?;
            rest = after;
        }
        Ok(())
    }

    async fn publish_batch(&self, batch: &[Message]) -> Result<()> {
        let at = || self.link.at.clone();
        let mut tried = 1;
        loop {
            let failed = match self.outlet().await {
                Ok(outlet) => match self.send(&outlet.channel, batch).await {
                    Ok(()) => return Ok(()),
                    Err(Failure::Unroutable(count)) => {
                        return Err(BrokerError::Unroutable {
                            at: at(),
                            exchange: self.link.names.events.to_string(),
                            count,
                        });
                    }
                    Err(Failure::Lost(message)) => {
                        self.forget(&outlet).await;
                        BrokerError::Unconfirmed { at: at(), message }
                    }
                },
                Err(error) => error,
            };
            if tried == TRIES || matches!(failed, BrokerError::Closed) {
                return Err(failed);
            }
            tracing::warn!(error = %failed, "publishing again over a new connection");
            tokio::time::sleep(PAUSE * tried).await;
            tried += 1;
        }
    }

    async fn send(&self, channel: &Channel, batch: &[Message]) -> std::result::Result<(), Failure> {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let spreads = self.link.spreads();
        let sent = batch.iter().map(|message| async move {
            let (key, properties) = (wire::routing_key(message), wire::properties(message, spreads));
            let exchange = self.link.names.events.clone();
            channel.basic_publish(exchange, key, options, &message.body, properties).await?.await
        });
        let answers = tokio::time::timeout(CONFIRM, join_all(sent)).await;
        let answers = answers.map_err(|_| Failure::Lost(format!("no answer within {} s", CONFIRM.as_secs())))?;
        let mut unroutable = 0;
        for answer in answers {
            match answer {
                Ok(Confirmation::Ack(None)) => {}
                Ok(Confirmation::Ack(Some(_))) => unroutable += 1,
                Ok(Confirmation::Nack(_)) => return Err(Failure::Lost("the server refused a message".into())),
                Ok(Confirmation::NotRequested) => return Err(Failure::Lost("confirms are off".into())),
                Err(error) => return Err(Failure::Lost(error.to_string())),
            }
        }
        if unroutable == 0 { Ok(()) } else { Err(Failure::Unroutable(unroutable)) }
    }

    /// Messages ready in all queues. On a channel of its own, for a missing queue ends the channel.
    pub(super) async fn depth(&self) -> Result<u64> {
        let channel = self.link.unless_late(self.outlet().await?.connection.create_channel()).await?;
        let mut ready = 0;
        let own = [self.link.names.events.clone(), self.link.names.parked.clone()];
        for queue in own.iter().chain(&self.link.partitions()) {
            ready += u64::from(self.link.unless_late(ask(&channel, queue)).await?.message_count());
        }
        let _ = channel.close(200, "done".into()).await;
        Ok(ready)
    }

    /// A round trip; an outlet that does not answer is forgotten, so that the next call connects anew.
    pub(super) async fn ping(&self) -> Result<()> {
        let outlet = self.outlet().await?;
        let result = self.link.unless_late(outlet.connection.create_channel()).await;
        match result {
            Ok(channel) => {
                let _ = channel.close(200, "done".into()).await;
                Ok(())
            }
            Err(error) => {
                self.forget(&outlet).await;
                Err(error)
            }
        }
    }

    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if let Some(outlet) = self.outlet.lock().await.open.take() {
            let _ = tokio::time::timeout(ANSWER, outlet.connection.close(200, "done".into())).await;
        }
    }
}

fn batch_len(messages: &[Message]) -> usize {
    let mut bytes = 0;
    let fits = messages.iter().take(BATCH).take_while(|message| {
        bytes += message.body.len();
        bytes <= BATCH_BYTES
    });
    // A message larger than the whole limit goes alone.
    fits.count().max(1)
}
