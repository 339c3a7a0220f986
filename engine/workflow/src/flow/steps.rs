//! Steps as the author nests them.

use super::Flow;
use super::names::Place;
use crate::read::{Fields, Keys};
use crate::yaml::{Entry, Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::expr::Expr;
use staunch_core::time::Span;
use staunch_core::value::Type;
use staunch_core::workflow::{Act, DEFAULT_EXPIRY, EventMatch};

const CHOOSE: Keys = Keys { known: &["choose", "first", "else"], later: &[] };
pub(crate) const CASE: Keys = Keys { known: &["case", "when", "do"], later: &[] };
const WAIT_FOR: Keys = Keys { known: &["wait", "for"], later: &["until"] };
const WAIT_EVENT: Keys =
    Keys { known: &["wait", "event", "where", "up_to", "if_seen", "if_not"], later: &["until", "of"] };
const TASK: Keys = Keys { known: &["task", "connector", "assignee", "title", "due", "expires"], later: &[] };
const EMAIL: Keys = Keys { known: &["email", "template", "expires"], later: &[] };
const NUDGE: Keys = Keys { known: &["nudge", "template", "expires"], later: &[] };
const STOP: Keys = Keys { known: &["stop"], later: &[] };

/// Every key of every step; the JSON Schema has to know the same.
#[cfg(test)]
pub(crate) const ALL_STEP_KEYS: [&[&str]; 7] =
    [CHOOSE.known, WAIT_FOR.known, WAIT_EVENT.known, TASK.known, EMAIL.known, NUDGE.known, STOP.known];

const KINDS: [&str; 6] = ["choose", "wait", "task", "email", "nudge", "stop"];
const LATER: [&str; 3] = ["split", "webhook", "set"];

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: usize,
    pub(super) id: String,
    pub(super) kind: StepKind,
}

/// What it does.
#[derive(Debug)]
pub(super) enum StepKind {
    Choose {
        cases: Vec<CaseOf>,
        otherwise: Branch,
    },
    WaitFor(Span),
    WaitEvent {
        event: EventMatch,
        up_to: Span,
        if_seen: Branch,
        if_not: Branch,
    },
    Act(Act),
    Stop,
    /// Already reported.
    Bad,
}

/// One case of a choice.
#[derive(Debug)]
pub(super) struct CaseOf {
    pub(super) at: usize,
    pub(super) id: String,
    pub(super) when: Option<Expr>,
    pub(super) steps: Vec<Step>,
}

/// `stop`, `continue` or steps of its own.
#[derive(Debug)]
pub(super) enum Branch {
    Stop,
    Continue,
    Steps(Vec<Step>),
}

/// The ids of steps, nested ones too, as test files name them.
pub(super) fn ids(steps: &[Step], out: &mut Vec<String>) {
    for step in steps {
        out.push(step.id.clone());
        let mut branch = |branch: &Branch| {
            if let Branch::Steps(steps) = branch {
                ids(steps, out);
            }
        };
        match &step.kind {
            StepKind::Choose { cases, otherwise } => {
                branch(otherwise);
                cases.iter().for_each(|case| ids(&case.steps, out));
            }
            StepKind::WaitEvent { if_seen, if_not, .. } => {
                branch(if_seen);
                branch(if_not);
            }
            _ => {}
        }
    }
}

