//! The kit for authors of plugins: a new one builds, passes its own tests and all checks at once; one that breaks the
//! contract is told how. Guests are built by the toolchain of `tests/wasm-target`.

use serde_json::{Value, json};
use staunch_tests::{Guest, Workspace, guests, root, staunch};
use std::process::Command;

/// How the checks of a plugin ended, by name.
fn state(answer: &Value, name: &str) -> String {
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {answer}"));
    format!("{} {}", found["state"].as_str().unwrap(), found["text"].as_str().unwrap())
}

#[test]
fn the_sdk_passes_its_own_tests() {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "-q", "--offline", "--workspace"]).current_dir(root().join("plugins"));
    let output = cargo.env("CARGO_TARGET_DIR", root().join("target/plugins")).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !said.contains("warning"), "{said}");
}

#[test]
fn a_new_plugin_builds_at_once_and_keeps_every_promise() {
    let guest = Guest::new("my-score");
    let dir = guest.dir();
    let dir = dir.to_str().unwrap();
    let again = staunch(&["plugin", "new", dir], &[]).exit(2);
    assert!(again.err.contains("is not empty"), "{}", again.err);
    let tests = Command::new("cargo").args(["test", "-q", "--offline"]).current_dir(dir).output().unwrap();
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stderr));
    let built = guest.build().ok();
    assert!(built.out.contains("warning  manifest         nobody owns it"), "{}", built.out);
    let golden = format!("{dir}/golden.csv");
    let checked = guest.check(&["--golden", &golden, "--format", "json"]).ok().json();
    assert_eq!((&checked["ok"], &checked["plugin"]["name"]), (&json!(true), &json!("my-score")));
    assert_eq!(state(&checked, "golden vectors"), "ok 4 rows, bit for bit");
    for name in ["size", "odd inputs", "deterministic", "batches", "instructions", "memory", "time", "latency"] {
        assert!(state(&checked, name).starts_with("ok "), "{checked}");
    }
    let latency = checked["checks"].as_array().unwrap().iter().find(|check| check["name"] == "latency").unwrap();
    assert!(latency["figures"]["one_row_us"]["p99"].as_f64() > Some(0.0), "{latency}");
    let component = guest.component();
    let bench = staunch(&["plugin", "bench", component.to_str().unwrap(), "--format", "json"], &[]).ok().json();
    let ways = bench["ways"].as_array().unwrap();
    assert!(ways.len() == 4 && ways.iter().all(|way| way["of_floor"].as_f64() > Some(0.0)), "{bench}");
}

#[test]
fn a_component_goes_into_a_workspace_and_the_lock_says_what_changed() {
    let guest = Guest::new("my-score");
    guest.build().ok();
    let workspace = Workspace::init("winback");
    let lock = || workspace.staunch(&["lock", workspace.text()]).ok().out;
    std::fs::copy(guest.component(), workspace.dir().join("plugins/my-score.wasm")).unwrap();
    let added = lock();
    assert!(added.contains("added     my-score 0.1.0\n  sha256 ") && added.contains("unchanged repurchase"), "{added}");
    let flow = workspace.dir().join("workflows/winback.yaml");
    let text = std::fs::read_to_string(&flow).unwrap();
    let score = "scores:\n  mine:\n    plugin: my-score\n    inputs: [feature.recency, contact.plan]\n    if_unavailable: hold\n";
    std::fs::write(
        &flow,
        text.replace("scores:\n", score).replace("band.repurchase == \"likely\"", "score.mine > 0.3"),
    )
    .unwrap();
    let yaml = workspace.dir().join("staunch.yaml");
    let text = std::fs::read_to_string(&yaml).unwrap();
    std::fs::write(&yaml, text.replace("contact:\n", "contact:\n  plan: { type: text }\n")).unwrap();
    let checked = workspace.staunch(&["check", workspace.text()]);
    assert!(!checked.out.contains("error "), "{}", checked.out);
    let guest = guest.with("0.1 + fresh", "0.11 + fresh");
    guest.build().ok();
    std::fs::copy(guest.component(), workspace.dir().join("plugins/my-score.wasm")).unwrap();
    let refused = workspace.staunch(&["check", workspace.text()]).exit(1);
    assert!(refused.out.contains("ST3002"), "{}", refused.out);
    let changed = workspace.staunch(&["plugin", "lock", workspace.text()]).ok().out;
    assert!(changed.lines().filter(|line| !line.contains(" pinned in ")).all(|line| line.chars().count() <= 80));
    assert!(changed.contains("changed   my-score") && changed.contains("with the same version"), "{changed}");
}

