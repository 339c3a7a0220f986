//! Every source file says in its first line what lives in it; no file and no function grows past its limit.

use super::rust::{code, functions};
use super::{none, tree};

/// Lines of a file.
const FILE: usize = 500;
/// Lines of a function.
const FUNCTION: usize = 60;

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = tree::rust().into_iter().filter(|(_, text)| {
        let first = text.lines().next().unwrap_or_default();
        first.strip_prefix("//!").is_none_or(|rest| rest.trim().is_empty())
    });
    none(&silent.map(|(path, _)| path).collect::<Vec<_>>(), "does not open with `//!`");
}

#[test]
fn no_file_is_longer_than_its_limit() {
    let count = |text: &str| text.lines().count();
    let long = tree::rust().into_iter().filter(|(_, text)| count(text) > FILE);
    let long: Vec<String> = long.map(|(path, text)| format!("{path}: {} lines", count(&text))).collect();
    none(&long, "more than 500 lines; split it");
}

#[test]
fn no_function_is_longer_than_its_limit() {
    let (mut seen, mut long) = (0, Vec::new());
    for (path, text) in tree::rust() {
        let all = functions(&code(&text));
        seen += all.len();
        let past = all.into_iter().filter(|one| one.lines > FUNCTION);
        long.extend(past.map(|one| format!("{path}:{} {}: {} lines", one.line, one.name, one.lines)));
    }
    assert!(seen > 500, "only {seen} functions found: the reader is broken");
    none(&long, "more than 60 lines; split it");
}
