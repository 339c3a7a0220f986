//! `examples/deploy`: dashboard and alerts name only metrics of the catalogue, alerts do what they should and have a page
//! each, and the unit is one that systemd takes.

use super::rust::code;
use super::{none, tree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

const METRICS: &str = "engine/METRICS.md";

fn text(path: &str) -> String {
    std::fs::read_to_string(tree::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn folder() -> PathBuf {
    tree::root().join("examples/deploy")
}

/// The catalogue: each metric with its type. The worker's tests hold it to what is registered.
fn catalogue() -> BTreeMap<String, String> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.to_owned()))
    };
    let found: BTreeMap<_, _> = text(METRICS).lines().filter_map(row).collect();
    assert!(found.len() > 30, "only {} metrics in {METRICS}: the reader is broken", found.len());
    found
}

/// The metrics that an expression names.
fn named(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("staunch_") || word.starts_with("process_")).collect()
}

/// Those that the catalogue does not know. A histogram is asked for by its parts.
fn unknown<'a>(expression: &'a str, known: &BTreeMap<String, String>) -> Vec<&'a str> {
    let there = |name: &str| match ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)) {
        Some(whole) => known.get(whole).is_some_and(|kind| kind == "histogram"),
        None => known.get(name).is_some_and(|kind| kind != "histogram"),
    };
    named(expression).into_iter().filter(|name| !there(name)).collect()
}

/// The alerts: name, expression, page.
fn alerts() -> Vec<(String, String, String)> {
    let text = text("examples/deploy/alerts.yml");
    let rules = text.split("- alert: ").skip(1).map(|rule| {
        let after = |mark: &str| rule.split_once(mark).map(|(_, rest)| rest.lines().next().unwrap_or_default());
        let page = after("runbook: ").map(|rest| rest.trim_end_matches(" }").to_owned());
        let name = rule.lines().next().unwrap_or_default().to_owned();
        (name, after("expr: ").unwrap_or_default().to_owned(), page.unwrap_or_default())
    });
    let found: Vec<_> = rules.collect();
    assert!(found.len() > 10, "only {} alerts found", found.len());
    found
}

#[test]
fn alerts_name_known_metrics_and_have_a_page_and_tests() {
    let (known, tests) = (catalogue(), text("examples/deploy/alerts.test.yml"));
    let mut problems = Vec::new();
    for (name, expression, page) in alerts() {
        problems.extend(unknown(&expression, &known).iter().map(|metric| format!("{name}: {metric}")));
        if named(&expression).is_empty() && !expression.starts_with("up{") {
            problems.push(format!("{name} asks for nothing: {expression}"));
        }
        if page != format!("runbook/{name}.md") || !folder().join(&page).is_file() {
            problems.push(format!("{name} has no page `{page}`"));
        }
        let cases = tests.matches(&format!("alertname: {name}\n")).count();
        let calm = tests.matches(&format!("alertname: {name}, ")).count();
        if (cases, calm) != (1, 1) {
            problems.push(format!("{name}: {cases} histories that fire it and {calm} that do not, expected one each"));
        }
    }
    let names: BTreeSet<String> = alerts().into_iter().map(|(name, ..)| format!("{name}.md")).collect();
    for entry in std::fs::read_dir(folder().join("runbook")).expect("the runbook can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !names.contains(&name) {
            problems.push(format!("runbook/{name} is about no alert"));
        }
    }
    none(&problems, "alerts");
}

#[test]
fn every_page_of_the_runbook_says_what_it_should() {
    let mut problems = Vec::new();
    for (name, ..) in alerts() {
        let page = text(&format!("examples/deploy/runbook/{name}.md"));
        let parts =
            [&format!("# {name}\n"), "**What users feel.**", "**Look.**\n```sh\n", "**Do.**", "**It ends when.**"];
        problems.extend(parts.iter().filter(|part| !page.contains(**part)).map(|part| format!("{name}: no {part}")));
    }
    none(&problems, "pages of the runbook");
}

