//! Plugins by the binary: compiled by a child of it, kept for the next run, and never believed when they were touched.

use staunch_tests::{Workspace, staunch};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn kept(workspace: &Workspace) -> Vec<PathBuf> {
    let folder = workspace.dir().join(".staunch/cache");
    let all = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|end| end == "code")).collect()
}

fn check(workspace: &Workspace) -> String {
    workspace.staunch(&["check", workspace.text()]).ok().err
}

/// The number of a file: another one where it was written again.
fn written(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap())
}

#[test]
fn compiled_code_is_kept_and_made_again_where_it_was_touched() {
    let workspace = Workspace::init("winback");
    assert_eq!(check(&workspace), "");
    let path = kept(&workspace).remove(0);
    let (first, bytes) = (written(&path), std::fs::read(&path).unwrap());
    assert_eq!((check(&workspace), written(&path)), (String::new(), first));
    let mut touched = bytes.clone();
    let last = touched.len() - 1;
    touched[last] ^= 1;
    std::fs::write(&path, touched).unwrap();
    assert_eq!(check(&workspace), "");
    assert!(written(&path) != first && std::fs::read(&path).unwrap() == bytes);
}

#[test]
fn a_key_that_others_may_read_is_told_and_not_used() {
    let workspace = Workspace::init("winback");
    check(&workspace);
    let key = workspace.dir().join(".staunch/cache/key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    for path in kept(&workspace) {
        std::fs::remove_file(path).unwrap();
    }
    let said = check(&workspace);
    assert!(said.contains("others have rights to it") && said.contains("WARN"), "{said}");
    assert_eq!(kept(&workspace), Vec::<PathBuf>::new());
}

#[test]
fn the_compiling_command_is_for_nobody_else() {
    let answer = staunch(&["compile-plugin", "wide", "much", "30"], &[]);
    assert!(answer.err.contains("for the process that starts it"), "{}", answer.err);
    assert!(!staunch(&["--help"], &[]).ok().out.contains("compile-plugin"));
}
