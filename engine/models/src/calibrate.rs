//! Fitting a calibration to held-out rows, and whether there should be one.
//!
//! Each kind is fitted on four fifths of the rows and judged on the rest, in turn: one that only learnt its rows by heart
//! loses. The order of the rows changes nothing.

use crate::boost::log_loss;
use crate::calibration::{Calibration, MAX_KNOTS};
use crate::math::{ln, sigmoid};

/// Isotonic regression learns noise from fewer rows (Niculescu-Mizil and Caruana 2005).
const ISOTONIC_ROWS: usize = 1_000;
const STEPS: usize = 50;
const KINDS: [(&str, Fit); 2] = [("platt", platt), ("isotonic", isotonic)];

type Fit = fn(&[Point]) -> Option<Calibration>;

/// A held-out row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The raw value, log-odds.
    pub raw: f64,
    /// Whether the outcome happened.
    pub label: bool,
}

impl Point {
    fn answer(&self) -> f64 {
        sigmoid(self.raw)
    }
}

/// Which calibration was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The calibration; none where none helps.
    pub calibration: Option<Calibration>,
    /// What each point gets by a calibration of the chosen kind that did not see it.
    pub answers: Vec<f64>,
    /// Every kind with its mean log loss on rows that its fit did not see; the first is `none`.
    pub tried: Vec<(&'static str, f64)>,
    /// Place of the chosen one in `tried`.
    pub chosen: usize,
}

/// Tries no calibration, Platt's and isotonic regression, and takes the lowest log loss; it must be lower than without by
/// more than its standard error. `part` says which fifth (or other part) a point belongs to.
pub fn choose(points: &[Point], part: &[usize]) -> Choice {
    let answers: Vec<f64> = points.iter().map(Point::answer).collect();
    let plain: Vec<f64> = points.iter().map(|point| log_loss(point.raw, point.label)).collect();
    let tried = vec![("none", mean(&plain))];
    let mut choice = Choice { calibration: None, answers, tried, chosen: 0 };
    for (name, fit) in KINDS {
        let (Some(calibration), Some(answers)) = (fit(points), crossed(points, part, fit)) else { continue };
        let losses: Vec<f64> = points.iter().zip(&answers).map(|(point, p)| loss(*p, point.label)).collect();
        let lower: Vec<f64> = plain.iter().zip(&losses).map(|(plain, loss)| plain - loss).collect();
        let (now, lowest) = (mean(&losses), choice.tried[choice.chosen].1);
        choice.tried.push((name, now));
        if now < lowest && mean(&lower) > standard_error(&lower) {
            choice.chosen = choice.tried.len() - 1;
            choice.calibration = Some(calibration);
            choice.answers = answers;
        }
    }
    choice
}

/// What each point gets by a fit on the other parts; `None` where one of these cannot be fitted.
fn crossed(points: &[Point], part: &[usize], fit: Fit) -> Option<Vec<f64>> {
    let parts = part.iter().max().map_or(0, |last| last + 1);
    let outside = |own: usize| -> Vec<Point> {
        points.iter().zip(part).filter(|(_, part)| **part != own).map(|(point, _)| *point).collect()
    };
    let known = (0..parts).map(|own| fit(&outside(own))).collect::<Option<Vec<_>>>()?;
    Some(points.iter().zip(part).map(|(point, part)| known[*part].apply(point.raw, point.answer())).collect())
}

/// −ln of the probability of what happened.
pub(crate) fn loss(p: f64, label: bool) -> f64 {
    -ln((if label { p } else { 1.0 - p }).clamp(1e-15, 1.0))
}

/// The mean loss of held-out rows, each with the probability that was given for it.
pub(crate) fn held_loss(held: &[(usize, f64)], labels: &[bool]) -> f64 {
    held.iter().map(|(row, p)| loss(*p, labels[*row])).sum::<f64>() / held.len().max(1) as f64
}

/// The mean, summed from the smallest on, so that the order does not matter.
fn mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.iter().sum::<f64>() / sorted.len().max(1) as f64
}

fn standard_error(values: &[f64]) -> f64 {
    let middle = mean(values);
    let squares: Vec<f64> = values.iter().map(|x| (x - middle) * (x - middle)).collect();
    (mean(&squares) / values.len().max(1) as f64).sqrt()
}

fn sorted(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a.raw.total_cmp(&b.raw).then(a.label.cmp(&b.label)));
    sorted
}

/// Platt's sigmoid (1999) by Newton's method, with his targets; `None` where it would not rise.
pub fn platt(points: &[Point]) -> Option<Calibration> {
    let points = sorted(points);
    let positives = points.iter().filter(|point| point.label).count() as f64;
    let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (points.len() as f64 - positives + 2.0));
    let (mut slope, mut intercept) = (1.0, 0.0);
    for _ in 0..STEPS {
        let (mut g, mut h) = ([0.0; 2], [1e-9, 0.0, 1e-9]);
        for point in &points {
            let p = sigmoid(slope * point.raw + intercept);
            let (error, curve) = (p - if point.label { high } else { low }, p * (1.0 - p));
            g[0] += error * point.raw;
            g[1] += error;
            h[0] += curve * point.raw * point.raw;
            h[1] += curve * point.raw;
            h[2] += curve;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let step = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
        if !step.iter().all(|s| s.is_finite()) {
            return None;
        }
        // Far from the solution a whole step may go too far.
        let length = (2.0 / step[0].abs().max(step[1].abs())).min(1.0);
        slope -= length * step[0];
        intercept -= length * step[1];
        if step[0].abs().max(step[1].abs()) < 1e-10 {
            break;
        }
    }
    (slope > 0.0).then_some(Calibration::Platt { slope, intercept })
}

