//! The guide in `plugins/README.md`: every command of its way to a plugin in Rust, in order, with the changes to files that it
//! asks for, and nothing else.

use staunch_tests::{binary, guests, root};
use std::path::Path;
use std::process::Command;

/// A block of code: its language and its text.
type Block = (String, String);

/// The blocks of some sections, in order.
fn blocks(from: &str, until: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join("plugins/README.md")).unwrap();
    let start = text.find(from).expect("the section is there");
    let part = &text[start..start + text[start..].find(until).expect("and the one behind it")];
    let block = |block: &str| block.split_once('\n').map(|(kind, text)| (kind.to_owned(), text.to_owned()));
    part.split("```").skip(1).step_by(2).filter_map(block).collect()
}

/// Runs a block as a person would and gives what it said.
fn run(dir: &Path, commands: &str, env: &[(String, String)]) -> String {
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-euc", commands]).env("PATH", path).env("CARGO_NET_OFFLINE", "true").current_dir(dir);
    let output = bash.envs(env.iter().map(|(name, value)| (name, value))).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{commands}\n{said}");
    said
}

/// Puts a block of YAML under its key, or at the end.
fn insert(file: &Path, key: Option<&str>, block: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let made = match key {
        Some(key) => text.replacen(&format!("\n{key}\n"), &format!("\n{key}\n{block}"), 1),
        None => format!("{text}{block}"),
    };
    assert_ne!(made, text, "{} has no {key:?}", file.display());
    std::fs::write(file, made).unwrap();
}

/// The cases with a score of the new plugin, as the guide writes one.
fn scored(cases: &str, block: &str) -> String {
    let shown = block.trim().strip_suffix(", mine: 0.5 }").expect("the guide shows a case with the score");
    assert!(cases.contains(shown), "no case has {shown}");
    let mut parts = cases.split("  - name: ");
    let mut made = parts.next().unwrap().to_owned();
    for case in parts {
        let mine = if case.starts_with("a valuable customer") { "0.5" } else { "0.1" };
        made += &format!("  - name: {}", case.replacen(" }", &format!(", mine: {mine} }}"), 1));
    }
    made
}

#[test]
fn a_new_plugin_is_in_a_workflow_checked_pinned_and_signed() {
    let (dir, env) = (tempfile::tempdir().unwrap(), guests());
    let (yaml, flow) = (dir.path().join("shop/staunch.yaml"), dir.path().join("shop/workflows/winback.yaml"));
    let (mut said, mut commands) = (String::new(), 0);
    for (kind, text) in blocks("## Write one in Rust", "## Compile a model") {
        match kind.as_str() {
            "sh" => {
                commands += text.lines().count();
                said += &run(dir.path(), &text, &env);
            }
            "yaml" if text.starts_with("  plan:") => insert(&yaml, Some("contact:"), &text),
            "yaml" if text.starts_with("  mine:") => {
                insert(&flow, Some("scores:"), &text);
                let old = std::fs::read_to_string(&flow).unwrap();
                let new = old.replace("when: feature.spend >= 1500", "when: score.mine >= 0.3");
                assert_ne!(old, new, "the README asks for another line");
                std::fs::write(&flow, new).unwrap();
            }
            "yaml" if text.starts_with("    scores:") => {
                let cases = dir.path().join("shop/workflows/winback.test.yaml");
                std::fs::write(&cases, scored(&std::fs::read_to_string(&cases).unwrap(), &text)).unwrap();
            }
            "yaml" if text.starts_with("plugins:") => {
                let key = said.split_whitespace().find(|word| word.starts_with("ed25519:")).expect("keygen prints it");
                insert(&yaml, None, &text.replace("ed25519:…", key));
            }
            other => panic!("the test does not know what to do with a block of {other}:\n{text}"),
        }
    }
    assert_eq!(commands, 14, "every command of the guide is run");
    for wanted in
        ["4 rows, bit for bit", "added     my-score 0.1.0", "× floor", "signed by", "ok: my-score 0.1.0 was signed"]
    {
        assert!(said.contains(wanted), "{wanted} is missing:\n{said}");
    }
    let scores = std::fs::read_to_string(dir.path().join("scores.csv")).unwrap();
    assert!(scores.starts_with("value,raw,declined,error\n0.1,0.1,,\n0.85,"), "{scores}");
    let lock = std::fs::read_to_string(dir.path().join("shop/staunch.lock")).unwrap();
    assert!(lock.contains("my-score") && lock.contains("signed_by"), "{lock}");
}
