//! What a plugin was asked, how long it took and what its inputs held: plain counts, for metrics and for drift.
//!
//! Of inputs a share of the rows is looked at, so that counting costs little: all of the first ones, then every eighth.

use crate::batch::Row;
use staunch_core::value::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of a call's wall time, in microseconds; one more bucket is for longer calls.
pub const LATENCY_MICROS: [u64; 12] = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 100_000, 1_000_000];
/// Rows that are all looked at before only some are.
const FIRST: u64 = 1_000;
/// Then one row of so many is looked at.
const STEP: u64 = 8;
/// Powers of two that part the numbers of either sign, from the smallest to the largest.
const LOWEST: i32 = -4;
const POWERS: usize = 25;
/// Bins of an input's numbers: one around zero, the others by sign and power of two.
pub const BINS: usize = 2 * POWERS + 1;

/// What one plugin was asked since it was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginUsage {
    /// Its name.
    pub plugin: String,
    /// sha256 of its component.
    pub digest: String,
    /// Its version.
    pub version: String,
    /// Calls that reached it.
    pub calls: u64,
    /// Rows of those calls; a batch that failed is asked again in halves.
    pub rows: u64,
    /// Rows without an answer, by code.
    pub failures: BTreeMap<String, u64>,
    /// Times that it began to rest.
    pub trips: u64,
    /// Instructions of all calls that answered.
    pub fuel: u64,
    /// Calls by wall time: one count per bound of [`LATENCY_MICROS`], and one for longer calls.
    pub latency: [u64; LATENCY_MICROS.len() + 1],
    /// Wall time of all calls.
    pub time: Duration,
    /// One for each input of its manifest.
    pub inputs: Vec<InputUsage>,
}

/// What one input held in the rows that were looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct InputUsage {
    /// Its name.
    pub name: String,
    /// Rows that were looked at.
    pub looked: u64,
    /// Of those, rows without a value.
    pub missing: u64,
    /// Of those, rows with a number; 0 where the input is text.
    pub numbers: u64,
    /// Mean of the numbers, 0 where there is none.
    pub mean: f64,
    /// Sum of the squared distances from the mean.
    pub m2: f64,
    /// Smallest number; infinite where there is none.
    pub min: f64,
    /// Largest number; infinite where there is none.
    pub max: f64,
    /// Counts between the bounds of [`bin_bounds`].
    pub bins: [u64; BINS],
}

/// The bounds that part the bins of an input, ascending: bin `i` holds the numbers below bound `i` that are not below the
/// one before it. (A negative power itself is in the bin below it.)
pub fn bin_bounds() -> [f64; BINS - 1] {
    std::array::from_fn(|place| {
        let power = |n: usize| f64::from(2u8).powi(LOWEST + n as i32);
        if place < POWERS { -power(POWERS - 1 - place) } else { power(place - POWERS) }
    })
}

fn bin(x: f64) -> usize {
    // The exponent of a number is the power of two that it does not fall short of.
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1_023;
    let size = (exponent - LOWEST + 1).clamp(0, POWERS as i32) as usize;
    if x < 0.0 { POWERS - size } else { POWERS + size }
}

/// The counts of one plugin.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: u64,
    rows: u64,
    failures: BTreeMap<String, u64>,
    trips: u64,
    fuel: u64,
    latency: [u64; LATENCY_MICROS.len() + 1],
    time: Duration,
    /// Rows that came by, looked at or not.
    passed: u64,
    inputs: Vec<Sums>,
}

#[derive(Debug)]
struct Sums {
    looked: u64,
    missing: u64,
    numbers: u64,
    /// The first number; sums of distances from it lose no digits where all numbers are large and alike.
    origin: f64,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
    bins: [u64; BINS],
}

impl Meter {
    /// One for a plugin with so many inputs.
    pub fn new(inputs: usize) -> Meter {
        let inputs = (0..inputs).map(|_| Sums::new()).collect();
        Meter(Mutex::new(Counts { inputs, ..Counts::default() }))
    }

    /// A call ended; instructions where it answered.
    pub fn call(&self, rows: usize, fuel: u64, time: Duration) {
        let place = LATENCY_MICROS.partition_point(|bound| u128::from(*bound) < time.as_micros());
        let mut counts = self.counts();
        counts.calls += 1;
        counts.rows += rows as u64;
        counts.fuel += fuel;
        counts.time += time;
        counts.latency[place] += 1;
    }

    /// So many rows have no answer.
    pub fn failed(&self, code: &str, rows: usize) {
        let mut counts = self.counts();
        match counts.failures.get_mut(code) {
            Some(count) => *count += rows as u64,
            None => {
                counts.failures.insert(code.to_owned(), rows as u64);
            }
        }
    }

    /// The plugin began to rest; how often it did so far.
    pub fn tripped(&self) -> u64 {
        let mut counts = self.counts();
        counts.trips += 1;
        counts.trips
    }