impl Flow<'_, '_> {
    pub(super) fn steps(&mut self, node: &Node) -> Vec<Step> {
        let items = self.reader.items(node);
        if items.is_empty() && matches!(node.kind, Kind::List(_)) {
            self.reader.error(
                node.at,
                codes::BAD_VALUE,
                "this list of steps is empty",
                "add a step, or write `continue`",
            );
        }
        items.iter().filter_map(|item| self.step(item)).collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        if self.reader.is_text(node, "stop") {
            return Some(Step { at: node.at, id: String::new(), kind: StepKind::Stop });
        }
        let Kind::Map(entries) = &node.kind else {
            self.reader.wrong(node, "a step such as `- email: tips`");
            return None;
        };
        let named = entries.iter().find(|entry| KINDS.contains(&entry.key.as_str()));
        let Some(entry) = named else { return self.no_kind(node, entries) };
        let id = self.new_id(&entry.value);
        let kind = match entry.key.as_str() {
            "choose" => self.reader.fields(node, &CHOOSE).and_then(|fields| self.choose(&fields)),
            "wait" => self.wait(node),
            "task" => self.reader.fields(node, &TASK).and_then(|fields| self.task(&fields)),
            "email" => self.reader.fields(node, &EMAIL).and_then(|fields| self.message(&fields, Channel::Email)),
            "nudge" => self.reader.fields(node, &NUDGE).and_then(|fields| self.message(&fields, Channel::Nudge)),
            _ => self.reader.fields(node, &STOP).map(|_| StepKind::Stop),
        };
        Some(Step { at: entry.value.at, id: id?, kind: kind.unwrap_or(StepKind::Bad) })
    }

    fn no_kind(&mut self, node: &Node, entries: &[Entry]) -> Option<Step> {
        if let Some(entry) = entries.iter().find(|entry| LATER.contains(&entry.key.as_str())) {
            self.reader.later(entry.key_at, &entry.key);
            let id = self.new_id(&entry.value)?;
            return Some(Step { at: entry.value.at, id, kind: StepKind::Bad });
        }
        match entries.first() {
            Some(first) => self.reader.unknown(first.key_at, codes::UNKNOWN_KEY, "a kind of step", &first.key, KINDS),
            None => {
                self.reader.error(node.at, codes::MISSING_KEY, "this step does nothing", "name its kind: `email: tips`")
            }
        }
        None
    }

    fn choose(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let mut cases = Vec::new();
        if let Some(list) = self.reader.need(fields, "first") {
            for item in self.reader.items(list) {
                cases.extend(self.case(item));
            }
            if matches!(&list.kind, Kind::List(items) if items.is_empty()) {
                self.reader.error(list.at, codes::BAD_VALUE, "this choice has no case", "add one: `- case: name`");
            }
        }
        let otherwise = self.end(fields, "else")?;
        Some(StepKind::Choose { cases, otherwise })
    }

    fn case(&mut self, node: &Node) -> Option<CaseOf> {
        let fields = self.reader.fields(node, &CASE)?;
        let named = self.reader.need(&fields, "case");
        let id = named.and_then(|node| self.new_id(node));
        let when = self.reader.need(&fields, "when").and_then(|node| self.expr(node, &Place::step(), Type::Bool));
        let steps = self.reader.need(&fields, "do").map(|node| self.steps(node));
        Some(CaseOf { at: named?.at, id: id?, when: when.map(|(expr, _)| expr), steps: steps? })
    }

