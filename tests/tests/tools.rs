//! The tools that look ahead: `simulate`, `backtest`, `drill`, `diff` and the coverage of `test`, by the binary.

use serde_json::{Value, json};
use staunch_tests::{Workspace, staunch, until};
use std::path::PathBuf;
use std::process::Command;

/// The shipped retail workspace in a git repository of its own, with the purchase history beside it.
fn retail() -> (Workspace, PathBuf) {
    let workspace = Workspace::init("winback");
    commit(&workspace);
    let events = workspace.dir().join("events.ndjson");
    staunch(&["demo", "--export", events.to_str().unwrap()], &[]).ok();
    (workspace, events)
}

fn commit(workspace: &Workspace) {
    let git = |args: &[&str]| {
        let done = Command::new("git").arg("-C").arg(workspace.dir()).args(args).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qm", "a version"]);
}

/// Writes a file of the workspace again with one text for another.
fn edit(workspace: &Workspace, path: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(workspace.dir().join(path)).unwrap();
    assert!(text.contains(from), "{path} does not hold {from}");
    workspace.write(path, text.replace(from, to).as_bytes());
}

fn sum(rows: &Value, key: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[key].as_u64().unwrap()).sum()
}

#[test]
fn a_training_table_is_of_one_plugin() {
    let (workspace, events) = retail();
    let second = "scores:\n  mine:\n    plugin: my-score\n    inputs: [feature.recency]\n    if_unavailable: hold\n";
    edit(&workspace, "workflows/winback.yaml", "scores:\n", second);
    edit(&workspace, "workflows/winback.yaml", "when: feature.spend >= 1500", "when: score.mine >= 0.3");
    let table = workspace.dir().join("features.csv");
    let (events, path) = (events.to_str().unwrap(), table.to_str().unwrap());
    let ask = ["simulate", workspace.text(), "--events", events, "--score", "0.5", "--features", path];
    let of = |score| workspace.staunch(&[&ask[..], &["--of", score]].concat());
    let refused = workspace.staunch(&ask).exit(2).err;
    assert!(refused.contains("ST7010") && refused.contains("`mine` (plugin `my-score`)"), "{refused}");
    assert!(refused.contains("`--of mine`"), "{refused}");
    let unknown = of("repurchse").exit(2).err;
    assert!(unknown.contains("did you mean `repurchase`?"), "{unknown}");
    assert!(!table.exists(), "nothing is written before it is clear what");
    for (score, header) in
        [("mine", "contact,at,recency,goal"), ("winback.repurchase", "contact,at,recency,frequency,spend,trend,goal")]
    {
        of(score).ok();
        let rows = std::fs::read_to_string(&table).unwrap();
        assert_eq!(rows.lines().next(), Some(header));
        let cells = header.split(',').count();
        assert!(rows.lines().count() > 100 && rows.lines().all(|row| row.split(',').count() == cells), "{score}");
    }
    let alone = workspace.staunch(&[&ask[..6], &["--of", "mine"]].concat()).exit(2).err;
    assert!(alone.contains("--features"), "{alone}");
}

#[test]
fn a_simulation_counts_the_same_whatever_the_order_of_its_file() {
    let (workspace, events) = retail();
    let simulate = |file: &str| {
        let answer = workspace.staunch(&["simulate", workspace.text(), "--events", file, "--format", "json"]).ok();
        assert!(answer.err.contains(" per second"), "{}", answer.err);
        let mut told = answer.json();
        assert!(told["seconds"].take().as_f64() > Some(0.0));
        told
    };
    let sorted = simulate(events.to_str().unwrap());
    assert_eq!((&sorted["events"], &sorted["refused"]), (&json!(27_208), &json!(0)));
    assert_eq!(sum(&sorted["days"], "planned"), sum(&sorted["actions"], "count"), "every action has its day");
    let done = sorted["actions"].as_array().unwrap().iter().filter(|row| row["state"] == "done");
    assert_eq!(sum(&sorted["days"], "sent"), done.map(|row| row["count"].as_u64().unwrap()).sum::<u64>());
    let text = std::fs::read_to_string(&events).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    let turned = workspace.write("turned.ndjson", lines.join("\n").as_bytes());
    assert_eq!(simulate(turned.to_str().unwrap()), sorted);
}

