//! Guard: it is not the middle of the night where the contact lives.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::policy::{QuietHours, ZoneChoice};
use crate::time::{DAY, SECOND, Time, zone};
use jiff::tz::TimeZone;

/// Microseconds in a minute.
const MINUTE: i64 = 60 * SECOND;
/// How many changes of a zone's clock one silence may span.
const CHANGES: usize = 8;

pub(super) fn check(ask: &Ask<'_>, quiet: &QuietHours, at: Time) -> Answer {
    let zone = zone_of(ask, quiet);
    let (from, to) = (i64::from(quiet.from_minute) * MINUTE, i64::from(quiet.to_minute) * MINUTE);
    let say = |place: &str| {
        let (now, whose) = (clock(time_of_day(&zone, at)), whose(ask, quiet));
        format!("{now} is {place} {}-{} {whose}", clock(from), clock(to))
    };
    match end(&zone, from, to, at) {
        None => Answer::pass(ReasonCode::QuietHours, ask.say(|| say("outside"))),
        Some(until) => Answer::wait(ReasonCode::QuietHours, until, ask.say(|| say("inside"))),
    }
}

/// The first instant from `at` on at which the local clock stands outside the silence; `None` where it does already.
///
/// Between two changes of the zone's clock local time runs evenly; at a change the clock is read anew. So a night
/// whose end falls into the hour that daylight saving leaves out is over when the clock jumps, and one whose end falls
/// into the hour that comes twice is over at its first and, inside the second, at its second.
fn end(zone: &TimeZone, from: i64, to: i64, at: Time) -> Option<Time> {
    let mut candidate = at;
    for _ in 0..CHANGES {
        let local = time_of_day(zone, candidate);
        let inside = if from <= to { from <= local && local < to } else { local >= from || local < to };
        if !inside {
            break;
        }
        let left = if local < to { to - local } else { to + DAY - local };
        let over = candidate.0.saturating_add(left);
        let change = zone.following(candidate.timestamp()).next().map(|change| change.timestamp().as_microsecond());
        candidate = Time(change.map_or(over, |change| change.min(over)));
    }
    (candidate > at).then_some(candidate)
}

/// Microseconds since local midnight, by the clock on the wall.
fn time_of_day(zone: &TimeZone, at: Time) -> i64 {
    let stamp = at.timestamp();
    let offset = i64::from(zone.to_offset(stamp).seconds()) * SECOND;
    stamp.as_microsecond().saturating_add(offset).rem_euclid(DAY)
}

fn zone_of(ask: &Ask<'_>, quiet: &QuietHours) -> TimeZone {
    let fixed = |name: &str| zone(name).unwrap_or(TimeZone::UTC);
    match &quiet.zone {
        ZoneChoice::Fixed(name) => fixed(name),
        ZoneChoice::Contact => ask.contact.zone(ask.schema).unwrap_or_else(|| fixed(&quiet.zone_if_unknown)),
    }
}

/// Whose clock it is, in words.
fn whose(ask: &Ask<'_>, quiet: &QuietHours) -> String {
    match &quiet.zone {
        ZoneChoice::Fixed(name) => name.clone(),
        ZoneChoice::Contact => match ask.contact.zone(ask.schema) {
            Some(zone) => zone.iana_name().unwrap_or("contact").to_owned(),
            None => format!("{} (contact's zone unknown)", quiet.zone_if_unknown),
        },
    }
}

fn clock(micros: i64) -> String {
    let minute = micros / MINUTE;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
