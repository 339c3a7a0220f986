//! Who made a plugin: Ed25519 keys and detached signatures. What is signed names the plugin, its version and its sha256, in
//! a form that no other program signs.

use crate::lock::sha256_hex;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What signed bytes begin with.
const DOMAIN: &[u8] = b"staunch plugin signature 1\0";
const VERSION: u32 = 1;
const PUBLIC: &str = "ed25519:";
const SECRET: &str = "staunch-secret-ed25519:";

/// What a signature is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The plugin's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// sha256 of the component, 64 hex digits.
    pub sha256: &'a str,
}

impl Subject<'_> {
    /// The bytes that are signed: each part with its length in front, so that no two subjects give the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        for part in [self.name, self.version, self.sha256] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }
}

/// A key that signatures are checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads `ed25519:` and 64 hex digits.
    pub fn parse(text: &str) -> Option<PublicKey> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.strip_prefix(PUBLIC)?, &mut key).ok()?;
        Some(PublicKey(key))
    }

    /// A short name for it: the first 16 hex digits of its sha256.
    pub fn id(&self) -> String {
        sha256_hex(&self.0)[..16].to_owned()
    }

    /// Whether this key signed the subject.
    pub fn verifies(&self, subject: &Subject<'_>, signature: &Signature) -> bool {
        let Ok(bytes) = hex::decode(&signature.signature) else { return false };
        UnparsedPublicKey::new(&ED25519, self.0).verify(&subject.bytes(), &bytes).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", hex::encode(self.0))
    }
}

/// A key that signs. It is never shown: neither `Debug` nor `Display`.
pub struct SecretKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SecretKey {
    /// A new one, from the randomness of the operating system; `None` where that gives none.
    pub fn generate() -> Option<SecretKey> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        SecretKey::of(seed)
    }

    fn of(seed: [u8; 32]) -> Option<SecretKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(SecretKey { seed, pair })
    }

    /// Reads a key file.
    pub fn read(text: &str) -> Option<SecretKey> {
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim().strip_prefix(SECRET)?, &mut seed).ok()?;
        SecretKey::of(seed)
    }

    /// The text of its key file. Whoever has it can sign.
    pub fn write(&self) -> String {
        format!("{SECRET}{}\n", hex::encode(self.seed))
    }

    /// What its signatures are checked by.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs a subject.
    pub fn sign(&self, subject: &Subject<'_>) -> Signature {
        let signature = hex::encode(self.pair.sign(&subject.bytes()));
        Signature { version: VERSION, key: self.public().id(), signature }
    }
}

/// A detached signature, as `X.wasm.sig` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    version: u32,
    /// The id of the key that signed.
    pub key: String,
    /// 128 hex digits.
    signature: String,
}

impl Signature {
    /// Reads a signature file; an error says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Signature, String> {
        let read: Signature = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        match read.version {
            VERSION => Ok(read),
            version => Err(format!("version {version} is not {VERSION}")),
        }
    }

    /// The file's text.
    pub fn write(&self) -> String {
        // Two texts and a number cannot fail to serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject<'_> = Subject { name: "a", version: "1", sha256: "00" };

    #[test]
    fn keys_and_signatures_survive_their_files() {
        let key = SecretKey::generate().unwrap();
        let again = SecretKey::read(&key.write()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::parse(&key.public().to_string()), Some(key.public()));
        let signature = key.sign(&SUBJECT);
        assert_eq!(Signature::read(signature.write().as_bytes()).unwrap(), signature);
        assert!(key.public().verifies(&SUBJECT, &signature));
        assert_ne!(SecretKey::generate().unwrap().public(), key.public());
    }

    #[test]
    fn a_signature_is_good_for_one_subject_and_one_key() {
        let key = SecretKey::of([7; 32]).unwrap();
        let signature = key.sign(&SUBJECT);
        let others = [
            Subject { name: "a1", version: "", ..SUBJECT },
            Subject { version: "2", ..SUBJECT },
            Subject { sha256: "01", ..SUBJECT },
        ];
        assert!(others.iter().all(|other| !key.public().verifies(other, &signature)));
        let other = SecretKey::of([8; 32]).unwrap().public();
        assert!(!other.verifies(&SUBJECT, &signature));
        for bytes in [String::new(), "0".repeat(127), "0".repeat(128), "zz".into()] {
            assert!(!key.public().verifies(&SUBJECT, &Signature { signature: bytes, ..signature.clone() }));
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let hex = "0".repeat(64);
        for text in ["", "ed25519:", &hex, &format!("ed25519:{}", &hex[1..]), &format!("rsa:{hex}"), "ed25519:zz"] {
            assert_eq!(PublicKey::parse(text), None, "{text}");
            assert!(SecretKey::read(text).is_none());
        }
        assert!(Signature::read(br#"{"version":2,"key":"","signature":""}"#).is_err());
        assert!(Signature::read(br#"{"version":1,"key":"","signature":"","x":1}"#).is_err());
    }
}
