//! The best question about a text: one text against the rest where few occur, else a set of texts found in the order of
//! their slopes (Fisher 1958), with slopes drawn towards zero where rows are few.

use super::histogram::Sums;
use super::split::{Bins, Found, Scene};

/// Up to so many texts each is tried alone.
const ONE_OF: usize = 4;
/// What is added to the curve of a text before texts are put in order.
const SMOOTHING: f64 = 10.0;
/// What is added to the penalty where a set is chosen: many sets can be, so the best of them flatters itself.
const SET_L2: f64 = 10.0;
/// Texts on the side of a set.
const MAX_SET: usize = 32;
/// A text with fewer rows in the leaf stays out of sets.
const MIN_ROWS: u32 = 5;

/// The best split by a column of texts. Rows without a text, or with one that is unknown, are one more text.
pub(crate) fn best(scene: &Scene<'_>, bins: &[Sums]) -> Option<Found> {
    let present: Vec<usize> = (0..bins.len()).filter(|&bin| bins[bin].rows > 0).collect();
    let (gain, set) = if present.len() <= ONE_OF { one(scene, bins, &present) } else { many(scene, bins, &present) }?;
    let (mut left, mut sums) = (Bins::default(), Sums::default());
    for bin in set {
        left.insert(bin);
        sums = sums.plus(bins[bin]);
    }
    if bins[0].rows == 0 && 2 * sums.rows > scene.whole.rows {
        left.insert(0);
    }
    Some(Found { gain, column: 0, left, last: None, sums })
}

fn one(scene: &Scene<'_>, bins: &[Sums], present: &[usize]) -> Option<(f64, Vec<usize>)> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for &bin in present {
        if let Some(gain) = scene.gain(bins[bin], None, 0.0)
            && best.as_ref().is_none_or(|(known, _)| gain > *known)
        {
            best = Some((gain, vec![bin]));
        }
    }
    best
}

fn many(scene: &Scene<'_>, bins: &[Sums], present: &[usize]) -> Option<(f64, Vec<usize>)> {
    let slope = |bin: usize| bins[bin].gradient() / (bins[bin].curve() + SMOOTHING);
    let mut order: Vec<usize> = present.iter().copied().filter(|&bin| bins[bin].rows >= MIN_ROWS).collect();
    order.sort_by(|&a, &b| slope(a).total_cmp(&slope(b)));
    let mut best: Option<(f64, Vec<usize>)> = None;
    for from_end in [false, true] {
        if from_end {
            order.reverse();
        }
        let mut left = Sums::default();
        for (place, &bin) in order.iter().take(MAX_SET).enumerate() {
            left = left.plus(bins[bin]);
            if let Some(gain) = scene.gain(left, None, SET_L2)
                && best.as_ref().is_none_or(|(known, _)| gain > *known)
            {
                best = Some((gain, order[..=place].to_vec()));
            }
        }
    }
    best
}
