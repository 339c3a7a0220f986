//! Workspaces with kept histories: which there are, their files of today, and `staunch.yaml` as a history kept it.

use staunch_channels::{TemplateKind, Templates};
use staunch_core::action::Channel;
use staunch_core::decide::Workspace;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::value::Type;
use staunch_core::workflow::Workflow;
use staunch_rules::Rules;
use staunch_scoring::{Host, InputKind, Lock};
use staunch_workflow::{
    Files, Loaded, PluginCatalog, PluginInfo, PluginInput, TemplateInfo, WORKSPACE_FILE, load_workspace, read_files,
    render,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every workspace whose people are kept here, by the folder of its histories. `retail` and `welcome` are also what
/// `staunch init` writes.
pub const WORKSPACES: [(&str, &str); 5] = [
    ("retail", "examples/retail"),
    ("welcome", "workflows/welcome"),
    ("good", "engine/workflow/tests/good"),
    ("reference", "engine/workflow/tests/reference"),
    ("waits", "engine/worker/tests/histories/waits"),
];

/// Where workspaces are looked for that nobody listed above, and those that run nowhere.
const SHELVES: [&str; 3] = ["examples", "workflows", "engine/workflow/tests"];
const NEVER_RUN: [&str; 1] = ["examples/broken"];

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of a workspace's histories.
pub fn kept(workspace: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories/kept").join(workspace)
}

/// Workspaces of the repository that are not in the list.
pub fn unlisted() -> Vec<String> {
    let inside = |shelf: &str| {
        let entries = std::fs::read_dir(root().join(shelf)).expect("a shelf of workspaces can be read").flatten();
        let there = entries.filter(|entry| entry.path().join(WORKSPACE_FILE).exists());
        there.map(|entry| format!("{shelf}/{}", entry.file_name().to_string_lossy())).collect::<Vec<String>>()
    };
    let known =
        |path: &String| WORKSPACES.iter().any(|(_, listed)| listed == path) || NEVER_RUN.contains(&path.as_str());
    SHELVES.into_iter().flat_map(inside).filter(|path| !known(path)).collect()
}

/// A workspace as its files say today.
pub struct Today {
    /// The text of `staunch.yaml`.
    pub file: String,
    /// Its workflows.
    pub workflows: Vec<Workflow>,
}

/// Reads the files of a workspace. Templates that it names and does not have are taken from beside its histories.
pub fn today(name: &str) -> Today {
    let (_, path) = WORKSPACES.iter().find(|(known, _)| *known == name).expect("the workspace is listed");
    let dir = root().join(path);
    let files = read_files(&dir).expect("the files of a workspace can be read");
    let own = dir.join("templates");
    let (templates, problems) = Templates::load(&if own.exists() { own } else { kept(name).join("templates") });
    assert!(problems.is_empty(), "{path}: {:?}", problems.first().map(|one| &one.message));
    let lock = std::fs::read(dir.join("staunch.lock"));
    let lock = lock.map_or_else(|_| Lock::default(), |bytes| Lock::read(&bytes).expect("staunch.lock can be read"));
    let (host, _) = Host::load(&dir, &lock);
    let loaded = load_workspace(&files, &Rules::new(), &Plugins { host }, &infos(&templates));
    assert!(loaded.ok(), "{path} has errors:\n{}", render(&loaded.diagnostics));
    let file = String::from_utf8(files[WORKSPACE_FILE].clone()).expect("staunch.yaml is UTF-8");
    Today { file, workflows: loaded.workflows }
}

/// What decisions read of a `staunch.yaml`.
pub fn of_file(place: &str, text: &str) -> Result<Workspace, String> {
    let files = Files::from([(WORKSPACE_FILE.to_owned(), text.as_bytes().to_vec())]);
    let loaded = load_workspace(&files, &Rules::new(), &staunch_workflow::NoPlugins, &BTreeMap::new());
    let unreadable = || format!("{place} cannot be read any more:\n{}", render(&loaded.diagnostics));
    if !loaded.ok() {
        return Err(unreadable());
    }
    let Loaded { workspace: Some(file), .. } = &loaded else { return Err(unreadable()) };
    Ok(Workspace {
        name: file.name.clone(),
        schema: file.schema.clone(),
        policy: file.policy.clone(),
        zone: file.zone.clone(),
        audiences: file.audiences.clone(),
        retention: file.retention.clone(),
    })
}

fn infos(templates: &Templates) -> BTreeMap<String, TemplateInfo> {
    let info = |name: &str| {
        let channel = match templates.kind(name)? {
            TemplateKind::Email => Channel::Email,
            TemplateKind::Nudge => Channel::Nudge,
        };
        Some((name.to_owned(), TemplateInfo { channel, files: templates.sources(name)? }))
    };
    templates.names().filter_map(info).collect()
}

/// Plugins that `staunch.lock` pins say what they are; of the others only the shape of their answers is known.
struct Plugins {
    host: Host,
}

impl PluginCatalog for Plugins {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        if let Some(manifest) = self.host.manifest(name) {
            let kind = |kind: InputKind| if kind == InputKind::Text { Type::Text } else { Type::Number };
            let inputs = manifest.inputs.iter();
            let inputs = inputs.map(|input| PluginInput { name: input.name.clone(), kind: kind(input.kind) });
            let (kind, bands) = (manifest.score_kind(), manifest.score_bands());
            return Some(PluginInfo { inputs: Some(inputs.collect()), kind, bands, problems: vec![] });
        }
        let labels = || ["billing", "product", "other"].map(str::to_owned).to_vec();
        let bands = [("low", 0.0), ("uncertain", 0.4), ("likely", 0.6)];
        let bands = bands.map(|(name, from)| Band { name: name.into(), from }).to_vec();
        let (kind, bands) = match name {
            "topics" => (ScoreKind::Classes(labels()), vec![]),
            "next-best" => (ScoreKind::Ranking, vec![]),
            _ => (ScoreKind::Scalar, bands),
        };
        Some(PluginInfo { inputs: None, kind, bands, problems: vec![] })
    }

    fn names(&self) -> Vec<String> {
        self.host.names().map(str::to_owned).collect()
    }
}
