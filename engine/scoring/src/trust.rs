//! Whose plugins a workspace takes. Only a workspace that says so asks for signatures; the digests of `staunch.lock` hold
//! for every one.

use crate::lock::{Lock, LockedPlugin};
use crate::problem::{PluginProblem, failure};
use crate::signing::{PublicKey, Signature, Subject};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;
use std::io::Read;
use std::path::Path;

/// Bytes of a signature file; ours have about 200.
const MAX_FILE: u64 = 4_096;

/// The keys that a workspace trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Whose signatures count.
    pub keys: Vec<PublicKey>,
    /// Whether a plugin without a signature is refused.
    pub required: bool,
}

impl Trust {
    /// The id of the key that signed a plugin; `None` for one without a signature that needs none.
    ///
    /// # Errors
    /// A signature that is missing and required, of a key that is not trusted, or wrong.
    pub fn verify(&self, subject: &Subject<'_>, signature: Option<&[u8]>) -> Result<Option<String>, ScoreFailure> {
        let Some(bytes) = signature else {
            let unsigned = || failure(codes::PLUGIN_UNSIGNED, "it has no signature, and this workspace takes no other");
            return if self.required { Err(unsigned()) } else { Ok(None) };
        };
        let wrong = |what: String| failure(codes::PLUGIN_SIGNATURE, what);
        let signature = Signature::read(bytes).map_err(|why| wrong(format!("its signature cannot be read: {why}")))?;
        let Some(key) = self.keys.iter().find(|key| key.id() == signature.key) else {
            let message = format!("it was signed by the key `{}`, which is not trusted here", signature.key);
            return Err(failure(codes::PLUGIN_KEY, crate::output::printable(&message)));
        };
        if !key.verifies(subject, &signature) {
            let Subject { name, version, .. } = subject;
            return Err(wrong(format!("its signature is not one of `{name}` {version} with this sha256")));
        }
        Ok(Some(signature.key))
    }

    /// By its sha256 who signed each component of the lock, by the files `*.wasm.sig` beside the components of the workspace `dir`, and what
    /// keeps plugins from being used. What the lock says of keys is not looked at.
    pub fn signers(&self, dir: &Path, lock: &Lock) -> (Vec<(String, String)>, Vec<PluginProblem>) {
        let (mut signers, mut problems) = (Vec::new(), Vec::new());
        for (name, locked) in lock.plugins.iter().chain(&lock.challengers) {
            match self.signer(dir, name, locked) {
                Ok(Some(key)) => signers.push((locked.sha256.clone(), key)),
                Ok(None) => {}
                Err(failure) => problems.push(problem(name, failure)),
            }
        }
        (signers, problems)
    }

    fn signer(&self, dir: &Path, name: &str, locked: &LockedPlugin) -> Result<Option<String>, ScoreFailure> {
        let subject = Subject { name, version: &locked.version, sha256: &locked.sha256 };
        let file = format!("{}.sig", locked.path);
        let signature = read(&dir.join(&file))
            .map_err(|error| failure(codes::PLUGIN_SIGNATURE, format!("`{file}` cannot be read: {error}")))?;
        self.verify(&subject, signature.as_deref())
    }

    /// The problem of a pinned plugin whose bytes have the pinned digest, if it must not be used: a signature that is not
    /// good, or one of another key than the lock says.
    pub fn problem(&self, dir: &Path, name: &str, locked: &LockedPlugin, lock: &Lock) -> Option<PluginProblem> {
        let pinned = lock.signed_by.get(&locked.sha256);
        let found = match self.signer(dir, name, locked) {
            Ok(signer) if pinned.is_none() || signer.as_ref() == pinned => return None,
            Ok(signer) => {
                let (now, pinned) = (signer.unwrap_or_else(|| "nobody".into()), pinned.cloned().unwrap_or_default());
                failure(codes::PLUGIN_SIGNATURE, format!("it was signed by {now}, staunch.lock says {pinned}"))
            }
            Err(failure) => failure,
        };
        Some(problem(name, found))
    }
}

/// A signature file's bytes; `None` where there is none.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A problem with what to do about it.
fn problem(name: &str, failure: ScoreFailure) -> PluginProblem {
    let (code, help) = match failure.code.as_str() {
        codes::PLUGIN_UNSIGNED => {
            (codes::PLUGIN_UNSIGNED, "have its owner sign it by `staunch plugin sign`, and put the .sig beside it")
        }
        codes::PLUGIN_KEY => {
            (codes::PLUGIN_KEY, "if you trust that key, add it under `plugins: trusted_keys:` in staunch.yaml")
        }
        _ => (
            codes::PLUGIN_SIGNATURE,
            "if it is yours, sign it again by `staunch plugin sign`; else get both from its owner again",
        ),
    };
    PluginProblem { code, plugin: name.to_owned(), message: failure.message, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SecretKey;

    #[test]
    fn only_good_signatures_of_trusted_keys_pass() {
        let (ours, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let subject = Subject { name: "a", version: "1", sha256: "00" };
        let open = Trust { keys: vec![ours.public()], required: false };
        let strict = Trust { required: true, ..open.clone() };
        let code = |trust: &Trust, signature: Option<&str>| {
            trust.verify(&subject, signature.map(str::as_bytes)).map_err(|failure| failure.code)
        };
        assert_eq!(code(&open, None), Ok(None));
        assert_eq!(code(&strict, None), Err(codes::PLUGIN_UNSIGNED.into()));
        let good = ours.sign(&subject).write();
        assert_eq!(code(&strict, Some(&good)), Ok(Some(ours.public().id())));
        assert_eq!(code(&open, Some(&other.sign(&subject).write())), Err(codes::PLUGIN_KEY.into()));
        let moved = ours.sign(&Subject { version: "2", ..subject }).write();
        let forged = other.sign(&subject).write().replace(&other.public().id(), &ours.public().id());
        for wrong in [&moved, &forged, "", "{}", "[1]"] {
            assert_eq!(code(&open, Some(wrong)), Err(codes::PLUGIN_SIGNATURE.into()), "{wrong}");
        }
    }
}
