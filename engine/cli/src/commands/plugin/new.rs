//! `staunch plugin new`: a plugin in Rust that builds, passes its tests and its golden vectors at once.

use super::template::{SDK, TEMPLATE};
use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use std::path::{Path, PathBuf};

/// Makes a new plugin in Rust. The SDK is written beside it, so that it builds without a download.
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
    if !is_name(&name) {
        let help = "use small letters, digits and `-`, a letter first: --name my-score";
        return Err(CliError::usage(format!("`{name}` is no name of a plugin"), help));
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

/// Whether both cargo and the contract take it.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let crates = ["staunch-plugin", "staunch-plugin-derive", "core", "std", "alloc", "test", "proc-macro"];
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !crates.contains(&name)
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
        for good in ["my-score", "a1"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "My", "1a", "a_b", "a b", "staunch-plugin", "std", "ä"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
