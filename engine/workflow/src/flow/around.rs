//! What surrounds the steps: leaving, the goal, the experiment, kill rules, breakers and review gates.

use super::Flow;
use super::names::Place;
use super::stops::{self, AnyBreaker, Placed};
use crate::read::{Fields, Keys};
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::expr::{Expr, Names, Root};
use staunch_core::value::Type;
use staunch_core::workflow::{
    Breaker, EventMatch, Goal, IfExpired, KillRule, LaunchGate, ReviewGate, Signal, SignalBreaker, WhileRunning,
};

pub(crate) const LEAVE: Keys = Keys { known: &["event", "of", "where"], later: &[] };
pub(crate) const GOAL: Keys = Keys { known: &["event", "of", "where", "window", "value"], later: &[] };
pub(crate) const EXPERIMENT: Keys = Keys { known: &["unit", "holdout"], later: &["arms"] };
pub(crate) const REVIEW: Keys = Keys { known: &["launch", "actions"], later: &[] };
pub(crate) const LAUNCH: Keys = Keys { known: &["by", "not_author"], later: &[] };
pub(crate) const GATE: Keys =
    Keys { known: &["id", "when", "channels", "sample", "by", "expires", "if_expired"], later: &[] };

/// All of it.
pub(super) struct Surround {
    pub(super) while_running: WhileRunning,
    pub(super) leave_when: Vec<EventMatch>,
    pub(super) goal: Option<Goal>,
    pub(super) holdout: f64,
    pub(super) breakers: Vec<Breaker>,
    pub(super) signals: Vec<SignalBreaker>,
    pub(super) kills: Vec<KillRule>,
    pub(super) launch: Option<LaunchGate>,
    pub(super) reviews: Vec<ReviewGate>,
}

impl Surround {
    /// The role that looks where a workflow names none: that of the first gate, else that of the launch.
    pub(super) fn reviewer(&self) -> Option<&str> {
        let first = self.reviews.first().map(|gate| gate.by.as_str());
        first.or(self.launch.as_ref().map(|launch| launch.by.as_str()))
    }
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
        let mut made = Surround {
            while_running: while_running.unwrap_or(WhileRunning::Ignore),
            leave_when,
            goal,
            holdout,
            breakers: Vec::new(),
            signals: Vec::new(),
            kills: self.kills(fields),
            launch: None,
            reviews: Vec::new(),
        };
        self.breakers(fields, &mut made);
        if let Some(node) = fields.get("review") {
            self.review(node, &mut made);
        }
        made
    }

    fn kills(&mut self, fields: &Fields<'_>) -> Vec<KillRule> {
        let Some(entry) = fields.entry("kill") else { return Vec::new() };
        let mut made = Vec::new();
        for item in self.reader.items(&entry.value) {
            if let Some(node) = item.get("lift").filter(|_| fields.get("goal").is_none() && !fields.excused("goal")) {
                let help = "add `goal:`, or remove the rule";
                self.reader.error(node.at, codes::MISSING_KEY, "a lift needs a goal to be measured on", help);
            }
            let rule = stops::kill(self.reader, item);
            made.extend(rule.and_then(|rule| self.stop(rule)));
        }
        if !made.is_empty() {
            self.reader.not_enforced(entry.key_at, "`kill`");
        }
        made
    }

    fn breakers(&mut self, fields: &Fields<'_>, made: &mut Surround) {
        let Some(node) = fields.get("breakers") else { return };
        for item in self.reader.items(node) {
            let found = stops::breaker(self.reader, item);
            match found.and_then(|found| self.stop(found)) {
                Some(AnyBreaker::Actions(breaker)) => made.breakers.push(breaker),
                Some(AnyBreaker::Signal(breaker)) => {
                    if let (Signal::Errors { score, .. }, Some(node)) = (&breaker.signal, item.get("errors")) {
                        self.declared_score(node, score);
                    }
                    made.signals.push(breaker);
                }
                None => {}
            }
        }
    }

    /// A rule with an id of its own, whose metrics the lint looks at.
    fn stop<T>(&mut self, found: Placed<T>) -> Option<T> {
        self.metrics.extend(found.metrics);
        self.own_id(found.at, &found.id);
        Some(found.rule)
    }

    fn declared_score(&mut self, node: &Node, score: &str) {
        if !self.known.scores.iter().any(|known| known.name == score) {
            let known: Vec<String> = self.known.scores.iter().map(|known| format!("score.{}", known.name)).collect();
            let known = known.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_FIELD, "a score here", &format!("score.{score}"), known);
        }
    }

    fn review(&mut self, node: &Node, made: &mut Surround) {
        let Some(review) = self.reader.fields(node, &REVIEW) else { return };
        if let Some(entry) = review.entry("launch") {
            made.launch = self.launch(&entry.value);
            self.reader.not_enforced(entry.key_at, "`review.launch`");
        }
        if let Some(node) = review.get("actions") {
            for item in self.reader.items(node) {
                made.reviews.extend(self.gate(item));
            }
        } else if review.get("launch").is_none() && !review.excused("actions") {
            let help = "add gates under `actions:`, or `launch:`";
            self.reader.error(review.at, codes::MISSING_KEY, "nothing is reviewed here", help);
        }
    }

    fn launch(&mut self, node: &Node) -> Option<LaunchGate> {
        let fields = self.reader.fields(node, &LAUNCH)?;
        let by = self.reader.need(&fields, "by").and_then(|node| self.role(node));
        let not_author = fields.get("not_author").map_or(Some(false), |node| self.reader.truth(node));
        Some(LaunchGate { by: by?, not_author: not_author? })
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
