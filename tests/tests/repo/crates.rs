//! Which crate may use which, ours and others. Only what ends up in the product counts: tests may use more.

use super::none;
use super::rust::code;
use super::tree;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The direction of `engine/`: each crate with those of ours that it may use.
///
/// `broker` uses `store`, because the embedded queue is a table of the same database.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("core", &[]),
    ("rules", &["core"]),
    ("workflow", &["core"]),
    ("scoring", &["core"]),
    ("models", &["core"]),
    ("store", &["core"]),
    ("channels", &["core"]),
    ("broker", &["core", "store"]),
    ("worker", &["core", "store", "broker", "channels", "scoring", "rules", "workflow"]),
    ("web", &["core", "store", "broker", "channels", "scoring", "rules", "workflow"]),
    ("cli", &["core", "store", "broker", "channels", "scoring", "models", "rules", "workflow", "worker", "web"]),
];

/// All that the pure core may use. None of them reads a clock, a file or a socket on its own.
const CORE: [&str; 9] = ["blake3", "croner", "foldhash", "hex", "jiff", "litemap", "serde", "serde_json", "thiserror"];

/// Crates with one home.
const HOMES: [(&str, &[&str]); 21] = [
    ("sqlx", &["store"]),
    ("wasmtime", &["scoring"]),
    ("ring", &["scoring"]),
    ("wasm-encoder", &["models"]),
    ("wit-component", &["models"]),
    ("wit-parser", &["models"]),
    ("wasmparser", &["models", "scoring"]),
    ("lapin", &["broker"]),
    ("rhai", &["rules"]),
    ("serde_yaml", &["workflow"]),
    ("saphyr-parser", &["workflow"]),
    ("schemars", &["workflow"]),
    ("lettre", &["channels"]),
    ("reqwest", &["broker", "channels"]),
    ("minijinja", &["channels"]),
    ("prometheus", &["worker", "web"]),
    ("axum", &["web"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("maud", &["cli"]),
    ("tracing-subscriber", &["cli"]),
];

/// What the owner chose; each has to do its job somewhere.
const CHOSEN: [&str; 7] = ["wasmtime", "rhai", "tokio", "lapin", "sqlx", "serde_yaml", "prometheus"];

/// The crates of `engine/` by folder, each with what its product depends on (not its tests).
fn engine() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(tree::root())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata gives JSON");
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let product = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().expect("a package lists its dependencies");
        let kept = all.iter().filter(|dependency| dependency["kind"] != "dev");
        kept.filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned())).collect::<BTreeSet<String>>()
    };
    let named = packages.iter().filter_map(|package| {
        let folder = package["name"].as_str()?.strip_prefix("staunch-")?;
        (folder != "tests").then(|| (folder.to_owned(), product(package)))
    });
    named.collect()
}

#[test]
fn dependencies_point_towards_the_core() {
    let engine = engine();
    let folders: Vec<&str> = engine.keys().map(String::as_str).collect();
    let mut known: Vec<&str> = MAY_USE.iter().map(|(folder, _)| *folder).collect();
    known.sort_unstable();
    assert_eq!(folders, known, "the crates of engine/; a new one gets its line in MAY_USE");
    let mut problems = Vec::new();
    for (folder, allowed) in MAY_USE {
        let ours = engine[folder].iter().filter_map(|name| name.strip_prefix("staunch-"));
        let wrong = ours.filter(|name| !allowed.contains(name));
        problems.extend(wrong.map(|name| format!("engine/{folder} uses engine/{name}")));
    }
    none(&problems, "against the direction of the crates");
}

#[test]
fn the_core_uses_no_io() {
    let beyond = |name: &&String| !CORE.contains(&name.as_str());
    let extra: Vec<String> = engine()["core"].iter().filter(beyond).cloned().collect();
    none(&extra, "engine/core uses more than it may");
}

#[test]
fn each_heavy_crate_has_one_home() {
    let engine = engine();
    let mut problems = Vec::new();
    for (name, homes) in HOMES {
        let users = engine.iter().filter(|(_, uses)| uses.contains(name)).map(|(folder, _)| folder.as_str());
        let strangers = users.filter(|folder| !homes.contains(folder));
        problems
            .extend(strangers.map(|folder| format!("engine/{folder} uses {name}; its home is {}", homes.join(", "))));
    }
    none(&problems, "used outside of its home");
}

#[test]
fn what_is_declared_is_used_and_what_was_chosen_works() {
    let engine = engine();
    let sources: Vec<(String, String)> = tree::rust().into_iter().map(|(path, text)| (path, code(&text))).collect();
    let uses = |folder: &str, name: &str| {
        let (start, word) = (format!("engine/{folder}/src/"), name.replace('-', "_"));
        let own = sources.iter().filter(|(path, _)| path.starts_with(&start));
        own.into_iter()
            .any(|(_, code)| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == word))
    };
    let mut problems = Vec::new();
    for (folder, names) in &engine {
        let idle = names.iter().filter(|name| !uses(folder, name));
        problems.extend(idle.map(|name| format!("engine/{folder} declares {name} and does not use it")));
    }
    let missing =
        CHOSEN.iter().filter(|name| !engine.iter().any(|(folder, names)| names.contains(**name) && uses(folder, name)));
    problems.extend(missing.map(|name| format!("nothing uses {name}")));
    none(&problems, "dependencies that do no work");
}

#[test]
fn every_package_comes_from_the_public_registry() {
    let lock = std::fs::read_to_string(tree::root().join("Cargo.lock")).expect("Cargo.lock can be read");
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let foreign: Vec<String> =
        lock.lines().filter(|line| line.starts_with("source = ") && *line != public).map(str::to_owned).collect();
    none(&foreign, "packages from elsewhere in Cargo.lock");
}
