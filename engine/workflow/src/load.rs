//! All files of a workspace in one run: the workspace file first, then workflows, then what refers to workflows.

use crate::catalog::{PluginCatalog, TemplateInfo};
use crate::diagnostic::Diagnostic;
use crate::files::{Files, MAX_FILE};
use crate::flow::{self, Around};
use crate::lint;
use crate::read::Reader;
use crate::rollout::{self, RolloutFile};
use crate::testfile::{self, TestAround, TestFile};
use crate::workspace::{self, WORKSPACE_FILE, WorkspaceFile};
use crate::yaml::{self, Kind, Node, Source};
use staunch_core::codes;
use staunch_core::expr::Checker;
use staunch_core::policy::Policy;
use staunch_core::schema::Schema;
use staunch_core::workflow::Workflow;
use std::collections::BTreeMap;

/// What the files of a workspace say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The workspace as declared, as far as it could be read; `None` without a readable `staunch.yaml`.
    pub workspace: Option<WorkspaceFile>,
    /// Its policy.
    pub policy: Policy,
    /// Its declared shapes.
    pub schema: Schema,
    /// The workflows without errors, by path of their files.
    pub workflows: Vec<Workflow>,
    /// The test files without errors.
    pub tests: Vec<TestFile>,
    /// The rollouts without errors.
    pub rollouts: Vec<RolloutFile>,
    /// Every problem of every file, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether there is no error; warnings are fine.
    pub fn ok(&self) -> bool {
        self.diagnostics.iter().all(|one| one.severity != crate::Severity::Error)
    }
}

/// The kind of a file by its first key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Workspace,
    Workflow,
    Test,
    Rollout,
}

/// One readable file.
struct Parsed<'a> {
    source: Source<'a>,
    root: Node,
    kind: FileKind,
    /// Its YAML has problems.
    spoiled: bool,
}

