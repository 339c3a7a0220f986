//! `staunch plugin keygen | sign | verify`: who made a plugin.

use crate::error::{CliError, Result};
use crate::load::trust_of;
use crate::output;
use clap::Args;
use staunch_core::codes;
use staunch_scoring::{Plugin as Loaded, PublicKey, SecretKey, Subject, Trust};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Makes an Ed25519 key. The file holds the secret, readable by you alone; the public key is printed, for `staunch.yaml`.
///
/// Example: staunch plugin keygen -o release.key
#[derive(Debug, Args)]
pub struct Keygen {
    /// The file for the secret key; one that exists is never replaced.
    #[arg(short, long, default_value = "plugin.key")]
    output: PathBuf,
}

/// Signs name, version and sha256 of a plugin: `X.wasm.sig` beside it.
///
/// Example: staunch plugin sign X.wasm --key release.key
#[derive(Debug, Args)]
pub struct Sign {
    /// The component.
    plugin: PathBuf,
    /// The secret key's file.
    #[arg(long)]
    key: PathBuf,
}

/// Whether `X.wasm.sig` is a signature of this plugin by a key that is given, or that the workspace trusts. Ends with 1 where
/// not.
///
/// Example: staunch plugin verify X.wasm --key ed25519:…
#[derive(Debug, Args)]
pub struct Verify {
    /// The component.
    plugin: PathBuf,
    /// A public key, as `keygen` prints it; may stand several times.
    #[arg(long, required_unless_present = "workspace")]
    key: Vec<String>,
    /// The workspace whose trusted keys count.
    #[arg(long)]
    workspace: Option<PathBuf>,
}

/// Runs `keygen`.
pub fn keygen(args: &Keygen) -> Result<bool> {
    let none = || CliError::new(codes::CLI_STEP, "the operating system gives no randomness", "try again later");
    let key = SecretKey::generate().ok_or_else(none)?;
    secret(&args.output, &key.write()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let message = format!("{} is there already, and may be somebody's key", args.output.display());
            CliError::usage(message, "name another file by `-o`")
        }
        _ => CliError::file(&args.output, &error),
    })?;
    let public = key.public();
    output::say(&format!(
        "secret key written to {}\n  keep it out of every repository\npublic key, with the id {}:\n  {}\n\nstaunch.yaml of those who trust it (true: unsigned plugins are refused, too):\n  plugins:\n    trusted_keys:\n      - \"{public}\"\n    require_signatures: false",
        args.output.display(),
        public.id(),
        public
    ));
    Ok(true)
}

/// Writes a file that only its owner can read, and that was not there before.
fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Where the signature of a component lies.
pub fn beside(plugin: &Path) -> PathBuf {
    let mut name = plugin.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

fn subject(plugin: &Loaded) -> Subject<'_> {
    let manifest = plugin.manifest();
    Subject { name: &manifest.name, version: &manifest.version, sha256: plugin.digest() }
}

/// Runs `sign`.
pub fn sign(args: &Sign) -> Result<bool> {
    let plugin = super::load(&args.plugin, &super::bytes(&args.plugin)?)?;
    let text = std::fs::read_to_string(&args.key).map_err(|error| CliError::file(&args.key, &error))?;
    let wrong = || {
        let message = format!("{} holds no secret key", args.key.display());
        CliError::usage(message, "make one with `staunch plugin keygen`")
    };
    let key = SecretKey::read(&text).ok_or_else(wrong)?;
    let (subject, path) = (subject(&plugin), beside(&args.plugin));
    let signature = key.sign(&subject);
    std::fs::write(&path, signature.write()).map_err(|error| CliError::file(&path, &error))?;
    let (name, version) = (subject.name, subject.version);
    output::say(&format!("{name} {version} signed by {}, written to {}", signature.key, path.display()));
    Ok(true)
}

/// Runs `verify`.
pub fn verify(args: &Verify) -> Result<bool> {
    let plugin = super::load(&args.plugin, &super::bytes(&args.plugin)?)?;
    let declared = args.workspace.as_deref().map(trust_of).transpose()?.map(Option::unwrap_or_default);
    // By itself the command asks for a signature; a workspace says whether it does.
    let mut trust = Trust { keys: Vec::new(), required: declared.as_ref().is_none_or(|one| one.required) };
    for text in &args.key {
        let wrong = || CliError::usage(format!("`{text}` is no public key"), "write `ed25519:` and 64 hex digits");
        trust.keys.push(PublicKey::parse(text).ok_or_else(wrong)?);
    }
    trust.keys.extend(declared.into_iter().flat_map(|one| one.keys));
    let path = beside(&args.plugin);
    let signature = match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(CliError::file(&path, &error)),
    };
    let subject = subject(&plugin);
    let (name, version) = (subject.name, subject.version);
    match trust.verify(&subject, signature.as_deref()) {
        Ok(Some(signer)) => {
            output::say(&format!("ok: {name} {version} was signed by {signer}"));
            Ok(true)
        }
        Ok(None) => {
            output::say(&format!("ok: {name} {version} has no signature, and this workspace asks for none"));
            Ok(true)
        }
        Err(failure) => {
            let next = format!("see `staunch explain {}`", failure.code);
            output::say(&format!("failed: {name} {version}: {failure}\n  next: {next}"));
            Ok(false)
        }
    }
}
