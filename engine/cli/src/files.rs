//! What the binary carries: the shipped example and the workspaces that `init` starts from.

use crate::error::{CliError, Result};
use std::path::Path;

/// A file of a shipped workspace: its path inside, and its content.
type Shipped = (&'static str, &'static [u8]);

macro_rules! shipped {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../", $folder, "/", $path)))),+]
    };
}

/// The retail example without its data.
const RETAIL: &[Shipped] = shipped!("examples/retail":
    "staunch.yaml", "staunch.lock", "plugins/repurchase.wasm", "workflows/winback.yaml",
    "workflows/winback.test.yaml", "templates/winback/miss-you.txt", "templates/winback/miss-you.html",
    "templates/winback/reminder.txt");

/// The README of its workspaces. That of the example tells how the example was made.
const RETAIL_README: &[Shipped] = shipped!("workflows/winback": "README.md");

/// A first workspace with rules only.
const WELCOME: &[Shipped] = shipped!("workflows/welcome":
    "README.md", "staunch.yaml", "workflows/welcome.yaml", "workflows/welcome.test.yaml", "templates/welcome/first-steps.txt",
    "templates/welcome/need-help.txt");

/// The purchase history of the retail example.
pub const INVOICES: &[u8] = include_bytes!("../../../examples/retail/data/online_retail_invoices.csv");

/// The workspaces that `init` can start from; the first is the default.
pub const TEMPLATES: [(&str, &str, &[&[Shipped]]); 2] = [
    ("welcome", "greet new users and offer help; rules only", &[WELCOME]),
    ("winback", "win back quiet customers; with a score from a plugin", &[RETAIL, RETAIL_README]),
];

/// Writes a shipped workspace into a folder; a README that is there already stays.
///
/// # Errors
/// What the file system says. Another file that is there already is an error where `keep`, and replaced otherwise.
pub fn write(name: &str, dir: &Path, keep: bool) -> Result<usize> {
    let Some((_, _, parts)) = TEMPLATES.iter().find(|(known, _, _)| *known == name) else {
        let known: Vec<&str> = TEMPLATES.iter().map(|(name, _, _)| *name).collect();
        return Err(CliError::usage(format!("there is no template `{name}`"), format!("use {}", known.join(" or "))));
    };
    let own = |path: &str| keep && path == "README.md" && dir.join(path).exists();
    let files: Vec<&Shipped> = parts.iter().copied().flatten().filter(|(path, _)| !own(path)).collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| keep && dir.join(path).exists()) {
        let message = format!("{} exists already", dir.join(path).display());
        return Err(CliError::usage(message, "choose a folder without a workspace; nothing was changed"));
    }
    for (path, content) in &files {
        let path = dir.join(path);
        let folder = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
        std::fs::write(&path, content).map_err(|error| CliError::file(&path, &error))?;
    }
    Ok(files.len())
}

/// Refuses a folder in which something else lives. What a new repository has (hidden files, README, LICENSE) is fine, and
/// what a workspace has is told by [`write()`].
///
/// # Errors
/// What is there, and what to do.
pub fn stranger(dir: &Path) -> Result<()> {
    if dir.join("staunch.yaml").exists() || !dir.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(dir).map_err(|error| CliError::file(dir, &error))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let fine = |name: &String| name.starts_with('.') || name.starts_with("README") || name.starts_with("LICENSE");
    let mut names: Vec<String> = names.filter(|name| !fine(name)).collect();
    names.sort();
    let Some(first) = names.first() else { return Ok(()) };
    let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    let message = format!("{} is no workspace and not empty: it holds {first}{more}", dir.display());
    Err(CliError::usage(message, "choose another folder, or add --force: what is there already stays"))
}

/// Keeps the state of a run (contacts, messages) out of a repository: `false` where a `.gitignore` is there already and
/// does not.
///
/// # Errors
/// What the file system says.
pub fn ignore_state(dir: &Path) -> Result<bool> {
    let path = dir.join(".gitignore");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().any(|line| line.trim().trim_matches('/') == ".staunch")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::write(&path, ".staunch/\n").map_err(|error| CliError::file(&path, &error))?;
            Ok(true)
        }
        Err(error) => Err(CliError::file(&path, &error)),
    }
}
