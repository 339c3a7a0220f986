//! A plugin that is missing, that is not the pinned one, or that traps: nobody is contacted.

use crate::{event, now};
use serde_json::{Value, json};
use staunch_tests::{Service, Workspace, root, until};

/// Asks for a score as soon as an order comes, and sends whatever it is.
const WORKFLOW: &str = "\
workflow: scored
title: Score every order
owner: test
purpose: marketing
priority: 50
start:
  event: order.paid
features:
  recency: { days_since: order.paid, never: 999 }
  frequency: { count: order.paid, window: 365d }
  spend: { sum: order.paid, of: total, window: 365d }
  trend: { count: order.paid, window: 120d }
scores:
  repurchase:
    plugin: repurchase
    inputs: [feature.recency, feature.frequency, feature.spend, feature.trend]
    if_unavailable: hold
steps:
  - choose: any
    first:
      - case: anyone
        when: score.repurchase >= 0
        do:
          - email: hello
            template: winback/miss-you
            expires: 2d
    else: stop
while_running: ignore
";

fn workspace() -> Workspace {
    let workspace = Workspace::init("winback");
    workspace.write("workflows/scored.yaml", WORKFLOW.as_bytes());
    let path = workspace.dir().join("staunch.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    // The hour of the test must not matter.
    let open = text.split("policy:").next().unwrap().to_owned() + "policy: {}\n";
    workspace.write("staunch.yaml", open.as_bytes());
    workspace
}

fn plugin(workspace: &Workspace) -> std::path::PathBuf {
    workspace.dir().join("plugins/repurchase.wasm")
}

/// The place in the shipped plugin where its score is computed: the one constant with the intercept.
fn heart(bytes: &[u8]) -> usize {
    let model: Value =
        serde_json::from_slice(&std::fs::read(root().join("plugins/repurchase/model.json")).unwrap()).unwrap();
    let intercept = model["intercept"].as_f64().unwrap().to_le_bytes();
    // 0x44 is the instruction `f64.const`; the model's card holds the number, too.
    let is_constant = |at: &usize| bytes[*at] == 0x44 && bytes[*at + 1..*at + 9] == intercept;
    let found: Vec<usize> = (0..bytes.len() - 9).filter(is_constant).collect();
    let [at] = found[..] else { panic!("the plugin has the intercept {} times", found.len()) };
    at
}

fn refuses(workspace: &Workspace, code: &str) {
    let mut service = Service::start(workspace.dir(), &[], &workspace.env);
    assert_eq!(service.ended(30).code(), Some(2), "{}", service.out());
    until(5, "what it says", || service.err().contains(code) && service.err().contains("next:"));
    let checked = workspace.staunch(&["check", workspace.text(), "--format", "json"]).exit(1).json();
    assert!(checked["diagnostics"].as_array().unwrap().iter().any(|one| one["code"] == code), "{checked}");
}

#[test]
fn a_missing_plugin_and_one_with_other_bytes_do_not_start() {
    let workspace = workspace();
    workspace.staunch(&["check", workspace.text()]).ok();
    let good = std::fs::read(plugin(&workspace)).unwrap();
    let mut other = good.clone();
    let at = heart(&other);
    other[at + 1] ^= 1;
    workspace.write("plugins/repurchase.wasm", &other);
    refuses(&workspace, "ST3002");
    std::fs::remove_file(plugin(&workspace)).unwrap();
    refuses(&workspace, "ST3001");
    workspace.write("plugins/repurchase.wasm", &good);
    workspace.staunch(&["check", workspace.text()]).ok();
}

/// Lets the pinned plugin trap at every score.
fn break_plugin(workspace: &Workspace) {
    let mut bytes = std::fs::read(plugin(workspace)).unwrap();
    let at = heart(&bytes);
    // `unreachable`, and `nop` for the constant's eight bytes.
    bytes[at] = 0x00;
    bytes[at + 1..at + 9].fill(0x01);
    workspace.write("plugins/repurchase.wasm", &bytes);
    workspace.staunch(&["lock", workspace.text()]).ok();
}

#[test]
fn a_simulation_counts_the_scores_that_failed_and_logs_none_of_them() {
    let workspace = Workspace::init("winback");
    let events = workspace.dir().join("events.ndjson");
    let events = events.to_str().unwrap();
    staunch_tests::staunch(&["demo", "--export", events], &[]).ok();
    // A held run is tried again and again: half a year has enough of it.
    let all = std::fs::read_to_string(events).unwrap();
    std::fs::write(events, all.lines().take(5_000).collect::<Vec<_>>().join("\n")).unwrap();
    let simulate =
        |args: &[&str]| workspace.staunch(&[&["simulate", workspace.text(), "--events", events], args].concat()).ok();
    let sound = simulate(&["--format", "json"]).json();
    let scores = sound["scores"].as_u64().unwrap();
    assert!(scores > 0, "{sound}");
    assert_eq!(sound["plugins"], json!([{ "plugin": "repurchase", "answered": scores, "failed": {} }]));
    break_plugin(&workspace);
    let broken = simulate(&["--format", "json"]);
    assert!(!broken.err.contains('{'), "a log line: {}", &broken.err[..broken.err.len().min(1_000)]);
    let told = broken.json();
    let plugin = &told["plugins"][0];
    let failed = |code: &str| plugin["failed"][code].as_u64().unwrap();
    assert_eq!((plugin["plugin"].as_str(), plugin["answered"].as_u64()), (Some("repurchase"), Some(0)));
    // One row in 65 is tried once the plugin rests.
    assert!(failed("ST3004") >= 5 && failed("ST3011") > failed("ST3004"), "{plugin}");
    assert_eq!(failed("ST3004") + failed("ST3011"), told["scores"].as_u64().unwrap());
    // Whoever wants to see it in the log has one line for ten, a hundred and so on.
    let log = [("STAUNCH_LOG".to_owned(), "warn".to_owned())];
    let logged = staunch_tests::staunch(&["simulate", workspace.text(), "--events", events], &log).ok();
    let lines = logged.err.matches("failed repeatedly and rests").count();
    assert!((1..=6).contains(&lines), "{lines}");
    let text = logged.out;
    assert!(text.contains("repurchase") && text.contains("ST3004 (") && text.contains("scores failed: see"), "{text}");
}

/// A workspace whose plugin is pinned in order and traps (or not) at every score.
fn answer(trap: bool) -> Workspace {
    let workspace = workspace();
    if trap {
        break_plugin(&workspace);
    }
    workspace.go_full("scored");
    let events = [
        event("a", "contact.updated", json!({ "email": "c1@example.com", "zone": "Europe/London" }), json!({})),
        event("b", "consent.changed", json!({ "purpose": "marketing", "granted": true }), json!({})),
        event(
            "c",
            "order.paid",
            json!({ "total": 10 }),
            json!({ "time": staunch_core::Time(now() + 1_000_000).to_string() }),
        ),
    ];
    let lines = events.map(|event| event.to_string()).join("\n");
    let file = workspace.write("events.ndjson", lines.as_bytes());
    workspace.staunch(&["ingest", workspace.text(), file.to_str().unwrap()]).ok();
    workspace
}

fn why(workspace: &Workspace) -> Value {
    let answer =
        workspace.staunch(&["why", workspace.text(), "--contact", "c1", "--workflow", "scored", "--format", "json"]);
    if answer.code == Some(0) { answer.json() } else { Value::Null }
}

fn mails(workspace: &Workspace) -> usize {
    std::fs::read_dir(workspace.dir().join(".staunch/outbox")).map_or(0, Iterator::count)
}

#[test]
fn a_trap_holds_the_run_and_sends_nothing() {
    let trapping = answer(true);
    let service = trapping.serve(&[]);
    until(20, "the run to be held", || why(&trapping)["runs"][0]["status"].to_string().contains("held"));
    let found = why(&trapping);
    assert!(found["decisions"].to_string().contains("ST3004"), "{found}");
    let text = trapping.staunch(&["why", trapping.text(), "--contact", "c1", "--workflow", "scored"]).ok().out;
    let lock = std::fs::read_to_string(trapping.dir().join("staunch.lock")).unwrap();
    let said = text.lines().skip_while(|line| !line.contains("= unavailable")).map(str::trim).collect::<Vec<_>>();
    assert_eq!(said[0], "score   repurchase = unavailable, plugin repurchase, sha256");
    assert!(lock.contains(said[1]) && said[1].len() == 64, "the version that failed: {text}");
    assert!(said[2].starts_with("ST3004: ") && !said[2].contains("repurchase"), "{text}");
    assert_eq!(found["actions"], json!([]), "an action without its score");
    drop(service);
    assert_eq!(mails(&trapping), 0);

    // The same way with the plugin as it was shipped: it is the trap that made the difference.
    let sound = answer(false);
    let _service = sound.serve(&[]);
    until(20, "the mail", || mails(&sound) == 1);
}
