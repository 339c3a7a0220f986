//! Audiences, connectors and roles that no file names.

use super::{Everything, under, warning};
use crate::diagnostic::Diagnostic;
use crate::yaml::Kind;
use staunch_core::codes;

/// What is declared under a key, and the keys under which files name it.
const DECLARED: [(&str, &str, &[&str]); 3] = [
    ("audiences", "audience", &["audience"]),
    ("connectors", "connector", &["connector"]),
    ("roles", "role", &["by", "signed_by", "owner", "role", "review"]),
];

pub(super) fn find(all: &Everything<'_>) -> Vec<Diagnostic> {
    // Without workflows a workspace is at its beginning, and everything in it is unused.
    if all.others.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (key, what, names) in DECLARED {
        let Some(node) = all.root.root.get(key) else { continue };
        let Kind::Map(entries) = &node.kind else { continue };
        let mut used = Vec::new();
        all.others.iter().for_each(|file| under(file.root, names, &mut used));
        used.extend(all.workspace.policy.never.audiences.iter().map(String::as_str).filter(|_| key == "audiences"));
        for entry in entries.iter().filter(|entry| !used.contains(&entry.key.as_str())) {
            let message = format!("the {what} `{}` is declared and no file names it", entry.key);
            found.push(warning(all.root, entry.key_at, codes::UNUSED, message, "name it in a workflow, or remove it"));
        }
    }
    found
}
