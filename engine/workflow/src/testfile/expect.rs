//! What is expected of a case.

use super::read::Tests;
use super::{Expectation, Expected, LEFT, NotStarted};
use crate::read::{Fields, Keys};
use crate::yaml::{Entry, Node};
use staunch_core::action::ReasonCode;
use staunch_core::codes;
use staunch_core::workflow::{NodeKind, matches_any};

/// One of these says what is expected; the word before it in this list is tried first.
const KINDS: [&str; 9] = ["sent", "held", "withheld", "review", "done", "left", "goal", "not_started", "never"];

pub(crate) const EXPECT: Keys = Keys {
    known: &[
        "at",
        "sent",
        "held",
        "withheld",
        "review",
        "done",
        "left",
        "goal",
        "not_started",
        "never",
        "because",
        "until",
    ],
    later: &[],
};

/// The expectations of a case.
pub(super) struct Wanted {
    pub(super) expect: Vec<Expectation>,
    pub(super) nothing_else: bool,
}

impl Tests<'_, '_> {
    pub(super) fn wanted(&mut self, node: &Node, zone: &str) -> Wanted {
        let (mut expect, mut nothing_else) = (Vec::new(), false);
        for item in self.reader.items(node) {
            match self.reader.is_text(item, "nothing_else") {
                true => nothing_else = true,
                false => expect.extend(self.expectation(item, zone)),
            }
        }
        Wanted { expect, nothing_else }
    }

    fn expectation(&mut self, node: &Node, zone: &str) -> Option<Expectation> {
        let fields = self.reader.fields(node, &EXPECT)?;
        let named: Vec<&Entry> = KINDS.iter().filter_map(|key| fields.entry(key)).collect();
        let Some((first, more)) = named.split_first() else {
            if !fields.excused("sent") {
                let help = "add `sent:`, `held:`, `withheld:`, `review:`, `done:`, `left:`, `goal:`, `not_started:` or `never:`";
                self.reader.error(fields.at, codes::MISSING_KEY, "nobody can see what is expected", help);
            }
            return None;
        };
        for entry in more {
            let message = format!("`{}` and `{}` are two expectations", first.key, entry.key);
            self.reader.error(entry.key_at, codes::UNKNOWN_KEY, message, "write each in a line of its own");
        }
        let at = self.moment_of(&fields, &first.key);
        let what = self.what(first, &fields, zone);
        let line = self.reader.source.place(node.at).0;
        Some(Expectation { at: at?, what: what?, line })
    }

    /// `at`, which everything but `never` has.
    fn moment_of(&mut self, fields: &Fields<'_>, kind: &str) -> Option<Option<staunch_core::Span>> {
        if kind != "never" {
            return self.reader.need(fields, "at").and_then(|node| self.reader.offset(node)).map(Some);
        }
        if let Some(entry) = fields.entry("at") {
            let help = "remove `at:`: it holds for the whole case";
            self.reader.error(entry.key_at, codes::UNKNOWN_KEY, "`never` has no time", help);
        }
        Some(None)
    }

    fn what(&mut self, entry: &Entry, fields: &Fields<'_>, zone: &str) -> Option<Expected> {
        let reasons = ReasonCode::ALL.map(|reason| (reason.word(), reason));
        let because = fields.get("because").and_then(|node| self.reader.one_of(node, &reasons));
        let until = fields.get("until").and_then(|node| self.reader.moment(node, Some(zone))).map(|moment| moment.time);
        let takes: &[&str] = match entry.key.as_str() {
            "held" => &["because", "until"],
            "withheld" => &["because"],
            _ => &[],
        };
        for key in ["because", "until"] {
            if let Some(extra) = fields.entry(key).filter(|_| !takes.contains(&key)) {
                let message = format!("`{}` has no `{key}`", entry.key);
                self.reader.error(extra.key_at, codes::UNKNOWN_KEY, message, format!("remove `{key}:`"));
            }
        }
        let node = &entry.value;
        Some(match entry.key.as_str() {
            "sent" => Expected::Sent(self.action(node)?),
            "held" => Expected::Held { step: self.step(node)?, because, until },
            "withheld" => Expected::Withheld { step: self.action(node)?, because },
            "review" => Expected::Review(self.action(node)?),
            "done" => Expected::Done(self.step(node)?),
            "never" => Expected::Never(self.action(node)?),
            "left" => Expected::Left(self.left(node)?),
            "goal" => self.goal(node)?,
            _ => Expected::NotStarted(self.reader.one_of(node, &NotStarted::ALL.map(|why| (why.word(), why)))?),
        })
    }

    /// A step that makes an action.
    fn action(&mut self, node: &Node) -> Option<String> {
        let id = self.step(node)?;
        let found = self.workflow.and_then(|flow| flow.nodes.iter().find(|node| node.id == id));
        if let Some(found) = found
            && !matches!(found.kind, NodeKind::Act(_) | NodeKind::Set { .. })
        {
            let actions = self.workflow.into_iter().flat_map(|flow| &flow.nodes);
            let actions: Vec<&str> =
                actions.filter(|node| matches!(node.kind, NodeKind::Act(_))).map(|node| node.id.as_str()).collect();
            let help = format!("name one that does: {}", actions.join(", "));
            self.reader.error(node.at, codes::BAD_VALUE, format!("`{id}` is a step that sends nothing"), help);
            return None;
        }
        Some(id)
    }

    /// An event of `leave_when`, or a reason of the engine's.
    fn left(&mut self, node: &Node) -> Option<String> {
        let why = self.reader.text(node)?.to_owned();
        let (Some(workflow), Some(workspace)) = (self.workflow, self.workspace) else { return Some(why) };
        let events = workspace.events();
        let leaves = |event: &&str| workflow.leave_when.iter().any(|one| matches_any(&one.events, event));
        let known: Vec<&str> = events.into_iter().filter(leaves).chain(LEFT).collect();
        if known.contains(&why.as_str()) {
            return Some(why);
        }
        self.reader.unknown(node.at, codes::BAD_VALUE, "what a run of this workflow leaves by", &why, known);
        None
    }

    fn goal(&mut self, node: &Node) -> Option<Expected> {
        self.reader.one_of(node, &[("reached", ())])?;
        if self.workflow.is_some_and(|workflow| workflow.goal.is_none()) {
            let help = "give the workflow a `goal:`, or remove this line";
            self.reader.error(node.at, codes::BAD_VALUE, "this workflow has no goal", help);
            return None;
        }
        Some(Expected::Goal)
    }
}
