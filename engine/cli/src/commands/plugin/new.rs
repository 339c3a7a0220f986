//! `staunch plugin new`: a plugin in Rust that builds, passes its tests and its golden vectors at once.

use super::template::{SDK, TEMPLATE};
use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use std::path::{Path, PathBuf};

/// Makes a new plugin in Rust that builds at once, without a download: the SDK is written beside it.
///
/// Example: staunch plugin new my-score
#[derive(Debug, Args)]
pub struct New {
    /// Its folder, new or empty.
    dir: PathBuf,
    /// Its name: small letters, digits and `-`; that of the folder without it.
    #[arg(long)]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &New) -> Result<bool> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => {
            args.dir.file_name().map(|name| name.to_string_lossy().to_lowercase().replace('_', "-")).unwrap_or_default()
        }
    };
    if let Some(problem) = unfit(&name) {
        return Err(CliError::usage(problem.0, problem.1));
    }
    empty(&args.dir)?;
    let field = name.replace('-', "_");
    let fill = |text: &[u8]| String::from_utf8_lossy(text).replace("{{name}}", &name).replace("{{field}}", &field);
    for (path, text) in TEMPLATE {
        write(&args.dir.join(path), fill(text).as_bytes())?;
    }
    for (path, bytes) in SDK {
        write(&args.dir.join(path), bytes)?;
    }
    let dir = args.dir.display();
    output::say(&format!(
        "{} files written to {dir}; the score is in {dir}/src/lib.rs\n\nnext:\n  cargo test --manifest-path {dir}/Cargo.toml\n  staunch plugin build {dir} -o {name}.wasm\n  staunch plugin check {name}.wasm --golden {dir}/golden.csv\n\nthen put {name}.wasm into plugins/ of a workspace and run `staunch lock` there",
        TEMPLATE.len() + SDK.len()
    ));
    Ok(true)
}

/// Characters of a name.
const LONGEST: usize = 64;
/// Names of crates that come with Rust or with the SDK.
const CRATES: [&str; 7] = ["staunch-plugin", "staunch-plugin-derive", "core", "std", "alloc", "test", "proc-macro"];
/// Words of Rust that cannot name a crate.
const WORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern false final fn \
                     for gen if impl in let loop macro match mod move mut override priv pub ref return self static \
                     struct super trait true try type typeof union unsafe unsized use virtual where while yield";
/// Names that mean a device or a folder of cargo's, and no file.
const FILES: &str = "con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 \
                     lpt8 lpt9 build deps examples incremental";

/// Why cargo or the contract would not take a name, and what to do.
fn unfit(name: &str) -> Option<(String, &'static str)> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let other = "give it another name: --name my-score";
    if name.chars().nth(LONGEST).is_some() {
        let start: String = name.chars().take(20).collect();
        return Some((
            format!("the name `{start}…` has more than {LONGEST} characters"),
            "shorten it: --name my-score",
        ));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        let help = "use small letters, digits and `-`, a letter first: --name my-score";
        return Some((format!("`{name}` is no name of a plugin"), help));
    }
    if CRATES.contains(&name) {
        return Some((format!("`{name}` is the name of a crate that every plugin has already"), other));
    }
    let among = |list: &str| list.split_whitespace().any(|word| word == name);
    if among(WORDS) {
        return Some((format!("`{name}` is a reserved word of Rust"), other));
    }
    among(FILES).then(|| (format!("`{name}` is reserved: no file or folder of a build may have it"), other))
}

/// Refuses a folder that holds something.
fn empty(dir: &Path) -> Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(dir).map_err(|error| CliError::file(dir, &error))?.flatten();
    match entries.next() {
        None => Ok(()),
        Some(first) => {
            let message = format!("{} is not empty: it holds {}", dir.display(), first.file_name().to_string_lossy());
            Err(CliError::usage(message, "name a new folder; nothing was written"))
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    std::fs::write(path, bytes).map_err(|error| CliError::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_cargo_and_the_contract_take() {
        for good in ["my-score", "a1", "selfie", &"a".repeat(64)] {
            assert_eq!(unfit(good), None);
        }
        for (bad, why) in [
            ("", "no name of a plugin"),
            ("My", "no name of a plugin"),
            ("1a", "no name of a plugin"),
            ("a_b", "no name of a plugin"),
            ("ä", "no name of a plugin"),
            ("staunch-plugin", "has already"),
            ("std", "has already"),
            ("self", "reserved word of Rust"),
            ("match", "reserved word of Rust"),
            ("con", "is reserved"),
            (&"a".repeat(200), "more than 64 characters"),
        ] {
            let (text, help) = unfit(bad).unwrap();
            assert!(text.contains(why) && help.contains("--name my-score") && text.len() < 100, "{bad}: {text}");
        }
    }
}
