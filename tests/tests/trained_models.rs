//! The plugins trained on `tests/data` are what the commands of their README make, bit for bit, and keep their golden
//! vectors.

use staunch_tests::{binary, root};
use std::path::Path;
use std::process::Command;

const PLUGINS: [&str; 2] = ["churn", "lead-score"];
const MADE: [&str; 5] = ["model.json", "card.md", "evaluation.json", "calibration.svg", "golden.csv"];

/// The block of commands that train the models.
fn commands() -> String {
    let readme = std::fs::read_to_string(root().join("plugins/README.md")).unwrap();
    let block = readme.split("```").find(|block| block.starts_with("sh\n") && block.contains("--name churn"));
    block.expect("the README has the commands").trim_start_matches("sh\n").to_owned()
}

#[test]
fn the_commands_of_the_readme_make_the_shipped_models() {
    let dir = tempfile::tempdir().unwrap();
    for name in PLUGINS {
        std::fs::create_dir_all(dir.path().join("plugins").join(name)).unwrap();
    }
    std::fs::create_dir(dir.path().join("tests")).unwrap();
    std::os::unix::fs::symlink(root().join("tests/data"), dir.path().join("tests/data")).unwrap();
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let output =
        Command::new("bash").args(["-euc", &commands()]).env("PATH", path).current_dir(dir.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    let read = |root: &Path, name: &str, file: &str| {
        std::fs::read(root.join("plugins").join(name).join(file)).unwrap_or_default()
    };
    for (name, file) in PLUGINS.into_iter().flat_map(|name| MADE.map(|file| (name, file))) {
        let shipped = read(&root(), name, file);
        assert!(!shipped.is_empty(), "plugins/{name}/{file} is not there");
        assert!(read(dir.path(), name, file) == shipped, "plugins/{name}/{file} is not what the commands make\n{said}");
    }
}
