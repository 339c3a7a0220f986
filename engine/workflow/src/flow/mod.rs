//! Workflow files: from a tree to the flat workflow that the core runs, with every name checked on the way.

mod around;
pub(crate) mod audience;
mod compile;
mod features;
mod lint;
mod names;
mod scores;
mod steps;
mod text;

#[cfg(test)]
pub(crate) use around::{BREAKER, EXPERIMENT, GATE, GOAL, LEAVE, REVIEW};
#[cfg(test)]
pub(crate) use features::ALL_FEATURE_KEYS;
#[cfg(test)]
pub(crate) use scores::{SCORE, SUBSTITUTE};
#[cfg(test)]
pub(crate) use steps::{ALL_STEP_KEYS, CASE};

use crate::catalog::{PluginCatalog, TemplateInfo};
use crate::read::{Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::{Kind, Node};
use names::{Known, Place};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::expr::{Checker, Expr, Root};
use staunch_core::value::Type;
use staunch_core::workflow::{Start, Workflow, matches_any};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const KEYS: Keys = Keys {
    known: &[
        "workflow",
        "title",
        "owner",
        "purpose",
        "priority",
        "start",
        "features",
        "scores",
        "steps",
        "while_running",
        "leave_when",
        "goal",
        "experiment",
        "breakers",
        "review",
    ],
    later: &["kill"],
};
pub(crate) const START: Keys =
    Keys { known: &["event", "when", "again_after"], later: &["schedule", "zone", "audience"] };

/// What a workflow is checked against.
pub(crate) struct Around<'a> {
    /// `None` where the workspace file cannot be used: then only shapes are checked.
    pub(crate) workspace: Option<&'a WorkspaceFile>,
    pub(crate) templates: &'a BTreeMap<String, TemplateInfo>,
    pub(crate) plugins: &'a dyn PluginCatalog,
    pub(crate) checker: &'a dyn Checker,
}

/// One workflow file while it is read.
struct Flow<'a, 'r> {
    reader: &'r mut Reader<'a>,
    around: &'r Around<'r>,
    known: Known<'r>,
    /// Every id of the file: steps, cases, breakers, gates.
    ids: BTreeSet<String>,
    /// Names of scores that something outside of the features reads.
    scores_read: BTreeSet<String>,
    /// Names of scores that the start reads.
    start_scores: BTreeSet<String>,
    /// Channels that steps act on.
    channels: BTreeSet<Channel>,
}

/// What a file gave.
pub(crate) struct Outcome {
    /// Only where no error was found.
    pub(crate) workflow: Option<Workflow>,
    /// The ids of its steps, for test files, even where it has errors.
    pub(crate) steps: Vec<String>,
}

/// Reads one workflow file.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, around: &Around<'_>) -> Outcome {
    let mut flow = Flow::new(reader, around);
    let Some((made, steps)) = flow.workflow(root) else { return Outcome { workflow: None, steps: Vec::new() } };
    let workflow = if flow.reader.clean() { made } else { None };
    Outcome { workflow, steps }
}

impl<'a, 'r> Flow<'a, 'r> {
    fn new(reader: &'r mut Reader<'a>, around: &'r Around<'r>) -> Flow<'a, 'r> {
        let known = Known { workspace: around.workspace, start: Vec::new(), features: Vec::new(), scores: Vec::new() };
        Flow {
            reader,
            around,
            known,
            ids: BTreeSet::new(),
            scores_read: BTreeSet::new(),
            start_scores: BTreeSet::new(),
            channels: BTreeSet::new(),
        }
    }
}

impl Flow<'_, '_> {
    fn workflow(&mut self, root: &Node) -> Option<(Option<Workflow>, Vec<String>)> {
        let fields = self.reader.fields(root, &KEYS)?;
        let name = self.reader.need(&fields, "workflow").and_then(|node| self.reader.id(node));
        let title = self.reader.need(&fields, "title").and_then(|node| self.reader.text(node)).map(str::to_owned);
        let owner = self.reader.need(&fields, "owner").and_then(|node| self.reader.text(node)).map(str::to_owned);
        let purpose = self.purpose(&fields);
        let priority = fields.get("priority").map_or(Some(50), |node| self.reader.whole(node, 0..=100));
        // Names come before what uses them, whatever their order in the file.
        self.known.start =
            fields.get("start").and_then(|node| node.get("event")).map(pattern_texts).unwrap_or_default();
        let (features, facts) = fields.get("features").map(|node| self.features(node)).unwrap_or_default();
        let scores = fields.get("scores").map(|node| self.scores(node)).unwrap_or_default();
        let start = self.reader.need(&fields, "start").and_then(|node| self.start(node));
        let tree = self.reader.need(&fields, "steps").map(|node| self.steps(node)).unwrap_or_default();
        let surround = self.surround(&fields);
        let scores = self.finish_scores(scores);
        self.lint(&fields, &tree);
        let mut ids = Vec::new();
        steps::ids(&tree, &mut ids);
        let (nodes, first) = compile::compile(&tree);
        let made = (|| {
            Some(Workflow {
                name: name?,
                version: version(root),
                title: title?,
                owner: owner?,
                purpose: purpose?,
                priority: priority? as u8,
                start: start?,
                features,
                facts,
                scores,
                nodes,
                first,
                while_running: surround.while_running,
                leave_when: surround.leave_when,
                goal: surround.goal,
                holdout: surround.holdout,
                breakers: surround.breakers,
                signals: Vec::new(),
                kills: Vec::new(),
                launch: None,
                messages: BTreeMap::new(),
                reviews: surround.reviews,
            })
        })();
        Some((made, ids))
    }

