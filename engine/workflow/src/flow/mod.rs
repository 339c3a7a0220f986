//! Workflow files: from a tree to the flat workflow that the core runs, with every name checked on the way.

mod acts;
mod around;
pub(crate) mod audience;
mod compile;
mod expr;
mod features;
mod lint;
mod names;
mod scores;
mod start;
mod steps;
pub(crate) mod stops;
mod text;
mod unused;
mod waits;

#[cfg(test)]
pub(crate) use acts::{EMAIL, NUDGE, ROUND, SET, TASK, WEBHOOK};
#[cfg(test)]
pub(crate) use around::{EXPERIMENT, GATE, GOAL, LAUNCH, LEAVE, REVIEW};
#[cfg(test)]
pub(crate) use features::FEATURES;
#[cfg(test)]
pub(crate) use scores::{SCORE, SUBSTITUTE};
#[cfg(test)]
pub(crate) use start::START;
#[cfg(test)]
pub(crate) use steps::{CASE, CHOOSE, SPLIT, STOP};
#[cfg(test)]
pub(crate) use waits::{WAIT_EVENT, WAIT_FOR, WAIT_UNTIL};

use crate::catalog::{PluginCatalog, TemplateInfo};
use crate::read::{Fields, Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::Node;
use around::Surround;
use expr::pattern_texts;
use names::Known;
use staunch_core::codes;
use staunch_core::expr::Checker;
use staunch_core::workflow::{Message, Metric, Workflow};
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
        "kill",
        "breakers",
        "review",
    ],
    later: &[],
};

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
    /// Every id of the file: steps, cases, rules, gates.
    ids: BTreeSet<String>,
    /// Names of scores that something outside of the features reads.
    scores_read: BTreeSet<String>,
    /// Names of scores that the start reads.
    start_scores: BTreeSet<String>,
    /// Features with their places.
    declared: Vec<(usize, String)>,
    /// Names of features that something reads.
    features_read: BTreeSet<String>,
    /// Steps that act, by their ids.
    actions: BTreeMap<String, acts::Action>,
    /// Templates that steps name.
    templates: BTreeSet<String>,
    /// `of:` as written, checked when all steps are known.
    ofs: Vec<waits::Of>,
    /// Events that steps wait for without `of`, with the places of the steps.
    waits: Vec<(usize, Vec<String>)>,
    /// Metrics that rules watch, with their places.
    metrics: Vec<(usize, Metric)>,
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
        let workspace = around.workspace;
        let known = Known { workspace, start: Vec::new(), scheduled: false, features: Vec::new(), scores: Vec::new() };
        Flow {
            reader,
            around,
            known,
            ids: BTreeSet::new(),
            scores_read: BTreeSet::new(),
            start_scores: BTreeSet::new(),
            declared: Vec::new(),
            features_read: BTreeSet::new(),
            actions: BTreeMap::new(),
            templates: BTreeSet::new(),
            ofs: Vec::new(),
            waits: Vec::new(),
            metrics: Vec::new(),
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
        self.names(&fields);
        let (features, facts) = fields.get("features").map(|node| self.features(node)).unwrap_or_default();
        let scores = fields.get("scores").map(|node| self.scores(node)).unwrap_or_default();
        let start = self.reader.need(&fields, "start").and_then(|node| self.start(node));
        let tree = self.reader.need(&fields, "steps").map(|node| self.steps(node)).unwrap_or_default();
        let surround = self.surround(&fields);
        self.check_ofs();
        let scores = self.finish_scores(scores, surround.reviewer());
        self.lint(&fields, &tree, &surround);
        let mut ids = Vec::new();
        steps::ids(&tree, &mut ids);
        let (nodes, first) = compile::compile(&tree);
        let messages = self.messages();
        let Surround { while_running, leave_when, goal, holdout, breakers, signals, kills, launch, reviews } = surround;
        let made = (|| {
            Some(Workflow {
                name: name?,
                version: version(root, &messages),
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
                while_running,
                leave_when,
                goal,
                holdout,
                breakers,
                signals,
                kills,
                launch,
                messages,
                reviews,
            })
        })();
        Some((made, ids))
    }

    /// Names come before what uses them, whatever their order in the file.
    fn names(&mut self, fields: &Fields<'_>) {
        let Some(start) = fields.get("start") else { return };
        self.known.scheduled = start.get("schedule").is_some();
        if !self.known.scheduled {
            self.known.start = start.get("event").map(pattern_texts).unwrap_or_default();
        }
    }

    /// The sources of the templates that steps name: they belong to the version.
    fn messages(&self) -> BTreeMap<String, Message> {
        let found = self.templates.iter().filter_map(|name| Some((name, self.around.templates.get(name)?)));
        found.map(|(name, info)| (name.clone(), Message { files: info.files.clone() })).collect()
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

    /// An id that nothing else in the file has.
    fn new_id(&mut self, node: &Node) -> Option<String> {
        let id = self.reader.id(node)?;
        self.own_id(node.at, &id);
        Some(id)
    }

    fn own_id(&mut self, at: usize, id: &str) {
        if !self.ids.insert(id.to_owned()) {
            let message = format!("`{id}` is an id in this file already");
            self.reader.error(at, codes::DUPLICATE_ID, message, "give it another id");
        }
    }
}

/// The first 16 hex digits of a hash of the content, the same for any layout, comments and order of keys; and of the
/// texts of its templates.
fn version(root: &Node, messages: &BTreeMap<String, Message>) -> String {
    let mut text = String::new();
    root.canonical(&mut text);
    let files: BTreeMap<&String, &String> = messages.values().flat_map(|message| &message.files).collect();
    for (path, source) in files {
        text.push_str(&format!("t{}:{path}{}:{source}", path.len(), source.len()));
    }
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}