impl<'a> Parsed<'a> {
    fn file(&'a self) -> lint::File<'a> {
        lint::File { source: &self.source, root: &self.root }
    }
}

/// Reads and checks all files. `templates` holds each message template by its name.
pub fn load_workspace(
    files: &Files,
    checker: &dyn Checker,
    plugins: &dyn PluginCatalog,
    templates: &BTreeMap<String, TemplateInfo>,
) -> Loaded {
    let mut loaded = Loaded::default();
    let parsed: Vec<Parsed<'_>> = files.iter().filter_map(|(path, bytes)| parse(path, bytes, &mut loaded)).collect();
    load_root(files, &parsed, checker, &mut loaded);
    let around = Around { workspace: loaded.workspace.as_ref(), templates, plugins, checker };
    let (steps, workflows, found) = load_workflows(&parsed, &around);
    let around = TestAround { workspace: loaded.workspace.as_ref(), steps: &steps, workflows: &workflows };
    let (mut tests, mut rollouts, mut more) = (Vec::new(), Vec::new(), found);
    for one in &parsed {
        let mut reader = Reader::new(&one.source).spoiled_if(one.spoiled);
        match one.kind {
            FileKind::Test => tests.extend(testfile::read(&mut reader, &one.root, &around)),
            FileKind::Rollout => {
                rollouts.extend(rollout::read(&mut reader, &one.root, loaded.workspace.as_ref(), &steps))
            }
            FileKind::Workspace | FileKind::Workflow => {}
        }
        more.append(&mut reader.found);
    }
    more.extend(together(&parsed, loaded.workspace.as_ref(), &workflows));
    loaded.workflows = workflows;
    loaded.tests = tests;
    loaded.rollouts = rollouts;
    loaded.diagnostics.append(&mut more);
    loaded.diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    loaded
}

fn load_root(files: &Files, parsed: &[Parsed<'_>], checker: &dyn Checker, loaded: &mut Loaded) {
    if let Some(root) = parsed.iter().find(|one| one.kind == FileKind::Workspace) {
        let mut reader = Reader::new(&root.source);
        loaded.workspace = workspace::read(&mut reader, &root.root, checker);
        loaded.diagnostics.append(&mut reader.found);
    } else if !files.contains_key(WORKSPACE_FILE) {
        let source = Source::new(WORKSPACE_FILE, "");
        let mut reader = Reader::new(&source);
        reader.error(
            0,
            codes::NO_WORKSPACE,
            "there is no staunch.yaml here",
            "run it in a workspace, or make one with `staunch init`",
        );
        loaded.diagnostics.append(&mut reader.found);
    }
    if let Some(workspace) = &loaded.workspace {
        loaded.policy = workspace.policy.clone();
        loaded.schema = workspace.schema.clone();
    }
}

/// What shows only when all files are seen together.
fn together(parsed: &[Parsed<'_>], workspace: Option<&WorkspaceFile>, workflows: &[Workflow]) -> Vec<Diagnostic> {
    let root = parsed.iter().find(|one| one.kind == FileKind::Workspace);
    let (Some(workspace), Some(root)) = (workspace, root) else { return Vec::new() };
    let events = workspace.events();
    let flows = parsed.iter().filter(|one| one.kind == FileKind::Workflow).filter_map(|one| {
        let Kind::Scalar(name) = &one.root.get("workflow")?.kind else { return None };
        let workflow = workflows.iter().find(|flow| flow.name == name.text)?;
        Some(lint::Placed::new(one.file(), workflow, &events))
    });
    let others = parsed.iter().filter(|one| matches!(one.kind, FileKind::Workflow | FileKind::Rollout));
    let (flows, others) = (flows.collect(), others.map(Parsed::file).collect());
    lint::lint(&lint::Everything { workspace, root: root.file(), flows, others })
}

/// Step ids by workflow name (of broken ones too), the workflows without errors, and all problems.
type Flows = (BTreeMap<String, Vec<String>>, Vec<Workflow>, Vec<Diagnostic>);

fn load_workflows(parsed: &[Parsed<'_>], around: &Around<'_>) -> Flows {
    let (mut steps, mut workflows, mut found) = (BTreeMap::new(), Vec::new(), Vec::new());
    for one in parsed.iter().filter(|one| one.kind == FileKind::Workflow) {
        let mut reader = Reader::new(&one.source).spoiled_if(one.spoiled);
        let outcome = flow::read(&mut reader, &one.root, around);
        let mut new = true;
        if let Some(node) = one.root.get("workflow")
            && let Kind::Scalar(name) = &node.kind
        {
            new = steps.insert(name.text.clone(), outcome.steps).is_none();
            if !new {
                let message = format!("a workflow `{}` is in another file already", name.text);
                reader.error(node.at, codes::DUPLICATE_ID, message, "give it another name");
            }
        }
        workflows.extend(outcome.workflow.filter(|_| new));
        found.append(&mut reader.found);
    }
    (steps, workflows, found)
}

fn parse<'a>(path: &'a str, bytes: &'a [u8], loaded: &mut Loaded) -> Option<Parsed<'a>> {
    let mut refuse = |text: &str, code: &str, message: &str, help: &str| {
        let source = Source::new(path, text);
        let mut reader = Reader::new(&source);
        reader.error(text.len(), code, message, help);
        loaded.diagnostics.append(&mut reader.found);
    };
    if bytes.len() > MAX_FILE {
        refuse("", codes::YAML_LIMIT, "the file is larger than 1 MiB", "split it");
        return None;
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("");
            refuse(good, codes::NOT_UTF8, "this is not UTF-8", "save the file as UTF-8");
            return None;
        }
    };
    let source = Source::new(path, text);
    let (root, problems) = yaml::parse(&source);
    let spoiled = !problems.is_empty();
    let mut reader = Reader::new(&source);
    for problem in problems {
        reader.error(problem.at, problem.code, problem.message, problem.help);
    }
    let kind = root.as_ref().and_then(|root| kind(path, root));
    if let (Some(root), None) = (&root, kind) {
        let help = "start with `workflow:`, `test:` or `rollout:`";
        reader.error(root.at, codes::UNKNOWN_FILE_KIND, "nobody can see what kind of file this is", help);
    }
    loaded.diagnostics.append(&mut reader.found);
    let (root, kind) = (root?, kind?);
    Some(Parsed { source, root, kind, spoiled })
}

fn kind(path: &str, root: &Node) -> Option<FileKind> {
    if path == WORKSPACE_FILE {
        return Some(FileKind::Workspace);
    }
    let kinds = [("workflow", FileKind::Workflow), ("test", FileKind::Test), ("rollout", FileKind::Rollout)];
    kinds.into_iter().find(|(key, _)| root.get(key).is_some()).map(|(_, kind)| kind)
}
