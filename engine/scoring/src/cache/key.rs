//! The folder and its key: whose they are, and who else may touch them.

use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const NAME: &str = "key";
const LENGTH: usize = blake3::KEY_LEN;
/// Bits that let anybody but the owner write.
const OTHERS_WRITE: u32 = 0o022;
/// Bits that let anybody but the owner do anything.
const OTHERS: u32 = 0o077;

/// The key of a folder; both are made where they are not there.
pub fn open(dir: &Path) -> Result<[u8; LENGTH], String> {
    let failed = |what: &str, error: std::io::Error| format!("{what}: {error}");
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed("it cannot be made", error))?;
    let folder = std::fs::symlink_metadata(dir).map_err(|error| failed("it cannot be read", error))?;
    if !folder.is_dir() {
        return Err("it is no folder".into());
    }
    owned("the folder", &folder, OTHERS_WRITE)?;
    let path = dir.join(NAME);
    match read(&path) {
        Ok(None) => {
            make(dir, &path).map_err(|error| failed("its key cannot be made", error))?;
            read(&path)?.ok_or_else(|| "its key went away".into())
        }
        Ok(Some(key)) => Ok(key),
        Err(problem) => Err(problem),
    }
}

/// The key in a file; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<[u8; LENGTH]>, String> {
    // A link could lead to a file that somebody else chose.
    let opened = OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits() as i32).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("its key cannot be opened: {error}")),
    };
    checked(file).map(Some)
}

fn checked(mut file: File) -> Result<[u8; LENGTH], String> {
    // Of the file that is open, not of what the name means by now.
    let found = file.metadata().map_err(|error| format!("its key cannot be read: {error}"))?;
    if !found.is_file() || found.len() != LENGTH as u64 {
        return Err(format!("its key is no file of {LENGTH} bytes; delete it"));
    }
    owned("the key", &found, OTHERS)?;
    let mut key = [0; LENGTH];
    file.read_exact(&mut key).map_err(|error| format!("its key cannot be read: {error}"))?;
    Ok(key)
}

fn owned(what: &str, found: &Metadata, forbidden: u32) -> Result<(), String> {
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me {
        return Err(format!("{what} belongs to user {}, this process to {me}", found.uid()));
    }
    if found.mode() & forbidden != 0 {
        return Err(format!("{what} has mode {:o}: others have rights to it", found.mode() & 0o777));
    }
    Ok(())
}

/// Makes a key. Of several processes that do, the first wins: a link is made whole or not at all.
fn make(dir: &Path, path: &Path) -> std::io::Result<()> {
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(dir)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    // Nothing in here belongs under version control.
    let ignored = std::fs::write(dir.join(".gitignore"), "*\n");
    match std::fs::hard_link(file.path(), path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => ignored,
        other => other.and(ignored),
    }
}