/// A run of points that get one value.
#[derive(Clone, Copy)]
struct Block {
    rows: f64,
    positives: f64,
    answers: f64,
}

/// Isotonic regression by pooling neighbours that fall (Ayer et al. 1955), as a line through the middles of the pools;
/// `None` from too few points. No pool says never or always: at the ends stands what one more row of the
/// other outcome would make of it.
pub fn isotonic(points: &[Point]) -> Option<Calibration> {
    if points.len() < ISOTONIC_ROWS * 4 / 5 {
        return None;
    }
    let mut pools: Vec<Block> = Vec::new();
    for ties in sorted(points).chunk_by(|a, b| a.answer() == b.answer()) {
        let (rows, positives) = (ties.len() as f64, ties.iter().filter(|point| point.label).count() as f64);
        let mut last = Block { rows, positives, answers: rows * ties[0].answer() };
        while let Some(before) = pools.pop_if(|before| before.positives * last.rows >= last.positives * before.rows) {
            last.rows += before.rows;
            last.positives += before.positives;
            last.answers += before.answers;
        }
        pools.push(last);
    }
    let (first, last) = (pools.first()?, pools.last()?);
    let share = |pool: &Block| pool.positives / pool.rows;
    // Neighbours bound them, else a tiny pool at an end would lift or press its neighbours too.
    let floor = pools.get(1).map_or(1.0, share).min(1.0 / (first.rows + 2.0));
    let ceiling = pools.iter().rev().nth(1).map_or(0.0, share).max(1.0 - 1.0 / (last.rows + 2.0));
    let step = pools.len().div_ceil(MAX_KNOTS);
    let (mut from, mut to): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (place, pool) in pools.iter().enumerate() {
        let at = pool.answers / pool.rows;
        let ascends = from.last().is_none_or(|known| *known < at);
        if (place % step == 0 || place + 1 == pools.len()) && ascends && from.len() < MAX_KNOTS {
            from.push(at);
            to.push(share(pool).clamp(floor, ceiling));
        }
    }
    Some(Calibration::Isotonic { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use proptest::prelude::*;

    /// Points whose true log-odds are `truth(raw)`.
    fn points(seed: u64, count: usize, truth: impl Fn(f64) -> f64) -> (Vec<Point>, Vec<usize>) {
        let mut rng = Rng::new(seed);
        let mut unit = || rng.below(1 << 30) as f64 / f64::from(1 << 30);
        let point = |_| {
            let raw = 6.0 * unit() - 3.0;
            Point { raw, label: unit() < sigmoid(truth(raw)) }
        };
        ((0..count).map(point).collect(), (0..count).map(|row| row % 5).collect())
    }

    #[test]
    fn platt_finds_slope_and_intercept() {
        let (points, part) = points(1, 20_000, |raw| 0.5 * raw - 1.0);
        let Some(Calibration::Platt { slope, intercept }) = platt(&points) else { panic!("it fits") };
        assert!((slope - 0.5).abs() < 0.03 && (intercept + 1.0).abs() < 0.05, "{slope} {intercept}");
        let choice = choose(&points, &part);
        assert_eq!(choice.tried[choice.chosen].0, "platt", "{:?}", choice.tried);
        let falling = points.iter().map(|point| Point { label: !point.label, ..*point }).collect::<Vec<_>>();
        assert_eq!(platt(&falling), None);
    }

    #[test]
    fn isotonic_wins_where_no_sigmoid_fits_and_nothing_where_all_is_well() {
        let (bent, part) = points(2, 20_000, |raw| if raw < 0.0 { -2.0 } else { 2.0 });
        let choice = choose(&bent, &part);
        assert_eq!(choice.tried[choice.chosen].0, "isotonic", "{:?}", choice.tried);
        assert!(matches!(choice.calibration, Some(Calibration::Isotonic { .. })));
        let (good, part) = points(3, 20_000, |raw| raw);
        let choice = choose(&good, &part);
        assert_eq!((choice.tried[choice.chosen].0, choice.calibration), ("none", None), "{:?}", choice.tried);
        assert_eq!(choice.answers[7], sigmoid(good[7].raw));
    }

    #[test]
    fn order_does_not_matter() {
        let (mut points, _) = points(4, 3_000, |raw| 0.7 * raw);
        let before = (platt(&points), isotonic(&points));
        points.reverse();
        points.swap(10, 900);
        assert_eq!(before, (platt(&points), isotonic(&points)));
    }

    proptest! {
        #[test]
        fn isotonic_never_falls_and_never_says_never(
            labels in prop::collection::vec(any::<bool>(), 1_000..1_500), scale in 0.1..5.0f64
        ) {
            let points: Vec<Point> = labels
                .iter()
                .enumerate()
                .map(|(n, label)| Point { raw: scale * ((n * 7 % 101) as f64 / 50.0 - 1.0), label: *label })
                .collect();
            let known = isotonic(&points).unwrap();
            prop_assert_eq!(known.problem(), None);
            let at = |n: i32| known.apply(0.0, f64::from(n) / 1_000.0);
            for n in 0..1_000 {
                prop_assert!(at(n) <= at(n + 1) && at(n) > 0.0 && at(n) < 1.0);
            }
        }
    }
}
