//! The fields of log lines: each that a source writes stands in `engine/LOGS.md`, and the other way round.

use super::rust::code;
use super::{none, tree};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "engine/LOGS.md";
const LEVELS: [&str; 5] = ["error!(", "warn!(", "info!(", "debug!(", "trace!("];

/// What stands between the brackets of every call of a level in a source without its literals.
fn calls(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("tracing::") {
        let rest = &code[at + "tracing::".len()..];
        let Some(level) = LEVELS.iter().find(|level| rest.starts_with(**level)) else { continue };
        let inside = &rest[level.len()..];
        let mut depth = 1;
        let end = inside.find(|c| {
            depth += match c {
                '(' | '[' | '{' => 1,
                ')' | ']' | '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        found.extend(end.map(|end| &inside[..end]));
    }
    found
}

/// The fields of a call: what stands before its message, whose literal is blank here.
fn fields(call: &str) -> BTreeSet<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in call.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is one").push(c);
    }
    let parts = parts.iter().map(|part| part.trim()).take_while(|part| !part.is_empty());
    let name = |part: &str| {
        let named = part.split_once('=').map_or(part, |(name, _)| name).trim();
        named.trim_start_matches(['%', '?']).rsplit('.').next().unwrap_or_default().to_owned()
    };
    parts.filter(|part| !part.starts_with("target:")).map(name).collect()
}

/// Every field with the files that write it.
fn written() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut seen, product) = (0, |path: &str| path.starts_with("engine/") && path.contains("/src/"));
    for (path, text) in tree::rust().into_iter().filter(|(path, _)| product(path)) {
        for call in calls(&code(&text)) {
            seen += 1;
            for field in fields(call) {
                found.entry(field).or_default().insert(path.clone());
            }
        }
    }
    assert!(seen > 20, "only {seen} log lines found: the reader is broken");
    found
}

#[test]
fn every_field_of_a_log_line_is_explained() {
    let page = std::fs::read_to_string(tree::root().join(PAGE)).expect("engine/LOGS.md can be read");
    let row = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    let explained: BTreeSet<String> = page.lines().filter_map(row).collect();
    let written = written();
    let missing = written.iter().filter(|(field, _)| !explained.contains(*field));
    let mut problems: Vec<String> = missing.map(|(field, files)| format!("`{field}` of {files:?}")).collect();
    let idle = explained.iter().filter(|field| !written.contains_key(*field));
    problems.extend(idle.map(|field| format!("`{field}` is written by nobody")));
    none(&problems, "engine/LOGS.md");
}

#[test]
fn the_reader_of_log_lines_sees_what_it_should() {
    let check = |source: &str, expected: &[&str]| {
        let code = code(source);
        let all: Vec<_> = calls(&code).into_iter().flat_map(fields).collect();
        assert_eq!(all, expected, "{source}");
    };
    check("tracing::warn!(action = a.id, %error, \"lost, {}\", b)", &["action", "error"]);
    check("tracing::info!(target: LOG, ?one, two, f = g(1, 2), \"m\")", &["f", "one", "two"]);
    check("tracing::debug!(\"only words\"); tracing::Level::INFO", &[]);
}
