//! A challenger takes the place of the plugin in force.
//!
//! At every moment the lock pins files that are there: a file is written before the lock names it, and moves away only after
//! the lock has ceased to. So a process that runs meanwhile, or this one if it dies, never sees half of it.

use crate::commands::model::files::write;
use crate::commands::plugin::keys::beside;
use crate::error::{CliError, Result};
use crate::load::{self, LOCK_FILE};
use crate::output;
use staunch_core::codes;
use staunch_scoring::{FOLDER, Lock, LockedPlugin, sha256_hex};
use staunch_workflow::{Severity, render};
use std::path::Path;

/// Where versions that were in force are kept, within the folder of plugins.
const RETIRED: &str = "retired";

/// Promotes the challenger of a plugin; both are as the lock pins them.
pub fn run(dir: &Path, name: &str, old: &Lock, [champion, challenger]: [&LockedPlugin; 2]) -> Result<bool> {
    let from = dir.join(&challenger.path);
    let bytes = std::fs::read(&from).map_err(|error| CliError::file(&from, &error))?;
    if sha256_hex(&bytes) != challenger.sha256 {
        let message = format!("{} is not what staunch.lock pins", challenger.path);
        let help = "if the change is meant, run `staunch lock` and let it score in shadow again; else restore the file";
        return Err(CliError::new(codes::PLUGIN_DIGEST, message, help));
    }
    let path = free(dir, name, challenger)?;
    write(&dir.join(&path), &bytes)?;
    let signature = beside(&from);
    if signature.exists() {
        copy(&signature, &beside(&dir.join(&path)))?;
    }
    let mut new = old.clone();
    new.challengers.remove(name);
    new.plugins.insert(name.to_owned(), LockedPlugin { path: path.clone(), ..challenger.clone() });
    write(&dir.join(LOCK_FILE), new.write().as_bytes())?;
    let found = load::inspect(dir)?;
    if found.diagnostics.iter().any(|one| one.severity == Severity::Error) {
        write(&dir.join(LOCK_FILE), old.write().as_bytes())?;
        remove(&dir.join(&path))?;
        forget(&beside(&dir.join(&path)))?;
        output::say(render(&found.diagnostics).trim_end());
        output::say(&format!("nothing was changed: with {name} {} the workspace has errors", challenger.version));
        return Ok(false);
    }
    let kept = retire(dir, name, champion)?;
    let home = settle(dir, &path, &champion.path)?;
    new.plugins.insert(name.to_owned(), LockedPlugin { path: home, ..challenger.clone() });
    write(&dir.join(LOCK_FILE), new.write().as_bytes())?;
    for left in [dir.join(&path), from] {
        remove(&left)?;
        forget(&beside(&left))?;
    }
    output::say(&format!("{name} {} is in force; {} was kept as {kept}", challenger.version, champion.version));
    output::say("a running process takes it by itself; what it decided before keeps the digest of the old one");
    let (kept, folder) = (dir.join(kept), dir.join(staunch_scoring::CHALLENGERS));
    let (kept, folder, at) = (kept.display(), folder.display(), dir.display());
    output::say(&format!(
        "to go back: mv {kept}* {folder}/ && staunch lock {at} && staunch plugin promote {at} --plugin {name} --force"
    ));
    Ok(true)
}

/// A file name that no plugin has yet.
fn free(dir: &Path, name: &str, plugin: &LockedPlugin) -> Result<String> {
    let path = file(FOLDER, name, plugin);
    if dir.join(&path).exists() {
        let message = format!("{path} is there already");
        return Err(CliError::new(codes::CLI_FILE, message, "move it away: an earlier promotion was broken off"));
    }
    Ok(path)
}

/// Copies the new component to where the old one was, so that the next build finds it there; gives that place.
fn settle(dir: &Path, from: &str, home: &str) -> Result<String> {
    let bytes = std::fs::read(dir.join(from)).map_err(|error| CliError::file(&dir.join(from), &error))?;
    write(&dir.join(home), &bytes)?;
    if beside(&dir.join(from)).exists() {
        copy(&beside(&dir.join(from)), &beside(&dir.join(home)))?;
    }
    Ok(home.to_owned())
}

fn file(folder: &str, name: &str, plugin: &LockedPlugin) -> String {
    format!("{folder}/{name}-{}.wasm", &plugin.sha256[..12])
}

/// Moves a component to where it is kept; gives that place.
fn retire(dir: &Path, name: &str, plugin: &LockedPlugin) -> Result<String> {
    let folder = format!("{FOLDER}/{RETIRED}");
    let (from, kept) = (dir.join(&plugin.path), file(&folder, name, plugin));
    std::fs::create_dir_all(dir.join(&folder)).map_err(|error| CliError::file(&dir.join(&folder), &error))?;
    std::fs::rename(&from, dir.join(&kept)).map_err(|error| CliError::file(&from, &error))?;
    if beside(&from).exists() {
        copy(&beside(&from), &beside(&dir.join(&kept)))?;
        forget(&beside(&from))?;
    }
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).map_err(|error| CliError::file(from, &error))
}

/// Removes what may not be there.
fn forget(path: &Path) -> Result<()> {
    if path.exists() { remove(path) } else { Ok(()) }
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|error| CliError::file(path, &error))
}
