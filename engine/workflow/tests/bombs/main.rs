//! Hostile files are refused with few problems and without a tree. The time that takes is in `benches/bombs.rs`.

mod list;

use staunch_core::codes;
use staunch_rules::Rules;
use staunch_workflow::{Files, Loaded, MAX_FILE, NoPlugins, load_workspace};

const WORKSPACE: &str = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: text\nevents:\n  order.paid: { total: money }\npurposes: [marketing]\n";

/// Of the YAML and of what it says, each with one that there is more.
const MOST: usize = 2 * 101;

fn load(path: &str, text: &str) -> Loaded {
    let mut files = Files::from([("staunch.yaml".to_owned(), WORKSPACE.as_bytes().to_vec())]);
    files.insert(path.to_owned(), text.as_bytes().to_vec());
    load_workspace(&files, &Rules::new(), &NoPlugins, &Default::default())
}

#[test]
fn every_bomb_is_refused_with_few_problems() {
    // A quarter of the largest file is beyond every limit already.
    for bomb in list::bombs(MAX_FILE / 4) {
        assert!(bomb.text.len() <= MAX_FILE / 4, "{}: {}", bomb.name, bomb.text.len());
        for path in ["w.yaml", "staunch.yaml"] {
            let loaded = load(path, &bomb.text);
            let found = loaded.diagnostics.iter().filter(|one| one.file == path).count();
            assert!((1..=MOST).contains(&found), "{}: {found} problems", bomb.name);
            assert!(!loaded.ok() && loaded.workflows.is_empty(), "{}", bomb.name);
            let bytes: usize = loaded.diagnostics.iter().map(|one| one.message.len() + one.excerpt.len()).sum();
            assert!(bytes < 2 << 20, "{}: {bytes} bytes of problems", bomb.name);
        }
    }
}

#[test]
fn what_is_too_much_says_so() {
    let wide = |count: usize| format!("workflow: w\nlist:\n{}", "- x\n".repeat(count));
    for (text, line, message) in [
        (wide(20_001), 19_998, "this file has more than 20000 values"),
        (format!("workflow: w\n{}: 1\n", "k".repeat(257)), 2, "this key is longer than 256 bytes"),
        (format!("workflow: \"{}\"\n", "x".repeat((64 << 10) + 1)), 1, "this text is longer than 64 KiB"),
        (format!("workflow: {}", "[".repeat(65)), 1, "this is nested deeper than 64 levels"),
    ] {
        let found = load("w.yaml", &text).diagnostics;
        assert_eq!(found.len(), 1, "{message}: {found:?}");
        assert_eq!((found[0].code.as_str(), found[0].message.as_str()), (codes::YAML_LIMIT, message));
        assert_eq!(found[0].line, line, "{message}");
    }
    // One less passes the limits, and is a mistake only by what it says.
    for text in [wide(19_990), format!("workflow: w\n{}: 1\n", "k".repeat(256))] {
        assert!(load("w.yaml", &text).diagnostics.iter().all(|one| one.code != codes::YAML_LIMIT));
    }
}

#[test]
fn the_last_of_many_problems_says_that_there_are_more() {
    for (text, code) in [
        ("on: 1\n".repeat(150), codes::BOOLISH_KEY),
        ((0..150).map(|n| format!("key{n}: 1\n")).collect::<String>(), codes::UNKNOWN_KEY),
    ] {
        let found = load("w.yaml", &format!("workflow: w\n{text}")).diagnostics;
        assert_eq!(found.iter().filter(|one| one.code == code).count(), 100);
        let last = found.last().unwrap();
        assert_eq!((last.code.as_str(), last.line), (codes::YAML_LIMIT, 152));
        assert_eq!(last.message, "there is more: only the first 100 are reported");
    }
}

#[test]
fn a_line_that_is_too_long_to_read_is_not_shown() {
    let found = load("w.yaml", &format!("workflow: [{}*a]\n", "x, ".repeat(3_000))).diagnostics;
    assert_eq!((found.len(), found[0].column, found[0].excerpt.as_str()), (1, 9_012, ""));
}
