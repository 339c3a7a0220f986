//! The documents: paths that they name exist, commands and flags too, and so do the functions and types that
//! `engine/ARCHITECTURE.md` names.

use super::rust::code;
use super::{none, tree};
use std::collections::BTreeSet;
use std::path::Path;

/// Every tracked document with its text.
fn documents() -> Vec<(String, String)> {
    let found: Vec<_> = tree::texts().into_iter().filter(|(path, _)| path.ends_with(".md")).collect();
    for wanted in ["README.md", "engine/ARCHITECTURE.md"] {
        assert!(found.iter().any(|(path, _)| path == wanted), "{wanted} is missing");
    }
    found
}

/// The code of a document, a piece with its line each: what stands between backticks, and the lines of its blocks.
fn pieces(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut inside) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            found.push((at + 1, line.to_owned()));
        } else {
            found.extend(spans(line).map(|span| (at + 1, span.to_owned())));
        }
    }
    found
}

fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn has_end(path: &str) -> bool {
    [".rs", ".sql", ".wit", ".toml", ".yaml", ".wasm", ".csv", ".md", ".lock"].iter().any(|end| path.ends_with(end))
}

/// A span that names a file or folder of this repository.
fn path_of(span: &str) -> Option<&str> {
    let path = span.split(':').next().unwrap_or_default().trim_end_matches('/');
    let plain = !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
    let top = ["engine", "plugins", "workflows", "examples", "tests", ".ci", ".config", ".cargo"];
    let ours = path.contains('/') && top.contains(&path.split('/').next().unwrap_or_default());
    let made = path.split('/').any(|part| part == ".staunch" || part == "target");
    (plain && !made && (ours || (path.contains('/') && has_end(path)))).then_some(path)
}

#[test]
fn paths_that_documents_name_exist() {
    let root = tree::root();
    let mut problems = Vec::new();
    for (document, text) in documents() {
        let here = root.join(&document).parent().map(Path::to_owned).unwrap_or_default();
        for (at, line) in text.lines().enumerate() {
            let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
            let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
            let named = spans(line).filter_map(path_of).chain(links);
            let lost = named.filter(|path| !root.join(path).exists() && !here.join(path).exists());
            problems.extend(lost.map(|path| format!("{document}:{} {path}", at + 1)));
        }
    }
    none(&problems, "documents name what is not there");
}

/// The source of the command that a line of code calls, and the rest of the line; `Err` for one that does not exist.
fn call(line: &str) -> Option<Result<(String, Vec<String>), String>> {
    let (_, rest) = ["cargo run --release -- ", "staunch "].iter().find_map(|start| {
        let at = line.find(start)?;
        let alone = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "-_/.".contains(c));
        alone.then(|| line.split_at(at + start.len()))
    })?;
    let rest = rest.split(" #").next().unwrap_or_default().split([';', '|', '&', '`']).next().unwrap_or_default();
    let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
    let name = words.first().filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))?;
    // `resume` stands with `kill`.
    let file = if name == "resume" { "kill" } else { name };
    Some(source(file).map(|source| (source, words[1..].to_vec())).ok_or_else(|| name.clone()))
}

/// The source of a command, with that of its subcommands that lie in files of their own.
fn source(command: &str) -> Option<String> {
    let folder = tree::root().join("engine/cli/src/commands");
    let mut source = std::fs::read_to_string(folder.join(format!("{command}.rs"))).ok()?;
    for entry in std::fs::read_dir(folder.join(command)).into_iter().flatten().flatten() {
        source += &std::fs::read_to_string(entry.path()).ok()?;
    }
    Some(source)
}

