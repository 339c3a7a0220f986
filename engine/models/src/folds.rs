//! Which rows a model is validated on: never rows whose time, or whose group, the training saw.
//!
//! Nothing here depends on the order of the rows: groups are ordered by a hash of what their rows hold.

use crate::error::ModelError;
use crate::table::Table;
use staunch_core::time::{Span, Time};

/// Parts of a cross-validation without times.
const PARTS: usize = 5;
/// Where the cuts of a validation by time lie, as shares of the rows in the order of time.
const CUTS: [f64; 3] = [0.5, 0.65, 0.8];
const MIN_OF_EACH: usize = 10;

/// Rows to train on, and rows to see how good that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows that the training does not see.
    pub held: Vec<usize>,
}

/// How a table was split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The later rows are held out, and none is trained on whose label was not known by then.
    Time,
    /// Whole groups are drawn.
    Groups,
    /// Rows are drawn.
    Rows,
}

/// The rule that a table is split by: by time where its rows have one, else by group.
pub fn rule(table: &Table) -> Rule {
    if !table.is_empty() && table.at.len() == table.len() {
        return Rule::Time;
    }
    if groups(table).len() < table.len() { Rule::Groups } else { Rule::Rows }
}

/// The numbers of the groups that occur.
fn groups(table: &Table) -> Vec<u32> {
    let mut groups = table.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The folds of a cross-validation: by time three that each train on the past and hold out what came next, else five
/// that hold out every group once, both labels spread evenly. Every fold has at least ten rows of each label to train on
/// and one to measure on.
pub fn folds(table: &Table, horizon: Span, seed: u64) -> Result<Vec<Fold>, ModelError> {
    let all = if rule(table) == Rule::Time { by_time(table, horizon) } else { by_group(table, seed) };
    let enough = |rows: &[usize], least: usize| {
        let positives = rows.iter().filter(|&&row| table.labels[row]).count();
        positives >= least && rows.len() - positives >= least
    };
    let sound: Vec<Fold> =
        all.into_iter().filter(|fold| enough(&fold.train, MIN_OF_EACH) && enough(&fold.held, 1)).collect();
    if sound.is_empty() {
        let how = match rule(table) {
            Rule::Time => format!(", cut in time with {horizon} between"),
            Rule::Groups => format!(", number of groups {}", groups(table).len()),
            Rule::Rows => String::new(),
        };
        let (rows, positives) = (table.len(), table.positives());
        let text = format!(
            "{rows} rows, {positives} with a positive label{how}: too few to train on one part and validate on another"
        );
        return Err(ModelError::TooLittle(text));
    }
    Ok(sound)
}

/// Sets a share of the rows aside to measure on: the latest, else whole groups.
pub fn hold_out(table: &Table, share: f64, horizon: Span, seed: u64) -> Result<(Table, Table), ModelError> {
    if rule(table) == Rule::Time {
        return table.split(quantile(&table.at, 1.0 - share), horizon);
    }
    // Salted, so that the folds of what is left are drawn anew.
    let mut held = vec![false; table.len()];
    for (place, group) in strata(table, seed ^ 0x5e1d).iter().enumerate() {
        let taken = |groups: usize| (groups as f64 * share).floor();
        group.iter().for_each(|&row| held[row] = taken(place + 1) > taken(place));
    }
    let rows = |want: bool| -> Vec<usize> { (0..table.len()).filter(|&row| held[row] == want).collect() };
    let (rest, out) = (rows(false), rows(true));
    if out.is_empty() {
        let (rows, groups) = (table.len(), groups(table).len());
        let text =
            format!("{rows} rows, number of groups {groups}: too few to set {:.0} % of them aside", 100.0 * share);
        return Err(ModelError::TooLittle(text));
    }
    Ok((table.pick(&rest), table.pick(&out)))
}

fn quantile(at: &[Time], share: f64) -> Time {
    let mut sorted = at.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() as f64 * share) as usize).or(sorted.last()).copied().unwrap_or(Time(0))
}

fn by_time(table: &Table, horizon: Span) -> Vec<Fold> {
    let cuts: Vec<Time> = CUTS.iter().map(|share| quantile(&table.at, *share)).collect();
    let fold = |(place, cut): (usize, &Time)| {
        let until = cuts.get(place + 1);
        let rows = |keep: &dyn Fn(Time) -> bool| (0..table.len()).filter(|&row| keep(table.at[row])).collect();
        Fold {
            train: rows(&|at| at + horizon <= *cut),
            held: rows(&|at| at >= *cut && until.is_none_or(|until| at < *until)),
        }
    };
    cuts.iter().enumerate().map(fold).collect()
}

fn by_group(table: &Table, seed: u64) -> Vec<Fold> {
    let mut part = vec![0; table.len()];
    for (place, group) in strata(table, seed).iter().enumerate() {
        group.iter().for_each(|&row| part[row] = place % PARTS);
    }
    let rows = |keep: &dyn Fn(usize) -> bool| (0..table.len()).filter(|&row| keep(part[row])).collect();
    (0..PARTS).map(|own| Fold { train: rows(&|part| part != own), held: rows(&|part| part == own) }).collect()
}

