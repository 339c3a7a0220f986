//! Two versions of a score on the same rows: how far they are apart, and which of them foresaw what happened.

use crate::evaluate::{Measure, Sorted, interval};
use crate::rng::Rng;

/// One row that both scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// What the version in force said.
    pub champion: f64,
    /// What the other one said.
    pub challenger: f64,
    /// Whether the outcome happened, where that is known.
    pub label: Option<bool>,
    /// Rows of one group, such as a person, are drawn together.
    pub group: u32,
}

/// The comparison of all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Rows.
    pub rows: usize,
    /// Mean score of each, the champion's first.
    pub means: [f64; 2],
    /// Mean size of the difference.
    pub distance: f64,
    /// Spearman's rank correlation, ties at their mean rank; NaN where one of them says the same of every row.
    pub correlation: f64,
    /// Rows with a known outcome; `None` where it is the same for all of them.
    pub foresight: Option<Foresight>,
}

/// How well both foresaw the outcomes. A gain is challenger − champion with a 95 % interval by a paired bootstrap over
/// groups: both are measured on each draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    /// Rows with a known outcome.
    pub rows: usize,
    /// Of those, rows where it happened.
    pub positives: usize,
    /// AUC of each, the champion's first.
    pub auc: [f64; 2],
    /// Log loss of each.
    pub log_loss: [f64; 2],
    /// What the challenger's AUC is higher by.
    pub auc_gain: Measure,
    /// What the challenger's log loss is higher by: below 0 is better.
    pub log_loss_gain: Measure,
}

/// Compares rows; there is at least one. The same seed gives the same intervals.
pub fn compare(pairs: &[Pair], resamples: usize, seed: u64) -> Option<Comparison> {
    let count = pairs.len() as f64;
    let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (champion, challenger): (Vec<f64>, Vec<f64>) =
        pairs.iter().map(|pair| (pair.champion, pair.challenger)).unzip();
    (!pairs.is_empty()).then(|| Comparison {
        rows: pairs.len(),
        means: [mean(&|pair| pair.champion), mean(&|pair| pair.challenger)],
        distance: mean(&|pair| (pair.champion - pair.challenger).abs()),
        correlation: pearson(&ranks(&champion), &ranks(&challenger)),
        foresight: foresight(pairs, resamples, seed),
    })
}

fn foresight(pairs: &[Pair], resamples: usize, seed: u64) -> Option<Foresight> {
    let known: Vec<(&Pair, bool)> = pairs.iter().filter_map(|pair| Some((pair, pair.label?))).collect();
    let labels: Vec<bool> = known.iter().map(|(_, label)| *label).collect();
    let groups = numbered(known.iter().map(|(pair, _)| pair.group));
    let count = groups.iter().map(|group| *group as usize + 1).max()?;
    let sorted = [|pair: &Pair| pair.champion, |pair: &Pair| pair.challenger].map(|of| {
        let scores: Vec<f64> = known.iter().map(|(pair, _)| of(pair)).collect();
        Sorted::numbered(&scores, &labels, &groups)
    });
    let whole = vec![1; count];
    let [one, two] = [sorted[0].qualities(&whole)?, sorted[1].qualities(&whole)?];
    let (mut rng, mut draws) = (Rng::new(seed), [Vec::new(), Vec::new()]);
    for _ in 0..resamples {
        let mut weights = vec![0u32; count];
        (0..count).for_each(|_| weights[rng.below(count)] += 1);
        if let (Some(one), Some(two)) = (sorted[0].qualities(&weights), sorted[1].qualities(&weights)) {
            draws[0].push(two[0] - one[0]);
            draws[1].push(two[1] - one[1]);
        }
    }
    let [auc, loss] = draws;
    Some(Foresight {
        rows: labels.len(),
        positives: labels.iter().filter(|label| **label).count(),
        auc: [one[0], two[0]],
        log_loss: [one[1], two[1]],
        auc_gain: interval(two[0] - one[0], auc),
        log_loss_gain: interval(two[1] - one[1], loss),
    })
}

/// Groups by numbers from 0 without gaps, in the order in which they occur.
fn numbered(groups: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut known = std::collections::HashMap::new();
    groups
        .map(|group| {
            let next = known.len() as u32;
            *known.entry(group).or_insert(next)
        })
        .collect()
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut before) = (vec![0.0; values.len()], 0);
    for ties in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (ties.len() as f64 + 1.0) / 2.0;
        ties.iter().for_each(|place| ranks[*place] = rank);
        before += ties.len();
    }
    ranks
}

