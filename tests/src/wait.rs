//! Waiting with a deadline, never blindly.

use std::time::{Duration, Instant};

/// Polls until `probe` gives a value; fails after `seconds` with what was waited for.
#[track_caller]
pub fn within<T>(seconds: u64, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {seconds} s in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Polls until `probe` holds.
#[track_caller]
pub fn until(seconds: u64, what: &str, mut probe: impl FnMut() -> bool) {
    within(seconds, what, || probe().then_some(()));
}