/// The rows of each group; groups with a positive label first, and each kind in an order drawn by the seed.
pub(crate) fn strata(table: &Table, seed: u64) -> Vec<Vec<usize>> {
    let count = table.groups.iter().map(|group| *group as usize + 1).max().unwrap_or(0);
    let mut groups: Vec<(bool, u64, Vec<usize>)> = vec![(true, 0, Vec::new()); count];
    for row in 0..table.len() {
        let (none, key, rows) = &mut groups[table.groups[row] as usize];
        *none &= !table.labels[row];
        *key = key.wrapping_add(row_hash(table, row, seed));
        rows.push(row);
    }
    groups.retain(|(_, _, rows)| !rows.is_empty());
    groups.sort_by_key(|(none, key, _)| (*none, *key));
    groups.into_iter().map(|(_, _, rows)| rows).collect()
}

/// A hash of what a row holds.
fn row_hash(table: &Table, row: usize, seed: u64) -> u64 {
    if let Some(key) = table.keys.get(row) {
        return mix(seed ^ mix(*key));
    }
    let instant = table.at.get(row).map_or(0, |at| at.0 as u64);
    let start = mix(seed ^ mix(instant) ^ u64::from(table.labels[row]));
    // A missing value counts as a NaN that no cell holds; −0 and 0 are one number.
    let bits = |cell: Option<f64>| cell.map_or(u64::MAX, |x| (x + 0.0).to_bits());
    table.columns.iter().fold(start, |hash, column| mix(hash.wrapping_mul(31).wrapping_add(bits(column[row]))))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(bits: u64) -> u64 {
    let z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn table(rows: u32, of_group: u32) -> Table {
        let column = (0..rows).map(|row| Some(f64::from(row * 7_919 % 1_000))).collect();
        Table {
            inputs: vec!["x".into()],
            columns: vec![column],
            labels: (0..rows).map(|row| row % 4 == 0).collect(),
            groups: (0..rows).map(|row| row / of_group).collect(),
            ..Table::default()
        }
    }

    fn groups_of(table: &Table, rows: &[usize]) -> HashSet<u32> {
        rows.iter().map(|&row| table.groups[row]).collect()
    }

    #[test]
    fn groups_stay_together_and_every_row_is_held_out_once() {
        let table = table(600, 3);
        assert_eq!(rule(&table), Rule::Groups);
        let folds = folds(&table, Span::days(0), 7).unwrap();
        let mut held: Vec<usize> = folds.iter().flat_map(|fold| fold.held.clone()).collect();
        held.sort_unstable();
        assert_eq!((folds.len(), held), (5, (0..600).collect::<Vec<_>>()));
        for fold in &folds {
            assert_eq!(fold.train.len() + fold.held.len(), 600);
            assert!(groups_of(&table, &fold.train).is_disjoint(&groups_of(&table, &fold.held)));
        }
        let (rest, out) = hold_out(&table, 0.2, Span::days(0), 7).unwrap();
        assert_eq!((rest.len(), out.len()), (480, 120));
        let of = |table: &Table| table.groups.iter().copied().collect::<HashSet<_>>();
        assert!(of(&rest).is_disjoint(&of(&out)));
    }

    #[test]
    fn labels_are_spread_evenly_and_the_seed_decides() {
        let table = table(1_000, 1);
        assert_eq!(rule(&table), Rule::Rows);
        let first = folds(&table, Span::days(0), 1).unwrap();
        for fold in &first {
            assert_eq!(fold.held.iter().filter(|&&row| table.labels[row]).count(), 50);
        }
        assert_eq!(first, folds(&table, Span::days(0), 1).unwrap());
        assert_ne!(first, folds(&table, Span::days(0), 2).unwrap());
    }

    #[test]
    fn time_is_split_with_a_gap_for_the_label() {
        let day = Span::days(1).0;
        let mut table = table(1_000, 1);
        table.at = (0..1_000).map(|row| Time(row * day)).collect();
        let folds = folds(&table, Span::days(30), 1).unwrap();
        let ends: Vec<_> = folds.iter().map(|f| (f.train.last(), f.held.first(), f.held.last())).collect();
        let end = |a, b, c| (a, b, c);
        assert_eq!(
            ends,
            [
                end(Some(&470), Some(&500), Some(&649)),
                end(Some(&620), Some(&650), Some(&799)),
                end(Some(&770), Some(&800), Some(&999)),
            ]
        );
        let (rest, out) = hold_out(&table, 0.1, Span::days(30), 1).unwrap();
        assert_eq!((rest.len(), out.len()), (871, 100));
    }

    #[test]
    fn too_little_is_refused() {
        assert!(matches!(folds(&table(20, 1), Span::days(0), 1), Err(ModelError::TooLittle(_))));
        let mut early = table(400, 1);
        early.at = (0..400).map(Time).collect();
        assert!(matches!(folds(&early, Span::days(30), 1), Err(ModelError::TooLittle(_))));
        let two = table(400, 200);
        assert!(folds(&table(400, 400), Span::days(0), 1).unwrap_err().to_string().contains("number of groups 1"));
        let error = hold_out(&two, 0.2, Span::days(0), 1).unwrap_err();
        assert_eq!(error.to_string(), "400 rows, number of groups 2: too few to set 20 % of them aside");
    }
}
