//! What no source says: lints silenced without a reason, unfinished code, clocks in the core, this machine's paths.

use super::rust::code;
use super::{none, tree};

/// The places where `code` of a file says one of `words`, as `file:line word`.
fn found(paths: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree::rust().into_iter().filter(|(path, _)| paths(path)) {
        for (at, line) in code(&text).lines().enumerate() {
            let hits = words.iter().filter(|word| says(line, word));
            found.extend(hits.map(|word| format!("{path}:{} {word}", at + 1)));
        }
    }
    found
}

/// Whether a line holds the words, not as a part of longer ones (`retodo!` is none of ours).
fn says(line: &str, words: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(words).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part);
        let after = line[at + words.len()..].chars().next().is_some_and(part);
        !(before && words.starts_with(part) || after && words.ends_with(part))
    })
}

#[test]
fn lints_are_silenced_only_with_a_reason() {
    none(&found(|_| true, &["#[allow(", "#![allow("]), "say `#[expect(…, reason = \"…\")]`");
}

#[test]
fn nothing_is_left_unfinished() {
    none(&found(|_| true, &["todo!", "unimplemented!", "dbg!"]), "unfinished or left over");
}

/// The one file of the product that may, and why, is `precompiled.rs` itself. A plugin shares memory with its host by addresses,
/// so two files of the SDK may, too: they run in the sandbox.
#[test]
fn one_file_is_unsafe() {
    let may = ["engine/scoring/src/precompiled.rs", "plugins/sdk/src/abi.rs", "plugins/sdk/src/macros.rs"];
    let others = |path: &str| !may.contains(&path);
    none(&found(others, &["unsafe", "unsafe_code"]), "no unsafe code but to load compiled plugins");
}

#[test]
fn libraries_do_not_print() {
    let library =
        |path: &str| path.starts_with("engine/") && !path.starts_with("engine/cli/") && path.contains("/src/");
    none(&found(library, &["println!", "eprintln!", "print!", "eprint!"]), "a library prints; return it or trace it");
}

#[test]
fn the_core_reads_no_clock_no_file_and_no_random_number() {
    let words = [
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "Zoned::now",
        "TimeZone::system",
        "rand",
        "getrandom",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "async fn",
    ];
    none(&found(|path| path.starts_with("engine/core/src/"), &words), "the core is pure");
}

#[test]
fn files_name_no_place_of_this_machine() {
    let mut places = vec![tree::root().display().to_string(), "/home/".into(), "/Users/".into(), "../shared/".into()];
    let home = std::env::var("HOME").unwrap_or_default();
    let registry = std::env::var("CARGO_HOME").unwrap_or_default();
    places.extend([home, registry].into_iter().filter(|path| path.len() > 1).map(|path| format!("{path}/")));
    // These settings point cargo, pip or npm at another registry.
    places.extend(["sparse+http", "replace-with", "index-url"].map(str::to_owned));
    let mut problems = Vec::new();
    for (path, text) in tree::texts() {
        if path == "tests/tests/repo/bans.rs" {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let hits = places.iter().filter(|place| line.contains(place.as_str()));
            problems.extend(hits.map(|place| format!("{path}:{} {place}", at + 1)));
        }
    }
    none(&problems, "a path or registry of one machine");
}

#[test]
fn words_are_found_whole() {
    assert!(
        says("let x = rand::random();", "rand") && says("dbg!(x)", "dbg!") && says("#[allow(dead_code)]", "#[allow(")
    );
    assert!(!says("let operand = 1;", "rand") && !says("my_todo!()", "todo!") && !says("Instantly", "Instant"));
}
