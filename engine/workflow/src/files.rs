//! The YAML files of a workspace on disk.

use crate::diagnostic::{Diagnostic, Severity};
use staunch_core::codes;
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files by path relative to the workspace, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The largest file in bytes; of a larger one only so much is read that this shows.
pub const MAX_FILE: usize = 1 << 20;

/// Folders deeper than this are not looked into.
const DEEPEST: usize = 12;

/// Reads every `*.yaml` and `*.yml` of a workspace, links to such files inside of it included. Folders whose name starts
/// with a dot, folders of templates and workspaces inside the workspace are left alone.
///
/// # Errors
/// What the file system says, with the path.
pub fn read_files(workspace: &Path) -> io::Result<Files> {
    Ok(look_through(workspace)?.0)
}

/// The same, and a problem for each thing that looks like a file of the workspace and was not read: a link that leads out
/// of it, a folder or pipe with the name of a file, a name that is not UTF-8, a link to a folder.
///
/// # Errors
/// What the file system says, with the path.
pub fn look_through(workspace: &Path) -> io::Result<(Files, Vec<Diagnostic>)> {
    let root = workspace.canonicalize().map_err(|error| named(error, workspace))?;
    let mut look = Look { root, files: Files::new(), skipped: Vec::new() };
    look.folder(workspace, "", 0)?;
    Ok((look.files, look.skipped))
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn wanted(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

struct Look {
    /// Links may not lead out of it.
    root: PathBuf,
    files: Files,
    skipped: Vec<Diagnostic>,
}

impl Look {
    fn folder(&mut self, path: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|error| named(error, path))? {
            entries.push(entry.map_err(|error| named(error, path))?);
        }
        entries.sort_by_key(DirEntry::file_name);
        entries.iter().try_for_each(|entry| self.entry(entry, prefix, depth))
    }

    fn entry(&mut self, entry: &DirEntry, prefix: &str, depth: usize) -> io::Result<()> {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(|error| named(error, &path))?;
        let relative = format!("{prefix}{name}");
        if name.starts_with('.') || (name == "templates" && !kind.is_file()) {
            return Ok(());
        }
        if entry.file_name().to_str().is_none() {
            if wanted(&name) || kind.is_dir() {
                self.skip(relative, "its name is not UTF-8", "rename it");
            }
            return Ok(());
        }
        if kind.is_symlink() {
            return self.link(&path, relative);
        }
        if kind.is_dir() {
            return self.inner(&path, relative, depth);
        }
        if kind.is_file() && wanted(&name) {
            return self.read(&path, relative);
        }
        if wanted(&name) {
            self.skip(relative, "this is no plain file", "put a file there");
        }
        Ok(())
    }

    fn inner(&mut self, path: &Path, relative: String, depth: usize) -> io::Result<()> {
        if path.join(crate::WORKSPACE_FILE).exists() {
            return Ok(());
        }
        if wanted(&relative) {
            self.skip(relative.clone(), "a folder has the name of a file", "rename it, or put a file there");
        }
        if depth == DEEPEST {
            self.skip(relative, "this folder lies too deep and was not looked into", "move it up");
            return Ok(());
        }
        self.folder(path, &format!("{relative}/"), depth + 1)
    }

    /// Kubernetes lays out the files of a ConfigMap as links into a hidden folder beside them.
    fn link(&mut self, path: &Path, relative: String) -> io::Result<()> {
        let file = wanted(&relative);
        match path.canonicalize() {
            Ok(target) if target.is_dir() => {
                self.skip(relative, "a link to a folder is not followed", "put the folder itself there");
            }
            Ok(target) if file && !target.starts_with(&self.root) => {
                self.skip(relative, "this link leads out of the workspace", "put the file itself there");
            }
            Ok(target) if file && target.is_file() => return self.read(&target, relative),
            Ok(_) if file => self.skip(relative, "this is no plain file", "put a file there"),
            Err(_) if file => self.skip(relative, "this link leads nowhere", "correct or remove it"),
            _ => {}
        }
        Ok(())
    }

    fn read(&mut self, path: &Path, relative: String) -> io::Result<()> {
        let mut content = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| named(error, path))?;
        file.take(MAX_FILE as u64 + 1).read_to_end(&mut content).map_err(|error| named(error, path))?;
        self.files.insert(relative, content);
        Ok(())
    }

    fn skip(&mut self, file: String, message: &str, help: &str) {
        self.skipped.push(Diagnostic {
            file,
            line: 1,
            column: 1,
            severity: Severity::Error,
            code: codes::NOT_A_FILE.to_owned(),
            message: message.to_owned(),
            help: help.to_owned(),
            excerpt: String::new(),
        });
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_inside_are_read_and_what_is_not_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let (at, out) = (|path: &str| folder.path().join(path), outside.path().join("out.yaml"));
        std::fs::create_dir_all(at("workflows/..2026")).unwrap();
        std::fs::create_dir(at("workflows/folder.yaml")).unwrap();
        std::fs::write(at("workflows/..2026/mounted.yaml"), "a: 1").unwrap();
        std::fs::write(&out, "secret: 1").unwrap();
        // As Kubernetes does it.
        symlink("..2026", at("workflows/..data")).unwrap();
        symlink("..data/mounted.yaml", at("workflows/mounted.yaml")).unwrap();
        symlink(&out, at("workflows/out.yaml")).unwrap();
        symlink("/dev/zero", at("workflows/zero.yaml")).unwrap();
        symlink("gone.yaml", at("workflows/nowhere.yaml")).unwrap();
        symlink("..", at("workflows/up")).unwrap();
        symlink(&out, at("notes.md")).unwrap();
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.yaml")), "b: 1").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("pipe.yaml")).unwrap();
        let (files, skipped) = look_through(folder.path()).unwrap();
        assert_eq!(files.into_iter().collect::<Vec<_>>(), [("workflows/mounted.yaml".to_owned(), b"a: 1".to_vec())]);
        let told: Vec<_> = skipped.iter().map(|one| format!("{}: {}", one.file, one.message)).collect();
        insta::assert_snapshot!(told.join("\n").replace('\u{fffd}', "?"), @r"
        bad?.yaml: its name is not UTF-8
        pipe.yaml: this is no plain file
        workflows/folder.yaml: a folder has the name of a file
        workflows/nowhere.yaml: this link leads nowhere
        workflows/out.yaml: this link leads out of the workspace
        workflows/up: a link to a folder is not followed
        workflows/zero.yaml: this link leads out of the workspace
        ");
    }
}
