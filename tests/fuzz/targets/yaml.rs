//! Any bytes as a file of a workspace: beside a good `staunch.yaml` (as a workflow, a test or a rollout, by its first
//! key) and in its place. Nothing may panic, and each problem has a place inside its file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use staunch_core::action::Channel;
use staunch_core::score::ScoreKind;
use staunch_core::value::Type;
use staunch_rules::Rules;
use staunch_workflow::{Files, PluginCatalog, PluginInfo, PluginInput, TemplateInfo, load_workspace, render};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const WORKSPACE: &[u8] = include_bytes!("../../../engine/workflow/tests/good/staunch.yaml");
const WORKFLOW: &[u8] = include_bytes!("../../../engine/workflow/tests/good/workflows/trial-rescue.yaml");

/// A plugin of each kind.
struct Plugins;

impl PluginCatalog for Plugins {
    fn plugin(&self, name: &str) -> Option<PluginInfo> {
        let kind = match name {
            "churn-gbdt" => ScoreKind::Scalar,
            "topics" => ScoreKind::Classes(vec!["billing".into(), "product".into()]),
            "next-best" => ScoreKind::Ranking,
            _ => return None,
        };
        let inputs = ["logins_7d", "trend", "days_quiet", "tenure_days"];
        let input = |name: &str| PluginInput { name: name.into(), kind: Type::Number };
        Some(PluginInfo { inputs: Some(inputs.map(input).to_vec()), kind, ..PluginInfo::default() })
    }

    fn names(&self) -> Vec<String> {
        ["churn-gbdt", "topics", "next-best"].map(str::to_owned).to_vec()
    }
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(Rules::new)
}

fn load(files: &Files) {
    let templates = [("trial-rescue/tips", Channel::Email), ("trial-rescue/checklist", Channel::Nudge)];
    let templates: BTreeMap<String, TemplateInfo> =
        templates.into_iter().map(|(name, channel)| (name.to_owned(), TemplateInfo::of(channel))).collect();
    let loaded = load_workspace(files, rules(), &Plugins, &templates);
    for one in &loaded.diagnostics {
        let bytes = files.get(&one.file).map_or(&[][..], Vec::as_slice);
        let text = String::from_utf8_lossy(bytes);
        let line = text.split('\n').nth(one.line - 1).expect("the line is in the file");
        assert!((1..=line.chars().count() + 1).contains(&one.column), "{one:?}");
        assert!(!one.code.is_empty() && !one.message.is_empty(), "{one:?}");
    }
    assert!(render(&loaded.diagnostics).lines().count() >= loaded.diagnostics.len());
}

fuzz_target!(|data: &[u8]| {
    let mut files = Files::from([("staunch.yaml".to_owned(), WORKSPACE.to_vec())]);
    files.insert("workflows/trial-rescue.yaml".to_owned(), WORKFLOW.to_vec());
    files.insert("fuzz.yaml".to_owned(), data.to_vec());
    load(&files);
    files.remove("fuzz.yaml");
    files.insert("staunch.yaml".to_owned(), data.to_vec());
    load(&files);
});
