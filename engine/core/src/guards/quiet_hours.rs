//! Guard: it is not the middle of the night where the contact lives.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::policy::{QuietHours, ZoneChoice};
use crate::time::Time;
use jiff::civil;
use jiff::tz::TimeZone;

pub(super) fn check(ask: &Ask<'_>, quiet: &QuietHours, at: Time) -> Answer {
    let (zone, whose) = zone_of(ask, quiet);
    let local = at.timestamp().to_zoned(zone);
    let minute = u16::from(local.hour() as u8) * 60 + u16::from(local.minute() as u8);
    let (from, to) = (quiet.from_minute, quiet.to_minute);
    let inside = if from <= to { from <= minute && minute < to } else { minute >= from || minute < to };
    let hours = format!("{}-{} {whose}", clock(from), clock(to));
    if !inside {
        return Answer::pass(ReasonCode::QuietHours, format!("{} is outside {hours}", clock(minute)));
    }
    // The next local `to`: today, or tomorrow where today's is already behind.
    let date = if minute < to { local.date() } else { local.date().tomorrow().unwrap_or(local.date()) };
    let end = date.to_datetime(civil::time((to / 60) as i8, (to % 60) as i8, 0, 0));
    // A gap of daylight saving moves the end forward, an overlap takes the first.
    let until = end.to_zoned(local.time_zone().clone()).map_or(at, |end| Time(end.timestamp().as_microsecond()));
    let until = if until > at { until } else { at + crate::time::Span::seconds(3_600) };
    Answer::wait(ReasonCode::QuietHours, until, format!("{} is inside {hours}", clock(minute)))
}

fn zone_of(ask: &Ask<'_>, quiet: &QuietHours) -> (TimeZone, String) {
    let fixed = |name: &str| TimeZone::get(name).unwrap_or(TimeZone::UTC);
    match &quiet.zone {
        ZoneChoice::Fixed(name) => (fixed(name), name.clone()),
        ZoneChoice::Contact => match ask.contact.zone() {
            Some(zone) => {
                let name = zone.iana_name().unwrap_or("contact").to_owned();
                (zone, name)
            }
            None => (fixed(&quiet.zone_if_unknown), format!("{} (contact's zone unknown)", quiet.zone_if_unknown)),
        },
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
