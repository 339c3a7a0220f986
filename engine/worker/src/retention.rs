//! The sweep: what is older than its class is kept goes, page by page, and decisions go into files first.

use crate::engine::{Engine, WorkerError};
use staunch_core::retention::Class;
use staunch_core::run::Run;
use staunch_core::{Span, Time};
use staunch_store::Expendable;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// Rows of a class in one round at most: a delete holds up nobody for long.
const PAGE: u32 = 500;

/// So much later an event that is a goal may still come.
const LATE: Span = Span::days(35);

/// How far a sweep has come, for each class: the last id that was looked at.
#[derive(Debug, Default)]
pub(crate) struct Swept(BTreeMap<Class, String>);

impl Engine {
    /// Looks at one page of each class, archives what is to be archived, and deletes what may go. Gives how many rows were
    /// looked at; 0 = the sweep is through. A row that many processes look at goes once.
    ///
    /// # Errors
    /// Where the store fails, or an archive cannot be written: then nothing of that page is deleted.
    pub async fn sweep(&self, now: Time) -> Result<usize, WorkerError> {
        let decider = self.decider();
        let retention = decider.catalog.workspace.retention.clone();
        let open = |run: &Run| {
            let goal = decider.catalog.version(&run.workflow, &run.version).and_then(|flow| flow.goal.as_ref());
            run.active() || run.open_until(goal).is_some_and(|until| until + LATE >= now)
        };
        let mut looked = 0;
        for class in Class::ALL {
            let Some(before) = retention.before(class, now) else { continue };
            let mut swept = self.swept.lock().await;
            let after = swept.0.get(&class).cloned().unwrap_or_default();
            let page = self.parts.store.expendable(class, before, &after, PAGE).await?;
            match page.last() {
                Some(last) => swept.0.insert(class, last.id.clone()),
                // Through: the next sweep begins anew, for what was needed may not be any more.
                None => swept.0.remove(&class),
            };
            drop(swept);
            if page.is_empty() {
                continue;
            }
            if class == Class::Decisions && retention.archive {
                archive(&self.archive(), &page).await.map_err(WorkerError::Archive)?;
            }
            let gone = self.parts.store.discard(class, before, &page, &open).await?;
            self.parts.metrics.swept.with_label_values(&[class.word()]).inc_by(gone);
            if class == Class::Parked {
                forget_files(&page).await;
            }
            looked += page.len();
        }
        Ok(looked)
    }

    /// Beside the bytes of parked inputs.
    fn archive(&self) -> PathBuf {
        self.parts.parked.with_file_name("archive")
    }
}

/// Appends each decision to the file of its day (UTC), and has them on disk before anything is deleted. A line may stand
/// twice after a crash; its id tells.
async fn archive(folder: &Path, page: &[Expendable]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let mut days: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for row in page {
        let stamp = row.at.to_string();
        let day = stamp.get(..10).unwrap_or(&stamp).to_owned();
        let lines = days.entry(day).or_default();
        lines.extend_from_slice(line(row).as_bytes());
        lines.push(b'\n');
    }
    for (day, lines) in days {
        let path = folder.join(format!("decisions-{day}.ndjson"));
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
        file.write_all(&lines).await?;
        file.sync_all().await?;
    }
    Ok(())
}

/// The receipt with the contact that it belongs to by now.
fn line(row: &Expendable) -> String {
    let contact = serde_json::Value::from(row.contact.as_str());
    match serde_json::from_str::<serde_json::Value>(&row.text) {
        Ok(serde_json::Value::Object(mut receipt)) => {
            receipt.insert("contact".into(), contact);
            serde_json::Value::Object(receipt).to_string()
        }
        // It cannot be read; what is there is kept, as a text.
        _ => serde_json::json!({ "id": row.id, "contact": contact, "unreadable": row.text }).to_string(),
    }
}

/// The bytes of over-long inputs lie in files; one that is gone already is fine.
async fn forget_files(page: &[Expendable]) {
    for row in page.iter().filter(|row| !row.text.is_empty()) {
        if let Err(error) = tokio::fs::remove_file(&row.text).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(file = row.text, %error, "the bytes of a parked input could not be deleted");
        }
    }
}
