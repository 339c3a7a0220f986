//! Waits: for a length of time, for a window of local time, for an event.

use super::Flow;
use super::names::Place;
use super::steps::StepKind;
use crate::read::{Fields, Keys};
use crate::yaml::Node;
use staunch_core::codes;
use staunch_core::expr::Expr;
use staunch_core::schema::BUILT_IN_EVENTS;
use staunch_core::value::Type;
use staunch_core::workflow::{EventMatch, matches_any};

pub(crate) const WAIT_FOR: Keys = Keys { known: &["wait", "for"], later: &[] };
pub(crate) const WAIT_UNTIL: Keys = Keys { known: &["wait", "until"], later: &[] };
pub(crate) const WAIT_EVENT: Keys =
    Keys { known: &["wait", "event", "of", "where", "up_to", "if_seen", "if_not"], later: &[] };

/// `of:` as written; what it names may stand further down in the file.
pub(super) struct Of {
    at: usize,
    step: String,
    events: Vec<String>,
}

impl Flow<'_, '_> {
    pub(super) fn wait(&mut self, node: &Node, at: usize) -> Option<StepKind> {
        let has = |key: &str| node.get(key).is_some();
        if !has("event") && !has("up_to") {
            if has("until") && !has("for") {
                let fields = self.reader.fields(node, &WAIT_UNTIL)?;
                let window = self.reader.need(&fields, "until").and_then(|node| self.reader.local_window(node));
                return window.map(StepKind::WaitUntil);
            }
            if has("for") {
                let fields = self.reader.fields(node, &WAIT_FOR)?;
                return self.reader.need(&fields, "for").and_then(|node| self.reader.span(node)).map(StepKind::WaitFor);
            }
            let help = "add `for: 2d`, `until: 09:00-11:00 MON-FRI`, or `event:` with `up_to`, `if_seen` and `if_not`";
            self.reader.error(node.at, codes::MISSING_KEY, "nobody can see what this waits for", help);
            return None;
        }
        let fields = self.reader.fields(node, &WAIT_EVENT)?;
        let event = self.event_match(&fields);
        let up_to = self.reader.need(&fields, "up_to").and_then(|node| self.reader.span(node));
        let if_seen = self.end(&fields, "if_seen");
        let if_not = self.end(&fields, "if_not");
        let event = event?;
        if event.of.is_none() {
            self.waits.push((at, event.events.clone()));
        }
        Some(StepKind::WaitEvent { event, up_to: up_to?, if_seen: if_seen?, if_not: if_not? })
    }

    /// An event that a run meets: `event`, `of`, `where`.
    pub(super) fn event_match(&mut self, fields: &Fields<'_>) -> Option<EventMatch> {
        let events = self.reader.need(fields, "event").map(|node| self.events(node));
        let filter = self.filter(fields, events.as_deref());
        let of = fields.get("of").and_then(|node| Some((node.at, self.reader.id(node)?)));
        let events = events?;
        if let Some((at, step)) = &of {
            self.ofs.push(Of { at: *at, step: step.clone(), events: events.clone() });
        }
        Some(EventMatch { events, filter, of: of.map(|(_, step)| step) })
    }

    /// `where` of an event that a run meets.
    fn filter(&mut self, fields: &Fields<'_>, events: Option<&[String]>) -> Option<Expr> {
        let place = Place::seen(events.unwrap_or_default().to_vec());
        fields.get("where").and_then(|node| self.expr(node, &place, Type::Bool)).map(|(expr, _)| expr)
    }

    /// Once all steps are known: an `of` names an action whose outcome the event can be.
    pub(super) fn check_ofs(&mut self) {
        for of in std::mem::take(&mut self.ofs) {
            let Some(action) = self.actions.get(&of.step) else {
                let known: Vec<&str> = self.actions.keys().map(String::as_str).collect();
                self.reader.unknown(of.at, codes::UNKNOWN_STEP, "an action of this workflow", &of.step, known);
                continue;
            };
            let word = action.channel.word();
            let mut kinds = BUILT_IN_EVENTS.iter().filter(|kind| matches_any(&of.events, kind));
            let other = kinds.find(|kind| kind.split_once('.').is_none_or(|(channel, _)| channel != word));
            let declared = self.around.workspace.and_then(|workspace| {
                workspace.schema.events.keys().find(|kind| matches_any(&of.events, kind)).map(String::as_str)
            });
            let Some(kind) = other.copied().or(declared) else { continue };
            let outcomes: Vec<&str> =
                BUILT_IN_EVENTS.iter().copied().filter(|kind| kind.starts_with(&format!("{word}."))).collect();
            let help = match outcomes.as_slice() {
                [] => format!("a {word} has no outcome that can be waited for: remove `of`"),
                all => format!("its outcomes are {}; without `of` any event will do", all.join(", ")),
            };
            let message = format!("`{kind}` is no outcome of `{}`, which is of the channel {word}", of.step);
            self.reader.error(of.at, codes::BAD_VALUE, message, help);
        }
    }
}
