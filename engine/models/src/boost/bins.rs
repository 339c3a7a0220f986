//! Columns as small numbers: the bins that splits are looked for in.
//!
//! Bin 0 is that of a missing value. Values of a number follow in ascending order; texts follow with the most frequent
//! one first. Which bins there are depends on what the rows hold, not on their order.

use crate::model::MAX_TEXT;
use crate::table::Table;

/// Bins of a column besides that of missing values.
pub(crate) const MAX_BINS: usize = 255;
/// A text that stands in fewer rows counts as missing, as one that was never seen does.
pub(crate) const MIN_LEVEL_ROWS: u32 = 10;

/// What the bins of a column mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Bin b + 1 holds the values above `cuts[b − 1]` and up to `cuts[b]`, the last bin all above.
    Number(Vec<f64>),
    /// Bin b + 1 holds this text.
    Text(Vec<String>),
}

/// A column of a training table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// Its place in the table.
    pub input: usize,
    /// What the bins mean.
    pub meaning: Meaning,
    /// The bin of each row.
    pub bins: Vec<u8>,
}

impl Column {
    /// How many bins there are, that of missing values included.
    pub(crate) fn width(&self) -> usize {
        match &self.meaning {
            Meaning::Number(cuts) => cuts.len() + 2,
            Meaning::Text(texts) => texts.len() + 1,
        }
    }
}

/// The columns of a table in bins.
pub(crate) fn columns(table: &Table) -> Vec<Column> {
    let column = |(input, cells): (usize, &Vec<Option<f64>>)| {
        let texts = table.texts(input);
        let (meaning, bins) = if texts.is_empty() { numbers(cells) } else { levels(cells, texts) };
        Column { input, meaning, bins }
    };
    table.columns.iter().enumerate().map(column).collect()
}

fn numbers(cells: &[Option<f64>]) -> (Meaning, Vec<u8>) {
    // −0 and 0 are one number.
    let mut sorted: Vec<f64> = cells.iter().flatten().map(|x| x + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let cuts = cuts(&sorted);
    let bin = |cell: &Option<f64>| cell.map_or(0, |x| cuts.partition_point(|cut| *cut < x) as u8 + 1);
    let bins = cells.iter().map(bin).collect();
    (Meaning::Number(cuts), bins)
}

/// Between which values bins end: everywhere where values are few, else where about as many rows lie in each.
fn cuts(sorted: &[f64]) -> Vec<f64> {
    let values: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
    let mut cuts = Vec::new();
    let (mut rows, mut left) = (0, sorted.len());
    for pair in values.windows(2) {
        rows += pair[0].len();
        let bins = MAX_BINS - cuts.len();
        if bins > 1 && (values.len() <= MAX_BINS || rows * bins >= left) {
            cuts.push(between(pair[0][0], pair[1][0]));
            left -= rows;
            rows = 0;
        }
    }
    cuts
}

/// A number from `low` on and below `high`, half way where there is one.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle >= low && middle < high { middle } else { low }
}

fn levels(cells: &[Option<f64>], texts: &[String]) -> (Meaning, Vec<u8>) {
    let mut rows = vec![0u32; texts.len()];
    cells.iter().flatten().for_each(|place| rows[*place as usize] += 1);
    // No model file holds longer texts, so they count as missing.
    let usable = |place: &usize| rows[*place] >= MIN_LEVEL_ROWS && texts[*place].len() <= MAX_TEXT;
    let mut known: Vec<usize> = (0..texts.len()).filter(usable).collect();
    // Texts are in ascending order, and this sort keeps that among equally frequent ones.
    known.sort_by_key(|place| std::cmp::Reverse(rows[*place]));
    known.truncate(MAX_BINS);
    let mut bin_of = vec![0u8; texts.len()];
    known.iter().zip(1..=u8::MAX).for_each(|(place, bin)| bin_of[*place] = bin);
    let bins = cells.iter().map(|cell| cell.map_or(0, |place| bin_of[place as usize])).collect();
    (Meaning::Text(known.into_iter().map(|place| texts[place].clone()).collect()), bins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_have_a_bin_each_and_missing_has_its_own() {
        let (meaning, bins) = numbers(&[Some(2.0), None, Some(-0.0), Some(5.0), Some(0.0), Some(2.0)]);
        assert_eq!((meaning, bins), (Meaning::Number(vec![1.0, 3.5]), vec![2, 0, 1, 3, 1, 2]));
        assert_eq!(numbers(&[None, None]), (Meaning::Number(Vec::new()), vec![0, 0]));
    }

    #[test]
    fn rare_texts_count_as_missing_and_the_most_frequent_is_first() {
        let texts = ["a", "b", "c", "d"].map(String::from);
        let counts = [10, 30, 9, 30];
        let cells: Vec<Option<f64>> =
            counts.iter().enumerate().flat_map(|(place, rows)| vec![Some(place as f64); *rows]).collect();
        let (meaning, bins) = levels(&cells, &texts);
        assert_eq!(meaning, Meaning::Text(["b", "d", "a"].map(String::from).to_vec()));
        assert_eq!((bins[0], bins[10], bins[40], bins[49]), (3, 1, 0, 2));
    }

    #[test]
    fn more_texts_than_bins_keep_the_frequent_ones() {
        let texts: Vec<String> = (0..300).map(|n| format!("t{n:03}")).collect();
        let cells: Vec<Option<f64>> =
            (0..300).flat_map(|place| vec![Some(f64::from(place)); if place < 40 { 10 } else { 12 }]).collect();
        let (meaning, bins) = levels(&cells, &texts);
        let Meaning::Text(known) = meaning else { panic!("these are texts") };
        assert_eq!((known.len(), known[0].as_str(), bins[0], *bins.iter().max().unwrap()), (255, "t040", 0, 255));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_value_lies_in_the_bin_that_the_cuts_say(
            cells in prop::collection::vec(prop::option::of(-1e300..1e300f64), 1..2_000), spread in 1..6_000i64
        ) {
            // Both shapes: all values differ, and few values that repeat.
            for cells in [cells.clone(), cells.iter().map(|c| c.map(|x| (x as i64 % spread) as f64)).collect()] {
                let (meaning, bins) = numbers(&cells);
                let Meaning::Number(cuts) = meaning else { panic!("these are numbers") };
                prop_assert!(cuts.len() < MAX_BINS && cuts.windows(2).all(|pair| pair[0] < pair[1]));
                for (cell, bin) in cells.iter().zip(bins) {
                    match cell {
                        None => prop_assert_eq!(bin, 0),
                        Some(x) => {
                            let at = usize::from(bin) - 1;
                            prop_assert!(at == 0 || cuts[at - 1] < *x);
                            prop_assert!(at == cuts.len() || *x <= cuts[at]);
                        }
                    }
                }
            }
        }
    }
}
