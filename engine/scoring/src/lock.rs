//! `staunch.lock`: which plugins a workspace uses, pinned by sha256. JSON, which is also YAML.

use crate::plugin::Plugin;
use crate::problem::{PluginProblem, failure};
use crate::sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

const VERSION: u32 = 1;
/// The folder of a workspace whose components are pinned.
pub const FOLDER: &str = "plugins";
/// The folder whose components challenge those: a file there has the name of a plugin in force.
pub const CHALLENGERS: &str = "plugins/challengers";

/// The plugins of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// By the plugin's name.
    pub plugins: BTreeMap<String, LockedPlugin>,
    /// What scores in the shadow of those, by the same names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub challengers: BTreeMap<String, LockedPlugin>,
    /// By a component's sha256 the id of the key that signed it; only where the workspace trusts keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signed_by: BTreeMap<String, String>,
}

/// One pinned plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// The version that the plugin's manifest gives.
    pub version: String,
    /// sha256 of the component, 64 hex digits.
    pub sha256: String,
    /// The component's file, relative to the workspace, with `/`.
    pub path: String,
}

/// A lock file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: staunch.lock: {0}; write it again with `staunch lock`", code = codes::LOCK_INVALID)]
pub struct LockError(String);

impl LockError {
    /// The stable code.
    pub fn code(&self) -> codes::Code {
        codes::LOCK_INVALID
    }
}

impl Default for Lock {
    fn default() -> Self {
        Lock { version: VERSION, plugins: BTreeMap::new(), challengers: BTreeMap::new(), signed_by: BTreeMap::new() }
    }
}

impl Lock {
    /// Reads a lock file.
    pub fn read(bytes: &[u8]) -> Result<Lock, LockError> {
        let lock: Lock = serde_json::from_slice(bytes).map_err(|e| LockError(e.to_string()))?;
        if lock.version != VERSION {
            return Err(LockError(format!("version {} is not {VERSION}", lock.version)));
        }
        for (name, plugin) in lock.plugins.iter().chain(&lock.challengers) {
            if plugin.sha256.len() != 64 || !plugin.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(LockError(format!("the sha256 of `{name}` is not 64 small hex digits")));
            }
            if !Path::new(&plugin.path).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(LockError(format!("the path of `{name}` leaves the workspace")));
            }
        }
        Ok(lock)
    }

    /// The file's text: the same bytes for the same plugins.
    pub fn write(&self) -> String {
        // Maps with text keys and texts cannot fail to serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Pins every `plugins/*.wasm` of the workspace `dir` by loading it. What cannot be loaded is not pinned and is
    /// reported; two files of one name are both reported.
    pub fn pin(dir: &Path) -> (Lock, Vec<PluginProblem>) {
        Lock::pin_in(&Sandbox::new().map(Arc::new), dir)
    }

    /// Pins as [`Lock::pin`] does, by loading into this sandbox.
    pub fn pin_in(sandbox: &Result<Arc<Sandbox>, ScoreFailure>, dir: &Path) -> (Lock, Vec<PluginProblem>) {
        let (mut lock, mut problems) = (Lock::default(), Vec::new());
        let sandbox = match sandbox {
            Ok(sandbox) => sandbox,
            Err(failure) => return (lock, vec![PluginProblem::new(FOLDER, failure.clone())]),
        };
        lock.plugins = pin_folder(sandbox, dir, FOLDER, &mut problems);
        lock.challengers = pin_folder(sandbox, dir, CHALLENGERS, &mut problems);
        let alone = lock.challengers.iter().filter(|(name, _)| !lock.plugins.contains_key(*name));
        problems.extend(alone.map(|(name, one)| {
            let text = format!("it challenges `{name}`, but no plugin of that name is in `{FOLDER}`");
            PluginProblem::new(&one.path, failure(codes::PLUGIN_MANIFEST, text))
        }));
        let same = lock
            .challengers
            .iter()
            .filter(|(name, one)| lock.plugins.get(*name).is_some_and(|champion| champion.version == one.version));
        problems.extend(same.map(|(name, one)| {
            let text = format!("it challenges `{name}` {0}, and is {0} itself: give it another version", one.version);
            PluginProblem::new(&one.path, failure(codes::PLUGIN_MANIFEST, text))
        }));
        (lock, problems)
    }
}

