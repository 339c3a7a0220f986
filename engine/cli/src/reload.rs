//! Hot reload: a running process looks at the files of its workspace and takes what is valid, at the next batch.
//!
//! It looks at names, sizes and times once a second instead of asking the system for notices: those differ between
//! systems, miss network folders, and need a dependency for what a few hundred calls of `stat` answer.

use crate::error::{CliError, Result};
use crate::load::{self, Project};
use crate::output;
use crate::wiring;
use staunch_core::codes;
use staunch_core::workflow::Workflow;
use staunch_worker::{Clock, Engine};
use staunch_workflow::{Diagnostic, Severity, WorkspaceFile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// The pause between two looks. What changed is taken once it has been the same for so long: an editor or a checkout
/// writes files one by one.
const LOOK: Duration = Duration::from_secs(1);
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 12;
/// Problems of a refused change that are shown.
const SHOWN: usize = 3;

/// The files of a workspace by path, with size and time of change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

/// What of the files a process has taken, to tell what a change is about.
struct Taken {
    workspace: WorkspaceFile,
    /// Versions by workflow.
    versions: BTreeMap<String, String>,
    /// Digests by plugin.
    plugins: BTreeMap<String, String>,
}

/// A process that watches its files.
pub struct Watcher {
    dir: PathBuf,
    /// The workspace's name when the process began.
    name: String,
    seen: Seen,
    taken: Taken,
    publishes: bool,
}

impl Seen {
    /// A look at a workspace: its YAML files, lock, templates and plugins. What cannot be read is not there.
    pub fn look(dir: &Path) -> Seen {
        let mut seen = Seen::default();
        seen.folder(dir, 0);
        seen
    }

    fn folder(&mut self, dir: &Path, depth: usize) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if !hidden && depth < DEEPEST && !path.join(staunch_workflow::WORKSPACE_FILE).exists() {
                    self.folder(&path, depth + 1);
                }
            } else if !hidden && matters(&path) {
                // Through links: those of a mounted ConfigMap stay the same when their files change.
                let found = std::fs::metadata(&path).ok();
                let found = found.map(|one| (one.len(), one.modified().ok()));
                self.0.insert(path, found.unwrap_or_default());
            }
        }
    }
}

fn matters(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str());
    end.is_some_and(|end| ["yaml", "yml", "txt", "html", "lock", "wasm", "sig"].contains(&end))
}

impl Taken {
    fn of(project: &Project) -> Taken {
        let versions = project.workflows.iter().map(|one| (one.name.clone(), one.version.clone()));
        let digest = |name: &str| Some((name.to_owned(), project.host.plugin(name)?.digest().to_owned()));
        let plugins = project.host.names().filter_map(digest).collect();
        Taken { workspace: project.workspace.clone(), versions: versions.collect(), plugins }
    }

    /// Workflows that had a file, and have none now.
    fn gone(&self, new: &Taken) -> Vec<String> {
        let gone = self.versions.keys().filter(|name| !new.versions.contains_key(*name));
        let line = |name: &String| {
            format!(
                "{name} has no file any more, and goes on as published; stop it with `staunch kill workflow:{name}`"
            )
        };
        gone.map(line).collect()
    }

    /// What else is another: taken at once, or only at the next start.
    fn news(&self, new: &Taken) -> Vec<String> {
        let (one, two) = (&self.workspace, &new.workspace);
        let taken = named(&[
            ("policy", one.policy != two.policy),
            ("schema", one.schema != two.schema),
            ("audiences", one.audiences != two.audiences),
            ("zone", one.zone != two.zone),
            ("plugins", self.plugins != new.plugins),
        ]);
        let later = named(&[
            ("workspace", one.name != two.name),
            ("connections", one.connections != two.connections),
            ("connectors", one.connectors != two.connectors),
            ("mail", one.mail != two.mail),
        ]);
        let taken = taken.map(|parts| format!("reloaded: {parts}"));
        let later = later.map(|parts| format!("changed, takes effect at the next start: {parts}"));
        taken.into_iter().chain(later).collect()
    }
}

