//! The plugins in `plugins/` give their golden values through the host, and are what their sources make.

use staunch_tests::{Guest, guests, root, staunch};
use std::process::Command;

/// Checks a component against golden vectors of the repository.
fn check(component: &str, golden: &str, more: &[&str]) -> String {
    let golden = root().join(golden);
    let args = ["plugin", "check", component, "--golden", golden.to_str().unwrap(), "--now", "2026-01-01T00:00:00Z"];
    staunch(&[&args, more].concat(), &[]).ok().out
}

#[test]
fn compiled_models_give_their_golden_values() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["churn", "lead-score", "repurchase"] {
        let model = root().join(format!("plugins/{name}/model.json"));
        let component = dir.path().join(format!("{name}.wasm"));
        let (model, component) = (model.to_str().unwrap(), component.to_str().unwrap());
        staunch(&["model", "compile", model, "-o", component], &[]).ok();
        let said = check(component, &format!("plugins/{name}/golden.csv"), &["--model", model]);
        assert!(said.contains("ok       model") && said.contains("bit for bit"), "{said}");
        // Trees export the short way, and it gives the same.
        assert_eq!(said.contains("ok       values"), name != "repurchase", "{said}");
    }
}

#[test]
fn the_shipped_send_time_is_what_its_source_makes() {
    let shipped = root().join("plugins/send-time/send-time.wasm");
    let size = std::fs::metadata(&shipped).unwrap().len();
    assert!(size <= 100_000, "{size} bytes are too many for the repository");
    let said = check(shipped.to_str().unwrap(), "plugins/send-time/golden.csv", &[]);
    assert!(said.contains("10 rows, bit for bit") && said.contains(" 0 warnings, 0 failed"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let built = dir.path().join("send-time.wasm");
    let mut env = guests();
    env.push(("CARGO_TARGET_DIR".into(), root().join("target/guests").display().to_string()));
    let source = root().join("plugins/send-time");
    staunch(&["plugin", "build", source.to_str().unwrap(), "-o", built.to_str().unwrap()], &env).ok();
    check(built.to_str().unwrap(), "plugins/send-time/golden.csv", &[]);
    // On more rows than the golden ones: both say the same of each.
    let rows: String =
        (0..500).map(|n| format!("\"{}:{},{}:1\",{}\n", n * 7 % 168, n % 9, n * 31 % 168, n % 29 - 14)).collect();
    let data = dir.path().join("rows.csv");
    std::fs::write(&data, format!("hours,utc_offset\n{rows}")).unwrap();
    let score = |component: &std::path::Path| {
        staunch(&["plugin", "score", component.to_str().unwrap(), "--data", data.to_str().unwrap()], &[]).ok().out
    };
    assert_eq!(score(&shipped), score(&built));
}

#[test]
fn the_constants_of_send_time_are_those_that_its_study_finds() {
    let mut cargo = Command::new("cargo");
    let data = ["../examples/retail/data/online_retail_invoices.csv", "send-time/data/taxi-week.csv"];
    cargo.args(["run", "-q", "--offline", "--release", "-p", "send-time", "--example", "study", "--"]).args(data);
    cargo.current_dir(root().join("plugins")).env("CARGO_TARGET_DIR", root().join("target/plugins"));
    let output = cargo.output().unwrap();
    let (made, told) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{told}");
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let shipped = std::fs::read_to_string(root().join("plugins/send-time/src/population.rs")).unwrap();
    assert_eq!(plain(&made), plain(&shipped), "write it again as card.md says");
    let card = std::fs::read_to_string(root().join("plugins/send-time/card.md")).unwrap();
    for figures in told.lines().filter(|line| line.starts_with("gain")).filter_map(|line| line.split("nats: ").nth(1)) {
        assert!(card.contains(figures), "card.md does not say {figures}");
    }
}

#[test]
fn every_shape_of_answer_comes_through_the_host() {
    let classes = Guest::new("topic")
        .with("use staunch_plugin::{Inputs, Scalar, plugin};", "use staunch_plugin::{Classes, Declined, Inputs, plugin};")
        .with("    range: 0.0..=1.0,\n    bands: [(\"low\", 0.0), (\"medium\", 0.3), (\"high\", 0.6)],\n", "    labels: [\"new\", \"old\"],\n")
        .with("    base: 0.1,\n", "")
        .with("fn score(row: &Row) -> Scalar {", "fn score(row: &Row) -> Result<Classes, Declined> {\n    row.plan.as_ref().ok_or_else(|| Declined::because(\"no plan\"))?;")
        .with("Scalar::new(value).raw(value)", "Ok(Classes::new([(\"old\", 1.0 - value), (\"new\", value)])")
        .with(".reason(\"plan\", plan)\n}", ".reason(\"plan\", plan))\n}");
    classes.build().ok();
    let data = classes.dir().join("rows.csv");
    std::fs::write(&data, "recency,plan\n0,pro\n365,x\n1,\n").unwrap();
    let component = classes.component();
    let scored = staunch(&["plugin", "score", component.to_str().unwrap(), "--data", data.to_str().unwrap()], &[]).ok();
    let lines: Vec<&str> = scored.out.lines().collect();
    assert_eq!(lines[0], "label,p,share:new,share:old,declined,error");
    assert!(lines[1].starts_with("new,0.85,0.85,0.15") && lines[2] == "old,0.9,0.1,0.9,,", "{}", scored.out);
    assert!(lines[3].starts_with(",,,,no plan") && lines[3].ends_with(','), "{}", scored.out);
    classes.check(&[]).ok();
}
