//! Where the constants of `send-time` come from, and how good they are:
//!
//! `cargo run --release --example study -- INVOICES.csv data/taxi-week.csv` writes `src/population.rs` to standard output
//! and the evaluation to standard error.
//!
//! - The strength of pooling and how much neighbouring days tell: by maximum likelihood from the orders of real customers
//!   before the split, by days, for that data has no hours. A Dirichlet over hours is one over days with the same strength.
//! - The hours of most people: rides of taxis in New York by hour of the week. Nobody's mails; replace it by your own.
//! - Held out: each order behind the split, predicted from all orders before it. Intervals by bootstrap over customers.
//! - Hours are tried on made-up people only, and that is what it says.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

const DAYS: usize = 7;
const WEEK: usize = 168;
const SPLIT: &str = "2011-09-01";
/// How much of an event the neighbouring hours share. There is no data on hours of persons here: an assumption.
const HOUR_LEAK: f64 = 0.4;
const RESAMPLES: usize = 1_000;

/// Orders of one customer in order of time: day of the week, and whether it is behind the split.
type Orders = Vec<(usize, bool)>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [invoices, week] = arguments.as_slice() else { return Err("usage: study INVOICES.csv WEEK.csv".into()) };
    let people = customers(&std::fs::read_to_string(invoices)?)?;
    let week = profile(&std::fs::read_to_string(week)?)?;
    let mut days = [0.5; DAYS];
    people.iter().flatten().filter(|(_, late)| !late).for_each(|(day, _)| days[*day] += 1.0);
    let total: f64 = days.iter().sum();
    let population = days.map(|count| count / total);
    let (strength, leak) = fitted(&people, &population);
    let found = Found { population, strength, leak };
    let gains = found.gains(&people);
    let mut random = Random(20_111_209);
    let interval = |pick: fn(&Gain) -> f64, random: &mut Random| bootstrap(&gains, pick, random);
    let over_population = interval(|gain| gain.pooled - gain.population, &mut random);
    let over_person = interval(|gain| gain.pooled - gain.person, &mut random);
    print!("{}", source(&week, &found, over_population, over_person)?);
    let orders: f64 = gains.iter().map(|gain| gain.orders).sum();
    eprintln!("customers {} with held-out orders {orders}", gains.len());
    eprintln!("strength {strength:.2} events, day leak {leak:.2}");
    eprintln!(
        "gain per order over population-only, nats: {:.4} [{:.4}, {:.4}]",
        over_population.0, over_population.1, over_population.2
    );
    eprintln!(
        "gain per order over person-only, nats: {:.4} [{:.4}, {:.4}]",
        over_person.0, over_person.1, over_person.2
    );
    made_up(&week, strength, &mut random);
    Ok(())
}

/// Orders by customer, in the file's order, which is that of time.
fn customers(text: &str) -> Result<Vec<Orders>, Box<dyn Error>> {
    let mut people: BTreeMap<&str, Orders> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',').skip(1);
        let (date, customer) = (cells.next().ok_or("no date")?, cells.next().ok_or("no customer")?);
        people.entry(customer).or_default().push((weekday(date)?, date >= SPLIT));
    }
    Ok(people.into_values().collect())
}

/// Day of the week of a date, Monday is 0 (Sakamoto's method).
fn weekday(date: &str) -> Result<usize, Box<dyn Error>> {
    let parts: Vec<usize> = date.split('-').map(str::parse).collect::<Result<_, _>>()?;
    let [year, month, day] = parts[..] else { return Err("no date".into()) };
    let shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1];
    let year = if month < 3 { year - 1 } else { year };
    Ok((year + year / 4 - year / 100 + year / 400 + shift + day + 6) % 7)
}

fn profile(text: &str) -> Result<[f64; WEEK], Box<dyn Error>> {
    let counts: Vec<f64> =
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap_or("").parse()).collect::<Result<_, _>>()?;
    let counts: [f64; WEEK] = counts.try_into().map_err(|_| "not 168 hours")?;
    let total: f64 = counts.iter().sum();
    Ok(counts.map(|count| count / total))
}

/// Strength and leak that make the orders before the split most likely, each predicted from those before it. The product of
/// these predictions is the Dirichlet-multinomial likelihood where nothing leaks.
fn fitted(people: &[Orders], population: &[f64; DAYS]) -> (f64, f64) {
    let mut best = (f64::NEG_INFINITY, 0.0, 0.0);
    for leak in [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4] {
        for step in 0..120 {
            let strength = 1.06f64.powi(step);
            let found = Found { population: *population, strength, leak };
            let sum = |orders: &Orders| found.likelihood(orders, false);
            let likelihood: f64 = people.iter().map(sum).sum();
            if likelihood > best.0 {
                best = (likelihood, strength, leak);
            }
        }
    }
    (best.1, best.2)
}

struct Found {
    population: [f64; DAYS],
    strength: f64,
    leak: f64,
}

/// Sums over the held-out orders of one customer.
struct Gain {
    orders: f64,
    pooled: f64,
    population: f64,
    person: f64,
}

impl Found {
    fn share(&self, counts: &[f64; DAYS], day: usize) -> f64 {
        let neighbours = counts[(day + 6) % DAYS] + counts[(day + 1) % DAYS];
        let own = (1.0 - self.leak) * counts[day] + self.leak / 2.0 * neighbours;
        (self.strength * self.population[day] + own) / (self.strength + counts.iter().sum::<f64>())
    }

