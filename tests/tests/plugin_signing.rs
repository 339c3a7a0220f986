//! Signatures of plugins: keys, signing, what a workspace that trusts keys takes, and what it refuses.

use staunch_tests::{Workspace, staunch};
use std::path::{Path, PathBuf};

/// A key: its file and the public key.
fn key(dir: &Path, name: &str) -> (String, String) {
    let file = dir.join(name).display().to_string();
    let made = staunch(&["plugin", "keygen", "-o", &file], &[]).ok();
    let public = made.out.split_whitespace().find(|word| word.starts_with("ed25519:")).unwrap().to_owned();
    let secret = std::fs::read_to_string(&file).unwrap();
    let hex = secret.trim().rsplit(':').next().unwrap();
    assert!(!made.out.contains(hex) && !made.err.contains(hex), "the secret is never shown");
    (file, public)
}

fn id(said: &str) -> String {
    said.split("signed by ").nth(1).unwrap().split([',', '\n']).next().unwrap().to_owned()
}

/// A workspace that takes plugins of this key alone.
fn strict(public: &str, required: bool) -> (Workspace, PathBuf) {
    let workspace = Workspace::init("winback");
    let yaml = std::fs::read_to_string(workspace.dir().join("staunch.yaml")).unwrap();
    let trust = format!("plugins:\n  trusted_keys: [\"{public}\"]\n  require_signatures: {required}\n");
    workspace.write("staunch.yaml", format!("{yaml}{trust}").as_bytes());
    let plugin = workspace.dir().join("plugins/repurchase.wasm");
    (workspace, plugin)
}

fn sign(plugin: &Path, key: &str) -> String {
    id(&staunch(&["plugin", "sign", plugin.to_str().unwrap(), "--key", key], &[]).ok().out)
}

#[test]
fn a_secret_key_is_readable_by_its_owner_alone_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = key(dir.path(), "release.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let again = staunch(&["plugin", "keygen", "-o", &file], &[]).exit(2);
    assert!(again.err.contains("is there already"), "{}", again.err);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_workspace_that_requires_signatures_takes_no_other_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let ((ours, public), (other, _)) = (key(dir.path(), "ours.key"), key(dir.path(), "other.key"));
    let (workspace, plugin) = strict(&public, true);
    let refused = |code: &str| {
        let checked = workspace.staunch(&["check", workspace.text()]).exit(1).out;
        assert!(checked.contains(code), "{code}: {checked}");
        let locked = workspace.staunch(&["lock", workspace.text()]).exit(1).out;
        assert!(locked.contains(code) && locked.contains("nothing was written"), "{locked}");
        workspace.staunch(&["run", workspace.text(), "--roles", "worker"]).exit(2);
    };
    refused("ST3040");
    sign(&plugin, &other);
    refused("ST3041");
    let signer = sign(&plugin, &ours);
    let locked = workspace.staunch(&["lock", workspace.text()]).ok().out;
    assert!(locked.contains(&format!("signed by {signer}, was nobody")), "{locked}");
    workspace.staunch(&["check", workspace.text()]).ok();
    let verified = staunch(&["plugin", "verify", plugin.to_str().unwrap(), "--workspace", workspace.text()], &[]).ok();
    assert!(verified.out.contains(&signer), "{}", verified.out);
    let signature = plugin.with_extension("wasm.sig");
    let text = std::fs::read_to_string(&signature).unwrap();
    let at = text.find("\"signature\": \"").unwrap() + 14;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    std::fs::write(&signature, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    refused("ST3042");
}

#[test]
fn a_signature_that_the_lock_names_cannot_be_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, public) = key(dir.path(), "ours.key");
    let (workspace, plugin) = strict(&public, false);
    workspace.staunch(&["check", workspace.text()]).ok();
    sign(&plugin, &ours);
    workspace.staunch(&["lock", workspace.text()]).ok();
    workspace.staunch(&["check", workspace.text()]).ok();
    std::fs::remove_file(plugin.with_extension("wasm.sig")).unwrap();
    let checked = workspace.staunch(&["check", workspace.text()]).exit(1).out;
    assert!(checked.contains("ST3042") && checked.contains("signed by nobody, staunch.lock says"), "{checked}");
}

#[test]
fn a_signature_of_one_plugin_is_none_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, public) = key(dir.path(), "ours.key");
    let workspace = Workspace::init("winback");
    let plugin = workspace.dir().join("plugins/repurchase.wasm");
    sign(&plugin, &ours);
    let other = dir.path().join("churn.wasm");
    let model = staunch_tests::root().join("plugins/churn/model.json");
    staunch(&["model", "compile", model.to_str().unwrap(), "-o", other.to_str().unwrap()], &[]).ok();
    std::fs::copy(plugin.with_extension("wasm.sig"), other.with_extension("wasm.sig")).unwrap();
    let moved = staunch(&["plugin", "verify", other.to_str().unwrap(), "--key", &public], &[]).exit(1);
    assert!(moved.out.contains("ST3042") && moved.out.contains("`churn`"), "{}", moved.out);
    staunch(&["plugin", "verify", plugin.to_str().unwrap(), "--key", &public], &[]).ok();
    let typo = staunch(&["plugin", "verify", plugin.to_str().unwrap(), "--key", "ed25519:ab"], &[]).exit(2);
    assert!(typo.err.contains("64 hex digits"), "{}", typo.err);
    let wrong = staunch(&["plugin", "sign", plugin.to_str().unwrap(), "--key", plugin.to_str().unwrap()], &[]).exit(2);
    assert!(wrong.err.contains("next:"), "{}", wrong.err);
}

#[test]
fn a_challenger_needs_a_signature_and_keeps_it_when_it_is_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, public) = key(dir.path(), "ours.key");
    let (workspace, plugin) = strict(&public, true);
    sign(&plugin, &ours);
    let model = std::fs::read_to_string(staunch_tests::root().join("plugins/repurchase/model.json")).unwrap();
    let second = model.replacen("\"version\": \"1.0.0\"", "\"version\": \"1.1.0\"", 1);
    assert_ne!(second, model);
    let model = workspace.write("second.json", second.as_bytes());
    let challenger = workspace.write("plugins/challengers/repurchase.wasm", b"");
    let (from, to) = (model.to_str().unwrap(), challenger.to_str().unwrap());
    staunch(&["model", "compile", from, "-o", to], &[]).ok();
    let refused = workspace.staunch(&["lock", workspace.text()]).exit(1).out;
    assert!(refused.contains("ST3040") && refused.contains("nothing was written"), "{refused}");
    sign(&challenger, &ours);
    let locked = workspace.staunch(&["lock", workspace.text()]).ok().out;
    assert!(locked.contains("added     repurchase (challenger) 1.1.0"), "{locked}");
    let signature = challenger.with_extension("wasm.sig");
    let kept = std::fs::read(&signature).unwrap();
    std::fs::remove_file(&signature).unwrap();
    let checked = workspace.staunch(&["check", workspace.text()]);
    assert!(checked.out.contains("ST3040"), "{}", checked.out);
    std::fs::write(&signature, kept).unwrap();
    workspace.staunch(&["check", workspace.text()]).ok();
    workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "repurchase", "--force"]).ok();
    workspace.staunch(&["check", workspace.text()]).ok();
    assert!(!signature.exists(), "it went with the component");
    let retired = std::fs::read_dir(workspace.dir().join("plugins/retired")).unwrap().flatten();
    let ends: Vec<bool> = retired.map(|entry| entry.path().extension().is_some_and(|end| end == "sig")).collect();
    assert!(ends.len() == 2 && ends.iter().any(|sig| *sig), "{ends:?}");
}
