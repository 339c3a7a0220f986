//! Steps as the author nests them: which kinds there are, choices and splits, and the ways out of a step.

use super::Flow;
use super::acts;
use super::names::Place;
use crate::read::{Fields, Keys};
use crate::yaml::{Entry, Kind, Node};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::expr::Expr;
use staunch_core::schedule::LocalWindow;
use staunch_core::time::Span;
use staunch_core::value::Type;
use staunch_core::workflow::{Act, EventMatch};

pub(crate) const CHOOSE: Keys = Keys { known: &["choose", "first", "else"], later: &[] };
pub(crate) const CASE: Keys = Keys { known: &["case", "when", "do"], later: &[] };
pub(crate) const SPLIT: Keys = Keys { known: &["split", "arms", "do"], later: &[] };
pub(crate) const STOP: Keys = Keys { known: &["stop"], later: &[] };

/// Every kind of step; its key also names the step.
const KINDS: [&str; 9] = ["choose", "split", "wait", "task", "email", "nudge", "webhook", "set", "stop"];

/// How far the shares of a split may be from 100 %, so that three times 33.3333333% is fine.
const ROUNDING: f64 = 1e-6;

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
    Split(Vec<ArmOf>),
    WaitFor(Span),
    WaitUntil(LocalWindow),
    WaitEvent {
        event: EventMatch,
        up_to: Span,
        if_seen: Branch,
        if_not: Branch,
    },
    Act(Act),
    Set {
        field: String,
        value: Expr,
    },
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

/// One arm of a split.
#[derive(Debug)]
pub(super) struct ArmOf {
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) share: f64,
    pub(super) then: Branch,
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
        if !step.id.is_empty() {
            out.push(step.id.clone());
        }
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
            StepKind::Split(arms) => arms.iter().for_each(|arm| branch(&arm.then)),
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
            "split" => self.reader.fields(node, &SPLIT).and_then(|fields| self.split(&fields)),
            "wait" => self.wait(node, entry.value.at),
            "set" => self.reader.fields(node, &acts::SET).and_then(|fields| self.set(&fields)),
            "stop" => self.reader.fields(node, &STOP).map(|_| StepKind::Stop),
            key => Channel::parse(key).and_then(|channel| self.act(node, channel, id.as_deref(), entry.value.at)),
        };
        Some(Step { at: entry.value.at, id: id?, kind: kind.unwrap_or(StepKind::Bad) })
    }

    fn no_kind(&mut self, node: &Node, entries: &[Entry]) -> Option<Step> {
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

    fn split(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let shares = self.reader.need(fields, "arms").and_then(|node| self.shares(node));
        let ways = self.reader.need(fields, "do")?;
        let mut then: Vec<(String, Option<Branch>)> = Vec::new();
        for entry in self.reader.entries(ways) {
            let way = self.way(&entry.value);
            if let Some(shares) = &shares
                && !shares.iter().any(|(_, name, _)| *name == entry.key)
            {
                let known = shares.iter().map(|(_, name, _)| name.as_str());
                self.reader.unknown(entry.key_at, codes::UNKNOWN_KEY, "an arm of this split", &entry.key, known);
            }
            then.push((entry.key.clone(), way));
        }
        let mut arms = Vec::new();
        for (at, name, share) in shares? {
            match then.iter().position(|(known, _)| *known == name) {
                Some(found) => {
                    let then = then.swap_remove(found).1;
                    arms.extend(then.map(|then| ArmOf { at, name, share, then }));
                }
                None if matches!(ways.kind, Kind::Map(_)) => {
                    let message = format!("nobody can see what happens in the arm `{name}`");
                    let help = format!("add `{name}: stop`, `{name}: continue` or steps under `do`");
                    self.reader.error(at, codes::OPEN_END, message, help);
                }
                None => {}
            }
        }
        Some(StepKind::Split(arms))
    }

    /// The arms of a split with their shares, which are everybody together.
    fn shares(&mut self, node: &Node) -> Option<Vec<(usize, String, f64)>> {
        let (mut arms, mut whole) = (Vec::new(), true);
        for entry in self.reader.entries(node) {
            let good = !entry.key.is_empty()
                && entry.key.len() <= 64
                && entry.key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            if !good {
                let message = format!("`{}` cannot be the name of an arm", entry.key);
                let help = "use letters, digits, `-`, `_` and `.`, at most 64";
                self.reader.error(entry.key_at, codes::BAD_VALUE, message, help);
            }
            let share = self.reader.share(&entry.value);
            whole &= share.is_some();
            // An arm whose share cannot be read is still an arm, so that nothing else is said of it.
            arms.push((entry.key_at, entry.key.clone(), share.unwrap_or(1.0)));
        }
        let sum: f64 = arms.iter().map(|(_, _, share)| share).sum();
        if whole && matches!(node.kind, Kind::Map(_)) && (sum - 1.0).abs() > ROUNDING {
            let message = format!("the arms are {}% together", (sum * 1e8).round() / 1e6);
            self.reader.error(node.at, codes::SPLIT_SHARES, message, "let their shares sum to 100%");
        }
        matches!(node.kind, Kind::Map(_)).then_some(arms)
    }

    /// One way out of a step, which has to be written: `stop`, `continue` or a list of steps.
    pub(super) fn end(&mut self, fields: &Fields<'_>, key: &'static str) -> Option<Branch> {
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
        self.way(node)
    }

    fn way(&mut self, node: &Node) -> Option<Branch> {
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
}
