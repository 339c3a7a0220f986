//! Keeping a folder small: the oldest entries go first.

use super::END;
use std::path::Path;
use std::time::SystemTime;

/// Removes the oldest files until at most `most` bytes are left. Files of others may come and go meanwhile: what cannot be
/// looked at or removed is somebody else's business.
pub fn sweep(dir: &Path, most: u64) {
    let mut files: Vec<(SystemTime, u64, std::path::PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let end = path.extension().and_then(|end| end.to_str());
        // Parts are what a process that was killed left behind.
        if (end == Some(END) || end == Some("part"))
            && let Ok(found) = entry.metadata()
        {
            files.push((found.modified().unwrap_or(SystemTime::UNIX_EPOCH), found.len(), path));
        }
    }
    let mut sum: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort_unstable();
    for (_, length, path) in files {
        if sum <= most {
            break;
        }
        if std::fs::remove_file(path).is_ok() {
            sum -= length;
        }
    }
}
