//! The YAML files of a workspace on disk.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

/// Files by path relative to the workspace, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The largest file in bytes; of a larger one only so much is read that this shows.
pub const MAX_FILE: usize = 1 << 20;

/// Folders deeper than this are not looked into.
const DEEPEST: usize = 12;

/// Reads every `*.yaml` and `*.yml` of a workspace. Folders whose name starts with a dot, folders of templates, links
/// and workspaces inside the workspace are left alone.
///
/// # Errors
/// What the file system says, with the path.
pub fn read_files(workspace: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    folder(workspace, "", 0, &mut files)?;
    Ok(files)
}

fn folder(path: &Path, prefix: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    let named = |error: io::Error, path: &Path| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    for entry in std::fs::read_dir(path).map_err(|error| named(error, path))? {
        let entry = entry.map_err(|error| named(error, path))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type().map_err(|error| named(error, &entry.path()))?;
        let relative = format!("{prefix}{name}");
        if kind.is_dir() {
            let skip =
                name.starts_with('.') || name == "templates" || entry.path().join(crate::WORKSPACE_FILE).exists();
            if !skip && depth < DEEPEST {
                folder(&entry.path(), &format!("{relative}/"), depth + 1, files)?;
            }
        } else if kind.is_file() && !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            let mut content = Vec::new();
            let file = std::fs::File::open(entry.path()).map_err(|error| named(error, &entry.path()))?;
            file.take(MAX_FILE as u64 + 1).read_to_end(&mut content).map_err(|error| named(error, &entry.path()))?;
            files.insert(relative, content);
        }
    }
    Ok(())
}
