//! `examples/broken`: each file has the problems that were written down by hand beside it, and no others.

use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::value::Type;
use staunch_rules::Rules;
use staunch_workflow::{
    PluginCatalog, PluginInfo, PluginInput, PluginProblem, TemplateInfo, load_workspace, read_files,
};
use std::collections::BTreeMap;
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

#[test]
fn every_file_has_exactly_the_problems_written_beside_it() {
    let files = read_files(&folder()).unwrap();
    let templates = [("rescue/tips", Channel::Email), ("rescue/checklist", Channel::Nudge)];
    let templates = templates.map(|(name, channel)| (name.to_owned(), TemplateInfo::of(channel))).into_iter().collect();
    let loaded = load_workspace(&files, &Rules::new(), &Plugins, &templates);

    let mut found: BTreeMap<&str, String> = files.keys().map(|path| (path.as_str(), String::new())).collect();
    for one in &loaded.diagnostics {
        let lines = found.get_mut(one.file.as_str()).unwrap();
        *lines += &format!("{}:{} {}\n", one.line, one.column, one.code);
    }
    let (mut wrong, mut kinds) = (Vec::new(), std::collections::BTreeSet::new());
    for (path, lines) in &found {
        let expected = folder().join(path).with_extension("expected");
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        kinds.extend(expected.lines().filter_map(|line| line.split(' ').nth(1)).map(str::to_owned));
        if *lines != expected {
            wrong.push(format!("{path}\nexpected:\n{expected}found:\n{lines}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), staunch_workflow::render(&loaded.diagnostics));
    assert!(kinds.len() >= 20, "only {} different mistakes", kinds.len());
    assert_eq!(loaded.workflows.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>(), ["fine"]);
}

#[test]
fn every_problem_says_what_to_do_next() {
    let files = read_files(&folder()).unwrap();
    let loaded = load_workspace(&files, &Rules::new(), &Plugins, &BTreeMap::new());
    for one in &loaded.diagnostics {
        assert!(!one.message.is_empty() && !one.help.is_empty() && !one.excerpt.is_empty(), "{one:?}");
    }
    let text = staunch_workflow::render(&loaded.diagnostics);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
