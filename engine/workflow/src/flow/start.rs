//! What starts a run: events, or a schedule over an audience.

use super::Flow;
use super::names::{Place, score_of};
use crate::read::{Fields, Keys, minute};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::expr::Root;
use staunch_core::policy::ZoneChoice;
use staunch_core::schedule::{Schedule, Ticks, Weekdays};
use staunch_core::time::Time;
use staunch_core::value::Type;
use staunch_core::workflow::Start;

pub(crate) const START: Keys =
    Keys { known: &["event", "schedule", "zone", "audience", "when", "again_after"], later: &[] };

/// How both kinds of schedule are written.
const FORMS: &str =
    "write a time and weekdays (`09:00 MON-FRI`), or five fields of cron and a zone (`\"0 9 * * MON Europe/Berlin\"`)";

/// Behind this instant (in 2026) every schedule that ever ticks has a tick.
const SOME_TIME: Time = Time(1_770_000_000_000_000);

impl Flow<'_, '_> {
    pub(super) fn start(&mut self, node: &Node) -> Option<Start> {
        let fields = self.reader.fields(node, &START)?;
        let scheduled = fields.get("schedule").is_some();
        let (events, schedule) = if scheduled {
            if let Some(entry) = fields.entry("event") {
                let help = "remove one of them, or make two workflows";
                let message = "a run starts by an event or by a schedule, not by both";
                self.reader.error(entry.key_at, codes::BAD_VALUE, message, help);
            }
            (Some(Vec::new()), Some(self.schedule(&fields)))
        } else {
            self.no_schedule(&fields);
            (fields.get("event").map(|node| self.events(node)), None)
        };
        let place =
            Place { event: events.clone().filter(|_| !scheduled), features: true, scores: true, ..Place::default() };
        let when = fields.get("when").and_then(|node| self.expr(node, &place, Type::Bool));
        let when = when.map(|(expr, reads)| {
            let scores = reads.into_iter().filter(|(root, _)| matches!(root, Root::Score | Root::Band));
            self.start_scores.extend(scores.map(|(_, name)| score_of(&name).to_owned()));
            expr
        });
        let again_after = fields.get("again_after").and_then(|node| self.reader.span(node));
        let schedule = match schedule {
            None => None,
            Some(schedule) => Some(schedule?),
        };
        Some(Start { events: events?, schedule, when, again_after })
    }

    /// Keys that have a meaning only beside a schedule.
    fn no_schedule(&mut self, fields: &Fields<'_>) {
        for key in ["zone", "audience"] {
            if let Some(entry) = fields.entry(key) {
                let message = format!("`{key}` belongs to a `schedule`");
                self.reader.error(entry.key_at, codes::UNKNOWN_KEY, message, "remove it, or add `schedule:`");
            }
        }
        if fields.get("event").is_none() && !fields.excused("event") && !fields.excused("schedule") {
            let help = "add `event:`, or `schedule:` with `audience:`";
            self.reader.error(fields.at, codes::MISSING_KEY, "nobody can see what starts a run", help);
        }
    }

    fn schedule(&mut self, fields: &Fields<'_>) -> Option<Schedule> {
        let node = fields.get("schedule")?;
        let ticks = self.ticks(node);
        let zone = match fields.get("zone") {
            Some(node) if self.reader.is_text(node, "contact") => Some(ZoneChoice::Contact),
            Some(node) => self.reader.zone(node).map(ZoneChoice::Fixed),
            None => self.around.workspace.map(|workspace| ZoneChoice::Fixed(workspace.zone.clone())),
        };
        let audience = self.reader.need(fields, "audience").and_then(|node| self.audience(node));
        let (ticks, own) = ticks?;
        if own.is_some()
            && let Some(entry) = fields.entry("zone")
        {
            let message = "the schedule names a zone already";
            self.reader.error(entry.key_at, codes::BAD_SCHEDULE, message, "keep one of the two");
        }
        let zone = own.map(ZoneChoice::Fixed).or(zone)?;
        self.ever_ticks(node, &ticks, &zone);
        Some(Schedule { ticks, zone, audience: audience? })
    }

    /// The ticks, and the zone where the text names one.
    fn ticks(&mut self, node: &Node) -> Option<(Ticks, Option<String>)> {
        let text = self.reader.text(node)?.trim().to_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        if let [time, days @ ..] = words.as_slice()
            && days.len() <= 1
            && let Some(minute) = minute(time)
        {
            let Some(days) = days.first().map_or(Some(Weekdays::ALL), |days| Weekdays::parse(days)) else {
                let message = format!("`{}` are not weekdays", words[1]);
                let help = format!("write them like `MON-FRI` or `SAT,SUN`; known: {}", Weekdays::WORDS.join(", "));
                self.reader.error(node.at, codes::BAD_SCHEDULE, message, help);
                return None;
            };
            return Some((Ticks::Weekly { minute, days }, None));
        }
        let (cron, zone) = match words.as_slice() {
            [_, _, _, _, _] => (words.join(" "), None),
            [cron @ .., zone] if words.len() == 6 => (cron.join(" "), Some((*zone).to_owned())),
            _ => {
                self.reader.error(node.at, codes::BAD_SCHEDULE, format!("`{text}` is not a schedule"), FORMS);
                return None;
            }
        };
        if let Some(zone) = zone.as_ref().filter(|zone| staunch_core::time::zone(zone).is_none()) {
            let at = self.reader.source.inside(node, text.len() - zone.len());
            let help = "use an IANA name such as `Europe/Berlin`; there are five fields before it, no seconds";
            self.reader.error(at, codes::BAD_SCHEDULE, format!("`{zone}` is not a time zone"), help);
            return None;
        }
        match Ticks::cron(&cron) {
            Ok(ticks) => Some((ticks, zone)),
            Err(why) => {
                let help = "the fields are minute, hour, day of the month, month, day of the week";
                self.reader.error(node.at, codes::BAD_SCHEDULE, format!("`{cron}` cannot be read: {why}"), help);
                None
            }
        }
    }

    fn ever_ticks(&mut self, node: &Node, ticks: &Ticks, zone: &ZoneChoice) {
        let zone = match zone {
            ZoneChoice::Fixed(name) => staunch_core::time::zone(name),
            ZoneChoice::Contact => None,
        };
        if ticks.after(&zone.unwrap_or(jiff::tz::TimeZone::UTC), SOME_TIME).is_none() {
            let help = "look at the day and the month: 30 February does not come";
            self.reader.error(node.at, codes::BAD_SCHEDULE, "this schedule never ticks", help);
        }
    }

    fn audience(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.id(node)?;
        if let Some(workspace) = self.around.workspace
            && !workspace.audience_names.contains(&name)
        {
            let known = workspace.audience_names.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_AUDIENCE, "a declared audience", &name, known);
        }
        Some(name)
    }
}
