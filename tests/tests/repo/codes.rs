//! The stable codes: each once, each in its block, each used, and none that is not listed.

use super::rust::code;
use super::{none, tree};
use std::collections::{BTreeMap, BTreeSet};

const LIST: &str = "engine/core/src/codes.rs";
/// A page is about a code and no use of it.
const PAGES: &str = "engine/core/src/explain/";

/// (constant, code) of the list, in order.
fn listed() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(tree::root().join(LIST)).expect("the list of codes can be read");
    let line = |line: &str| {
        let (name, code) = line.strip_prefix("pub const ")?.split_once(": Code = \"")?;
        Some((name.to_owned(), code.strip_suffix("\";")?.to_owned()))
    };
    let found: Vec<_> = text.lines().filter_map(line).collect();
    assert!(found.len() > 100, "only {} codes found: has the list another form?", found.len());
    found
}

/// Every `ST` with four digits in a text.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let four = |at: usize| {
        let code = text.get(at..at + 6)?;
        let whole = text.get(at + 6..at + 7).is_none_or(|next| !next.chars().all(char::is_alphanumeric));
        (whole && code[2..].chars().all(|c| c.is_ascii_digit())).then_some(code)
    };
    text.match_indices("ST").filter_map(move |(at, _)| four(at))
}

#[test]
fn every_code_is_there_once_and_in_order() {
    let mut names = BTreeMap::new();
    let mut problems = Vec::new();
    let mut last = String::new();
    for (name, code) in listed() {
        if let Some(other) = names.insert(code.clone(), name.clone()) {
            problems.push(format!("{code} is both {other} and {name}"));
        }
        if mentioned(&code).next().is_none() || !matches!(&code[2..3], "1" | "2" | "3" | "4" | "5" | "6" | "7") {
            problems.push(format!("{name} has the code {code}; codes are ST1000 to ST7999"));
        }
        if code <= last {
            problems.push(format!("{code} stands behind {last}"));
        }
        last = code;
    }
    none(&problems, "codes are unique and in order");
}

#[test]
fn every_code_is_used() {
    let sources: Vec<(String, String)> = tree::rust()
        .into_iter()
        .filter(|(path, _)| path.starts_with("engine/") && path != LIST && !path.starts_with(PAGES))
        .map(|(path, text)| (path, code(&text)))
        .collect();
    let words: BTreeSet<&str> =
        sources.iter().flat_map(|(_, code)| code.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    let idle = listed().into_iter().filter(|(name, _)| !words.contains(name.as_str()));
    none(&idle.map(|(name, code)| format!("{code} {name}")).collect::<Vec<_>>(), "codes that nobody can meet");
}

#[test]
fn no_file_names_a_code_that_is_not_listed() {
    let known: BTreeSet<String> = listed().into_iter().map(|(_, code)| code).collect();
    let mut problems = Vec::new();
    for (path, text) in tree::texts().into_iter().filter(|(path, _)| path != "tests/tests/repo/codes.rs") {
        let strange: BTreeSet<&str> = mentioned(&text).filter(|code| !known.contains(*code)).collect();
        problems.extend(strange.into_iter().map(|code| format!("{path}: {code}")));
    }
    none(&problems, "codes that the list does not know");
}

#[test]
fn the_document_of_all_errors_is_up_to_date() {
    let path = tree::root().join("engine/ERRORS.md");
    let written = std::fs::read_to_string(&path).expect("engine/ERRORS.md can be read");
    let made = staunch_core::explain::markdown();
    let line = made.lines().zip(written.lines()).position(|(made, written)| made != written);
    let next = "write it again: staunch explain --all > engine/ERRORS.md";
    assert!(made.trim_end() == written.trim_end(), "differs from line {}; {next}", line.map_or(0, |line| line + 1));
}
