//! The shipped model is what the commands of its README make, bit for bit.

use staunch_tests::{binary, root};
use std::path::Path;
use std::process::Command;

/// All that the commands write; the same files are tracked.
const MADE: [&str; 7] = [
    "plugins/repurchase/model.json",
    "plugins/repurchase/card.md",
    "plugins/repurchase/golden.csv",
    "plugins/repurchase/calibration.svg",
    "plugins/repurchase/evaluation.json",
    "examples/retail/plugins/repurchase.wasm",
    "examples/retail/staunch.lock",
];

/// The block of commands that train the model.
fn commands() -> String {
    let readme = std::fs::read_to_string(root().join("examples/retail/README.md")).unwrap();
    let block = readme.split("```").find(|block| block.starts_with("sh\n") && block.contains("model train"));
    block.expect("the README has the commands").trim_start_matches("sh\n").to_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_commands_of_the_readme_make_the_shipped_model() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["examples/retail", "plugins/repurchase"] {
        copy(&root().join(folder), &dir.path().join(folder));
    }
    for path in MADE {
        std::fs::remove_file(dir.path().join(path)).unwrap();
    }
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let output =
        Command::new("bash").args(["-euc", &commands()]).env("PATH", path).current_dir(dir.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    let differs = |path: &&&str| {
        let shipped = std::fs::read(root().join(path)).unwrap();
        std::fs::read(dir.path().join(path)).unwrap_or_default() != shipped
    };
    let different: Vec<&&str> = MADE.iter().filter(differs).collect();
    assert!(different.is_empty(), "these are not what the commands make: {different:?}\n{said}");
}