/// The names of the parts that differ.
fn named(parts: &[(&str, bool)]) -> Option<String> {
    let parts: Vec<&str> = parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

impl Watcher {
    /// Watches the files that `project` was read from; `seen` is a look at them from before they were read. Only one
    /// that `publishes` puts changed workflows into the store.
    pub fn new(project: &Project, seen: Seen, publishes: bool) -> Watcher {
        let (dir, name) = (project.dir.clone(), project.workspace.name.clone());
        Watcher { dir, name, seen, taken: Taken::of(project), publishes }
    }

    /// Watches until `stop` turns true.
    pub async fn run(mut self, engine: Arc<Engine>, clock: Arc<dyn Clock>, mut stop: watch::Receiver<bool>) {
        let mut last = self.seen.clone();
        while !*stop.borrow() {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => continue,
            }
            let dir = self.dir.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || Seen::look(&dir)).await else { continue };
            let settled = now == last;
            last = now;
            if !settled || last == self.seen {
                continue;
            }
            match self.change(&engine, clock.as_ref()).await {
                Ok(()) => self.seen = last.clone(),
                // The store did not answer, or a file went away meanwhile: the next look tries again.
                Err(error) => tracing::error!(%error, "changed files could not be taken yet"),
            }
        }
    }

    /// Takes what the files say now, or refuses it and says why.
    async fn change(&mut self, engine: &Arc<Engine>, clock: &dyn Clock) -> Result<()> {
        let dir = self.dir.clone();
        let read = tokio::task::spawn_blocking(move || read(&dir)).await;
        let read = read.map_err(|error| CliError::new(codes::CLI_STEP, error.to_string(), "look at the log"))?;
        let project = match read? {
            Ok(project) => project,
            Err(errors) => {
                self.refuse(engine, &self.problems(&errors));
                return Ok(());
            }
        };
        if let Some(lost) = project.workflows.iter().find_map(|one| wiring::missing(engine.channels(), one)) {
            self.refuse(engine, &format!("{lost}; connectors take effect at the next start"));
            return Ok(());
        }
        let now = Taken::of(&project);
        let known = |one: &&Workflow| self.taken.versions.get(&one.name) == Some(&one.version);
        let changed: Vec<Workflow> = project.workflows.iter().filter(|one| !known(one)).cloned().collect();
        let changed = if self.publishes { changed } else { Vec::new() };
        let mut content = wiring::content(project);
        // Part of every id and salt: under another name, all that is stored would be somebody else's.
        content.workspace.name.clone_from(&self.name);
        engine.reload(content, &changed, clock.now().await?).await?;
        let mut lines = Vec::new();
        for workflow in &changed {
            lines.push(self.news_of(engine, workflow).await?);
        }
        lines.extend(self.taken.gone(&now));
        lines.extend(self.taken.news(&now));
        if !lines.is_empty() {
            engine.metrics().reloads.with_label_values(&["taken"]).inc();
        }
        for line in lines {
            tracing::info!(line, "the files of the workspace changed");
            output::say(&line);
        }
        self.taken = now;
        Ok(())
    }

    fn problems(&self, errors: &[Diagnostic]) -> String {
        let s = if errors.len() == 1 { "" } else { "s" };
        let first = staunch_workflow::render(&errors[..errors.len().min(SHOWN)]);
        format!("{} error{s}\n{}\n  next: staunch check {}", errors.len(), first.trim_end(), self.dir.display())
    }

    fn refuse(&self, engine: &Engine, why: &str) {
        engine.metrics().reloads.with_label_values(&["refused"]).inc();
        tracing::warn!(why, "changed files were refused, and what ran before goes on");
        output::say(&format!("not reloaded, what ran before goes on: {why}"));
    }

    /// What to say of a workflow that is another or new.
    async fn news_of(&self, engine: &Engine, workflow: &Workflow) -> Result<String> {
        let (name, new) = (&workflow.name, short(&workflow.version));
        let standing = engine.store().standing(Some(name)).await?;
        let older: u64 = standing.iter().filter(|one| one.version != workflow.version).map(|one| one.count).sum();
        let stay = match older {
            0 => String::new(),
            1 => " (1 person stays on the old version)".to_owned(),
            n => format!(" ({} people stay on the old version)", output::count(n)),
        };
        Ok(match self.taken.versions.get(name) {
            Some(old) => format!("reloaded: {name} {} -> {new}{stay}", short(old)),
            None => {
                let stage = engine.store().live().await?.stage(name).stage.word();
                format!("reloaded: {name} {new} is new, in stage {stage}{stay}")
            }
        })
    }
}

/// Reads a workspace, or all its errors.
fn read(dir: &Path) -> Result<std::result::Result<Project, Vec<Diagnostic>>> {
    let found = load::inspect(dir)?;
    let errors = found.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let errors: Vec<Diagnostic> = errors.cloned().collect();
    if errors.is_empty() { load::usable(dir, found).map(Ok) } else { Ok(Err(errors)) }
}

/// The first digits of a version.
pub fn short(version: &str) -> &str {
    version.get(..8).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_sees_what_a_workspace_is_made_of_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("staunch.yaml", "a");
        write("templates/w/a.txt", "a");
        let first = Seen::look(dir.path());
        assert_eq!(first.0.len(), 2);
        for path in
            [".staunch/x.yaml", ".git/x.yaml", "data/rows.csv", "inner/staunch.yaml", "inner/w.yaml", ".w.yaml.swp"]
        {
            write(path, "x");
        }
        assert_eq!(Seen::look(dir.path()), first);
        write("staunch.yaml", "another size");
        let second = Seen::look(dir.path());
        assert_ne!(second, first);
        write("workflows/w.yaml", "a");
        let third = Seen::look(dir.path());
        assert_ne!(third, second);
        std::fs::remove_file(dir.path().join("workflows/w.yaml")).unwrap();
        assert_eq!(Seen::look(dir.path()), second);
    }

    #[test]
    fn news_say_what_is_taken_and_what_waits_for_a_start() {
        let taken = |versions: &[(&str, &str)]| Taken {
            workspace: WorkspaceFile::default(),
            versions: versions.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect(),
            plugins: BTreeMap::new(),
        };
        let (old, mut new) = (taken(&[("a", "1"), ("b", "1")]), taken(&[("a", "2")]));
        assert_eq!(old.news(&new), Vec::<String>::new());
        assert!(old.gone(&new)[0].starts_with("b has no file any more"));
        new.workspace.zone = "Europe/Berlin".into();
        new.workspace.policy.global_holdout = 0.1;
        new.workspace.connections.smtp = Some(staunch_workflow::Reference::Env("SMTP".into()));
        new.plugins.insert("p".into(), "1".into());
        let news = ["reloaded: policy, zone, plugins", "changed, takes effect at the next start: connections"];
        assert_eq!(old.news(&new), news);
    }
}
