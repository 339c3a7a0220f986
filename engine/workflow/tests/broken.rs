//! `examples/broken`: each file has the problems that were written down by hand beside it, and no others.

use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::value::Type;
use staunch_rules::Rules;
use staunch_workflow::{
    Files, Loaded, PluginCatalog, PluginInfo, PluginInput, PluginProblem, Severity, TemplateInfo, load_workspace,
    read_files,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the scoring host says of this workspace's lock file: one good plugin and one whose bytes were changed.
struct Plugins;

impl PluginCatalog for Plugins {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        let input = |name: &str| PluginInput { name: name.into(), kind: Type::Number };
        let problem = PluginProblem {
            code: codes::PLUGIN_DIGEST.into(),
            message: "the plugin's sha256 is not the pinned one".into(),
            help: "run `staunch lock` if the change is meant".into(),
        };
        match name {
            "repurchase" => Some(PluginInfo {
                inputs: Some(["recency", "frequency", "spend", "trend"].map(input).to_vec()),
                kind: ScoreKind::Scalar,
                bands: vec![Band { name: "low".into(), from: 0.0 }],
                problems: vec![],
            }),
            "tampered" => Some(PluginInfo { problems: vec![problem], ..PluginInfo::default() }),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["repurchase".into(), "tampered".into()]
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/broken")
}

/// The workspace of broken files, and those inside it of which `staunch.yaml` itself is broken.
fn workspaces() -> Vec<PathBuf> {
    let inside = std::fs::read_dir(folder().join("workspaces")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = std::iter::once(folder()).chain(inside).collect();
    all.sort();
    all
}

fn load(workspace: &Path) -> (Files, Loaded) {
    let files = read_files(workspace).unwrap();
    let templates = [("rescue/tips", Channel::Email), ("rescue/checklist", Channel::Nudge)];
    let more = [("note", Channel::Email), ("look", Channel::Nudge)];
    let templates = templates.into_iter().chain(more).map(|(name, channel)| (name.to_owned(), text_of(channel)));
    let loaded = load_workspace(&files, &Rules::new(), &Plugins, &templates.collect());
    (files, loaded)
}

/// A template that shows nothing.
fn text_of(channel: Channel) -> TemplateInfo {
    TemplateInfo { channel, files: [("x.txt".to_owned(), "Hello.".to_owned())].into() }
}

/// What was written beside a file: nothing where nothing stands there.
fn expected(workspace: &Path, path: &str) -> String {
    std::fs::read_to_string(workspace.join(path).with_extension("expected")).unwrap_or_default()
}

#[test]
fn every_file_has_exactly_the_problems_written_beside_it() {
    let (mut wrong, mut broken, mut codes) = (Vec::new(), 0, BTreeSet::new());
    for workspace in workspaces() {
        let (files, loaded) = load(&workspace);
        let mut found: BTreeMap<&str, String> = files.keys().map(|path| (path.as_str(), String::new())).collect();
        for one in &loaded.diagnostics {
            let lines = found.get_mut(one.file.as_str()).unwrap();
            *lines += &format!("{}:{} {}\n", one.line, one.column, one.code);
        }
        for (path, lines) in &found {
            let expected = expected(&workspace, path);
            broken += usize::from(!expected.is_empty());
            codes.extend(expected.lines().filter_map(|line| line.split(' ').nth(1)).map(str::to_owned));
            if *lines != expected {
                let own: Vec<_> = loaded.diagnostics.iter().filter(|one| one.file == *path).cloned().collect();
                let (place, told) = (workspace.join(path), staunch_workflow::render(&own));
                wrong.push(format!("{}\nexpected:\n{expected}found:\n{lines}{told}", place.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(broken >= 100, "only {broken} broken files");
    assert!(codes.len() >= 50, "only {} different codes", codes.len());
}

#[test]
fn a_file_with_an_error_gives_nothing_that_could_run() {
    for workspace in workspaces() {
        let (_, loaded) = load(&workspace);
        let wrong: BTreeSet<&str> = loaded
            .diagnostics
            .iter()
            .filter(|one| one.severity == Severity::Error && one.code != codes::TRIGGER_CYCLE)
            .map(|one| one.file.as_str())
            .collect();
        for flow in &loaded.workflows {
            let file = format!("workflows/{}.yaml", flow.name);
            assert!(!wrong.contains(file.as_str()), "{file} of {}", workspace.display());
        }
    }
    let (_, loaded) = load(&folder());
    assert_eq!(loaded.workflows.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>(), ["fine"]);
}

#[test]
fn every_problem_says_what_to_do_next() {
    for workspace in workspaces() {
        let (_, loaded) = load(&workspace);
        for one in &loaded.diagnostics {
            assert!(!one.message.is_empty() && !one.help.is_empty(), "{one:?}");
            // A secret is not shown, and a line that fills a screen shows nothing.
            let hidden = [codes::PLAIN_SECRET, codes::EXPR_LIMIT, codes::YAML_LIMIT].contains(&one.code.as_str());
            assert!(hidden || !one.excerpt.is_empty(), "{one:?}");
        }
        let text = staunch_workflow::render(&loaded.diagnostics);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

/// The page of a code names an example: the file has to be there, and to have that code.
#[test]
fn examples_of_the_pages_are_what_they_say() {
    for (_, page) in staunch_core::explain::pages() {
        let Some(example) = page.example else { continue };
        assert!(folder().join(example).is_file(), "{} names {example}", page.code);
        let expected = expected(&folder(), example);
        assert!(expected.contains(page.code), "{example} has no {}", page.code);
    }
}
