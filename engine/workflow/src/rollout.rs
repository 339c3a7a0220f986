//! Rollout files: the stages of a workflow's way to autonomy. Exit criteria are only checked in shape.

use crate::read::{Keys, Reader};
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::policy::StageLimits;
use std::collections::BTreeMap;

pub(crate) const KEYS: Keys =
    Keys { known: &["rollout", "for", "question", "baseline", "owner", "stages"], later: &[] };
pub(crate) const STAGE: Keys = Keys { known: &["stage", "days", "limits", "exit"], later: &[] };
pub(crate) const LIMITS: Keys = Keys { known: &["share", "holdout", "per_day"], later: &["review"] };

/// One rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutFile {
    /// Path of the file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The workflow it is for.
    pub workflow: String,
    /// In order of time.
    pub stages: Vec<RolloutStage>,
}

/// One stage of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutStage {
    /// `readiness`, `shadow`, `limited`, `compare` or `full`.
    pub stage: String,
    /// First and last day, from 1.
    pub days: Option<(u32, u32)>,
    /// Limits while it lasts.
    pub limits: Option<StageLimits>,
}

const STAGES: [&str; 5] = ["readiness", "shadow", "limited", "compare", "full"];

/// Reads one rollout; `None` where it has errors.
pub(crate) fn read(
    reader: &mut Reader<'_>,
    root: &Node,
    workflows: &BTreeMap<String, Vec<String>>,
) -> Option<RolloutFile> {
    let fields = reader.fields(root, &KEYS)?;
    let name = reader.need(&fields, "rollout").and_then(|node| reader.id(node));
    let workflow = reader.need(&fields, "for").and_then(|node| {
        let name = reader.id(node)?;
        if !workflows.contains_key(&name) {
            reader.unknown(
                node.at,
                codes::UNKNOWN_WORKFLOW,
                "a workflow here",
                &name,
                workflows.keys().map(String::as_str),
            );
        }
        Some(name)
    });
    for key in ["question", "baseline", "owner"] {
        if let Some(node) = fields.get(key) {
            reader.text(node);
        }
    }
    let mut stages = Vec::new();
    if let Some(node) = reader.need(&fields, "stages") {
        for item in reader.items(node) {
            stages.extend(stage(reader, item));
        }
    }
    let file = reader.source.path.to_owned();
    reader.clean().then_some(RolloutFile { file, name: name?, workflow: workflow?, stages })
}

fn stage(reader: &mut Reader<'_>, node: &Node) -> Option<RolloutStage> {
    let fields = reader.fields(node, &STAGE)?;
    let stage = reader.need(&fields, "stage").and_then(|node| reader.one_of(node, &STAGES.map(|stage| (stage, stage))));
    let days = fields.get("days").and_then(|node| days(reader, node));
    let limits = fields.get("limits").and_then(|node| limits(reader, node));
    if let Some(node) = fields.get("exit") {
        for item in reader.items(node) {
            if item.get("check").is_none() && !reader.entries(item).is_empty() {
                reader.error(
                    item.at,
                    codes::MISSING_KEY,
                    "`check` is missing",
                    "say what is checked: `check: reviewed`",
                );
            }
        }
    }
    Some(RolloutStage { stage: stage?.to_owned(), days, limits })
}

fn days(reader: &mut Reader<'_>, node: &Node) -> Option<(u32, u32)> {
    let Kind::Scalar(scalar) = &node.kind else {
        reader.wrong(node, "days such as `8-14`");
        return None;
    };
    let ends = scalar.text.split_once('-').unwrap_or((&scalar.text, &scalar.text));
    let days = ends.0.trim().parse::<u32>().ok().zip(ends.1.trim().parse::<u32>().ok());
    let good = days.filter(|(first, last)| *first >= 1 && first <= last);
    if good.is_none() {
        reader.error(node.at, codes::BAD_VALUE, "these are not days", "write them like `8-14`");
    }
    good
}

fn limits(reader: &mut Reader<'_>, node: &Node) -> Option<StageLimits> {
    let fields = reader.fields(node, &LIMITS)?;
    let share = reader.need(&fields, "share").and_then(|node| reader.share(node));
    let holdout = reader.need(&fields, "holdout").and_then(|node| reader.share(node));
    let per_day = reader.need(&fields, "per_day").and_then(|node| reader.whole(node, 0..=u32::MAX));
    Some(StageLimits { share: share?, holdout: holdout?, per_day: per_day? })
}
