//! When to write to a person: the hours of the week that they are active in, as a ranking.
//!
//! Few people have so many events that their own hours could be counted. So each profile is pooled with everybody's: the
//! fewer events a person has, the more counts what most people do. See [`profile`] for the method.

pub mod parse;
mod population;
pub mod profile;

pub use population::{DAY_LEAK, HOUR_LEAK, POPULATION, STRENGTH};

use staunch_plugin::{Declined, Inputs, Metric, Ranking, plugin};

/// Hours of a week; hour 0 is Monday from 00:00 to 01:00.
pub const WEEK: usize = 168;
/// Hours in an answer.
const BEST: usize = 24;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What the plugin reads.
#[derive(Clone, Debug, Default, Inputs)]
pub struct Row {
    /// A person's events per hour of the week in UTC: `9:3,33:1` (hour and count), or 168 counts.
    #[input(unit = "events by hour of the week")]
    pub hours: Option<String>,
    /// Where the person lives, as hours ahead of UTC, such as 5.5.
    #[input(unit = "h")]
    pub utc_offset: Option<f64>,
}

plugin! {
    score: score,
    name: "send-time",
    version: env!("CARGO_PKG_VERSION"),
    labels: (0..WEEK).map(label),
    owner: "ben@retail.invalid",
    purpose: "The hours of the week in which a person is most likely to be active, pooled with what most people do",
    trained_on: ("2010-12-01T00:00:00Z", "2011-09-01T00:00:00Z"),
    metric: Metric::new("gain_over_population", population::GAIN_OVER_POPULATION.0)
        .interval(population::GAIN_OVER_POPULATION.1, population::GAIN_OVER_POPULATION.2),
    metric: Metric::new("gain_over_person", population::GAIN_OVER_PERSON.0)
        .interval(population::GAIN_OVER_PERSON.1, population::GAIN_OVER_PERSON.2),
    extra: ("week", "hour 0 is Monday 00:00 local time; items are named like mon-09"),
}

/// The name of an hour, such as `mon-09`.
pub fn label(hour: usize) -> String {
    format!("{}-{:02}", DAYS[hour / 24 % 7], hour % 24)
}

/// The best hours of one person in local time, each with its share of the person's activity.
fn score(row: &Row) -> Result<Ranking, Declined> {
    let offset = row.utc_offset.unwrap_or(0.0);
    if !(-14.0..=14.0).contains(&offset) {
        return Err(Declined::because("utc_offset is not from -14 to 14 hours"));
    }
    let counts = parse::hours(row.hours.as_deref().unwrap_or_default()).map_err(Declined)?;
    let shares = profile::pooled(&profile::shifted(&counts, offset), &POPULATION, STRENGTH);
    let mut order: Vec<usize> = (0..WEEK).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let best = order[0];
    let ranking = Ranking::new(order.iter().take(BEST).map(|hour| (label(*hour), shares[*hour])));
    // How much more likely the first hour is for this person than for most: what the person's own events say.
    Ok(ranking.reason("hours", shares[best] / POPULATION[best] - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(hours: &str, utc_offset: f64) -> Vec<(String, f64)> {
        score(&Row { hours: Some(hours.into()), utc_offset: Some(utc_offset) }).unwrap().items
    }

    #[test]
    fn who_has_no_events_gets_the_hours_of_most() {
        let items = score(&Row::default()).unwrap();
        let most = (0..WEEK).max_by(|a, b| POPULATION[*a].total_cmp(&POPULATION[*b])).unwrap();
        assert_eq!(items.items[0].0, label(most));
        assert_eq!(items.items.len(), BEST);
    }

    #[test]
    fn a_persons_own_hour_wins_with_enough_events() {
        let first = |hours: &str| best(hours, 0.0)[0].clone();
        assert_eq!(first("33:40").0, "tue-09");
        assert!(first("33:1").1 < first("33:40").1 / 5.0, "one event says little");
        assert_eq!(best("33:40", 2.0)[0].0, "tue-11");
        assert_eq!(best("167:40", 1.0)[0].0, "mon-00", "the week goes round");
    }

    #[test]
    fn odd_rows_are_declined() {
        for (hours, offset) in [("x", 0.0), ("168:1", 0.0), ("1:-1", 0.0), ("1:1", 15.0), ("1:1", f64::NAN)] {
            assert!(score(&Row { hours: Some(hours.into()), utc_offset: Some(offset) }).is_err(), "{hours}");
        }
    }
}
