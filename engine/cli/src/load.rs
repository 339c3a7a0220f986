//! A workspace folder read as a whole: files, templates, plugins, and every problem of all of them.

use crate::error::{CliError, Result};
use staunch_channels::{TemplateKind, Templates};
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::value::Type;
use staunch_core::workflow::Workflow;
use staunch_rules::Rules;
use staunch_scoring::{Host, InputKind, Lock, PluginProblem, PublicKey, Trust};
use staunch_workflow::{
    Diagnostic, PluginCatalog, PluginInfo, PluginInput, RolloutFile, Severity, TemplateInfo, TestFile, WorkspaceFile,
    load_workspace, look_through, read_files,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that pins plugins.
pub const LOCK_FILE: &str = "staunch.lock";

/// What a look at a workspace found, usable or not.
pub struct Found {
    /// Every problem, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    pub files: usize,
    loaded: staunch_workflow::Loaded,
    templates: Templates,
    host: Host,
}

/// A workspace without errors.
pub struct Project {
    /// Its folder.
    pub dir: PathBuf,
    /// `staunch.yaml`.
    pub workspace: WorkspaceFile,
    /// Its workflows.
    pub workflows: Vec<Workflow>,
    /// Its tests.
    pub tests: Vec<TestFile>,
    /// Its rollouts.
    pub rollouts: Vec<RolloutFile>,
    /// Its message templates.
    pub templates: Arc<Templates>,
    /// Its plugins.
    pub host: Host,
}

struct Pinned<'a> {
    host: &'a Host,
    lock: &'a Lock,
    problems: &'a [PluginProblem],
}

impl PluginCatalog for Pinned<'_> {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        self.lock.plugins.get(name)?;
        let manifest = self.host.manifest(name);
        let kind = |kind: InputKind| if kind == InputKind::Text { Type::Text } else { Type::Number };
        let inputs = manifest.map(|manifest| {
            manifest
                .inputs
                .iter()
                .map(|input| PluginInput { name: input.name.clone(), kind: kind(input.kind) })
                .collect()
        });
        let bands = manifest.map(staunch_scoring::Manifest::score_bands).unwrap_or_default();
        let problems = self.problems.iter().filter(|problem| problem.plugin == name).map(|problem| {
            let (message, help) = (problem.message.clone(), problem.help.clone());
            staunch_workflow::PluginProblem { code: problem.code.to_owned(), message, help }
        });
        let kind = manifest.map(staunch_scoring::Manifest::score_kind).unwrap_or_default();
        Some(PluginInfo { inputs, kind, bands, problems: problems.collect() })
    }

    fn names(&self) -> Vec<String> {
        self.lock.plugins.keys().cloned().collect()
    }
}

/// Every plugin exists and reads whatever it is given.
struct AnyPlugin;