    fn purpose(&mut self, fields: &crate::read::Fields<'_>) -> Option<String> {
        let Some(node) = fields.get("purpose") else {
            if !fields.excused("purpose") {
                let help = "add `purpose:` with the consent that its messages need";
                self.reader.error(fields.at, codes::NO_PURPOSE, "this workflow has no consent purpose", help);
            }
            return None;
        };
        let purpose = self.reader.id(node)?;
        if let Some(workspace) = self.around.workspace
            && !workspace.purposes.contains(&purpose)
        {
            let known = workspace.purposes.iter().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_PURPOSE, "a declared purpose", &purpose, known);
        }
        Some(purpose)
    }

    fn start(&mut self, node: &Node) -> Option<Start> {
        let fields = self.reader.fields(node, &START)?;
        let events = self.reader.need(&fields, "event").map(|node| self.events(node));
        let place = Place { event: events.clone(), features: true, scores: true, entry: false };
        let when = fields.get("when").and_then(|node| self.expr(node, &place, Type::Bool));
        let when = when.map(|(expr, reads)| {
            let scores = reads.into_iter().filter(|(root, _)| matches!(root, Root::Score | Root::Band));
            self.start_scores.extend(scores.map(|(_, name)| name));
            expr
        });
        let again_after = fields.get("again_after").and_then(|node| self.reader.span(node));
        Some(Start { events: events?, schedule: None, when, again_after })
    }

    /// Event names or globs, each of which has to match something.
    fn events(&mut self, node: &Node) -> Vec<String> {
        let texts = self.reader.texts(node);
        if let Some(workspace) = self.around.workspace {
            for (at, name) in &texts {
                let pattern = [(*name).to_owned()];
                if !workspace.events().iter().any(|event| matches_any(&pattern, event)) {
                    self.reader.unknown(
                        *at,
                        codes::UNKNOWN_EVENT,
                        "a declared or built-in event",
                        name,
                        workspace.events(),
                    );
                }
            }
        }
        texts.into_iter().map(|(_, name)| name.to_owned()).collect()
    }

    /// An id that nothing else in the file has.
    fn new_id(&mut self, node: &Node) -> Option<String> {
        let id = self.reader.id(node)?;
        if !self.ids.insert(id.clone()) {
            self.reader.error(
                node.at,
                codes::DUPLICATE_ID,
                format!("`{id}` is an id in this file already"),
                "give it another id",
            );
        }
        Some(id)
    }

    /// An expression, checked at its place, with the names that it reads.
    fn expr(&mut self, node: &Node, place: &Place, want: Type) -> Option<(Expr, Vec<(Root, String)>)> {
        let Kind::Scalar(scalar) = &node.kind else {
            self.reader.wrong(node, "an expression");
            return None;
        };
        if node.in_flow {
            let help = "write the mapping as a block, one key in each line";
            self.reader.error(
                node.at,
                codes::EXPRESSION_IN_FLOW,
                "an expression cannot stand inside `{ }` or `[ ]`",
                help,
            );
            return None;
        }
        let expr = Expr { source: scalar.text.trim_end().into() };
        if self.around.workspace.is_none() {
            return Some((expr, Vec::new()));
        }
        let checked = self.around.checker.check(&expr.source, &self.known.at(place), want);
        for problem in &checked.problems {
            let at = self.reader.source.inside(node, problem.offset);
            let later = problem.code == codes::EXPR_NO_PLACE && expr.source[problem.offset..].starts_with("account.");
            if later {
                self.reader.later(at, "account");
            } else {
                self.reader.error(at, problem.code, &problem.message, &problem.help);
            }
        }
        for (root, name) in &checked.reads {
            if matches!(root, Root::Score | Root::Band) {
                self.scores_read.insert(name.clone());
            }
        }
        checked.problems.is_empty().then_some((expr, checked.reads))
    }
}

/// Names or globs as written, without a check.
fn pattern_texts(node: &Node) -> Vec<String> {
    let nodes = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let texts = nodes.iter().filter_map(|node| match &node.kind {
        Kind::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    });
    texts.collect()
}

/// The first 16 hex digits of a hash of the content, the same for any layout, comments and order of keys.
fn version(root: &Node) -> String {
    let mut text = String::new();
    root.canonical(&mut text);
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}
