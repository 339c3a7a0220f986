//! The tracked files of this repository. Without git (an unpacked archive) every file counts but those made by a build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// Every tracked file that is there, relative to the root, in order.
pub fn files() -> Vec<String> {
    listed(&[])
}

/// Every Rust file with its text, also those that git does not track yet.
pub fn rust() -> Vec<(String, String)> {
    let all = listed(&["--cached", "--others", "--exclude-standard"]);
    let found = read(all.into_iter().filter(|path| path.ends_with(".rs")));
    assert!(found.len() > 50, "only {} Rust files found", found.len());
    found
}

/// Every tracked file that is text.
pub fn texts() -> Vec<(String, String)> {
    read(files().into_iter())
}

fn read(paths: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let root = root();
    let text = |path: String| {
        let bytes = std::fs::read(root.join(&path)).expect("a file of the repository can be read");
        String::from_utf8(bytes).ok().map(|text| (path, text))
    };
    paths.filter_map(text).collect()
}

fn listed(which: &[&str]) -> Vec<String> {
    let root = root();
    let git = Command::new("git").args(["ls-files", "-z"]).args(which).current_dir(&root).output();
    let listed = match git {
        Ok(output) if output.status.success() && root.join(".git").exists() => {
            let text = String::from_utf8(output.stdout).expect("names of files are UTF-8");
            text.split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walk(&root),
    };
    let found: Vec<String> = listed.into_iter().filter(|path| root.join(path).is_file()).collect();
    assert!(found.len() > 100, "only {} files found below {}", found.len(), root.display());
    found
}

fn walk(root: &Path) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be read").flatten() {
            let path = entry.path();
            let built = ["target", ".git", ".staunch"].iter().any(|name| entry.file_name() == *name);
            if path.is_dir() && !built {
                open.push(path);
            } else if path.is_file() {
                let inside = path.strip_prefix(root).expect("the walk starts at the root");
                found.push(inside.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_top_level_holds_only_what_the_design_names() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "engine", "plugins", "workflows", "examples", "tests"];
    let top: BTreeSet<String> = files().iter().filter_map(|path| path.split('/').next()).map(str::to_owned).collect();
    let strange: Vec<String> =
        top.into_iter().filter(|name| !name.starts_with('.') && !allowed.contains(&name.as_str())).collect();
    super::none(&strange, "not part of the top level");
}

#[test]
fn nothing_made_by_a_run_is_tracked() {
    let made = |path: &String| {
        path.split('/').any(|part| part == "target" || part == ".staunch" || part.ends_with(".pending-snap"))
            || path.ends_with(".snap.new")
    };
    let made: Vec<String> = files().into_iter().filter(made).collect();
    super::none(&made, "made by a build, a run or a test, and tracked");
}
