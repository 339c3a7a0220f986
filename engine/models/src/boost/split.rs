//! The best question to ask the rows of a leaf.

use super::bins::{Column, Meaning};
use super::category;
use super::histogram::Sums;
use super::options::{BoostOptions, Direction};

/// A split must lower the loss by more than this: less is rounding.
const MIN_GAIN: f64 = 1e-7;

/// Which bins go left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bins([u64; 4]);

impl Bins {
    pub(crate) fn insert(&mut self, bin: usize) {
        self.0[bin / 64] |= 1 << (bin % 64);
    }

    pub(crate) fn holds(&self, bin: usize) -> bool {
        self.0[bin / 64] >> (bin % 64) & 1 == 1
    }
}

/// Between which values the answer of a leaf must lie, so that constraints hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub low: f64,
    pub high: f64,
}

impl Bounds {
    pub(crate) const NONE: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

/// A split that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// By how much the loss falls, to second order.
    pub gain: f64,
    /// Index of the column.
    pub column: usize,
    /// Bins that go left; bin 0 where rows without a value do.
    pub left: Bins,
    /// Of a number: the last bin of values that goes left.
    pub last: Option<usize>,
    /// Sums of the left side.
    pub sums: Sums,
}

/// What a leaf's rows and settings say about splits.
pub(crate) struct Scene<'a> {
    options: &'a BoostOptions,
    /// Sums of all rows of the leaf.
    pub whole: Sums,
    bounds: Bounds,
    /// Whether the bounds bind nothing.
    free: bool,
    /// What the leaf saves without a split.
    before: f64,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(options: &'a BoostOptions, whole: Sums, bounds: Bounds) -> Scene<'a> {
        let free = bounds.low == f64::NEG_INFINITY && bounds.high == f64::INFINITY;
        let mut scene = Scene { options, whole, bounds, free, before: 0.0 };
        scene.before = scene.saved(whole, scene.answer(whole, 0.0), 0.0);
        scene
    }

    /// The answer that is best for some rows, within the bounds.
    pub(crate) fn answer(&self, sums: Sums, extra_l2: f64) -> f64 {
        let weight = sums.curve() + self.options.l2 + extra_l2;
        (-sums.gradient() / weight).clamp(self.bounds.low, self.bounds.high)
    }

    /// By how much an answer lowers the loss of the rows, to second order.
    fn saved(&self, sums: Sums, answer: f64, extra_l2: f64) -> f64 {
        let weight = sums.curve() + self.options.l2 + extra_l2;
        -(sums.gradient() * answer + 0.5 * weight * answer * answer)
    }

    /// What a split gains where it is allowed.
    pub(crate) fn gain(&self, left: Sums, direction: Option<Direction>, extra_l2: f64) -> Option<f64> {
        let right = self.whole.less(left);
        let large = |side: Sums| side.rows >= self.options.leaf_rows && side.curve() >= self.options.leaf_curve;
        if !large(left) || !large(right) {
            return None;
        }
        if self.free && direction.is_none() {
            let best = |side: Sums| {
                let gradient = side.gradient();
                0.5 * gradient * gradient / (side.curve() + self.options.l2 + extra_l2)
            };
            let gain = best(left) + best(right) - self.before;
            return (gain > MIN_GAIN).then_some(gain);
        }
        let (down, up) = (self.answer(left, extra_l2), self.answer(right, extra_l2));
        let broken = match direction {
            None => false,
            Some(Direction::Up) => down > up,
            Some(Direction::Down) => down < up,
        };
        let gain = self.saved(left, down, extra_l2) + self.saved(right, up, extra_l2) - self.before;
        (!broken && gain > MIN_GAIN).then_some(gain)
    }
}

/// The best split of a leaf by any column; the first of equal ones.
pub(crate) fn best(
    scene: &Scene<'_>,
    columns: &[Column],
    offsets: &[usize],
    histogram: &[Sums],
    bound: &[Option<Direction>],
) -> Option<Found> {
    let mut best: Option<Found> = None;
    for (index, column) in columns.iter().enumerate() {
        let bins = &histogram[offsets[index]..offsets[index + 1]];
        let found = match column.meaning {
            Meaning::Number(_) => number(scene, bins, bound[column.input]),
            Meaning::Text(_) => category::best(scene, bins),
        };
        if let Some(found) = found.filter(|found| best.as_ref().is_none_or(|best| found.gain > best.gain)) {
            best = Some(Found { column: index, ..found });
        }
    }
    best
}

/// The best threshold of a column of numbers, and the side of the missing rows: the one that fits better, and that of
/// most rows where none is missing.
fn number(scene: &Scene<'_>, bins: &[Sums], direction: Option<Direction>) -> Option<Found> {
    let missing = bins[0];
    let mut best: Option<(f64, usize, bool, Sums)> = None;
    let mut below = Sums::default();
    for (bin, sums) in bins.iter().enumerate().skip(1) {
        below = below.plus(*sums);
        if sums.rows == 0 {
            continue;
        }
        for with_missing in [false, true] {
            if with_missing && missing.rows == 0 {
                continue;
            }
            let left = if with_missing { below.plus(missing) } else { below };
            if let Some(gain) = scene.gain(left, direction, 0.0)
                && best.is_none_or(|(known, ..)| gain > known)
            {
                best = Some((gain, bin, with_missing, left));
            }
        }
    }
    let (gain, last, with_missing, sums) = best?;
    let missing_left = if missing.rows == 0 { 2 * sums.rows > scene.whole.rows } else { with_missing };
    let mut left = Bins::default();
    (1..=last).for_each(|bin| left.insert(bin));
    if missing_left {
        left.insert(0);
    }
    Some(Found { gain, column: 0, left, last: Some(last), sums })
}
