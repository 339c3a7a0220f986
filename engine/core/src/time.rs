//! Instants and spans in whole microseconds, and their text forms. No clock is read here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds in one second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in one day. Days are always 24 h.
pub const DAY: i64 = 86_400 * SECOND;

/// The zone of an IANA name, `None` where there is no such zone. It comes from the data in the binary, so that every
/// machine decides alike.
pub fn zone(name: &str) -> Option<jiff::tz::TimeZone> {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(name).ok()?;
    (!zone.is_unknown()).then_some(zone)
}

/// An instant: microseconds since 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in microseconds, never negative in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Time {
    /// Reads RFC 3339 (`2011-09-01T12:00:00Z`, any offset).
    pub fn parse(text: &str) -> Option<Time> {
        let stamp: jiff::Timestamp = text.parse().ok()?;
        Some(Time(stamp.as_microsecond()))
    }

    /// The same instant as jiff knows it; an instant outside jiff's range is clamped to its ends.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Days since the epoch, with fraction.
    pub fn days(self) -> f64 {
        self.0 as f64 / DAY as f64
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl std::ops::Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl std::ops::Sub for Time {
    type Output = Span;
    fn sub(self, other: Time) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Span {
    /// A span of `n` days of 24 h.
    pub const fn days(n: i64) -> Span {
        Span(n * DAY)
    }

    /// A span of `n` seconds.
    pub const fn seconds(n: i64) -> Span {
        Span(n * SECOND)
    }

    /// Reads `30s`, `15m`, `72h`, `2d` and joined forms from large to small (`8h30m`); a bare number is refused.
    pub fn parse(text: &str) -> Option<Span> {
        let (mut total, mut rest, mut last) = (0i64, text.trim(), i64::MAX);
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: i64 = rest[..digits].parse().ok()?;
            let unit = match rest[digits..].chars().next()? {
                's' => SECOND,
                'm' => 60 * SECOND,
                'h' => 3_600 * SECOND,
                'd' => DAY,
                _ => return None,
            };
            if unit >= last {
                return None;
            }
            last = unit;
            total = total.checked_add(number.checked_mul(unit)?)?;
            rest = &rest[digits + 1..];
        }
        Some(Span(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0 / SECOND;
        if left == 0 {
            return write!(f, "0h");
        }
        for (size, unit) in [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')] {
            if left / size != 0 {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print() {
        for text in ["30s", "15m", "3d", "8h30m", "14d", "1d12h"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::parse("72h").unwrap(), Span::days(3));
        for bad in ["", "5", "m", "3w", "5m3h", "5h5h", "-3d", "99999999999999999999d"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_and_spans_saturate_and_any_of_them_prints() {
        assert_eq!(Time(i64::MAX) + Span(1), Time(i64::MAX));
        assert_eq!(Time(i64::MIN) - Span::days(1), Time(i64::MIN));
        assert_eq!(Time(i64::MAX) - Time(i64::MIN), Span(i64::MAX));
        assert_eq!(Time(i64::MIN).to_string(), "-009999-01-02T01:59:59Z", "clamped to what can be shown");
        for extreme in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
            assert!(!Time(extreme).to_string().is_empty() && !Span(extreme).to_string().is_empty());
        }
        assert_eq!(Span::parse("106751991d").unwrap().0, 106_751_991 * DAY);
        assert_eq!(Span::parse("106751992d"), None, "more microseconds than there are");
        assert_eq!(Span::parse("1d2\u{e9}"), None);
    }

    #[test]
    fn zones_come_from_the_binary() {
        for name in ["Europe/Berlin", "europe/berlin", "UTC", "Pacific/Apia"] {
            assert!(zone(name).is_some(), "{name}");
        }
        for name in ["", " ", "Mars/Base", "../../etc/passwd", "Etc/Unknown", "Europe/Berlin\0"] {
            assert!(zone(name).is_none(), "{name}");
        }
    }
}