    /// Log-likelihood of the orders on one side of the split, each given all before it.
    fn likelihood(&self, orders: &Orders, behind: bool) -> f64 {
        let (mut counts, mut sum) = ([0.0; DAYS], 0.0);
        for (day, late) in orders {
            if *late == behind {
                sum += self.share(&counts, *day).ln();
            }
            counts[*day] += 1.0;
        }
        sum
    }

    /// Customers who ordered before and behind the split.
    fn gains(&self, people: &[Orders]) -> Vec<Gain> {
        let both =
            people.iter().filter(|orders| orders.iter().any(|(_, late)| *late) && orders.iter().any(|(_, late)| !late));
        let gain = |orders: &Orders| {
            let late = || orders.iter().filter(|(_, late)| *late);
            // Person-only: own counts with half an event everywhere, else a new day would be impossible.
            let even = Found { population: [1.0 / DAYS as f64; DAYS], strength: DAYS as f64 / 2.0, leak: 0.0 };
            Gain {
                orders: late().count() as f64,
                pooled: self.likelihood(orders, true),
                population: late().map(|(day, _)| self.population[*day].ln()).sum(),
                person: even.likelihood(orders, true),
            }
        };
        both.map(gain).collect()
    }
}

/// A mean per order with its 95 % interval.
fn bootstrap(gains: &[Gain], pick: fn(&Gain) -> f64, random: &mut Random) -> (f64, f64, f64) {
    let mean = |sample: &mut dyn Iterator<Item = &Gain>| {
        let (sum, orders) = sample.fold((0.0, 0.0), |(sum, orders), gain| (sum + pick(gain), orders + gain.orders));
        sum / orders
    };
    let mut means: Vec<f64> =
        (0..RESAMPLES).map(|_| mean(&mut (0..gains.len()).map(|_| &gains[random.below(gains.len())]))).collect();
    means.sort_by(f64::total_cmp);
    (mean(&mut gains.iter()), means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

/// People who are active around two hours of their own: what pooling gains on the next event, by how many events there are.
fn made_up(week: &[f64; WEEK], strength: f64, random: &mut Random) {
    for events in [0, 3, 10, 30, 100] {
        let (mut pooled, mut alone, people) = (0.0, 0.0, 4_000);
        for _ in 0..people {
            let favourites = [random.below(WEEK), random.below(WEEK)];
            let draw = |random: &mut Random| {
                if random.below(2) == 0 {
                    let mut left = random.below(1 << 30) as f64 / f64::from(1 << 30);
                    return week
                        .iter()
                        .position(|share| {
                            left -= share;
                            left < 0.0
                        })
                        .unwrap_or(0);
                }
                let wobble = [0, 0, 1, 167, 24, 144][random.below(6)];
                (favourites[random.below(2)] + wobble) % WEEK
            };
            let mut counts = [0.0; WEEK];
            (0..events).for_each(|_| counts[draw(random)] += 1.0);
            let next = draw(random);
            pooled += send_time::profile::pooled(&counts, week, strength)[next].ln();
            alone += ((counts[next] + 0.5) / (f64::from(events) + WEEK as f64 / 2.0)).ln() - week[next].ln();
            pooled -= week[next].ln();
        }
        let people = f64::from(people);
        eprintln!(
            "made-up people, {events} events: over population-only {:.3}, person-only over it {:.3} nats",
            pooled / people,
            alone / people
        );
    }
}

fn source(
    week: &[f64; WEEK],
    found: &Found,
    population: (f64, f64, f64),
    person: (f64, f64, f64),
) -> Result<String, std::fmt::Error> {
    let mut made =
        String::from("//! Constants of the method, written by `examples/study.rs`, which says what they are.\n\n");
    writeln!(
        made,
        "use crate::WEEK;\n\n/// How many events of a person count as much as everybody's profile.\npub const STRENGTH: f64 = {:.2};",
        found.strength
    )?;
    writeln!(
        made,
        "/// The share of an event that the hours before and behind it get.\npub const HOUR_LEAK: f64 = {HOUR_LEAK};"
    )?;
    writeln!(
        made,
        "/// The share of an event that the same hour of the days before and behind it gets.\npub const DAY_LEAK: f64 = {:.2};",
        found.leak
    )?;
    for (name, what, (mean, low, high)) in
        [("POPULATION", "everybody's profile alone", population), ("PERSON", "the person's own counts alone", person)]
    {
        writeln!(
            made,
            "/// Gain in log-likelihood per held-out order over {what}, in nats, with its 95 % interval.\npub(crate) const GAIN_OVER_{name}: (f64, f64, f64) = ({mean:.4}, {low:.4}, {high:.4});"
        )?;
    }
    writeln!(
        made,
        "\n/// Everybody's profile: shares of the hours of a week, Monday 00:00 first.\n#[rustfmt::skip]\npub const POPULATION: [f64; WEEK] = {{\n    const PARTS: [f64; WEEK] = ["
    )?;
    for day in week.chunks(24) {
        let cells: Vec<String> = day.iter().map(|share| format!("{:.0}.", share * 1e6)).collect();
        writeln!(made, "        {},", cells.join(", "))?;
    }
    made += "    ];\n    let (mut sum, mut at) = (0.0, 0);\n    while at < WEEK {\n        sum += PARTS[at];\n        at += 1;\n    }\n    let (mut shares, mut at) = (PARTS, 0);\n    while at < WEEK {\n        shares[at] /= sum;\n        at += 1;\n    }\n    shares\n};\n";
    Ok(made)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((x ^ (x >> 31)) >> 11) % below as u64) as usize
    }
}
