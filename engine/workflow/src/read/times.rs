//! Windows of time, hours, weekdays, zones and instants.

use super::Reader;
use super::leaf::shorten;
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::feature::Window;
use staunch_core::schedule::{LocalWindow, Weekdays};
use staunch_core::time::{Span, Time, zone};

/// A local time with its zone.
pub(crate) struct Moment {
    pub(crate) time: Time,
    pub(crate) zone: String,
}

impl Reader<'_> {
    /// `7d` or `14d..7d`.
    pub(crate) fn window(&mut self, node: &Node) -> Option<Window> {
        let text = self.scalar(node, "a duration or a range")?.text.trim();
        let Some((from, to)) = text.split_once("..") else {
            return self.span(node).map(|from| Window { from, to: Span(0) });
        };
        let window = Span::parse(from).zip(Span::parse(to)).map(|(from, to)| Window { from, to });
        let good = window.filter(|window| window.from > window.to);
        if good.is_none() {
            let message = format!("`{}` is not a range", shorten(text));
            self.error(
                node.at,
                codes::BAD_VALUE,
                message,
                "write it from far to near: `14d..7d` is from 14 to 7 days ago",
            );
        }
        good
    }

    /// `21:00-08:00` as minutes of the day.
    pub(crate) fn hours(&mut self, node: &Node) -> Option<(u16, u16)> {
        let text = self.text(node)?;
        let hours = text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        let good = hours.filter(|(from, to)| from != to);
        if good.is_none() {
            let message = format!("`{}` is not a range of hours", shorten(text));
            self.error(node.at, codes::BAD_VALUE, message, "write it like `21:00-08:00`");
        }
        good
    }

    /// `09:00-11:00 MON-FRI`, or without weekdays for every day.
    pub(crate) fn local_window(&mut self, node: &Node) -> Option<LocalWindow> {
        let text = self.text(node)?;
        let (hours, days) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let days = if days.is_empty() { Some(Weekdays::ALL) } else { Weekdays::parse(days.trim()) };
        let ends = hours.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        let good = ends.filter(|(from, to)| from != to).zip(days);
        if good.is_none() {
            let message = format!("`{}` is not a window of local time", shorten(text));
            self.error(node.at, codes::BAD_VALUE, message, "write it like `09:00-11:00 MON-FRI` or `18:00-20:00`");
        }
        good.map(|((from_minute, to_minute), days)| LocalWindow { from_minute, to_minute, days })
    }

    /// An IANA time zone.
    pub(crate) fn zone(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let good = zone(text).is_some();
        if !good {
            let message = format!("`{}` is not a time zone", shorten(text));
            self.error(node.at, codes::BAD_VALUE, message, "use an IANA name such as `Europe/Berlin`");
        }
        good.then(|| text.to_owned())
    }

    /// `2026-03-02T10:00 Europe/Berlin`, or without a zone where one is given, or RFC 3339.
    pub(crate) fn moment(&mut self, node: &Node, zone: Option<&str>) -> Option<Moment> {
        let text = self.text(node)?;
        let (local, named) = text.split_once(' ').map_or((text, zone), |(local, zone)| (local, Some(zone.trim())));
        let found = match (Time::parse(text), named) {
            (Some(time), zone) => Some(Moment { time, zone: zone.unwrap_or("UTC").to_owned() }),
            (None, Some(zone)) if skipped(local, zone) => {
                let message = format!("`{}` does not exist: clocks in {zone} go forward there", shorten(local));
                self.error(node.at, codes::BAD_VALUE, message, "take a time an hour earlier or later");
                return None;
            }
            (None, Some(zone)) => at_zone(local, zone),
            (None, None) => None,
        };
        if found.is_none() {
            let message = format!("`{}` is not a time", shorten(text));
            self.error(node.at, codes::BAD_VALUE, message, "write it like `2026-03-02T10:00 Europe/Berlin`");
        }
        found
    }
}

/// `08:30` as minutes of the day.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let good = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !good(hours) || !good(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn at_zone(local: &str, name: &str) -> Option<Moment> {
    let local: jiff::civil::DateTime = local.parse().ok()?;
    let zoned = local.to_zoned(zone(name)?).ok()?;
    Some(Moment { time: Time(zoned.timestamp().as_microsecond()), zone: name.to_owned() })
}

/// Whether a local time is left out when summer time begins.
fn skipped(local: &str, name: &str) -> bool {
    let local: Option<jiff::civil::DateTime> = local.parse().ok();
    let offset = local.zip(zone(name)).map(|(local, zone)| zone.to_ambiguous_zoned(local).offset());
    matches!(offset, Some(jiff::tz::AmbiguousOffset::Gap { .. }))
}
