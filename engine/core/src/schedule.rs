//! Local time: windows of hours and weekdays, and the ticks of a scheduled start. Pure; the zone is handed in.
//!
//! A time that daylight saving leaves out is taken at the instant the clock jumps; one that comes twice, at its first.

use crate::policy::ZoneChoice;
use crate::time::Time;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

/// Hours of certain weekdays, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalWindow {
    /// Minute of the day at which it opens.
    pub from_minute: u16,
    /// Minute of the day at which it closes (not included); not larger than `from_minute` = on the next day.
    pub to_minute: u16,
    /// The weekdays on which it opens.
    pub days: Weekdays,
}

/// A set of weekdays; bit 0 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(pub u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Weekdays = Weekdays(0b111_1111);
    /// The words of files, from Monday on.
    pub const WORDS: [&'static str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

    /// Reads `MON-FRI`, `SAT,SUN`, `MON`; ranges may go over Sunday.
    pub fn parse(text: &str) -> Option<Weekdays> {
        let day = |word: &str| Weekdays::WORDS.iter().position(|known| *known == word.trim());
        let mut bits = 0u8;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut at, last) = (day(first)?, day(last)?);
            bits |= 1 << at;
            while at != last {
                at = (at + 1) % 7;
                bits |= 1 << at;
            }
        }
        Some(Weekdays(bits))
    }

    fn holds(self, date: Date) -> bool {
        self.0 & (1 << date.weekday().to_monday_zero_offset()) != 0
    }
}

/// How many days ahead a window or tick is looked for; a week holds every weekday.
const DAYS: i64 = 9;

impl LocalWindow {
    /// The first instant from `at` on at which the window is open in this zone.
    pub fn next(&self, zone: &TimeZone, at: Time) -> Time {
        let today = at.timestamp().to_zoned(zone.clone()).date();
        let mut best: Option<Time> = None;
        // From the day before on: a window over midnight may still be open.
        for ahead in -1..DAYS {
            let Some(date) = day(today, ahead).filter(|date| self.days.holds(*date)) else { continue };
            let closes = if self.to_minute > self.from_minute { Some(date) } else { day(date, 1) };
            let ends = (instant(zone, date, self.from_minute), closes.and_then(|on| instant(zone, on, self.to_minute)));
            let (Some(open), Some(close)) = ends else { continue };
            if close > at {
                let first = open.max(at);
                best = Some(best.map_or(first, |known| known.min(first)));
            }
        }
        best.unwrap_or(at)
    }
}

fn day(date: Date, ahead: i64) -> Option<Date> {
    date.checked_add(ahead.days()).ok()
}

fn instant(zone: &TimeZone, date: Date, minute: u16) -> Option<Time> {
    let clock = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(clock);
    let gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let first = ambiguous.earlier().ok()?;
    // In a gap: the instant of the jump itself, not the shifted clock.
    let found = if gap { zone.following(first).next()?.timestamp() } else { first };
    Some(Time(found.as_microsecond()))
}

/// When a workflow starts by itself, for everybody in an audience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The ticks.
    pub ticks: Ticks,
    /// Whose clock.
    pub zone: ZoneChoice,
    /// For whom: the name of an audience of the workspace.
    pub audience: String,
}

/// Recurring times of the clock on the wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ticks {
    /// Five fields of cron.
    Cron(String),
    /// A time on certain weekdays.
    Weekly {
        /// Minute of the day.
        minute: u16,
        /// On which days.
        days: Weekdays,
    },
}

impl Ticks {
    /// Checks a cron expression of five fields.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn cron(text: &str) -> Result<Ticks, String> {
        parser().parse(text).map(|_| Ticks::Cron(text.to_owned())).map_err(|error| error.to_string())
    }

    /// The first tick after an instant in this zone; `None` where there is none.
    pub fn after(&self, zone: &TimeZone, after: Time) -> Option<Time> {
        match self {
            Ticks::Cron(text) => {
                let cron = parser().parse(text).ok()?;
                let next = cron.find_next_occurrence(&after.timestamp().to_zoned(zone.clone()), false).ok()?;
                let next = Time(next.timestamp().as_microsecond());
                (next > after).then_some(next)
            }
            Ticks::Weekly { minute, days } => {
                let today = after.timestamp().to_zoned(zone.clone()).date();
                let dates = (0..DAYS).filter_map(|ahead| day(today, ahead)).filter(|date| days.holds(*date));
                dates.filter_map(|date| instant(zone, date, *minute)).find(|at| *at > after)
            }
        }
    }
}

