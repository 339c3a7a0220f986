//! Sums of slopes by bin.
//!
//! Sums are whole numbers of 2^−36: they are exact, so the order of the rows changes no bit, and what one child of a
//! node has is exactly what the node has less what the other has.

use super::bins::Column;

/// Units of a slope: 2^36.
const UNIT: f64 = (1u64 << 36) as f64;

/// First and second derivative of the loss by the raw value, summed over rows, and their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    gradient: i64,
    curve: i64,
    /// Rows.
    pub rows: u32,
}

/// The slopes of one row. Both are at most 1 in size, so that sums of 2^27 rows fit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slope {
    gradient: i64,
    curve: i64,
}

impl Slope {
    /// Of the log loss, where the model says `p`.
    pub(crate) fn of(p: f64, label: bool) -> Slope {
        let error = p - f64::from(u8::from(label));
        Slope { gradient: fixed(error), curve: fixed(p * (1.0 - p)) }
    }
}

/// A number of at most a few thousand in size as whole units.
pub(crate) fn fixed(x: f64) -> i64 {
    (x * UNIT).round_ties_even() as i64
}

/// Whole units as a number.
pub(crate) fn float(units: i64) -> f64 {
    units as f64 / UNIT
}

impl Sums {
    pub(crate) fn add(&mut self, slope: Slope) {
        self.gradient += slope.gradient;
        self.curve += slope.curve;
        self.rows += 1;
    }

    pub(crate) fn plus(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient + other.gradient, curve: self.curve + other.curve, rows: self.rows + other.rows }
    }

    pub(crate) fn less(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient - other.gradient, curve: self.curve - other.curve, rows: self.rows - other.rows }
    }

    /// Sum of the first derivatives.
    pub(crate) fn gradient(self) -> f64 {
        float(self.gradient)
    }

    /// Sum of the second derivatives.
    pub(crate) fn curve(self) -> f64 {
        float(self.curve)
    }
}

/// The sums of every bin of every column, one column after the other.
pub(crate) type Histogram = Vec<Sums>;

/// Where each column starts in a histogram, and its length as the last entry.
pub(crate) fn offsets(columns: &[Column]) -> Vec<usize> {
    let mut offsets = vec![0];
    offsets.extend(columns.iter().scan(0, |end, column| {
        *end += column.width();
        Some(*end)
    }));
    offsets
}

/// The histogram of some rows.
pub(crate) fn build(columns: &[Column], offsets: &[usize], rows: &[u32], slopes: &[Slope]) -> Histogram {
    let mut all = vec![Sums::default(); offsets.last().copied().unwrap_or(0)];
    // Side by side in memory once, instead of once per column.
    let near: Vec<Slope> = rows.iter().map(|row| slopes[*row as usize]).collect();
    for (column, offset) in columns.iter().zip(offsets) {
        let own = &mut all[*offset..*offset + column.width()];
        for (row, slope) in rows.iter().zip(&near) {
            own[usize::from(column.bins[*row as usize])].add(*slope);
        }
    }
    all
}

/// What is left of `whole` without `part`.
pub(crate) fn less(whole: &mut Histogram, part: &Histogram) {
    whole.iter_mut().zip(part).for_each(|(whole, part)| *whole = whole.less(*part));
}