/// What a command's source does not know of the words behind it: its subcommand, or a flag.
fn unknown(source: &str, words: &[String]) -> Vec<String> {
    let everywhere = ["--help", "--version", "--verbose"];
    let flag = |word: &&String| {
        let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
        let known = source.contains(&format!("{}:", name.replace('-', "_"))) || source.contains(&format!("\"{name}\""));
        word.starts_with("--") && word.len() > 2 && !everywhere.contains(&word.as_str()) && !known
    };
    let mut found: Vec<String> = words.iter().filter(flag).cloned().collect();
    let sub = words.first().filter(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    if let (Some(word), true) = (sub, source.contains("#[derive(Debug, Subcommand)]")) {
        let variant = word[..1].to_uppercase() + &word[1..];
        if ![" {", "(", ","].iter().any(|end| source.contains(&format!("    {variant}{end}"))) {
            found.push(word.clone());
        }
    }
    found
}

#[test]
fn commands_that_documents_name_exist() {
    let (mut problems, mut seen) = (Vec::new(), 0);
    for (document, text) in documents() {
        for (line, piece) in pieces(&text) {
            let Some(call) = call(&piece) else { continue };
            seen += 1;
            let wrong = match call {
                Ok((source, words)) => unknown(&source, &words),
                Err(name) => vec![name],
            };
            problems.extend(wrong.into_iter().map(|word| format!("{document}:{line} {word} in `{}`", piece.trim())));
        }
    }
    assert!(seen > 20, "only {seen} commands found in the documents: the reader is broken");
    none(&problems, "documents name commands that do not exist");
}

#[test]
fn names_in_the_architecture_are_those_of_the_code() {
    let text = std::fs::read_to_string(tree::root().join("engine/ARCHITECTURE.md")).expect("it can be read");
    let sources: Vec<String> =
        tree::rust().into_iter().filter(|(path, _)| path.starts_with("engine/")).map(|(_, text)| code(&text)).collect();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let known: BTreeSet<&str> = sources.iter().flat_map(|code| code.split(|c| !word(c))).collect();
    let (mut problems, mut seen) = (Vec::new(), 0);
    for (line, span) in text.lines().enumerate().flat_map(|(at, line)| spans(line).map(move |span| (at + 1, span))) {
        let name = span.strip_suffix("()").unwrap_or(span);
        let path = name.chars().all(|c| word(c) || c == ':');
        let camel = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
        if !path || !(name.contains("::") || camel || name != span) {
            continue;
        }
        seen += 1;
        let lost = name.split("::").filter(|part| !known.contains(part));
        problems.extend(lost.map(|part| format!("engine/ARCHITECTURE.md:{line} {part} in `{span}`")));
        let function = name.rsplit("::").next().unwrap_or_default();
        if name != span && !sources.iter().any(|code| code.contains(&format!("fn {function}"))) {
            problems.push(format!("engine/ARCHITECTURE.md:{line} no function `{function}`"));
        }
    }
    assert!(seen > 20, "only {seen} names found: the reader is broken");
    none(&problems, "the architecture names what the code does not");
}

#[test]
fn the_readme_has_no_open_place() {
    let text = std::fs::read_to_string(tree::root().join("README.md")).expect("it can be read");
    let open = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("{{"))
        .map(|(at, line)| format!("{}: {line}", at + 1));
    none(&open.collect::<Vec<_>>(), "README.md has figures to fill in");
}

#[test]
fn the_readers_see_what_they_should() {
    assert_eq!(path_of("engine/core/src/lib.rs:12"), Some("engine/core/src/lib.rs"));
    assert_eq!((path_of("cargo run"), path_of("a/b"), path_of("tests/run -p x")), (None, None, None));
    assert_eq!(
        pieces("a `b` c\n```sh\nstaunch x\n```\n`d`"),
        vec![(1, "b".into()), (3, "staunch x".into()), (5, "d".into())]
    );
    let calls = |line: &str| call(line).map(|call| call.map(|(source, words)| unknown(&source, &words)));
    assert_eq!(calls("staunch demo --once --format json  # twice"), Some(Ok(vec![])));
    assert_eq!(calls("cargo run --release -- demo --never"), Some(Ok(vec!["--never".into()])));
    assert_eq!(calls("staunch review forget x"), Some(Ok(vec!["forget".into()])));
    assert_eq!(
        (calls("staunch dance"), calls("staunch.yaml"), calls("a/staunch x")),
        (Some(Err("dance".into())), None, None)
    );
}
