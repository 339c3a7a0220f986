//! What a workspace stands on beside its connections: secrets, and room on the disk.

use super::judge::{self, Verdict};
use crate::wiring::{self, STATE};
use staunch_workflow::{Connector, Reference, WorkspaceFile};
use std::path::Path;

/// Every reference of a workspace with its place in `staunch.yaml`.
fn references(workspace: &WorkspaceFile) -> Vec<(String, &Reference)> {
    let connections = &workspace.connections;
    let named = [("broker", &connections.broker), ("database", &connections.database), ("smtp", &connections.smtp)];
    let mut all: Vec<(String, &Reference)> = named
        .into_iter()
        .filter_map(|(name, reference)| Some((format!("connections.{name}"), reference.as_ref()?)))
        .collect();
    for (name, connector) in &workspace.connectors {
        if let Connector::Webhook { url, secret, .. } = connector {
            all.push((format!("connectors.{name}.url"), url));
            all.push((format!("connectors.{name}.secret"), secret));
        }
    }
    all
}

/// Whether every secret can be read, and whether others can read its file.
pub(super) fn secrets(dir: &Path, workspace: &WorkspaceFile) -> Verdict {
    let all = references(workspace);
    let (mut lost, mut open) = (Vec::new(), Vec::new());
    let mut outside = 0;
    for (what, reference) in &all {
        outside += usize::from(!matches!(reference, Reference::Literal(_)));
        if let Err(error) = wiring::resolve(dir, what, reference) {
            lost.push(error.brief());
        } else if let Reference::File(path) = reference {
            open.extend(read_by_all(&dir.join(path)).then(|| path.clone()));
        }
    }
    if !lost.is_empty() {
        return Verdict::Fail(lost.join("; "));
    }
    if !open.is_empty() {
        return Verdict::Warn(format!("every user of this machine can read {}: chmod 600", open.join(", ")));
    }
    Verdict::Fine(format!("{outside} secrets and connections can be read"))
}

fn read_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o004 != 0)
}

/// Free room where the workspace keeps its state, or will keep it.
pub(super) fn disk(dir: &Path) -> Verdict {
    let state = dir.join(STATE);
    let at = if state.exists() { state.as_path() } else { dir };
    match rustix::fs::statvfs(at) {
        Ok(about) => judge::disk(about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize),
        Err(error) => Verdict::Warn(format!("{}: {error}", at.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_read_all_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let mut workspace = WorkspaceFile::default();
        workspace.connections.database = Some(Reference::File("database".into()));
        workspace.connections.smtp = Some(Reference::Env("STAUNCH_TEST_NEVER_SET".into()));
        let Verdict::Fail(why) = secrets(dir.path(), &workspace) else { panic!("a secret is missing") };
        assert!(why.contains("connections.database") && why.contains("STAUNCH_TEST_NEVER_SET"), "{why}");
        workspace.connections.smtp = None;
        let path = dir.path().join("database");
        std::fs::write(&path, "postgres://u:hunter2@h/d").unwrap();
        for (mode, fine) in [(0o644, false), (0o600, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let verdict = secrets(dir.path(), &workspace);
            assert_eq!(matches!(verdict, Verdict::Fine(_)), fine, "{verdict:?}");
            assert!(!format!("{verdict:?}").contains("hunter2"));
        }
    }
}
