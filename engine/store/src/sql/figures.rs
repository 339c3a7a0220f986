//! What an operator watches: counts of what is pending, and since when the oldest of it is due. Only what an index answers,
//! for it is asked every few seconds.

use super::rows::corrupt;
use super::{Db, Query};
use crate::{Figures, Result};
use staunch_core::Time;
use staunch_core::action::ActionState;
use staunch_core::policy::KillScope;

/// Each due time by itself, because an index gives the first of a state at once and the first of two states not.
const FIGURES: &str = "
    SELECT 'state', state, COUNT(*) FROM actions
        WHERE state IN ('held', 'review', 'ready', 'sending', 'in_doubt') GROUP BY state
    UNION ALL SELECT 'due', '', MIN(due_at) FROM actions WHERE state = 'ready'
    UNION ALL SELECT 'due', '', MIN(due_at) FROM actions WHERE state = 'held' AND held_from IS DISTINCT FROM 'review'
    UNION ALL SELECT 'wake', '', MIN(wake_at) FROM contacts WHERE wake_at IS NOT NULL
    UNION ALL SELECT 'parked', '', COUNT(*) FROM parked
    UNION ALL SELECT 'kill', scope, CAST(0 AS BIGINT) FROM kills";

pub async fn figures<D: Db>(db: &D) -> Result<Figures> {
    let rows: Vec<(String, String, Option<i64>)> = db.read(Query::new(FIGURES)).await?;
    let mut figures = Figures::default();
    for (kind, key, value) in rows {
        let count = value.unwrap_or(0).unsigned_abs();
        match kind.as_str() {
            "state" => {
                let state = ActionState::parse(&key).ok_or_else(|| corrupt("actions", &key, "unknown state"))?;
                figures.pending.push((state, count));
            }
            "due" => figures.action_due = [figures.action_due, value.map(Time)].into_iter().flatten().min(),
            "wake" => figures.wake_due = value.map(Time),
            "parked" => figures.parked = count,
            _ => {
                let scope = KillScope::parse(&key).map_err(|_| corrupt("kills", &key, "its key is no scope"))?;
                figures.kills.push(scope);
            }
        }
    }
    figures.pending.sort();
    figures.kills.sort();
    Ok(figures)
}
