//! A breaker: a plugin that fails several times in a row rests, so that it cannot slow everything down.
//!
//! It counts and reads no clock, so the same calls have the same outcome.

/// Failures in a row that trip the breaker.
pub const FAILURES: u32 = 5;
/// Calls that a tripped plugin sits out before one row is tried again.
pub const REST: u32 = 64;
/// The target of log lines about plugins that rest.
pub const BREAKER_LOG: &str = "staunch::breaker";

/// Whether the n-th time that a plugin begins to rest is worth a line of the log: the first, the tenth, the hundredth and so
/// on. One that never works trips after every rest, which is no news.
pub fn is_news(trips: u64) -> bool {
    trips.checked_ilog10().is_some_and(|power| trips == 10u64.pow(power))
}

/// The state of one plugin's breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    resting: u32,
}

impl Breaker {
    /// Counts a call; `false` while the plugin rests.
    pub fn admit(&mut self) -> bool {
        let rests = self.tripped();
        self.resting = self.resting.saturating_sub(1);
        !rests
    }

    /// Whether the plugin rests.
    pub fn tripped(&self) -> bool {
        self.resting > 0
    }

    /// Whether the next failure trips: try with a single row first.
    pub fn on_trial(&self) -> bool {
        !self.tripped() && self.failures + 1 >= FAILURES
    }

    /// A row was answered.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// A row failed through the plugin's fault; `true` where this trips the breaker.
    pub fn failed(&mut self) -> bool {
        self.failures += 1;
        let trips = self.failures >= FAILURES;
        if trips {
            // One more failure after the rest trips again.
            (self.failures, self.resting) = (FAILURES - 1, REST);
        }
        trips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_rests_again_and_again_is_told_rarely() {
        let told: Vec<u64> = (0..=100_000).filter(|trips| is_news(*trips)).collect();
        assert_eq!(told, [1, 10, 100, 1_000, 10_000, 100_000]);
        assert!(is_news(10_000_000_000_000_000_000) && !is_news(u64::MAX));
    }

    #[test]
    fn trips_rests_and_tries_again() {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            assert!(breaker.admit() && !breaker.failed());
        }
        breaker.succeeded();
        let tripped: Vec<bool> = (0..FAILURES).map(|_| breaker.failed()).collect();
        assert_eq!(tripped, [false, false, false, false, true]);
        for _ in 0..REST {
            assert!(!breaker.admit());
        }
        assert!(breaker.admit() && breaker.on_trial());
        assert!(breaker.failed() && !breaker.admit());
        for _ in 1..REST {
            assert!(!breaker.admit());
        }
        assert!(breaker.admit());
        breaker.succeeded();
        assert!(!breaker.on_trial() && !breaker.failed());
    }
}
