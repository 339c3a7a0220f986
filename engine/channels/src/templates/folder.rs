//! Files of templates on disk: found, bounded, and every one that is not read told.

use super::source::TemplateProblem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Larger files are no messages.
const LARGEST: u64 = 256 * 1024;
/// Folders in folders; deeper ones are a mistake.
const DEEPEST: usize = 8;

/// All files below a folder. Links are followed to files below the folder that it lies in, the workspace.
pub(super) fn read(folder: &Path) -> (BTreeMap<String, String>, Vec<TemplateProblem>) {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut look = Look { root: parent.canonicalize().ok(), files: BTreeMap::new(), problems: Vec::new() };
    match folder.symlink_metadata() {
        Ok(found) if found.is_dir() => look.folder(folder, "", 0),
        Ok(found) if found.is_symlink() => look.told("", "is a link", "put the folder itself there"),
        _ => {}
    }
    (look.files, look.problems)
}

struct Look {
    /// Links may not lead out of it.
    root: Option<PathBuf>,
    files: BTreeMap<String, String>,
    problems: Vec<TemplateProblem>,
}

impl Look {
    fn told(&mut self, file: &str, message: &str, help: &str) {
        self.problems.push(TemplateProblem::new(file, message, help));
    }

    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.told(prefix, &format!("cannot be read: {error}"), "check its rights"),
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = format!("{prefix}{name}");
            if name.starts_with('.') {
                continue;
            }
            if entry.file_name().to_str().is_none() {
                self.told(&relative, "has a name that is not UTF-8", "rename it");
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    self.folder(&entry.path(), &format!("{relative}/"), depth + 1);
                }
                Ok(kind) if kind.is_file() => self.file(&entry.path(), relative),
                Ok(kind) if kind.is_symlink() => self.link(&entry.path(), relative),
                _ => self.told(&relative, "is no plain file", "put a file there"),
            }
        }
    }

    /// Kubernetes lays out the files of a ConfigMap as links into a hidden folder beside them.
    fn link(&mut self, path: &Path, relative: String) {
        let help = "put the file itself there, not a link";
        match (path.canonicalize(), &self.root) {
            (Ok(target), Some(root)) if target.is_file() && target.starts_with(root) => self.file(&target, relative),
            (Ok(target), _) if target.is_file() => self.told(&relative, "is a link out of the workspace", help),
            _ => self.told(&relative, "is no plain file", help),
        }
    }

    fn file(&mut self, path: &Path, relative: String) {
        match read_file(path, &relative) {
            Ok(content) => drop(self.files.insert(relative, content)),
            Err(problem) => self.problems.push(problem),
        }
    }
}

fn read_file(path: &Path, relative: &str) -> Result<String, TemplateProblem> {
    let unreadable =
        |error: std::io::Error| TemplateProblem::new(relative, format!("cannot be read: {error}"), "check its rights");
    if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(TemplateProblem::new(
            relative,
            "is larger than 256 KiB",
            "a message is smaller than that; link to images",
        ));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| TemplateProblem::new(relative, "is not UTF-8 text", "save it as UTF-8"))
}
