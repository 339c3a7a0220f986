//! What surrounds the steps: leaving, the goal, the experiment, breakers and review gates.

use super::Flow;
use super::names::Place;
use crate::read::{Fields, Keys};
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::expr::{Expr, Names, Root};
use staunch_core::value::Type;
use staunch_core::workflow::{Breaker, EventMatch, Goal, IfExpired, ReviewGate, WhileRunning};

pub(crate) const LEAVE: Keys = Keys { known: &["event", "where"], later: &["of"] };
pub(crate) const GOAL: Keys = Keys { known: &["event", "where", "window", "value"], later: &["of"] };
pub(crate) const EXPERIMENT: Keys = Keys { known: &["unit", "holdout"], later: &["arms"] };
pub(crate) const BREAKER: Keys = Keys {
    known: &["id", "actions", "above", "window", "then"],
    later: &["rate", "silent", "for", "errors", "min_sent"],
};
pub(crate) const REVIEW: Keys = Keys { known: &["actions"], later: &["launch"] };
pub(crate) const GATE: Keys =
    Keys { known: &["id", "when", "channels", "sample", "by", "expires", "if_expired"], later: &[] };

/// All of it.
pub(super) struct Surround {
    pub(super) while_running: WhileRunning,
    pub(super) leave_when: Vec<EventMatch>,
    pub(super) goal: Option<Goal>,
    pub(super) holdout: f64,
    pub(super) breakers: Vec<Breaker>,
    pub(super) reviews: Vec<ReviewGate>,
}

impl Flow<'_, '_> {
    pub(super) fn surround(&mut self, fields: &Fields<'_>) -> Surround {
        let words = [("ignore", WhileRunning::Ignore), ("restart", WhileRunning::Restart)];
        let while_running = fields.get("while_running").and_then(|node| self.reader.one_of(node, &words));
        let mut leave_when = Vec::new();
        if let Some(node) = fields.get("leave_when") {
            for item in self.reader.items(node) {
                leave_when.extend(self.reader.fields(item, &LEAVE).and_then(|fields| self.event_match(&fields)));
            }
        }
        let goal = fields.get("goal").and_then(|node| self.goal(node));
        let holdout = fields.get("experiment").and_then(|node| self.experiment(node)).unwrap_or(0.0);
        let mut breakers = Vec::new();
        if let Some(node) = fields.get("breakers") {
            for item in self.reader.items(node) {
                breakers.extend(self.breaker(item));
            }
        }
        let mut reviews = Vec::new();
        if let Some(review) = fields.get("review").and_then(|node| self.reader.fields(node, &REVIEW))
            && let Some(node) = self.reader.need(&review, "actions")
        {
            for item in self.reader.items(node) {
                reviews.extend(self.gate(item));
            }
        }
        let while_running = while_running.unwrap_or(WhileRunning::Ignore);
        Surround { while_running, leave_when, goal, holdout, breakers, reviews }
    }

    fn event_match(&mut self, fields: &Fields<'_>) -> Option<EventMatch> {
        let events = self.reader.need(fields, "event").map(|node| self.events(node));
        let filter = self.filter(fields, events.as_deref());
        Some(EventMatch { events: events?, filter, of: None })
    }

    fn goal(&mut self, node: &Node) -> Option<Goal> {
        let fields = self.reader.fields(node, &GOAL)?;
        let event = self.event_match(&fields);
        let window = self.reader.need(&fields, "window").and_then(|node| self.reader.span(node));
        let events = event.as_ref().map(|event| event.events.clone()).unwrap_or_default();
        let value = fields.get("value").and_then(|node| self.goal_value(node, &events));
        Some(Goal { event: event?, window: window?, value })
    }