impl PluginCatalog for AnyPlugin {
    fn plugin(&self, _: &str) -> Option<PluginInfo> {
        // One band for every score, so that a `when` over bands has an answer.
        let bands = vec![staunch_core::score::Band { name: "unscored".into(), from: f64::MIN }];
        Some(PluginInfo { bands, ..PluginInfo::default() })
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads a workspace and reports every problem.
///
/// # Errors
/// Where the folder itself cannot be read.
pub fn inspect(dir: &Path) -> Result<Found> {
    if !dir.is_dir() {
        let message = format!("{} is no folder", dir.display());
        return Err(CliError::new(codes::CLI_FILE, message, "name a workspace, or make one with `staunch init`"));
    }
    let (files, skipped) = look_through(dir).map_err(|error| CliError::file(dir, &error))?;
    let (templates, template_problems) = Templates::load(&dir.join("templates"));
    let (lock, lock_problem) = read_lock(dir)?;
    let (mut host, problems) = plugins(dir, &lock);
    let kinds = infos(&templates);
    let loaded =
        load_workspace(&files, &Rules::new(), &Pinned { host: &host, lock: &lock, problems: &problems }, &kinds);
    let mut diagnostics = loaded.diagnostics.clone();
    diagnostics.extend(skipped);
    diagnostics.extend(lock_problem);
    diagnostics.extend(problems.iter().filter_map(unchallenged));
    if let Some(trust) = loaded.workspace.as_ref().and_then(trust) {
        diagnostics.extend(host.enforce(dir, &lock, &trust).iter().map(distrusted));
    }
    if let Some(workspace) = &loaded.workspace {
        diagnostics.extend(crate::names::unknown(&templates, workspace, &loaded.workflows));
        diagnostics.extend(crate::names::optional(&templates, workspace, &loaded.workflows));
    }
    diagnostics.extend(template_problems.into_iter().chain(templates.faults()).map(|problem| Diagnostic {
        file: format!("templates/{}", problem.file),
        line: problem.line,
        column: problem.column,
        severity: Severity::Error,
        code: problem.code.to_owned(),
        message: problem.message,
        help: problem.help,
        excerpt: problem.excerpt.into(),
    }));
    let count = files.len() + templates.names().count();
    let diagnostics = crate::causes::arrange(diagnostics, &files);
    Ok(Found { diagnostics, files: count, loaded, templates, host })
}

fn infos(templates: &Templates) -> BTreeMap<String, TemplateInfo> {
    let channel = |kind| match kind {
        TemplateKind::Email => Channel::Email,
        TemplateKind::Nudge => Channel::Nudge,
    };
    let info = |name: &str| {
        let files = templates.sources(name).unwrap_or_default();
        Some((name.to_owned(), TemplateInfo { channel: channel(templates.kind(name)?), files }))
    };
    templates.names().filter_map(info).collect()
}

/// What the workspace pins.
///
/// # Errors
/// A lock file that cannot be used.
pub fn lock(dir: &Path) -> Result<Lock> {
    match read_lock(dir)? {
        (lock, None) => Ok(lock),
        (_, Some(problem)) => Err(CliError::new(codes::LOCK_INVALID, problem.message, problem.help)),
    }
}

/// What is wrong with challengers: they decide nothing, so the workspace works without them.
fn unchallenged(problem: &PluginProblem) -> Option<Diagnostic> {
    let message = format!("{}: {}", problem.plugin, problem.message);
    problem.of_challenger().then(|| of_lock(Severity::Warning, problem.code, message, &problem.help))
}

/// The plugins that a lock pins. A workspace that pins none needs no sandbox.
fn plugins(dir: &Path, lock: &Lock) -> (Host, Vec<PluginProblem>) {
    if lock.plugins.is_empty() { Host::load(dir, lock) } else { Host::load_in(&crate::host::sandbox(dir), dir, lock) }
}

/// Whose plugins a workspace takes; `None` where it asks for no signatures.
pub fn trust(workspace: &WorkspaceFile) -> Option<Trust> {
    let declared = workspace.plugins.as_ref()?;
    let keys = declared.trusted_keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
    Some(Trust { keys, required: declared.require_signatures })
}

/// That of a workspace folder whose plugins need not be usable.
///
/// # Errors
/// Where the folder cannot be read.
pub fn trust_of(dir: &Path) -> Result<Option<Trust>> {
    let files = read_files(dir).map_err(|error| CliError::file(dir, &error))?;
    let loaded = load_workspace(&files, &Rules::new(), &AnyPlugin, &BTreeMap::new());
    Ok(loaded.workspace.as_ref().and_then(trust))
}

/// A plugin that the workspace does not trust.
fn distrusted(problem: &PluginProblem) -> Diagnostic {
    let message = format!("plugin `{}`: {}", problem.plugin, problem.message);
    of_lock(Severity::Error, problem.code, message, &problem.help)
}

/// What is said of the lock file as a whole.
fn of_lock(severity: Severity, code: &str, message: String, help: &str) -> Diagnostic {
    let (file, code, help) = (LOCK_FILE.into(), code.to_owned(), help.to_owned());
    Diagnostic { file, line: 1, column: 1, severity, code, message, help, excerpt: String::new() }
}

/// A workspace that pins nothing has no lock file.
fn read_lock(dir: &Path) -> Result<(Lock, Option<Diagnostic>)> {
    let path = dir.join(LOCK_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Lock::default(), None)),
        Err(error) => return Err(CliError::file(&path, &error)),
    };
    Ok(match Lock::read(&bytes) {
        Ok(lock) => (lock, None),
        Err(error) => {
            let help = "run `staunch lock` to write it again";
            let problem = of_lock(Severity::Error, error.code(), error.to_string(), help);
            (Lock::default(), Some(problem))
        }
    })
}

