//! The other version of a workspace: a folder, or a git revision of this one, laid out in a folder of its own.

use crate::error::{CliError, Result};
use staunch_core::codes;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A version of a workspace that can be read.
#[derive(Debug)]
pub struct Revision {
    /// Its folder.
    pub dir: PathBuf,
    /// How people know it: the folder, or the revision with its short hash.
    pub label: String,
    /// Goes when this goes.
    _laid_out: Option<TempDir>,
}

impl Revision {
    /// What `--against` names: a folder that exists, else a git revision of `dir`. Nothing in the repository changes.
    ///
    /// # Errors
    /// Where it is neither, git is not there, or the revision does not have this folder.
    pub fn of(dir: &Path, against: &str) -> Result<Revision> {
        let folder = Path::new(against);
        if folder.is_dir() {
            return Ok(Revision { dir: folder.to_owned(), label: against.to_owned(), _laid_out: None });
        }
        if against.is_empty() || against.starts_with('-') {
            return Err(CliError::usage(format!("`{against}` is neither a folder nor a git revision"), NEXT));
        }
        let repository = git(dir, &["rev-parse", "--show-toplevel"], None).map_err(|why| {
            let dir = dir.display();
            let message = format!("`{against}` is no folder, and {dir} lies in no git repository: {why}");
            CliError::usage(message, "name a folder with another version of the workspace")
        })?;
        let commit =
            git(dir, &["rev-parse", "--verify", "--quiet", &format!("{against}^{{commit}}")], None).map_err(|_| {
                let message = format!("`{against}` is neither a folder nor a revision of {repository}");
                CliError::new(codes::CLI_UNKNOWN, message, NEXT)
            })?;
        let prefix = git(dir, &["rev-parse", "--show-prefix"], None).map_err(failed)?;
        let short = &commit[..commit.len().min(10)];
        let label = if commit.starts_with(against) { short.to_owned() } else { format!("{against} ({short})") };
        let made = lay_out(Path::new(&repository), &commit, prefix.trim_end_matches('/'), against)?;
        Ok(Revision { dir: made.path().join("files"), label, _laid_out: Some(made) })
    }
}

const NEXT: &str = "name a folder, or a revision such as `HEAD~1` or `main` (see `git log --oneline`)";

/// Writes the tree of a commit below `prefix` to a temporary folder, by an index of its own. `dir` is the root of the
/// repository: git checks out only what lies below the folder in which it runs.
fn lay_out(dir: &Path, commit: &str, prefix: &str, against: &str) -> Result<TempDir> {
    let tree = if prefix.is_empty() { format!("{commit}^{{tree}}") } else { format!("{commit}:{prefix}") };
    let made = tempfile::tempdir().map_err(|error| CliError::file(&std::env::temp_dir(), &error))?;
    let index = made.path().join("index");
    git(dir, &["read-tree", &tree], Some(&index)).map_err(|_| {
        let message = format!("revision `{against}` has no folder `{prefix}`: this workspace was not there yet");
        CliError::new(codes::CLI_UNKNOWN, message, "name a later revision (see `git log --oneline -- DIR`)")
    })?;
    let files = made.path().join("files");
    std::fs::create_dir(&files).map_err(|error| CliError::file(&files, &error))?;
    // The prefix is put before each path as it is, so it has to end with a slash.
    let into = format!("--prefix={}/", files.display());
    git(dir, &["checkout-index", "--all", "--quiet", &into], Some(&index)).map_err(failed)?;
    Ok(made)
}

fn failed(why: String) -> CliError {
    CliError::new(codes::CLI_STEP, format!("git failed: {why}"), "run the same command by hand to see more")
}

/// Runs git and gives its first line; the error is what it says.
fn git(dir: &Path, args: &[&str], index: Option<&Path>) -> std::result::Result<String, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(args);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "git is not installed".to_owned(),
        _ => error.to_string(),
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(dir: &Path, text: &str) {
        std::fs::create_dir_all(dir.join("flow/sub")).unwrap();
        std::fs::write(dir.join("flow/sub/a.txt"), text).unwrap();
        for args in [&["add", "-A"][..], &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"]]
        {
            git(dir, args, None).unwrap();
        }
    }

    #[test]
    fn a_revision_is_laid_out_beside_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        git(dir, &["init", "-q"], None).unwrap();
        std::fs::write(dir.join("other.txt"), "x").unwrap();
        git(dir, &["add", "-A"], None).unwrap();
        git(dir, &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "empty"], None).unwrap();
        commit(dir, "one");
        commit(dir, "two");
        let flow = dir.join("flow");
        let old = Revision::of(&flow, "HEAD~1").unwrap();
        assert_eq!(std::fs::read_to_string(old.dir.join("sub/a.txt")).unwrap(), "one");
        assert!(old.label.starts_with("HEAD~1 ("), "{}", old.label);
        assert_eq!(git(dir, &["status", "--porcelain"], None).unwrap(), "", "the repository is as it was");
        let laid_out = old.dir.clone();
        drop(old);
        assert!(!laid_out.exists(), "nothing is left behind");
        let error = |against: &str| Revision::of(&flow, against).unwrap_err().to_string();
        assert!(error("HEAD~2").contains("was not there yet"), "{}", error("HEAD~2"));
        assert!(error("nowhere").contains("neither a folder nor a revision"), "{}", error("nowhere"));
        assert!(error("--all").contains("neither a folder nor a git revision"), "{}", error("--all"));
        assert_eq!(Revision::of(&flow, dir.to_str().unwrap()).unwrap().dir, dir, "a folder is taken as it is");
    }
}
