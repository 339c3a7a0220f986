//! The database, looked at without changing it.

use super::judge::{self, Verdict};
use crate::wiring::{self, STATE};
use staunch_workflow::{Reference, WorkspaceFile};
use std::path::Path;

/// A part with what is said of it.
type Said = (&'static str, Verdict);

/// What the database is, and whether it may be opened: opening one makes or migrates its tables.
pub(super) async fn look(dir: &Path, workspace: &WorkspaceFile) -> (Vec<Said>, bool) {
    match &workspace.connections.database {
        Some(reference) => postgres(dir, reference).await,
        None => sqlite(dir).await,
    }
}

async fn postgres(dir: &Path, reference: &Reference) -> (Vec<Said>, bool) {
    let url = match wiring::resolve(dir, "connections.database", reference) {
        Ok(url) => url,
        Err(error) => return (vec![("database", Verdict::Fail(error.brief()))], false),
    };
    let before = wiring::wall_clock();
    let found = match staunch_store::inspect_postgres(&url).await {
        Ok(found) => found,
        Err(error) => return (vec![("database", Verdict::Fail(error.to_string()))], false),
    };
    let after = wiring::wall_clock();
    let clocks = judge::clocks(before, found.now, after);
    let current = found.migrated == found.known;
    (vec![("database", judge::postgres(&found)), ("tables", judge::tables(&found)), ("clock", clocks)], current)
}

async fn sqlite(dir: &Path) -> (Vec<Said>, bool) {
    let path = dir.join(STATE).join("staunch.db");
    match staunch_store::inspect_sqlite(&path).await {
        Ok(None) => {
            (vec![("database", Verdict::Fine("SQLite in .staunch/staunch.db, made by the first run".into()))], false)
        }
        Ok(Some(found)) => {
            let version = Verdict::Fine(format!("SQLite {} in .staunch/staunch.db answers", found.version));
            let current = found.migrated == found.known;
            (vec![("database", version), ("tables", judge::tables(&found))], current)
        }
        Err(error) => (vec![("database", Verdict::Fail(error.to_string()))], false),
    }
}