#[test]
fn alert_rules_pass_promtool() {
    let found = Command::new(tree::root().join("tests/promtool")).output().expect("tests/promtool can be run");
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let promtool = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let config = ["check", "config", "prometheus.yml"];
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"], config] {
        let output =
            Command::new(&promtool).args(arguments).current_dir(folder()).output().expect("promtool can be run");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn the_dashboard_is_whole_and_names_known_metrics() {
    let dashboard: serde_json::Value = serde_json::from_str(&text("examples/deploy/dashboard.json")).expect("JSON");
    let known = catalogue();
    let (mut problems, mut ids, mut shown) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut places: Vec<[i64; 4]> = Vec::new();
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        let title = panel["title"].as_str().expect("a panel has a title");
        if !ids.insert(panel["id"].as_i64().expect("a panel has an id")) {
            problems.push(format!("{title}: its id is that of another panel"));
        }
        let place = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_i64().expect("a panel has a place"));
        let [x, y, w, h] = place;
        let over = |other: &&[i64; 4]| {
            x < other[0] + other[2] && other[0] < x + w && y < other[1] + other[3] && other[1] < y + h
        };
        if x + w > 24 || places.iter().find(over).is_some() {
            problems.push(format!("{title}: it lies over another panel or outside"));
        }
        places.push(place);
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        let letters: BTreeSet<_> = targets.iter().filter_map(|target| target["refId"].as_str()).collect();
        if targets.is_empty() || letters.len() != targets.len() {
            problems.push(format!("{title}: no targets, or two of one letter"));
        }
        for expression in targets.iter().map(|target| target["expr"].as_str().unwrap_or_default()) {
            problems.extend(unknown(expression, &known).iter().map(|metric| format!("{title}: {metric}")));
            shown.extend(named(expression).into_iter().map(str::to_owned));
        }
    }
    assert!(shown.len() > 25, "the dashboard shows only {} metrics", shown.len());
    none(&problems, "the dashboard");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = text("examples/deploy/staunch.service");
    for line in [
        "ExecStart=/usr/local/bin/staunch run /etc/staunch/workspace --port 7070",
        "Restart=always",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
    ] {
        assert!(unit.lines().any(|one| one == line), "{line} is missing");
    }
    // It may take 30 s to finish what it has begun.
    let patience =
        unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.trim_end_matches('s').parse().ok());
    assert!(patience.is_some_and(|seconds: u32| seconds > 30), "{patience:?}");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("staunch.service");
    std::fs::write(&path, unit.replace("/usr/local/bin/staunch", "/bin/true")).expect("it can be written");
    // Machines without systemd have the lines above.
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("staunch.service"), "{said}");
}

#[test]
fn metrics_are_made_in_one_place() {
    let homes = ["engine/worker/src/metrics/", "engine/worker/src/plugins.rs", "engine/worker/src/engine.rs"];
    let words = ["Opts::new(", "HistogramOpts", "MetricFamily", ".register(Box"];
    let strangers = tree::rust().into_iter().filter(|(path, _)| {
        path.starts_with("engine/") && path.contains("/src/") && !homes.iter().any(|home| path.starts_with(home))
    });
    let strangers = strangers.map(|(path, text)| (path, code(&text)));
    let found: Vec<String> =
        strangers.filter(|(_, code)| words.iter().any(|word| code.contains(word))).map(|(path, _)| path).collect();
    none(&found, "metrics outside of the catalogue");
}

#[test]
fn the_reader_of_expressions_sees_what_it_should() {
    let known = BTreeMap::from([
        ("staunch_a_total".to_owned(), "counter".to_owned()),
        ("staunch_b_seconds".to_owned(), "histogram".to_owned()),
    ]);
    assert!(unknown("rate(staunch_a_total[5m]) / staunch_b_seconds_count{x=\"staunch\"}", &known).is_empty());
    assert_eq!(
        unknown("staunch_b_seconds + staunch_a_total_sum", &known),
        ["staunch_a_total_sum", "staunch_b_seconds"]
    );
}
