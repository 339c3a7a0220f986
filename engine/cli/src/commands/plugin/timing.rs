//! How long calls take: the middle and the upper end of many.

use std::time::{Duration, Instant};

/// Microseconds of one call.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Times {
    /// Half of the calls take less.
    pub p50: f64,
    /// One call of a hundred takes more.
    pub p99: f64,
}

/// Calls before the measured ones.
const WARM: usize = 20;
/// Calls that are measured at most.
const MOST: usize = 4_000;

/// Measures a call again and again, for at most this long. `call` takes the number of the call.
pub fn measure(most: Duration, mut call: impl FnMut(usize)) -> Times {
    let start = Instant::now();
    let mut times = Vec::new();
    for n in 0..WARM + MOST {
        let began = Instant::now();
        call(n);
        if n >= WARM || start.elapsed() > most {
            times.push(began.elapsed().as_nanos() as f64 / 1e3);
        }
        if start.elapsed() > most && !times.is_empty() {
            break;
        }
    }
    summary(&mut times)
}

/// Middle and upper end; 0 of nothing.
pub fn summary(times: &mut [f64]) -> Times {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied();
    Times { p50: at(50).unwrap_or(0.0), p99: at(99).unwrap_or(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_upper_end() {
        let mut times: Vec<f64> = (0..200).rev().map(f64::from).collect();
        let Times { p50, p99 } = summary(&mut times);
        assert_eq!((p50, p99), (100.0, 198.0));
        assert_eq!(summary(&mut []).p99, 0.0);
    }
}