fn pearson(one: &[f64], two: &[f64]) -> f64 {
    let count = one.len() as f64;
    let mean = |list: &[f64]| list.iter().sum::<f64>() / count;
    let (m1, m2) = (mean(one), mean(two));
    let sum = |of: &dyn Fn(f64, f64) -> f64| one.iter().zip(two).map(|(a, b)| of(a - m1, b - m2)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    fn pair(champion: f64, challenger: f64, label: impl Into<Option<bool>>, group: u32) -> Pair {
        Pair { champion, challenger, label: label.into(), group }
    }

    #[test]
    fn known_figures() {
        let pairs = [
            pair(0.1, 0.2, false, 1),
            pair(0.4, 0.3, true, 2),
            pair(0.35, 0.1, false, 3),
            pair(0.8, 0.9, true, 4),
            pair(0.6, 0.6, None, 5),
            pair(0.6, 0.7, None, 6),
        ];
        let got = compare(&pairs, 200, 1).unwrap();
        assert_eq!(got.rows, 6);
        assert!((got.means[0] - 2.85 / 6.0).abs() < 1e-12 && (got.means[1] - 2.8 / 6.0).abs() < 1e-12);
        assert!((got.distance - (0.1 + 0.1 + 0.25 + 0.1 + 0.0 + 0.1) / 6.0).abs() < 1e-12);
        // Ranks 1 3 2 6 4.5 4.5 and 2 3 1 6 4 5: Σ of products about 3.5 is 16, of squares 17 and 17.5.
        assert!((got.correlation - 16.0 / (17.0f64 * 17.5).sqrt()).abs() < 1e-12, "{}", got.correlation);
        let foresight = got.foresight.unwrap();
        assert_eq!((foresight.rows, foresight.positives, foresight.auc), (4, 2, [1.0, 1.0]));
        assert_eq!(foresight.auc_gain.value, 0.0);
    }

    #[test]
    fn outcomes_that_are_all_the_same_tell_nothing() {
        assert_eq!(compare(&[], 10, 1), None);
        let pairs = [pair(0.1, 0.2, true, 1), pair(0.3, 0.2, true, 2), pair(0.3, 0.2, None, 2)];
        assert_eq!(compare(&pairs, 10, 1).unwrap().foresight, None);
    }

    #[test]
    fn a_better_challenger_is_told_from_chance() {
        let mut rng = Rng::new(7);
        let draw = |of: &mut Rng| of.below(1_000) as f64 / 1_000.0;
        let pairs: Vec<Pair> = (0..2_000)
            .map(|group| {
                let (truth, noise) = (draw(&mut rng), draw(&mut rng));
                let label = draw(&mut rng) < truth;
                pair((truth + noise) / 2.0, truth, label, group)
            })
            .collect();
        let found = compare(&pairs, 300, 3).unwrap().foresight.unwrap();
        assert!(found.auc_gain.low > 0.0 && found.log_loss_gain.high < 0.0, "{found:?}");
        let same: Vec<Pair> = pairs.iter().map(|one| Pair { challenger: one.champion, ..*one }).collect();
        let none = compare(&same, 100, 3).unwrap().foresight.unwrap();
        assert_eq!((none.auc_gain.low, none.auc_gain.value, none.auc_gain.high), (0.0, 0.0, 0.0));
    }

    proptest! {
        #[test]
        fn the_other_way_round_is_the_opposite(
            rows in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0, any::<Option<bool>>(), 0u32..9), 1..60),
        ) {
            let pairs: Vec<Pair> = rows.iter().map(|(a, b, label, group)| pair(*a, *b, *label, *group)).collect();
            let turned: Vec<Pair> =
                pairs.iter().map(|one| Pair { champion: one.challenger, challenger: one.champion, ..*one }).collect();
            let (one, two) = (compare(&pairs, 20, 5).unwrap(), compare(&turned, 20, 5).unwrap());
            prop_assert_eq!(one.means, [two.means[1], two.means[0]]);
            prop_assert_eq!(one.distance, two.distance);
            if let (Some(one), Some(two)) = (one.foresight, two.foresight) {
                prop_assert_eq!(one.auc_gain.value, -two.auc_gain.value);
                prop_assert!(one.auc_gain.low <= one.auc_gain.high);
                prop_assert_eq!(one.log_loss_gain.value, -two.log_loss_gain.value);
            }
        }
    }
}
