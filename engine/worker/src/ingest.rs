//! From deliveries to events, or to parked inputs that keep their bytes.

use crate::engine::{Engine, WorkerError};
use crate::failpoint;
use staunch_broker::Delivery;
use staunch_core::Time;
use staunch_core::action::hash_hex;
use staunch_core::codes;
use staunch_core::decide::Catalog;
use staunch_core::event::Event;
use staunch_core::ingest::{Door, MAX_BODY, Refusal, read};
use staunch_store::Parked;
use tokio::io::AsyncWriteExt;

/// The header that marks an event as history.
pub const HISTORY: &str = "staunch-history";
/// How much of an over-long body the parked row itself keeps.
const KEPT: usize = 4_096;

impl Engine {
    /// Reads one delivery.
    pub(crate) fn read(&self, catalog: &Catalog, delivery: &Delivery, now: Time) -> Result<Event, Refusal> {
        if let Some(why) = &delivery.dead {
            return Err(Refusal { code: codes::EVENT_POISON, message: why.clone() });
        }
        failpoint::read(&delivery.message.body);
        let headers = &delivery.message.headers;
        let history = headers.get(HISTORY).is_some_and(|text| text == "true");
        read(&delivery.message.body, headers, &Door { schema: &catalog.workspace.schema, now, history })
    }

    /// What is kept of an input that cannot be used. All bytes of an over-long one go to a file, before the row.
    pub(crate) async fn parked(&self, delivery: &Delivery, refusal: Refusal, now: Time) -> Result<Parked, WorkerError> {
        let body = &delivery.message.body;
        let (id, headers) = identity(delivery);
        let path = if body.len() > MAX_BODY { Some(self.keep_file(&id, body).await?) } else { None };
        let bytes = if path.is_some() { body[..KEPT].to_vec() } else { body.clone() };
        Ok(Parked {
            id,
            origin: "queue".into(),
            code: refusal.code.into(),
            message: refusal.message,
            bytes,
            headers,
            path,
            at: now,
        })
    }

    async fn keep_file(&self, id: &str, body: &[u8]) -> Result<String, WorkerError> {
        tokio::fs::create_dir_all(&self.parts.parked).await.map_err(WorkerError::ParkedFile)?;
        // Absolute, so that a replay from another folder finds it; on disk before the row that names it.
        let folder = tokio::fs::canonicalize(&self.parts.parked).await.map_err(WorkerError::ParkedFile)?;
        let path = folder.join(format!("{id}.bin"));
        let mut file = tokio::fs::File::create(&path).await.map_err(WorkerError::ParkedFile)?;
        file.write_all(body).await.map_err(WorkerError::ParkedFile)?;
        file.sync_all().await.map_err(WorkerError::ParkedFile)?;
        Ok(path.display().to_string())
    }
}

/// The id of an input, and its headers as JSON. The same bytes with the same headers are one input, however often they
/// come.
pub(crate) fn identity(delivery: &Delivery) -> (String, String) {
    let headers = serde_json::to_string(&delivery.message.headers).unwrap_or_default();
    (hash_hex("parked", &[headers.as_bytes(), &delivery.message.body]), headers)
}