/// Reads a workspace that has to be without errors.
///
/// # Errors
/// Its first error, and how to see all.
pub fn open(dir: &Path) -> Result<Project> {
    usable(dir, inspect(dir)?)
}

/// What was found, where it has no errors.
///
/// # Errors
/// Its first error, and how to see all.
pub fn usable(dir: &Path, found: Found) -> Result<Project> {
    let errors: Vec<&Diagnostic> = found.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    let (Some(workspace), None) = (found.loaded.workspace.clone(), errors.first()) else {
        return Err(broken(dir, &errors));
    };
    Ok(Project {
        dir: dir.to_owned(),
        workspace,
        workflows: found.loaded.workflows,
        tests: found.loaded.tests,
        rollouts: found.loaded.rollouts,
        templates: Arc::new(found.templates),
        host: found.host,
    })
}

/// Reads a workspace whose plugins need not exist yet: for the table of a model's first training.
///
/// # Errors
/// Its first error beside its plugins, and how to see all.
pub fn open_unscored(dir: &Path) -> Result<Project> {
    let files = read_files(dir).map_err(|error| CliError::file(dir, &error))?;
    let (templates, _) = Templates::load(&dir.join("templates"));
    let loaded = load_workspace(&files, &Rules::new(), &AnyPlugin, &infos(&templates));
    let (host, _) = Host::load(dir, &Lock::default());
    let found = Found { diagnostics: loaded.diagnostics.clone(), files: files.len(), loaded, templates, host };
    usable(dir, found)
}

/// Refuses a fixed score that no plugin of the workspace could give. Plugins need not exist yet.
///
/// # Errors
/// A number that is not finite, or outside of the range of a pinned plugin.
pub fn fixed_score(dir: &Path, value: Option<f64>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    if !value.is_finite() {
        return Err(CliError::usage(format!("`{value}` is no score"), "give a number, such as 0.5"));
    }
    let Ok((lock, _)) = read_lock(dir) else { return Ok(()) };
    let (host, _) = plugins(dir, &lock);
    let beyond = host.names().find_map(|name| {
        let range = host.manifest(name)?.range.as_ref()?;
        (!(range.low..=range.high).contains(&value)).then(|| (name.to_owned(), range.low, range.high))
    });
    match beyond {
        None => Ok(()),
        Some((name, low, high)) => {
            let message = format!("`{value}` is no score of `{name}`");
            Err(CliError::usage(
                message,
                format!("give a number from {low} to {high}, the range that its manifest names"),
            ))
        }
    }
}

/// Reads only `staunch.yaml`: for commands that look at the store, which work beside broken workflows, too.
///
/// # Errors
/// Where that file has an error.
pub fn workspace_only(dir: &Path) -> Result<WorkspaceFile> {
    let mut files =
        if dir.is_dir() { read_files(dir).map_err(|error| CliError::file(dir, &error))? } else { BTreeMap::new() };
    files.retain(|path, _| path == staunch_workflow::WORKSPACE_FILE);
    let loaded = load_workspace(&files, &Rules::new(), &staunch_workflow::NoPlugins, &BTreeMap::new());
    let errors: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    match (loaded.workspace.clone(), errors.is_empty()) {
        (Some(workspace), true) => Ok(workspace),
        _ => Err(broken(dir, &errors)),
    }
}

fn broken(dir: &Path, errors: &[&Diagnostic]) -> CliError {
    let first = errors.first().map_or_else(String::new, |one| {
        format!(", the first at {}:{}:{}: {} {}", one.file, one.line, one.column, one.code, one.message)
    });
    let count = crate::output::of(errors.len() as u64, "error");
    let message = format!("the workspace {} has {count}{first}", dir.display());
    CliError::new(codes::CLI_CHECK, message, format!("see all with `staunch check {}`", dir.display()))
}