fn parser() -> croner::parser::CronParser {
    croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Disallowed).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        crate::time::zone("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn next(window: &str, days: &str, from: &str) -> String {
        let (open, close) = window.split_once('-').unwrap();
        let minute = |text: &str| {
            let (hours, minutes) = text.split_once(':').unwrap();
            hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
        };
        let days = Weekdays::parse(days).unwrap();
        LocalWindow { from_minute: minute(open), to_minute: minute(close), days }.next(&berlin(), at(from)).to_string()
    }

    #[test]
    fn weekdays_read() {
        assert_eq!(Weekdays::parse("MON-FRI"), Some(Weekdays(0b1_1111)));
        assert_eq!(Weekdays::parse("SAT,SUN"), Some(Weekdays(0b110_0000)));
        assert_eq!(Weekdays::parse("SAT-MON"), Some(Weekdays(0b110_0001)));
        assert_eq!(Weekdays::parse("MON-SUN"), Some(Weekdays::ALL));
        for bad in ["", "mon", "MON-", "MONDAY", "MON,,TUE"] {
            assert_eq!(Weekdays::parse(bad), None, "{bad}");
        }
    }

    /// 2026-03-02 is a Monday; Berlin is UTC+1 until 2026-03-29.
    #[test]
    fn a_window_opens_on_its_days_only() {
        assert_eq!(next("09:00-11:00", "MON-FRI", "2026-03-02T07:00:00Z"), "2026-03-02T08:00:00Z");
        assert_eq!(next("09:00-11:00", "MON-FRI", "2026-03-02T09:30:00Z"), "2026-03-02T09:30:00Z", "open: at once");
        assert_eq!(next("09:00-11:00", "MON-FRI", "2026-03-02T10:00:00Z"), "2026-03-03T08:00:00Z", "the end is out");
        assert_eq!(next("09:00-11:00", "MON-FRI", "2026-03-06T12:00:00Z"), "2026-03-09T08:00:00Z", "over the weekend");
        assert_eq!(
            next("22:00-02:00", "FRI", "2026-03-07T00:30:00Z"),
            "2026-03-07T00:30:00Z",
            "still open from Friday"
        );
    }

    /// On 2026-03-29 the clock jumps from 02:00 to 03:00, on 2026-10-25 it goes back from 03:00 to 02:00.
    #[test]
    fn daylight_saving_moves_no_window_and_skips_none() {
        assert_eq!(next("09:00-11:00", "MON-SUN", "2026-03-28T12:00:00Z"), "2026-03-29T07:00:00Z");
        assert_eq!(next("02:30-05:00", "SUN", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z", "at the jump");
        assert_eq!(next("02:30-05:00", "SUN", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z", "at its first");
        let weekly = Ticks::Weekly { minute: 150, days: Weekdays::ALL };
        assert_eq!(weekly.after(&berlin(), at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        let mut from = at("2026-10-24T12:00:00Z");
        let mut seen = Vec::new();
        for _ in 0..3 {
            from = weekly.after(&berlin(), from).unwrap();
            seen.push(from.to_string());
        }
        assert_eq!(seen, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"], "once a day");
    }

    #[test]
    fn cron_goes_by_the_wall_and_never_ticks_twice() {
        let monday = Ticks::cron("0 9 * * MON").unwrap();
        assert_eq!(monday.after(&berlin(), at("2026-03-02T08:00:00Z")), Some(at("2026-03-09T08:00:00Z")));
        assert_eq!(
            monday.after(&berlin(), at("2026-03-27T12:00:00Z")),
            Some(at("2026-03-30T07:00:00Z")),
            "summer time"
        );
        let night = Ticks::cron("30 2 * * *").unwrap();
        let mut from = at("2026-03-27T12:00:00Z");
        for _ in 0..400 {
            let next = night.after(&berlin(), from).unwrap();
            assert!(next > from && next.0 - from.0 < 49 * 3_600 * crate::time::SECOND, "{from} {next}");
            from = next;
        }
        for bad in ["", "9", "0 9 * *", "0 25 * * *", "0 0 9 * * MON", "x"] {
            assert!(Ticks::cron(bad).is_err(), "{bad}");
        }
        assert_eq!(Ticks::cron("0 0 30 2 *").unwrap().after(&berlin(), at("2026-03-02T08:00:00Z")), None);
    }
}
