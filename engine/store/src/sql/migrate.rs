//! Forward-only migrations, safe when two processes start at once: the second waits and then finds nothing to do.

use super::{Db, Fail, Lock, Query, first};
use crate::StoreError;

/// Runs what is missing of the scripts; script `n` is number `n + 1`.
///
/// # Errors
/// The database's, or that it was made by a newer version of this program.
pub async fn migrate<D: Db>(db: &D, scripts: &[&'static str]) -> Result<(), Fail> {
    let mut tx = db.write().await?;
    db.lock(&mut tx, Lock::Migration).await?;
    D::script(&mut tx, "CREATE TABLE IF NOT EXISTS migrations(number BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)")
        .await?;
    let known: Vec<(Option<i64>,)> = D::fetch(&mut tx, Query::new("SELECT MAX(number) FROM migrations")).await?;
    let known = first(known).and_then(|row| row.0).unwrap_or(0);
    let known = usize::try_from(known).unwrap_or(0);
    if known > scripts.len() {
        let message = format!(
            "its tables are at version {known}, this program knows versions up to {}: use a newer staunch",
            scripts.len()
        );
        return Err(StoreError::Database { message }.into());
    }
    for (index, script) in scripts.iter().enumerate().skip(known) {
        D::script(&mut tx, script).await?;
        let number = index as i64 + 1;
        let now: Vec<(i64,)> = D::fetch(&mut tx, Query::new(D::NOW)).await?;
        let now = first(now).map_or(0, |row| row.0);
        let done = Query::new("INSERT INTO migrations(number, applied_at) VALUES ($1, $2)").int(number).int(now);
        D::execute(&mut tx, done).await?;
    }
    Ok(tx.commit().await?)
}
