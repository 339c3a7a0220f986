//! The recipes for other languages build and keep the contract. Each needs a toolchain of its own that this repository does
//! not install; where it is missing, the test says so and does nothing.

use staunch_tests::{root, staunch};
use std::path::PathBuf;
use std::process::Command;

/// Whether a command ends well; `false` where it is not there.
fn works(program: &str, args: &[&str], folder: &str) -> bool {
    let output = Command::new(program).args(args).current_dir(root().join(folder)).output();
    output.is_ok_and(|output| output.status.success())
}

#[track_caller]
fn run(program: &str, args: &[&str], folder: &str) {
    let output = Command::new(program).args(args).current_dir(root().join(folder)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Checks a component against the golden vectors of its recipe.
fn check(component: &str, recipe: &str) -> staunch_tests::Answer {
    let golden = root().join(format!("plugins/recipes/{recipe}/golden.csv"));
    staunch(&["plugin", "check", component, "--golden", golden.to_str().unwrap()], &[])
}

#[test]
fn the_plugin_in_c_keeps_the_contract() {
    let folder = "plugins/recipes/c";
    let args = ["--target=wasm32", "-fsyntax-only", "-ffreestanding", "plugin.c"];
    if !works("clang", &args, folder) {
        eprintln!("did not run: there is no clang that compiles for wasm32");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let component = dir.path().join("c-score.wasm").display().to_string();
    run("./build", &[&component], folder);
    let said = check(&component, "c").ok().out;
    assert!(said.contains("4 rows, bit for bit") && said.contains(" 0 warnings, 0 failed"), "{said}");
}

#[test]
fn the_plugin_in_javascript_keeps_the_contract() {
    let folder = "plugins/recipes/javascript";
    let found = ["--input-type=module", "-e", "await import('@bytecodealliance/componentize-js')"];
    if !works("node", &found, folder) {
        eprintln!("did not run: `npm install` was not done in {folder}");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let component = dir.path().join("js-score.wasm").display().to_string();
    run("node", &["build.mjs", &component], folder);
    checked(&component, "javascript");
}

/// Checks a component that holds an interpreter.
fn checked(component: &str, recipe: &str) {
    if cfg!(debug_assertions) {
        eprintln!("built, not checked: without optimisation the host's compiler takes a quarter of an hour for it");
        return;
    }
    let said = check(component, recipe).ok().out;
    assert!(said.contains("4 rows, bit for bit"), "{said}");
}

#[test]
fn the_plugin_in_python_keeps_the_contract() {
    let folder = "plugins/recipes/python";
    let own: PathBuf = root().join(folder).join("venv/bin/componentize-py");
    let program = if own.is_file() { own.to_str().unwrap().to_owned() } else { "componentize-py".to_owned() };
    if !works(&program, &["--version"], folder) {
        eprintln!("did not run: there is no componentize-py");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let component = dir.path().join("py-score.wasm").display().to_string();
    let args = ["-d", "../../wit", "-w", "scorer", "componentize", "--stub-wasi", "app", "-o", &component];
    run(&program, &args, folder);
    checked(&component, "python");
}