#[test]
fn a_backtest_against_the_same_version_changes_nothing_for_anybody() {
    let (workspace, events) = retail();
    let (dir, events) = (workspace.text(), events.to_str().unwrap());
    let same =
        workspace.staunch(&["backtest", dir, "--events", events, "--against", "HEAD", "--format", "json"]).ok().json();
    let steps = same["steps"].as_array().unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|row| row["gain"] == 0 && row["lose"] == 0), "{steps:?}");
    assert_eq!(same["messages"]["old"], same["messages"]["new"]);
    assert!(same["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("training period")));
    assert_eq!(same["rules"].as_array().unwrap().len(), 5, "{}", same["rules"]);
}

#[test]
fn a_backtest_says_who_gains_and_who_loses_on_a_page_of_its_own() {
    let (workspace, events) = retail();
    edit(&workspace, "workflows/winback.yaml", "feature.spend >= 1500", "feature.spend >= 900");
    edit(&workspace, "staunch.yaml", "purposes:", "costs: { email: 0.002 GBP, task: 4 GBP }\npurposes:");
    edit(&workspace, "staunch.yaml", "max: 2, window: 30d, gap: 5d", "max: 1, window: 30d");
    let page = workspace.dir().join("report.html");
    let run = || {
        let (dir, events, page) = (workspace.text(), events.to_str().unwrap(), page.to_str().unwrap());
        let args = ["backtest", dir, "--events", events, "--against", "HEAD", "-o", page, "--format", "json"];
        (workspace.staunch(&args).ok().json(), std::fs::read_to_string(page).unwrap())
    };
    let (report, html) = run();
    assert_eq!(run(), (report.clone(), html.clone()), "the same history gives the same report");
    let step = |name: &str| report["steps"].as_array().unwrap().iter().find(|row| row["step"] == name).unwrap().clone();
    assert!(
        step("call-customer")["gain"].as_u64() > Some(100),
        "more customers are valuable: {}",
        step("call-customer")
    );
    assert!(step("reminder")["lose"].as_u64() > Some(500), "a second message is above the cap: {}", step("reminder"));
    let cap = report["guards"].as_array().unwrap().iter().find(|row| row["guard"] == "cap monthly").unwrap();
    assert!(cap["actions"]["new"].as_u64() > cap["actions"]["old"].as_u64(), "{cap}");
    let contacts = report["contacts"].as_u64().unwrap();
    for side in ["old", "new"] {
        let buckets = report["histogram"].as_array().unwrap().iter();
        assert_eq!(buckets.map(|row| row["contacts"][side].as_u64().unwrap()).sum::<u64>(), contacts);
    }
    let total = report["costs"].as_array().unwrap().iter().find(|row| row["channel"] == "total").unwrap();
    assert!(total["more"].as_str().unwrap().starts_with('+'), "more calls cost more: {total}");
    for foreign in ["<script", "http://", "https://", " src=", "url("] {
        assert!(!html.contains(foreign), "the page is not on its own: {foreign}");
    }
    assert!(html.contains("<title>Backtest of retail") && html.contains("<svg") && html.contains("<caption>"));
}

#[test]
fn a_drill_ends_with_1_where_a_failure_would_send_more() {
    let (workspace, _) = retail();
    let drill = |what: &str| workspace.staunch(&["drill", workspace.text(), "--fail", what, "--format", "json"]);
    let fine = drill("score:repurchase").ok().json();
    assert_eq!((&fine["sums"]["messages_more"], &fine["ok"]), (&json!(0), &json!(true)));
    assert!(fine["sums"]["missing"].as_u64() > Some(0), "without the score nobody is contacted: {fine}");
    let email = drill("email").ok().json();
    assert!(email["sums"]["same"].as_u64() > Some(0) && email["sums"]["missing"].as_u64() > Some(0), "{email}");
    assert!(drill("store").ok().json()["waiting"].as_u64() > Some(0));
    let typo = drill("repurchas").exit(2);
    assert!(typo.err.contains("did you mean `repurchase`?"), "{}", typo.err);
    let risky = "if_unavailable:\n      expr: \"0.0\"\n      accept_risk: \"a drill shows what this does\"";
    edit(&workspace, "workflows/winback.yaml", "if_unavailable: hold", risky);
    let more = drill("repurchase").exit(1).json();
    assert!(more["sums"]["messages_more"].as_u64() > Some(0), "people who come back anyway get a mail: {more}");
    let text = workspace.staunch(&["drill", workspace.text(), "--fail", "repurchase"]).exit(1).out;
    assert!(text.contains("MORE   ") && text.contains("customer-facing messages and"), "{text}");
}

#[test]
fn a_diff_says_what_changes_and_who_stands_there() {
    let workspace = Workspace::init("welcome");
    commit(&workspace);
    let dir = workspace.text();
    let nothing = workspace.staunch(&["diff", dir]).exit(2);
    assert!(nothing.err.contains("--against"), "{}", nothing.err);
    let service = workspace.serve(&["--roles", "worker"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let time = staunch_core::Time(now.as_micros() as i64).to_string();
    let event = json!({ "event": "user.signed_up", "contact": "c1", "time": time, "data": {} }).to_string();
    let file = workspace.write("signed-up.ndjson", event.as_bytes());
    workspace.staunch(&["ingest", dir, file.to_str().unwrap()]).ok();
    until(30, "the run to wait", || {
        let why = workspace.staunch(&["why", dir, "--contact", "c1"]);
        why.code == Some(0) && why.out.contains("waits")
    });
    drop(service);
    edit(&workspace, "workflows/welcome.yaml", "up_to: 3d", "up_to: 5d");
    edit(
        &workspace,
        "templates/welcome/first-steps.txt",
        "answer this mail.\n",
        "answer this mail.\nPS: a new line.\n",
    );
    let diff = workspace.staunch(&["diff", dir, "--format", "json"]).ok().json();
    let flow = &diff["workflows"][0];
    let place = &flow["standing"][0];
    assert_eq!(
        (&place["step"], &place["count"], &place["change"]),
        (&json!("first-project"), &json!(1), &json!("changed"))
    );
    let choices = json!({ "keep": "keeps", "patch": null, "move": "moved", "end": "ends" });
    assert_eq!(place["publish"], choices, "other steps: no patch");
    assert!(workspace.staunch(&["diff", dir]).ok().out.contains("not possible"));
    let refused = workspace.staunch(&["publish", dir, "--existing", "patch"]).exit(2);
    assert!(refused.err.contains("ST7020"), "as the difference says: {}", refused.err);
    let against = workspace.staunch(&["diff", dir, "--against", "HEAD"]).ok().out;
    for wanted in ["up_to: 3d → 5d", "message welcome/first-steps.txt", "+ PS: a new line.", "1 of 1 runs"] {
        assert!(against.contains(wanted), "{wanted} is missing:\n{against}");
    }
}

#[test]
fn coverage_names_what_the_shipped_tests_leave_out() {
    let workspace = Workspace::init("winback");
    let dir = workspace.text();
    let answer = workspace.staunch(&["test", dir, "--coverage", "--format", "json"]).ok().json();
    let flow = &answer["coverage"][0];
    assert_eq!((&flow["workflow"], &flow["of"]), (&json!("winback"), &json!(17)));
    let items = flow["items"].as_array().unwrap();
    let missing: Vec<&str> =
        items.iter().filter(|item| item["count"] == 0).map(|item| item["name"].as_str().unwrap()).collect();
    // An order ends the run by `leave_when` before its waits see it.
    assert_eq!(missing, ["quiet if_seen", "answer if_seen", "order.paid"]);
    let one = workspace.staunch(&["test", dir, "--case", "at night"]).ok().out;
    assert!(one.ends_with("1 passed, 0 failed\n"), "{one}");
    let none = workspace.staunch(&["test", dir, "--case", "no such case"]).exit(2);
    assert!(none.err.contains("next:"), "{}", none.err);
}
