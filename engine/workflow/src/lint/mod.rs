//! What only shows when all files are seen together: workflows that get into each other's way, rules without a signal,
//! declarations without a use. Warnings, unless it cannot work.

mod bypass;
mod conflict;
mod cycle;
mod outrun;
mod overlap;
mod signal;
mod starve;
mod unused;

use crate::diagnostic::Diagnostic;
use crate::read::Reader;
use crate::workspace::WorkspaceFile;
use crate::yaml::{Kind, Node, Source};
use staunch_core::action::Channel;
use staunch_core::workflow::{Act, NodeKind, Workflow, matches_any};

/// One file that was read.
#[derive(Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) root: &'a Node,
}

/// One workflow without errors, with the file that it stands in.
pub(crate) struct Placed<'a> {
    pub(crate) file: File<'a>,
    pub(crate) workflow: &'a Workflow,
    /// The events that start it, by place in the list of all events of the workspace: found once, because workflows are
    /// compared in pairs.
    starts: Vec<usize>,
}

/// All files of a workspace.
pub(crate) struct Everything<'a> {
    pub(crate) workspace: &'a WorkspaceFile,
    /// `staunch.yaml` itself.
    pub(crate) root: File<'a>,
    /// The workflows without errors, in order of their files.
    pub(crate) flows: Vec<Placed<'a>>,
    /// Every file that refers to what `staunch.yaml` declares, broken ones too.
    pub(crate) others: Vec<File<'a>>,
}

/// Looks at all files together.
pub(crate) fn lint(all: &Everything<'_>) -> Vec<Diagnostic> {
    let mut found = conflict::find(all);
    found.extend(outrun::find(all));
    found.extend(starve::find(all));
    found.extend(cycle::find(all));
    found.extend(bypass::find(all));
    found.extend(signal::find(all));
    found.extend(unused::find(all));
    found
}

/// One warning at a node of a file.
fn warning(file: File<'_>, at: usize, code: &str, message: String, help: impl Into<String>) -> Diagnostic {
    let mut reader = Reader::new(file.source);
    reader.warning(at, code, message, help.into());
    reader.found.remove(0)
}

/// One error at a node of a file.
fn error(file: File<'_>, at: usize, code: &str, message: String, help: impl Into<String>) -> Diagnostic {
    let mut reader = Reader::new(file.source);
    reader.error(at, code, message, help.into());
    reader.found.remove(0)
}

impl<'a> Placed<'a> {
    /// A workflow among the events of its workspace.
    pub(crate) fn new(file: File<'a>, workflow: &'a Workflow, events: &[&str]) -> Placed<'a> {
        let starts = (0..events.len()).filter(|at| matches_any(&workflow.start.events, events[*at])).collect();
        Placed { file, workflow, starts }
    }

    /// What it does, with the ids of the steps.
    fn acts(&self) -> impl Iterator<Item = (&'a str, &'a Act)> {
        self.workflow.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Act(act) => Some((node.id.as_str(), act)),
            _ => None,
        })
    }

    fn acts_on(&self, channel: Channel) -> bool {
        self.acts().any(|(_, act)| act.channel == channel)
    }

    /// Where it says what starts it.
    fn start_at(&self) -> usize {
        let start = self.file.root.get("start");
        let event = start.and_then(|start| start.get("event").or(start.get("audience")));
        event.or(start).map_or(self.file.root.at, |node| node.at)
    }
}

/// Every scalar that stands under one of these keys, alone or in a list, at any depth.
fn under<'n>(node: &'n Node, keys: &[&str], out: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Map(entries) => {
            for entry in entries {
                if keys.contains(&entry.key.as_str()) {
                    texts(&entry.value, out);
                }
                under(&entry.value, keys, out);
            }
        }
        Kind::List(items) => items.iter().for_each(|item| under(item, keys, out)),
        Kind::Scalar(_) | Kind::Poison => {}
    }
}

fn texts<'n>(node: &'n Node, out: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Scalar(scalar) => out.push(&scalar.text),
        Kind::List(items) => items.iter().for_each(|item| texts(item, out)),
        Kind::Map(_) | Kind::Poison => {}
    }
}
