//! Compiled code that is kept for the next process, so that it starts at once.
//!
//! Such code is believed blindly when it is loaded, so an entry counts only with a digest under a key that nobody but this
//! user can read: over the entry's name and all of its content, and looked at before anything else. An entry that was cut,
//! changed, moved or made by another version is as good as none, and is written again.

mod key;
mod sweep;

use crate::sandbox::Proof;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::Engine;

/// Raised when entries get another form, or when what they say must not be believed any more.
const FORMAT: u64 = 1;
const MAGIC: &[u8; 8] = b"stnchpc1";
const MAC: usize = blake3::OUT_LEN;
const HEAD: usize = MAGIC.len() + MAC;
/// Bytes of one entry.
const MAX_ENTRY: u64 = 300 << 20;
/// Bytes of all entries, unless another bound is set.
const MAX_ALL: u64 = 1 << 30;
/// How entries end.
const END: &str = "code";

/// A folder with compiled code and the key to it.
pub struct Cache {
    dir: PathBuf,
    key: [u8; blake3::KEY_LEN],
    most: u64,
    counts: [AtomicU64; 5],
}

/// A cache that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("compiled plugins are not kept in `{}`: {problem}", dir.display())]
pub struct CacheProblem {
    /// The folder.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What became of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Loaded from the cache.
    pub hits: u64,
    /// Not there.
    pub misses: u64,
    /// There, but cut, changed, moved, or not to be loaded by this version.
    pub refused: u64,
    /// Written.
    pub written: u64,
    /// Could not be written.
    pub unwritten: u64,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name([u8; blake3::OUT_LEN]);

impl Name {
    /// The code of the component with this sha256, as this build of the host compiles it for this engine.
    pub fn of(sha256: &str, engine: &Engine, trust: Option<Proof>) -> Name {
        let mut hasher = Feed(blake3::Hasher::new());
        (FORMAT, env!("CARGO_PKG_VERSION"), crate::inspect::LIMITS, trust.is_some()).hash(&mut hasher);
        // wasmtime's version, the target and all settings that code depends on.
        engine.precompile_compatibility_hash().hash(&mut hasher);
        sha256.hash(&mut hasher);
        Name(*hasher.0.finalize().as_bytes())
    }
}

/// Feeds what can be hashed to a digest that does not collide.
struct Feed(blake3::Hasher);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
    }
}

impl Cache {
    /// Opens a folder, and makes it with a new key where there is none.
    ///
    /// # Errors
    /// Where folder or key belong to somebody else, or others may read the key or write into the folder.
    pub fn open(dir: &Path) -> Result<Cache, CacheProblem> {
        let refused = |problem: String| CacheProblem { dir: dir.to_owned(), problem };
        let key = key::open(dir).map_err(refused)?;
        Ok(Cache { dir: dir.to_owned(), key, most: MAX_ALL, counts: Default::default() })
    }

    /// Keeps at most so many bytes: the oldest entries go first.
    #[must_use]
    pub fn bounded(self, most: u64) -> Cache {
        Cache { most, ..self }
    }

    /// What became of entries since it was opened.
    pub fn counts(&self) -> CacheCounts {
        let [hits, misses, refused, written, unwritten] =
            [0, 1, 2, 3, 4].map(|place| self.counts[place].load(Ordering::Relaxed));
        CacheCounts { hits, misses, refused, written, unwritten }
    }

    /// The content of an entry, as it was written. Whoever finds that it cannot be used says so by [`Cache::useless`].
    pub(crate) fn get(&self, name: &Name) -> Option<Vec<u8>> {
        let Ok(file) = std::fs::File::open(self.path(name)) else {
            self.count(1);
            return None;
        };
        let mut bytes = Vec::new();
        let read = file.take(MAX_ENTRY).read_to_end(&mut bytes);
        let sound = read.is_ok() && self.is_sound(name, &bytes);
        self.count(if sound { 0 } else { 2 });
        sound.then(|| bytes.split_off(HEAD))
    }

    /// An entry that was got is not usable after all.
    pub(crate) fn useless(&self) {
        self.counts[0].fetch_sub(1, Ordering::Relaxed);
        self.count(2);
    }

    /// Writes an entry: whole or not at all, whoever else writes it at the same time.
    pub(crate) fn put(&self, name: &Name, content: &[u8]) {
        let done = (HEAD + content.len()) as u64 <= MAX_ENTRY.min(self.most) && self.write(name, content).is_ok();
        self.count(if done { 3 } else { 4 });
        sweep::sweep(&self.dir, self.most);
    }

    fn write(&self, name: &Name, content: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(&self.dir)?;
        file.write_all(MAGIC)?;
        file.write_all(self.mac(name, content).as_bytes())?;
        file.write_all(content)?;
        file.persist(self.path(name))?;
        Ok(())
    }

    fn is_sound(&self, name: &Name, bytes: &[u8]) -> bool {
        let Some((head, content)) = bytes.split_at_checked(HEAD) else { return false };
        let Ok(mac) = <[u8; MAC]>::try_from(&head[MAGIC.len()..]) else { return false };
        // Digests are compared in a time that does not tell where they differ.
        head.starts_with(MAGIC) && self.mac(name, content) == blake3::Hash::from_bytes(mac)
    }

    fn mac(&self, name: &Name, content: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.key).update(&name.0).update(content).finalize()
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.dir.join(format!("{}.{END}", hex::encode(name.0)))
    }

    fn count(&self, place: usize) {
        self.counts[place].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
