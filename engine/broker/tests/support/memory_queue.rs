//! The store's queue in memory: the reference that the embedded broker's suite runs on.

use staunch_core::{Span, Time};
use staunch_store::{Message, Queue, Result, Taken};
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Default)]
pub struct MemoryQueue {
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    next: i64,
    by_id: BTreeMap<i64, Row>,
}

struct Row {
    message: Message,
    attempts: i64,
    held_until: Option<Time>,
}

#[async_trait::async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, messages: &[Message], _now: Time) -> Result<()> {
        let mut rows = self.rows.lock().unwrap();
        for message in messages {
            rows.next += 1;
            let (id, message) = (rows.next, message.clone());
            rows.by_id.insert(id, Row { message, attempts: 0, held_until: None });
        }
        Ok(())
    }

    async fn take(&self, limit: u32, lease: Span, now: Time) -> Result<Vec<Taken>> {
        // A database answers later, so a caller can be dropped while it waits.
        tokio::task::yield_now().await;
        let mut rows = self.rows.lock().unwrap();
        let free = rows.by_id.iter_mut().filter(|(_, row)| row.held_until.is_none_or(|until| until <= now));
        Ok(free
            .take(limit as usize)
            .map(|(id, row)| {
                row.attempts += 1;
                row.held_until = Some(now + lease);
                Taken { id: *id, attempts: row.attempts, message: row.message.clone() }
            })
            .collect())
    }

    async fn ack(&self, ids: &[i64]) -> Result<()> {
        self.rows.lock().unwrap().by_id.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn release(&self, ids: &[i64]) -> Result<()> {
        let mut rows = self.rows.lock().unwrap();
        for (_, row) in rows.by_id.iter_mut().filter(|(id, _)| ids.contains(id)) {
            row.attempts -= 1;
            row.held_until = None;
        }
        Ok(())
    }

    async fn depth(&self) -> Result<u64> {
        Ok(self.rows.lock().unwrap().by_id.len() as u64)
    }
}
