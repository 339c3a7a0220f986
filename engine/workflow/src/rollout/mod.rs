//! Rollout files: the stages of a workflow's way to autonomy, each with limits and checked exits. What is only held
//! against the files is checked here; `staunch rollout` acts on it.

mod exit;
mod stage;

#[cfg(test)]
pub(crate) use exit::CHECKS;
pub use exit::{Check, ExitCheck, Sample, Verdict};
pub use stage::RolloutStage;
#[cfg(test)]
pub(crate) use stage::{LIMITS, STAGE};

use crate::read::{Fields, Keys, Reader};
use crate::workspace::WorkspaceFile;
use crate::yaml::Node;
use staunch_core::codes;
use std::collections::BTreeMap;

pub(crate) const KEYS: Keys =
    Keys { known: &["rollout", "for", "question", "baseline", "owner", "stages"], later: &[] };

/// One rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutFile {
    /// Path of the file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The workflow it is for.
    pub workflow: String,
    /// What it should answer.
    pub question: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// In order of time.
    pub stages: Vec<RolloutStage>,
}

/// One rollout while it is read.
struct Rollout<'a, 'r> {
    reader: &'r mut Reader<'a>,
    workspace: Option<&'r WorkspaceFile>,
}

/// Reads one rollout; `None` where it has errors. `workflows` are those of the workspace, of broken ones too.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    root: &Node,
    workspace: Option<&WorkspaceFile>,
    workflows: &BTreeMap<String, Vec<String>>,
) -> Option<RolloutFile> {
    let fields = reader.fields(root, &KEYS)?;
    let mut rollout = Rollout { reader, workspace };
    let name = rollout.reader.need(&fields, "rollout").and_then(|node| rollout.reader.id(node));
    let workflow = rollout.workflow(&fields, workflows);
    let question = rollout.said(&fields, "question");
    let owner = rollout.said(&fields, "owner");
    // The only comparison that says what the workflow itself brought about.
    if let Some(node) = fields.get("baseline") {
        rollout.reader.one_of(node, &[("holdout", ())]);
    }
    let mut stages = Vec::new();
    if let Some(node) = rollout.reader.need(&fields, "stages") {
        let items = rollout.reader.items(node);
        stages = items.iter().filter_map(|item| rollout.stage(item)).collect::<Vec<_>>();
        rollout.order(items, &stages);
    }
    let file = reader.source.path.to_owned();
    reader.clean().then_some(RolloutFile { file, name: name?, workflow: workflow?, question, owner, stages })
}

impl Rollout<'_, '_> {
    fn workflow(&mut self, fields: &Fields<'_>, workflows: &BTreeMap<String, Vec<String>>) -> Option<String> {
        let node = self.reader.need(fields, "for")?;
        let name = self.reader.id(node)?;
        if !workflows.contains_key(&name) {
            let known = workflows.keys().map(String::as_str);
            self.reader.unknown(node.at, codes::UNKNOWN_WORKFLOW, "a workflow here", &name, known);
        }
        Some(name)
    }

    fn said(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        fields.get(key).and_then(|node| self.reader.text(node)).map(str::to_owned)
    }
}