    /// The name of a field, not an expression: it may stand inside braces.
    fn goal_value(&mut self, node: &Node, events: &[String]) -> Option<Expr> {
        let text = self.reader.text(node)?;
        let expr = Some(Expr::new(text));
        let parts = text.split_once('.').and_then(|(root, name)| Some((Root::parse(root)?, name)));
        let Some((root, name)) = parts else {
            self.reader.error(
                node.at,
                codes::BAD_VALUE,
                format!("`{text}` is not a field"),
                "name a field, as in `event.total`",
            );
            return None;
        };
        self.around.workspace?;
        let place = Place { event: Some(events.to_vec()), entry: true, ..Place::default() };
        let names = self.known.at(&place);
        match names.lookup(root, name).map(|found| found.kind) {
            Some(Type::Number | Type::Money) => return expr,
            Some(kind) => {
                let message = format!("`{text}` is {} and no worth", kind.word());
                self.reader.error(node.at, codes::WRONG_TYPE, message, "name a number or money");
            }
            None => {
                let known: Vec<String> =
                    names.list(root).iter().map(|known| format!("{}.{known}", root.word())).collect();
                self.reader.unknown(
                    node.at,
                    codes::UNKNOWN_FIELD,
                    "a field here",
                    text,
                    known.iter().map(String::as_str),
                );
            }
        }
        None
    }

    fn experiment(&mut self, node: &Node) -> Option<f64> {
        let fields = self.reader.fields(node, &EXPERIMENT)?;
        match self.reader.need(&fields, "unit") {
            Some(unit) if self.reader.is_text(unit, "account") => self.reader.later(unit.at, "account"),
            Some(unit) => drop(self.reader.one_of(unit, &[("contact", ())])),
            None => {}
        }
        self.reader.need(&fields, "holdout").and_then(|node| self.reader.share(node))
    }

    fn breaker(&mut self, node: &Node) -> Option<Breaker> {
        let fields = self.reader.fields(node, &BREAKER)?;
        let id = self.reader.need(&fields, "id").and_then(|node| self.new_id(node));
        let channel = self.reader.need(&fields, "actions").and_then(|node| self.reader.channel(node));
        let above = self.reader.need(&fields, "above").and_then(|node| self.reader.whole(node, 0..=u32::MAX));
        let window = self.reader.need(&fields, "window").and_then(|node| self.reader.span(node));
        if let Some(node) = self.reader.need(&fields, "then") {
            match ["demote", "hold", "fallback", "alert"].into_iter().find(|later| self.reader.is_text(node, later)) {
                Some(later) => self.reader.later(node.at, later),
                None => drop(self.reader.one_of(node, &[("pause", ())])),
            }
        }
        Some(Breaker { id: id?, channel: channel?, above: above?, window: window? })
    }

    fn gate(&mut self, node: &Node) -> Option<ReviewGate> {
        let fields = self.reader.fields(node, &GATE)?;
        let id = self.reader.need(&fields, "id").and_then(|node| self.new_id(node));
        let when =
            fields.get("when").and_then(|node| self.expr(node, &Place::step(), Type::Bool)).map(|(expr, _)| expr);
        let channels = fields.get("channels").map(|node| self.reader.channels(node)).unwrap_or_default();
        let sample = fields.get("sample").and_then(|node| self.reader.share(node));
        let by = self.reader.need(&fields, "by").and_then(|node| self.role(node));
        let expires = self.reader.need(&fields, "expires").and_then(|node| self.reader.span(node));
        let words = [("reject", IfExpired::Reject), ("approve", IfExpired::Approve)];
        let if_expired = self.reader.need(&fields, "if_expired").and_then(|node| self.reader.one_of(node, &words));
        Some(ReviewGate { id: id?, when, channels, sample, by: by?, expires: expires?, if_expired: if_expired? })
    }

    fn role(&mut self, node: &Node) -> Option<String> {
        if matches!(node.kind, Kind::List(_)) {
            self.reader.wrong(node, "one role");
            return None;
        }
        let role = self.reader.id(node)?;
        if let Some(workspace) = self.around.workspace
            && !workspace.roles.contains_key(&role)
        {
            let known = workspace.roles.keys().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_ROLE, "a declared role", &role, known);
        }
        Some(role)
    }
}