/// The components of a folder by the names that they give themselves.
fn pin_folder(
    sandbox: &Arc<Sandbox>,
    dir: &Path,
    folder: &str,
    problems: &mut Vec<PluginProblem>,
) -> BTreeMap<String, LockedPlugin> {
    let mut found: BTreeMap<String, LockedPlugin> = BTreeMap::new();
    for file in components(&dir.join(folder)) {
        let path = format!("{folder}/{file}");
        match pinned(sandbox, dir, &path) {
            Ok((name, plugin)) => match found.get(&name) {
                Some(other) => {
                    let text = format!("`{}` has the same name `{name}`; only that one is pinned", other.path);
                    problems.push(PluginProblem::new(&path, failure(codes::PLUGIN_MANIFEST, text)));
                }
                None => {
                    found.insert(name, plugin);
                }
            },
            Err(problem) => problems.push(problem),
        }
    }
    found
}

fn components(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    files
}

fn pinned(sandbox: &Arc<Sandbox>, dir: &Path, path: &str) -> Result<(String, LockedPlugin), PluginProblem> {
    let bytes = read_component(&dir.join(path)).map_err(|failure| PluginProblem::new(path, failure))?;
    let plugin = Plugin::load(sandbox, path, &bytes)?;
    let manifest = plugin.manifest();
    let (version, sha256) = (manifest.version.clone(), plugin.digest().to_owned());
    Ok((manifest.name.clone(), LockedPlugin { version, sha256, path: path.to_owned() }))
}

/// Reads a component's file unless it is larger than any plugin may be.
pub(crate) fn read_component(path: &PathBuf) -> Result<Vec<u8>, ScoreFailure> {
    let missing =
        |e: std::io::Error| failure(codes::PLUGIN_MISSING, format!("`{}` cannot be read: {e}", path.display()));
    let size = std::fs::metadata(path).map_err(missing)?.len();
    if size > crate::inspect::MAX_COMPONENT as u64 {
        return Err(failure(codes::PLUGIN_TOO_LARGE, format!("`{}` has {size} bytes", path.display())));
    }
    std::fs::read(path).map_err(missing)
}

/// sha256 of some bytes as 64 small hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_file() {
        let mut lock = Lock::default();
        let (version, path) = ("1.0.0".to_owned(), "plugins/repurchase.wasm".to_owned());
        lock.plugins.insert("repurchase".into(), LockedPlugin { version, sha256: sha256_hex(b""), path });
        assert_eq!(Lock::read(lock.write().as_bytes()).unwrap(), lock);
        assert!(lock.write().contains("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    }

    #[test]
    fn refuses_what_it_cannot_trust() {
        let plugin = |sha: &str, path: &str| {
            format!(r#"{{"version":1,"plugins":{{"a":{{"version":"1","sha256":"{sha}","path":"{path}"}}}}}}"#)
        };
        let sha = "0".repeat(64);
        assert!(Lock::read(plugin(&sha, "plugins/a.wasm").as_bytes()).is_ok());
        for (bad, word) in [
            (plugin(&sha, "../a.wasm"), "leaves"),
            (plugin(&sha, "/etc/a.wasm"), "leaves"),
            (plugin("abc", "a.wasm"), "hex"),
            (plugin(&"G".repeat(64), "a.wasm"), "hex"),
            (r#"{"version":2,"plugins":{}}"#.into(), "version 2"),
            (r#"{"version":1,"plugins":{},"extra":1}"#.into(), "extra"),
            ("]".into(), "line 1"),
        ] {
            let error = Lock::read(bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(word) && error.to_string().starts_with("ST3016"), "{error}");
        }
    }
}