#[test]
fn a_plugin_that_counts_its_calls_is_caught() {
    let count = "static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);\n    let calls = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);\n    let value = 0.1 + fresh + plan + calls as f64 * 1e-9;";
    let guest = Guest::new("counts").with("let value = 0.1 + fresh + plan;", count);
    guest.build().ok();
    let answer = guest.check(&["--format", "json"]).exit(1).json();
    // A fresh instance for every call would hide it from the same rows in the same batch, and not from other batches.
    assert!(state(&answer, "batches").starts_with("failed"), "{answer}");
    let text = guest.check(&[]).exit(1).out;
    assert!(text.contains("failed   batches") && text.contains("next: keep no state between rows"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_plugin_that_panics_or_leaves_its_range_is_caught() {
    let panics =
        Guest::new("panics").with("row.recency.map_or(0.0, |days|", "Some(row.recency.unwrap()).map_or(0.0, |days|");
    panics.forced();
    let checked = panics.check(&["--format", "json"]).exit(1);
    assert_eq!(checked.err, "", "the answer says it all");
    let answer = checked.json();
    assert!(state(&answer, "odd inputs").contains("every value missing: ST3004"), "{answer}");
    // What follows would only show that it fails.
    for name in ["deterministic", "batches", "instructions", "memory", "time", "latency"] {
        assert_eq!(state(&answer, name), "skipped it fails on odd inputs");
    }
    let text = panics.check(&[]).exit(1).out;
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("a clock (`Instant`, `SystemTime`)") && said.contains("`cargo test` shows"), "{text}");
    assert!(text.contains(" 1 failed, 6 skipped\n"), "{text}");
    let wild = Guest::new("wild").with(".clamp(0.0, 1.0)", "");
    let said = wild.build().exit(1).out;
    assert!(said.contains("ST3007") && said.contains("outside its range"), "{said}");
}

#[test]
fn a_good_component_is_not_replaced_by_one_that_fails() {
    let guest = Guest::new("my-score");
    guest.build().ok();
    let good = std::fs::read(guest.component()).unwrap();
    let guest = guest.with(".clamp(0.0, 1.0)", "");
    let said = guest.build().exit(1).out;
    assert!(said.contains("not written") && said.contains("add --force"), "{said}");
    assert_eq!(std::fs::read(guest.component()).unwrap(), good);
    guest.forced();
    assert_ne!(std::fs::read(guest.component()).unwrap(), good);
}

#[test]
fn a_raw_value_that_its_contributions_do_not_make_is_caught() {
    let guest = Guest::new("my-score");
    guest.build().ok();
    let right = guest.check(&["--format", "json"]).ok().json();
    assert!(state(&right, "contributions").starts_with("ok make the raw value of 64 rows"), "{right}");
    let guest = guest.with(".raw(value)", ".raw(7.0)");
    guest.build().ok();
    let wrong = guest.check(&["--format", "json"]).exit(1).json();
    assert!(
        state(&wrong, "contributions").starts_with("failed row 1: raw is 7, base and contributions are"),
        "{wrong}"
    );
}

#[test]
fn a_golden_row_can_be_declined_and_every_wrong_one_is_named() {
    let guest = Guest::new("my-score")
        .with("use staunch_plugin::{", "use staunch_plugin::{Declined, ")
        .with("fn score(row: &Row) -> Scalar {", "fn score(row: &Row) -> Result<Scalar, Declined> {\n    if row.plan.is_none() {\n        return Err(Declined::because(\"no plan\"));\n    }")
        .with("Scalar::new(value).raw(value)", "Ok(Scalar::new(value).raw(value)")
        .with(".reason(\"plan\", plan)\n}", ".reason(\"plan\", plan))\n}");
    guest.build().ok();
    let golden = guest.dir().join("golden.csv");
    let path = golden.to_str().unwrap();
    let check = |text: &str| {
        std::fs::write(&golden, text).unwrap();
        guest.check(&["--golden", path, "--format", "json"])
    };
    let right = check("recency,plan,value\n,,declined\n0,pro,0.85\n").ok().json();
    assert_eq!(state(&right, "golden vectors"), "ok 2 rows, bit for bit");
    let wrong = "recency,plan,value\n,,0.1\n0,pro,declined\n0,pro,1\n0,pro,2\n0,pro,0.85\n";
    let wrong = check(wrong).exit(1).json();
    let said = "failed 4 of 5 rows differ; row 1: 0.1 expected, ST3014: no plan; row 2: `declined` expected, 0.85 given; row 3: 1 expected, 0.85 given; and 1 more";
    assert_eq!(state(&wrong, "golden vectors"), said);
    let checks = wrong["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == "golden vectors").unwrap();
    let rows: Vec<i64> =
        found["figures"]["wrong"].as_array().unwrap().iter().flat_map(|row| row["row"].as_i64()).collect();
    assert_eq!(rows, [1, 2, 3, 4]);
    let empty = check("recency,plan,value\n").exit(1).json();
    assert_eq!(state(&empty, "golden vectors"), "failed the file has no rows under its header");
    let word = check("recency,plan,value\nabc,,0.1\n").exit(1).out;
    assert!(word.contains("row 1: `abc` is no number") && word.contains("leave a missing value empty"), "{word}");
}

#[test]
fn golden_vectors_and_the_card_are_judged() {
    let guest = Guest::new("my-score")
        .with("owner: \"\"", "owner: \"ben@retail.invalid\"")
        .with("base: 0.1,", "base: 0.1,\n    expires: \"2026-06-01T00:00:00Z\",");
    guest.build();
    let golden = guest.dir().join("golden.csv");
    let path = golden.to_str().unwrap();
    std::fs::write(&golden, "recency,plan,value\n,,0.1\n0,pro,0.850001\n").unwrap();
    let check = |args: &[&str]| guest.check(&[&["--golden", path, "--format", "json"], args].concat());
    let strict = check(&["--now", "2026-01-01T00:00:00Z"]).exit(1).json();
    assert_eq!(state(&strict, "golden vectors"), "failed 1 of 2 rows differ; row 2: 0.850001 expected, 0.85 given");
    assert!(state(&strict, "manifest").starts_with("ok"), "{strict}");
    let loose = check(&["--now", "2026-05-20T00:00:00Z", "--tolerance", "1e-5"]).ok().json();
    assert_eq!(state(&loose, "manifest"), "warning it expires at 2026-06-01T00:00:00Z");
    let late = check(&["--now", "2026-06-01T00:00:00Z", "--tolerance", "1e-5"]).ok().json();
    assert_eq!(state(&late, "manifest"), "warning it expired at 2026-06-01T00:00:00Z");
    std::fs::write(&golden, "recency,plan,age,value\n,,3,0.1\n").unwrap();
    assert!(state(&check(&[]).exit(1).json(), "golden vectors").contains("`age` is no input"));
}

#[test]
fn what_cannot_be_built_says_what_to_do() {
    let guest = Guest::new("my-score").with("Scalar::new(value)", "Scalar::now(value)");
    let failed = guest.build().exit(2);
    assert!(failed.err.contains("Scalar::now") && failed.err.contains("cargo could not build"), "{}", failed.err);
    let nowhere = staunch(&["plugin", "build", "/nowhere"], &guests()).exit(2);
    assert!(nowhere.err.contains("staunch plugin new"), "{}", nowhere.err);
    let env = [("STAUNCH_WASM_ENV".to_owned(), "/nowhere/env.sh".to_owned())];
    let missing = staunch(&["plugin", "build", guest.dir().to_str().unwrap()], &env).exit(2);
    assert!(missing.err.contains("STAUNCH_WASM_ENV"), "{}", missing.err);
    let folder = [("STAUNCH_WASM_ENV".to_owned(), guest.dir().to_str().unwrap().to_owned())];
    let folder = staunch(&["plugin", "build", guest.dir().to_str().unwrap()], &folder).exit(2);
    assert!(folder.err.contains("is no file") && folder.err.contains("env.sh"), "{}", folder.err);
    let name = staunch(&["plugin", "new", "/nowhere/Ä"], &[]).exit(2);
    assert!(name.err.contains("--name my-score"), "{}", name.err);
}
