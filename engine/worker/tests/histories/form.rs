//! The form of a kept history, and its files: `NAME.script.json` says what is to come in, `NAME.1.json`, `NAME.2.json`
//! are what engines made of it, the highest number being that of today. Beside them lie the versions of workflows and
//! the `staunch.yaml` that they ran with, each named by its content and shared by the histories of the folder.

use crate::workspace::kept;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use staunch_core::Time;
use staunch_core::policy::StageState;
use staunch_core::workflow::Workflow;
use std::collections::BTreeMap;
use std::path::Path;

/// A plan for a history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it is there for.
    pub about: String,
    /// Stage by workflow; those that are left out send to everybody.
    #[serde(default)]
    pub stages: BTreeMap<String, StageState>,
    /// What plugins answer; what nobody answers is unavailable.
    #[serde(default)]
    pub scores: Vec<Answer>,
    /// Events in the short form, in order of time. `of: STEP` in the data is replaced by the `action_id` of that step.
    pub events: Vec<Json>,
    /// It goes on until then (RFC 3339).
    pub until: String,
}

/// What a plugin answers from an instant on: nothing here means that it is unavailable.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// RFC 3339.
    pub from: String,
    pub plugin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<(String, f64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<String>,
}

/// What an engine made of a script.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The file with `staunch.yaml` as it was.
    pub workspace: String,
    /// The files with the versions of workflows, as the store keeps them.
    pub workflows: Vec<String>,
    /// What came in; its events hold the ids of actions.
    pub script: Script,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// One input and all that it changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When (RFC 3339).
    pub at: String,
    /// `time passes`, or the type of the event.
    pub input: String,
    /// Receipts as the store keeps them.
    pub decisions: Vec<Json>,
    /// What became of actions and held steps, in words.
    pub happened: Vec<String>,
    /// The rows that are new or changed.
    pub rows: Rows,
}

/// Rows of the database: bodies as the store writes them, and the columns that live beside a body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rows {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contacts: BTreeMap<String, ContactRow>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<String, Json>,
    /// Actions as they were decided, in order: their bodies never change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<Json>,
    /// Where an action stands.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub actions: BTreeMap<String, ActionRow>,
}

/// A row of `contacts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactRow {
    pub state: Json,
    pub wake_at: Option<Time>,
}

/// The columns of `actions` that change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionRow {
    pub state: Json,
    pub reason: Json,
    pub due_at: Time,
    pub sending_at: Option<Time>,
}

/// What of an action lives in columns beside its body, which count more than what the body says of them.
pub const COLUMNS: [&str; 3] = ["state", "reason", "due_at"];

/// The body of an action without its columns.
pub fn without_columns(mut body: Json) -> Json {
    if let Json::Object(fields) = &mut body {
        fields.retain(|name, _| !COLUMNS.contains(&name.as_str()));
    }
    body
}

/// A history with its place.
pub struct Kept {
    /// The folder of its workspace.
    pub workspace: String,
    /// The name of its script.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Whether none of this name has a higher number.
    pub newest: bool,
    pub history: History,
    /// `staunch.yaml` as it was.
    pub file: String,
    /// The versions as the store kept them.
    pub documents: Vec<String>,
    /// Differences that somebody accepted, with the reason: by the start of their place, in which `*` stands for any
    /// characters (`steps[*].rows.contacts.*.state.new_field`).
    pub accepted: BTreeMap<String, String>,
}

impl Kept {
    /// `workspace/name.number`.
    pub fn place(&self) -> String {
        format!("{}/{}.{}", self.workspace, self.name, self.number)
    }

    /// The versions of its workflows as today's code reads them.
    pub fn workflows(&self) -> Result<Vec<Workflow>, String> {
        let read = |(text, file): (&String, &String)| {
            serde_json::from_str(text)
                .map_err(|error| format!("{}: {file} cannot be read any more: {error}", self.place()))
        };
        self.documents.iter().zip(&self.history.workflows).map(read).collect()
    }
}

/// The scripts of a workspace by name.
pub fn scripts(workspace: &str) -> Vec<(String, Script)> {
    let read = |name: String| {
        let script = name.strip_suffix(".script.json")?.to_owned();
        Some((script, json(&kept(workspace).join(name))))
    };
    names(workspace).into_iter().filter_map(read).collect()
}

/// All histories of a workspace.
pub fn histories(workspace: &str) -> Vec<Kept> {
    let dir = kept(workspace);
    let parts = |file: &String| {
        let (name, number) = file.strip_suffix(".json")?.rsplit_once('.')?;
        Some((name.to_owned(), number.parse::<u32>().ok()?))
    };
    let all: Vec<(String, u32)> = names(workspace).iter().filter_map(parts).collect();
    let open = |(name, number): &(String, u32)| {
        let history: History = json(&dir.join(format!("{name}.{number}.json")));
        let accepted = dir.join(format!("{name}.{number}.accepted.json"));
        Kept {
            workspace: workspace.to_owned(),
            name: name.clone(),
            number: *number,
            newest: !all.iter().any(|(other, higher)| other == name && higher > number),
            file: text(&dir.join(&history.workspace)),
            documents: history.workflows.iter().map(|file| text(&dir.join(file))).collect(),
            accepted: if accepted.exists() { json(&accepted) } else { BTreeMap::new() },
            history,
        }
    };
    all.iter().map(open).collect()
}

fn names(workspace: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(kept(workspace)) else { return vec![] };
    let mut names: Vec<String> = entries.flatten().map(|one| one.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
