//! Quiet hours, of which each channel has to have some that are not quiet.

use super::Rules;
use crate::read::Keys;
use crate::yaml::{Kind, Node};
use staunch_core::action::Channel;
use staunch_core::policy::{QuietHours, ZoneChoice};

pub(crate) const QUIET: Keys = Keys { known: &["channels", "hours", "zone", "zone_if_unknown", "then"], later: &[] };

/// Minutes of a day.
const DAY: usize = 1_440;

impl Rules<'_, '_> {
    pub(super) fn quiet_hours(&mut self, list: &Node) -> Vec<QuietHours> {
        let (mut made, mut days) = (Vec::new(), Vec::new());
        for item in self.reader.items(list) {
            let Some(quiet) = self.quiet(item) else { continue };
            if let Some(channel) = cover(&mut days, &quiet) {
                let at = item.get("hours").map_or(item.at, |hours| hours.at);
                let message =
                    format!("together with those above, every hour of the day is quiet for {}", channel.word());
                self.contradiction(at, message, "leave some hours in which it may go");
            }
            made.push(quiet);
        }
        made
    }

    fn quiet(&mut self, node: &Node) -> Option<QuietHours> {
        let fields = self.reader.fields(node, &QUIET)?;
        let channels = self.reader.need(&fields, "channels").map(|node| self.reader.channels(node));
        let hours = self.reader.need(&fields, "hours").and_then(|node| self.hours(node));
        let zone = match self.reader.need(&fields, "zone") {
            Some(node) if self.reader.is_text(node, "contact") => Some(ZoneChoice::Contact),
            Some(node) => self.reader.zone(node).map(ZoneChoice::Fixed),
            None => None,
        };
        let zone_if_unknown = match fields.get("zone_if_unknown") {
            Some(node) => self.reader.zone(node),
            None => Some(self.workspace.zone.clone()),
        };
        if let Some(node) = self.reader.need(&fields, "then") {
            self.reader.one_of(node, &[("hold", ())]);
        }
        let (from_minute, to_minute) = hours?;
        Some(QuietHours { channels: channels?, from_minute, to_minute, zone: zone?, zone_if_unknown: zone_if_unknown? })
    }

    /// Hours of which both ends are the same would be a whole day.
    fn hours(&mut self, node: &Node) -> Option<(u16, u16)> {
        if let Kind::Scalar(scalar) = &node.kind
            && let Some((from, to)) = scalar.text.split_once('-')
            && from.trim() == to.trim()
            && is_clock(from.trim())
        {
            let help = "leave some hours in which it may go, as in `21:00-08:00`";
            self.contradiction(node.at, "quiet hours of a whole day let nothing out, ever", help);
            return None;
        }
        self.reader.hours(node)
    }
}

/// Whether a text is a time of the clock such as `21:00`.
fn is_clock(text: &str) -> bool {
    let below = |part: &str, end: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|number| number < end);
    text.split_once(':').is_some_and(|(hours, minutes)| below(hours, 24) && below(minutes, 60))
}

/// The quiet minutes of one zone's day for one channel.
struct Day {
    zone: ZoneChoice,
    channel: Channel,
    quiet: Vec<bool>,
}

/// Adds a rule to the days that it is about; gives the first channel whose day has no minute left by it.
fn cover(days: &mut Vec<Day>, rule: &QuietHours) -> Option<Channel> {
    let mut full = None;
    for channel in &rule.channels {
        let known = days.iter().position(|day| day.zone == rule.zone && day.channel == *channel);
        let at = known.unwrap_or_else(|| {
            days.push(Day { zone: rule.zone.clone(), channel: *channel, quiet: vec![false; DAY] });
            days.len() - 1
        });
        let day = &mut days[at];
        if day.quiet.iter().all(|quiet| *quiet) {
            continue;
        }
        let (from, to) = (usize::from(rule.from_minute), usize::from(rule.to_minute));
        let to = if to > from { to } else { to + DAY };
        (from..to).for_each(|minute| day.quiet[minute % DAY] = true);
        if day.quiet.iter().all(|quiet| *quiet) {
            full = full.or(Some(*channel));
        }
    }
    full
}