    /// One way out of a step, which has to be written: `stop`, `continue` or a list of steps.
    fn end(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<Branch> {
        let Some(node) = fields.get(key) else {
            if !fields.excused(key) {
                let message = format!("`{key}` is missing: nobody can see what happens then");
                self.reader.error(
                    fields.at,
                    codes::OPEN_END,
                    message,
                    format!("add `{key}: stop`, `{key}: continue` or steps"),
                );
            }
            return None;
        };
        match &node.kind {
            Kind::List(_) => Some(Branch::Steps(self.steps(node))),
            Kind::Poison => None,
            Kind::Scalar(_) => {
                let stop = self.reader.one_of(node, &[("stop", true), ("continue", false)])?;
                Some(if stop { Branch::Stop } else { Branch::Continue })
            }
            Kind::Map(_) => {
                self.reader.wrong(node, "`stop`, `continue` or a list of steps");
                None
            }
        }
    }

    fn wait(&mut self, node: &Node) -> Option<StepKind> {
        if node.get("for").is_some() || (node.get("until").is_some() && node.get("event").is_none()) {
            let fields = self.reader.fields(node, &WAIT_FOR)?;
            return self.reader.need(&fields, "for").and_then(|node| self.reader.span(node)).map(StepKind::WaitFor);
        }
        if node.get("event").is_none() && node.get("up_to").is_none() {
            let help = "add `for: 2d`, or `event:` with `up_to`, `if_seen` and `if_not`";
            self.reader.error(node.at, codes::MISSING_KEY, "nobody can see what this waits for", help);
            return None;
        }
        let fields = self.reader.fields(node, &WAIT_EVENT)?;
        let events = self.reader.need(&fields, "event").map(|node| self.events(node));
        let filter = self.filter(&fields, events.as_deref());
        let up_to = self.reader.need(&fields, "up_to").and_then(|node| self.reader.span(node));
        let if_seen = self.end(&fields, "if_seen");
        let if_not = self.end(&fields, "if_not");
        let event = EventMatch { events: events?, filter, of: None };
        Some(StepKind::WaitEvent { event, up_to: up_to?, if_seen: if_seen?, if_not: if_not? })
    }

    /// `where` of an event that a run meets.
    pub(super) fn filter(&mut self, fields: &Fields<'_>, events: Option<&[String]>) -> Option<Expr> {
        let place = Place::seen(events.unwrap_or_default().to_vec());
        fields.get("where").and_then(|node| self.expr(node, &place, Type::Bool)).map(|(expr, _)| expr)
    }

    fn act(&mut self, fields: &Fields<'_>, channel: Channel) -> Option<Act> {
        self.channels.insert(channel);
        let expires = fields.get("expires").map_or(Some(DEFAULT_EXPIRY), |node| self.reader.span(node))?;
        Some(Act {
            channel,
            template: None,
            connector: None,
            assignee: None,
            round_robin: Vec::new(),
            fields: std::collections::BTreeMap::new(),
            title: None,
            due: None,
            expires,
        })
    }

    fn task(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let act = self.act(fields, Channel::Task);
        let connector = fields.get("connector").and_then(|node| self.connector(node));
        let assignee = match fields.get("assignee") {
            Some(node) if matches!(node.kind, Kind::Map(_)) => {
                self.reader.later(node.at, "round_robin");
                None
            }
            found => found.and_then(|node| self.rendered(node)),
        };
        let title = self.reader.need(fields, "title").and_then(|node| self.rendered(node));
        let due = fields.get("due").and_then(|node| self.reader.span(node));
        Some(StepKind::Act(Act { connector, assignee, title: Some(title?), due, ..act? }))
    }

    fn connector(&mut self, node: &Node) -> Option<String> {
        let name = self.reader.id(node)?;
        if let Some(workspace) = self.around.workspace
            && !workspace.connectors.contains_key(&name)
        {
            let known = workspace.connectors.keys().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_CONNECTOR, "a declared connector", &name, known);
        }
        Some(name)
    }

    fn message(&mut self, fields: &Fields<'_>, channel: Channel) -> Option<StepKind> {
        let act = self.act(fields, channel);
        let node = self.reader.need(fields, "template")?;
        let name = self.reader.text(node)?.to_owned();
        match self.around.templates.get(&name) {
            None => {
                let fitting = self.around.templates.iter().filter(|(_, other)| other.channel == channel);
                let known = fitting.map(|(name, _)| name.as_str());
                self.reader.unknown(node.at, codes::UNKNOWN_TEMPLATE, "a template", &name, known);
            }
            Some(other) if other.channel != channel => {
                let message = format!("`{name}` is a template of the channel {}", other.channel.word());
                self.reader.error(node.at, codes::BAD_VALUE, message, format!("use a template for {}", channel.word()));
            }
            Some(_) => {}
        }
        Some(StepKind::Act(Act { template: Some(name), ..act? }))
    }
}
