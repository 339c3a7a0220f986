//! Partial pooling: a person's counts by hour of the week, shrunk to everybody's profile.
//!
//! People's profiles are draws of a Dirichlet distribution around the population's, and events draws from a profile. Then the
//! expected profile of a person with `n` events is (strength · population + counts) / (strength + n): empirical Bayes with
//! the Dirichlet-multinomial, its strength estimated by maximum likelihood (Minka 2000). Events of neighbouring hours and of
//! the same hour on neighbouring days count a little, too; the week goes round.

use crate::WEEK;
use crate::population::{DAY_LEAK, HOUR_LEAK};

/// The expected profile of a person; sums to 1. `population` sums to 1, `strength` is in events.
pub fn pooled(counts: &[f64; WEEK], population: &[f64; WEEK], strength: f64) -> [f64; WEEK] {
    let total: f64 = counts.iter().sum();
    let smooth = smoothed(counts);
    let mut shares = [0.0; WEEK];
    for (share, (prior, count)) in shares.iter_mut().zip(population.iter().zip(&smooth)) {
        *share = (strength * prior + count) / (strength + total);
    }
    shares
}

/// Counts of which each gives a part to its neighbours, in hours and in days; the total stays.
pub fn smoothed(counts: &[f64; WEEK]) -> [f64; WEEK] {
    spread(&spread(counts, 1, HOUR_LEAK), 24, DAY_LEAK)
}

/// Gives the share `leak` of each count, half and half, to those `step` hours before and behind.
fn spread(counts: &[f64; WEEK], step: usize, leak: f64) -> [f64; WEEK] {
    let mut made = [0.0; WEEK];
    for (hour, place) in made.iter_mut().enumerate() {
        let (before, behind) = (counts[(hour + WEEK - step) % WEEK], counts[(hour + step) % WEEK]);
        *place = (1.0 - leak) * counts[hour] + leak / 2.0 * (before + behind);
    }
    made
}

/// Counts in local time, `offset` hours ahead (-14 to 14). Half an hour divides a count between two hours.
pub fn shifted(counts: &[f64; WEEK], offset: f64) -> [f64; WEEK] {
    let whole = offset.floor();
    let part = offset - whole;
    // From -14 on, so that nothing is below zero.
    let ahead = (whole + WEEK as f64) as usize;
    let mut made = [0.0; WEEK];
    for (hour, count) in counts.iter().enumerate() {
        made[(hour + ahead) % WEEK] += (1.0 - part) * count;
        made[(hour + ahead + 1) % WEEK] += part * count;
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::POPULATION;

    fn counts(seed: usize) -> [f64; WEEK] {
        std::array::from_fn(|hour| ((hour * 7 + seed * 13) % 5) as f64 * f64::from(hour % 3 == seed % 3))
    }

    #[test]
    fn nothing_is_lost() {
        let sum = |list: &[f64]| list.iter().sum::<f64>();
        assert!((sum(&POPULATION) - 1.0).abs() < 1e-12);
        for seed in 0..20 {
            let counts = counts(seed);
            assert!((sum(&smoothed(&counts)) - sum(&counts)).abs() < 1e-9);
            assert!((sum(&shifted(&counts, seed as f64 / 2.0 - 5.0)) - sum(&counts)).abs() < 1e-9);
            assert!((sum(&pooled(&counts, &POPULATION, 30.0)) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_more_events_the_less_pooling() {
        let mut own = [0.0; WEEK];
        let distance = |own: &[f64; WEEK]| {
            let shares = pooled(own, &POPULATION, 30.0);
            shares.iter().zip(&POPULATION).map(|(a, b)| (a - b).abs()).sum::<f64>()
        };
        assert!(distance(&own) < 1e-12);
        let mut last = 0.0;
        for events in [1.0, 10.0, 100.0, 1e6] {
            own[40] = events;
            let now = distance(&own);
            assert!(now > last);
            last = now;
        }
        assert!(last > 1.9, "two profiles without anything in common have the distance 2");
    }

    #[test]
    fn the_week_goes_round() {
        let mut sunday_night = [0.0; WEEK];
        sunday_night[WEEK - 1] = 10.0;
        let smooth = smoothed(&sunday_night);
        assert!(smooth[0] > 0.0 && smooth[0] == smooth[WEEK - 2]);
        let days = spread(&sunday_night, 24, 0.2);
        assert_eq!(
            (days[23], days[WEEK - 25], days[WEEK - 1]),
            (1.0, 1.0, 8.0),
            "the same hour of Monday and Saturday"
        );
        assert_eq!(shifted(&sunday_night, 1.0)[0], 10.0);
        assert_eq!(shifted(&sunday_night, -0.5)[WEEK - 2], 5.0);
    }
}