    /// Rows are to be scored.
    pub fn rows(&self, rows: &[Row<'_>]) {
        let mut counts = self.counts();
        let counts = &mut *counts;
        for row in chosen(&mut counts.passed, rows.len()) {
            for (cell, sums) in rows[row].iter().zip(&mut counts.inputs) {
                match cell {
                    None => sums.missing(),
                    Some(Value::Text(_)) => sums.looked += 1,
                    Some(value) => sums.number(value.number().unwrap_or(f64::NAN)),
                }
            }
        }
    }

    /// Rows of bare numbers are to be scored, row after row.
    pub fn numbers(&self, rows: usize, numbers: &[f64]) {
        let mut counts = self.counts();
        let counts = &mut *counts;
        let width = counts.inputs.len();
        for row in chosen(&mut counts.passed, rows) {
            for (number, sums) in numbers[row * width..].iter().zip(&mut counts.inputs) {
                sums.number(*number);
            }
        }
    }

    /// All counts, for a plugin of this name whose inputs have these names.
    pub fn usage<'a>(&self, [plugin, version, digest]: [&str; 3], names: impl Iterator<Item = &'a str>) -> PluginUsage {
        let counts = self.counts();
        PluginUsage {
            plugin: plugin.to_owned(),
            digest: digest.to_owned(),
            version: version.to_owned(),
            calls: counts.calls,
            rows: counts.rows,
            failures: counts.failures.clone(),
            trips: counts.trips,
            fuel: counts.fuel,
            latency: counts.latency,
            time: counts.time,
            inputs: names.zip(&counts.inputs).map(|(name, sums)| sums.usage(name)).collect(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of the next rows are looked at.
fn chosen(passed: &mut u64, rows: usize) -> impl Iterator<Item = usize> + use<> {
    let (before, rows) = (*passed, rows as u64);
    *passed += rows;
    let all = FIRST.saturating_sub(before).min(rows);
    let next = all + (STEP - (before + all) % STEP) % STEP;
    (0..all).chain((next..rows).step_by(STEP as usize)).map(|row| row as usize)
}

impl Sums {
    fn new() -> Sums {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        let (origin, sum, squares) = (0.0, 0.0, 0.0);
        Sums { looked: 0, missing: 0, numbers: 0, origin, sum, squares, min, max, bins: [0; BINS] }
    }

    fn missing(&mut self) {
        self.looked += 1;
        self.missing += 1;
    }

    fn number(&mut self, x: f64) {
        if x.is_nan() {
            return self.missing();
        }
        if self.numbers == 0 {
            self.origin = x;
        }
        self.looked += 1;
        self.numbers += 1;
        let distance = x - self.origin;
        self.sum += distance;
        self.squares += distance * distance;
        self.min = self.min.min(x);
        self.max = self.max.max(x);
        self.bins[bin(x)] += 1;
    }

    fn usage(&self, name: &str) -> InputUsage {
        let count = self.numbers as f64;
        let (mean, m2) = match self.numbers {
            0 => (0.0, 0.0),
            _ => (self.origin + self.sum / count, (self.squares - self.sum * self.sum / count).max(0.0)),
        };
        let Sums { looked, missing, numbers, min, max, bins, .. } = *self;
        InputUsage { name: name.to_owned(), looked, missing, numbers, mean, m2, min, max, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_number_is_in_the_bin_between_its_bounds() {
        let bounds = bin_bounds();
        assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds[0] == -bounds[BINS - 2]);
        for x in [0.0, -0.0, 0.0624, 0.0625, 1.0, 1.5, 2.0, -1.5, 3e9, -3e9, 1e300, -1e300, f64::MIN_POSITIVE, 5e-324] {
            let place = bin(x);
            assert!(place == BINS - 1 || x < bounds[place], "{x}");
            assert!(place == 0 || x >= bounds[place - 1], "{x}");
        }
    }

    #[test]
    fn a_call_is_in_the_bucket_of_its_time() {
        let meter = Meter::new(0);
        for micros in [0, 10, 11, 1_000_000, 1_000_001] {
            meter.call(2, 5, Duration::from_micros(micros));
        }
        meter.failed("ST3004", 3);
        meter.failed("ST3004", 1);
        assert_eq!(meter.tripped(), 1);
        let usage = meter.usage(["m", "1", "d"], std::iter::empty());
        assert_eq!((usage.calls, usage.rows, usage.fuel, usage.trips), (5, 10, 25, 1));
        assert_eq!((usage.latency[0], usage.latency[1], usage.latency[11], usage.latency[12]), (2, 1, 1, 1));
        assert_eq!(usage.failures, BTreeMap::from([("ST3004".to_owned(), 4)]));
    }

    #[test]
    fn all_of_the_first_rows_are_looked_at_and_then_every_eighth() {
        for batch in [1, 7, 256, 1_024] {
            let (mut passed, mut looked) = (0, Vec::new());
            while passed < 5_000 {
                let before = passed;
                looked.extend(chosen(&mut passed, batch).map(|row| before + row as u64));
            }
            let want: Vec<u64> = (0..passed).filter(|row| *row < FIRST || row % STEP == 0).collect();
            assert_eq!(looked, want, "{batch}");
        }
    }

    proptest! {
        #[test]
        fn sums_are_those_of_all_numbers(numbers in prop::collection::vec(prop::option::of(-1e6f64..1e6), 1..200)) {
            let meter = Meter::new(1);
            let bare: Vec<f64> = numbers.iter().map(|one| one.unwrap_or(f64::NAN)).collect();
            meter.numbers(bare.len(), &bare);
            let there: Vec<f64> = numbers.iter().copied().flatten().collect();
            let input = meter.usage(["m", "1", "d"], ["x"].into_iter()).inputs.remove(0);
            prop_assert_eq!((input.looked, input.numbers), (numbers.len() as u64, there.len() as u64));
            prop_assert_eq!(input.missing + input.numbers, input.looked);
            prop_assert_eq!(input.bins.iter().sum::<u64>(), input.numbers);
            if !there.is_empty() {
                let mean = there.iter().sum::<f64>() / there.len() as f64;
                let m2: f64 = there.iter().map(|x| (x - mean).powi(2)).sum();
                prop_assert!((input.mean - mean).abs() < 1e-6 && (input.m2 - m2).abs() <= 1e-9 * m2 + 1e-3);
                prop_assert_eq!(input.min, there.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(input.max, there.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
}
