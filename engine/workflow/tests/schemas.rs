//! The JSON Schemas as an editor uses them: every good file of this repository fits, and what people get wrong as they
//! type is seen by the schema alone, before `staunch check` is asked.

use jsonschema::Validator;
use serde_json::Value;
use staunch_workflow::{read_files, schema};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn validator(kind: &str) -> Validator {
    let (_, schema) = schema::all().into_iter().find(|(name, _)| *name == kind).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// YAML as an editor's language server sees it.
fn json(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn kind(path: &str, file: &Value) -> &'static str {
    if path == "staunch.yaml" {
        return "workspace";
    }
    ["workflow", "test", "rollout"].into_iter().find(|kind| file.get(kind).is_some()).unwrap()
}

/// What the schema says of a text; empty where it fits.
fn problems(kind: &str, text: &str) -> Vec<String> {
    let validator = validator(kind);
    let file = json(text);
    validator.iter_errors(&file).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

#[test]
fn every_good_file_fits() {
    let folders =
        ["engine/workflow/tests/good", "engine/workflow/tests/reference", "examples/retail", "workflows/welcome"];
    let mut seen = 0;
    for folder in folders {
        for (path, bytes) in read_files(&root().join(folder)).unwrap() {
            let text = String::from_utf8(bytes).unwrap();
            let found = problems(kind(&path, &json(&text)), &text);
            assert!(found.is_empty(), "{folder}/{path}: {found:#?}");
            seen += 1;
        }
    }
    assert!(seen >= 14, "only {seen} files");
}

#[test]
fn a_shipped_file_names_its_schema_by_the_right_path() {
    for folder in ["examples/retail", "workflows/welcome"] {
        for (path, bytes) in read_files(&root().join(folder)).unwrap() {
            let text = String::from_utf8(bytes).unwrap();
            let first = text.lines().next().unwrap();
            let up = "../".repeat(path.matches('/').count());
            let kind = kind(&path, &json(&text));
            let wanted = format!("# yaml-language-server: $schema={up}.staunch/{kind}.schema.json");
            assert_eq!(first, wanted, "{folder}/{path}");
        }
    }
}

const FLOW: &str = "workflow: f\ntitle: T\nowner: o\npurpose: marketing\nstart:\n  event: order.paid\nsteps:\n  - email: m\n    template: t\n  - wait: w\n    for: 2d\n";

/// A file with one text in it replaced by another has to be refused.
fn refused(kind: &str, good: &str, changes: &[(&str, &str)]) {
    assert_eq!(problems(kind, good), [""; 0], "{good}");
    for (from, to) in changes {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "`{from}` does not stand there");
        assert!(!problems(kind, &text).is_empty(), "`{to}` is not seen in\n{text}");
    }
}

#[test]
fn mistakes_in_a_workflow_are_seen_while_typing() {
    refused(
        "workflow",
        FLOW,
        &[
            ("title:", "titel:"),
            ("owner: o\n", ""),
            ("title: T", "title: [T]"),
            ("template: t", "templates: t"),
            ("for: 2d", "for: 2"),
            ("for: 2d", "for: two days"),
            ("email: m", "mail: m"),
            ("event: order.paid", "event: 7"),
        ],
    );
    refused(
        "workflow",
        &format!("{FLOW}experiment: {{ unit: contact, holdout: 10% }}\n"),
        &[("10%", "10"), ("unit: contact", "unit: household")],
    );
}

#[test]
fn mistakes_in_a_workspace_are_seen_while_typing() {
    let good = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: { type: text, one_of: [a] }\ncosts: { email: 0.002 EUR }\npolicy:\n  caps:\n    - { id: a, channels: [email], max: 3, window: 7d }\n  budgets:\n    - { id: b, channels: [email], max: 500 EUR, window: 7d }\n  never: { countries_outside: [DE] }\n  holdout: { global: 2% }\n";
    refused(
        "workspace",
        good,
        &[
            ("zone:", "zones:"),
            ("currency: EUR", "currency: euro"),
            ("type: text", "type: txt"),
            ("0.002 EUR", "0.002"),
            ("email: 0.002", "mail: 0.002"),
            ("max: 3", "max: three"),
            ("window: 7d", "window: 7"),
            ("500 EUR", "500"),
            ("[DE]", "[Germany]"),
            ("global: 2%", "global: 0.02"),
            ("channels: [email]", "channels: [sms]"),
        ],
    );
}

#[test]
fn mistakes_in_a_test_are_seen_while_typing() {
    let good = "test: f\nnow: 2026-03-02T10:00 UTC\ncases:\n  - name: one\n    scores: { s: { label: a, p: 0.8 } }\n    events:\n      - { at: 0h, event: order.paid, total: 20 EUR }\n    expect:\n      - { at: 2d, sent: m }\n      - nothing_else\n";
    refused(
        "test",
        good,
        &[
            ("cases:", "case:"),
            ("p: 0.8", "p: 8"),
            ("at: 0h", "at: 0"),
            ("sent: m", "send: m"),
            ("sent: m", "goal: missed"),
            ("nothing_else", "nothing_more"),
            ("name: one\n", "names: one\n"),
        ],
    );
}

#[test]
fn mistakes_in_a_rollout_are_seen_while_typing() {
    let good = "rollout: r\nfor: f\nstages:\n  - stage: limited\n    days: 1-7\n    limits: { share: 40%, holdout: 50%, per_day: 200 }\n    exit:\n      - { check: reviewed, at_least: 100 }\n";
    refused(
        "rollout",
        good,
        &[
            ("for: f\n", ""),
            ("stage: limited", "stage: limit"),
            ("share: 40%", "share: 40"),
            ("check: reviewed", "check: reviews"),
            ("at_least: 100", "at_most: 100"),
            ("at_least: 100", "at_least: 100%"),
        ],
    );
}
