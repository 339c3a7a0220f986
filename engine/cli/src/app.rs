//! What every command shares: the workspace folder, its store and its clock.

use crate::error::{CliError, Result};
use crate::load;
use crate::wiring;
use clap::Args;
use staunch_core::{Time, codes};
use staunch_store::Store;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The workspace folder of a command.
#[derive(Clone, Debug, Args)]
pub struct Dir {
    /// The workspace.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// The store of a workspace, without its plugins and connectors.
///
/// # Errors
/// Where the workspace cannot be read or the database does not answer.
pub async fn store(dir: &Dir) -> Result<Arc<dyn Store>> {
    let workspace = load::workspace_only(&dir.dir)?;
    Ok(wiring::open_store(&dir.dir, &workspace).await?.store)
}

/// The clock in force for a command beside a running process: the database's, or the virtual one of the demo.
///
/// # Errors
/// Where the database does not answer.
pub async fn now(dir: &Dir, store: &dyn Store) -> Result<Time> {
    match wiring::virtual_time(&dir.dir) {
        Some(time) => Ok(time),
        None => Ok(store.now().await?),
    }
}

/// The only one whose id begins with what a person typed. `things` is their plural, `none` what to say where there is
/// none, `list` the command that shows them.
///
/// # Errors
/// None, or more than one.
pub fn by_prefix<T>(all: Vec<T>, id: &str, id_of: fn(&T) -> &str, things: &str, none: String, list: &str) -> Result<T> {
    let mut found: Vec<T> = all.into_iter().filter(|one| id_of(one).starts_with(id)).collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(CliError::new(codes::CLI_UNKNOWN, none, format!("see `{list}`"))),
        n => Err(CliError::usage(format!("{n} {things} begin with `{id}`"), "give more of the id")),
    }
}

/// Looks before the work whether a file can be written behind it, and that it is none of those that are read.
///
/// # Errors
/// An output that is also an input, under whatever name; a folder that is not there or takes no file.
pub fn writable(output: &Path, inputs: &[&Path]) -> Result<()> {
    if let Some(input) = inputs.iter().find(|input| same_file(output, input)) {
        let (output, input) = (output.display(), input.display());
        let message = format!("{output} is the file that is read, {input}: it would be lost");
        return Err(CliError::usage(message, "name another file to write to"));
    }
    if is_pipe(output) {
        let message = format!("{} is a pipe: nothing may ever read it", output.display());
        return Err(CliError::usage(message, "name a file to write to"));
    }
    let there = output.exists();
    let failed = |error: std::io::Error| CliError::file(output, &error);
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(!there).open(output).map_err(failed)?;
    if there { Ok(()) } else { std::fs::remove_file(output).map_err(failed) }
}

/// Whether two paths are one file: by links, by another way to it, or by another name of the same file.
pub fn same_file(one: &Path, two: &Path) -> bool {
    if let (Ok(one), Ok(two)) = (one.canonicalize(), two.canonicalize())
        && one == two
    {
        return true;
    }
    same_inode(one, two)
}

#[cfg(unix)]
fn same_inode(one: &Path, two: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    id(one).is_some_and(|one| Some(one) == id(two))
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

#[cfg(not(unix))]
fn same_inode(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_never_an_input() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("in"), "events").unwrap();
        std::fs::create_dir(path("sub")).unwrap();
        let check = |output: &Path| writable(output, &[&path("other"), &path("in")]).map_err(|error| error.to_string());
        for same in [path("in"), path("sub/../in")] {
            assert!(check(&same).unwrap_err().contains("would be lost"), "{}", same.display());
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("in"), path("link")).unwrap();
            std::fs::hard_link(path("in"), path("hard")).unwrap();
            assert!(check(&path("link")).is_err() && check(&path("hard")).is_err());
            let made = std::process::Command::new("mkfifo").arg(path("pipe")).status();
            assert!(made.is_ok_and(|made| made.success()));
            assert!(check(&path("pipe")).unwrap_err().contains("is a pipe"), "it would wait for a reader");
        }
        assert_eq!(check(&path("out")), Ok(()));
        assert!(!path("out").exists(), "looking leaves nothing behind");
        std::fs::write(path("old"), "report").unwrap();
        assert_eq!((check(&path("old")), std::fs::read(path("old")).unwrap()), (Ok(()), b"report".to_vec()));
        for bad in [path("sub"), path("none/out")] {
            assert!(check(&bad).unwrap_err().contains(&bad.display().to_string()), "{}", bad.display());
        }
    }
}
