//! What limits refused: one structured event per plugin and limit, at once the first time and then at most once a minute,
//! and the same as a list.
//!
//! Time is counted in ticks of the sandbox and handed in.

use staunch_core::codes::Code;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Plugins and limits that are kept apart; beyond these the ones that were refused longest ago are forgotten.
pub const MAX_REFUSALS: usize = 500;
/// The target of log lines about limits.
pub const REFUSALS_LOG: &str = "staunch::refused";

/// The plugin that a limit is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// What it is called in `staunch.lock`, or its file where it has no name yet.
    pub plugin: String,
    /// sha256 of its component, 64 hex digits.
    pub digest: String,
}

/// How far a limit was to be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The limit, in words: what is counted, and in which unit.
    pub limit: &'static str,
    /// The most that is allowed.
    pub allowed: u64,
    /// What was asked for; where a limit stops before all is known, the least that it must have been.
    pub demanded: u64,
}

/// What one limit refused to one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The plugin.
    pub plugin: String,
    /// sha256 of its component.
    pub digest: String,
    /// The code under which users meet it.
    pub code: Code,
    /// The limit.
    pub limit: &'static str,
    /// The most that is allowed.
    pub allowed: u64,
    /// The most that was asked for.
    pub demanded: u64,
    /// How often.
    pub times: u64,
}

/// The log of one sandbox.
pub struct Refusals {
    /// Ticks between two events about the same.
    pause: u64,
    state: Mutex<BTreeMap<(String, String, &'static str), Seen>>,
}

struct Seen {
    refusal: Refusal,
    last: u64,
    told: u64,
    untold: u64,
}

impl Refusals {
    /// An empty log.
    pub fn new(pause: u64) -> Refusals {
        Refusals { pause, state: Mutex::new(BTreeMap::new()) }
    }

    /// Notes a refusal at a tick; whether it was told at once.
    pub fn note(&self, tick: u64, subject: &Subject, code: Code, excess: Excess) -> bool {
        let Excess { limit, allowed, demanded } = excess;
        let mut state = self.state();
        let key = (subject.plugin.clone(), subject.digest.clone(), limit);
        if state.len() >= MAX_REFUSALS && !state.contains_key(&key) {
            let oldest = state.iter().min_by_key(|(_, seen)| seen.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| state.remove(&key));
        }
        let (plugin, digest) = (subject.plugin.clone(), subject.digest.clone());
        let fresh = !state.contains_key(&key);
        let seen = state.entry(key).or_insert_with(|| {
            let refusal = Refusal { plugin, digest, code, limit, allowed, demanded, times: 0 };
            Seen { refusal, last: tick, told: tick, untold: 0 }
        });
        (seen.last, seen.untold) = (tick, seen.untold + 1);
        let refusal = &mut seen.refusal;
        (refusal.code, refusal.allowed, refusal.times) = (code, allowed, refusal.times + 1);
        refusal.demanded = refusal.demanded.max(demanded);
        let due = fresh || tick >= seen.told.saturating_add(self.pause);
        if due {
            tell(seen, tick);
        }
        due
    }

    /// Tells what was counted since it was last told, where the pause is over.
    pub fn flush(&self, tick: u64) -> usize {
        let mut state = self.state();
        let due = |seen: &&mut Seen| seen.untold > 0 && tick >= seen.told.saturating_add(self.pause);
        state.values_mut().filter(due).map(|seen| tell(seen, tick)).count()
    }

    /// All that is kept, by plugin and limit.
    pub fn list(&self) -> Vec<Refusal> {
        self.state().values().map(|seen| seen.refusal.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, BTreeMap<(String, String, &'static str), Seen>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(seen: &mut Seen, tick: u64) {
    let Refusal { plugin, digest, code, limit, allowed, demanded, .. } = &seen.refusal;
    let times = seen.untold;
    tracing::warn!(
        target: REFUSALS_LOG, %plugin, %digest, %code, %limit, allowed, demanded, times,
        "a limit refused what a plugin asked for"
    );
    (seen.told, seen.untold) = (tick, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_core::codes;

    fn subject(plugin: &str) -> Subject {
        Subject { plugin: plugin.into(), digest: "d".into() }
    }

    const MEMORY: Excess = Excess { limit: "memory", allowed: 10, demanded: 11 };

    #[test]
    fn is_told_at_once_and_then_once_a_pause() {
        let log = Refusals::new(100);
        let note = |tick, plugin: &str, excess| log.note(tick, &subject(plugin), codes::PLUGIN_LIMITS, excess);
        assert!(note(7, "a", MEMORY) && note(7, "b", MEMORY));
        assert!(note(8, "a", Excess { limit: "table", ..MEMORY }));
        assert!((8..107).all(|tick| !note(tick, "a", MEMORY)));
        assert!(note(107, "a", Excess { demanded: 90, ..MEMORY }) && !note(108, "a", MEMORY));
        assert_eq!((log.flush(206), log.flush(207), log.flush(208)), (0, 1, 0));
        let list = log.list();
        assert_eq!(
            list.iter().map(|one| (one.limit, one.times)).collect::<Vec<_>>(),
            [("memory", 102), ("table", 1), ("memory", 1)]
        );
        assert_eq!((list[0].allowed, list[0].demanded, list[0].code), (10, 90, codes::PLUGIN_LIMITS));
    }

    #[test]
    fn forgets_what_is_longest_ago() {
        let log = Refusals::new(100);
        for number in 0..MAX_REFUSALS as u64 + 50 {
            log.note(number, &subject(&format!("{number:04}")), codes::PLUGIN_LIMITS, MEMORY);
        }
        let list = log.list();
        assert_eq!((list.len(), list[0].plugin.as_str()), (MAX_REFUSALS, "0050"));
    }
}
