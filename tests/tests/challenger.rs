//! A second version of a plugin scores in shadow on live events, is compared with the one in force, and takes its place
//! under load without a score being lost.

use serde_json::{Value, json};
use staunch_tests::{Service, Workspace, get, post, until};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const FILES: [(&str, &str); 3] = [
    (
        "staunch.yaml",
        "workspace: challenge\nzone: Europe/Berlin\ncurrency: EUR\ncontact:\n  plan: { type: text }\nevents:\n  page.viewed: { seconds: number }\n  order.placed: {}\npurposes: [onboarding]\npolicy: {}\n",
    ),
    ("templates/hello/hi.txt", "Title: Hi\n\nHello.\n"),
    (
        "workflows/hello.yaml",
        "\
workflow: hello
title: Say hello
owner: test
purpose: onboarding
priority: 10
start:
  event: page.viewed
scores:
  chance:
    plugin: chance
    inputs: [entry.seconds]
    if_unavailable: hold
steps:
  - choose: chance
    first:
      - case: likely
        when: score.chance >= 0.5
        do:
          - nudge: hi
            template: hello/hi
            expires: 7d
    else: stop
while_running: ignore
goal: { event: order.placed, window: 7d }
",
    ),
];

/// A plugin that says `sigmoid(weight × (seconds − 30) / 10)`.
fn component(workspace: &Workspace, version: &str, weight: f64, to: &str) {
    let input = json!({ "name": "seconds", "mean": 30.0, "sd": 10.0, "low": 0.0, "high": 60.0, "weight": weight });
    let model = json!({
        "kind": "logistic", "format": 1, "name": "chance", "version": version, "inputs": [input], "intercept": 0.0,
        "bands": [{ "name": "low", "from": 0.0 }, { "name": "high", "from": 0.5 }],
        "card": { "owner": "test", "purpose": "a test", "rows": 1, "positives": 1, "minimum_outcomes": 1 },
    });
    let path = workspace.write("model.json", model.to_string().as_bytes());
    let to = workspace.write(to, b"");
    workspace.staunch(&["model", "compile", path.to_str().unwrap(), "-o", to.to_str().unwrap()]).ok();
}

fn challenged() -> Workspace {
    let workspace = Workspace::new(&FILES);
    component(&workspace, "1.0.0", -1.0, "plugins/chance.wasm");
    component(&workspace, "2.0.0", 1.0, "plugins/challengers/chance.wasm");
    workspace.staunch(&["lock", workspace.text()]).ok();
    workspace.staunch(&["check", workspace.text()]).ok();
    workspace
}

static EVENTS: AtomicU32 = AtomicU32::new(0);

fn event(service: &Service, contact: &str, kind: &str, data: &Value) {
    let id = format!("e{}", EVENTS.fetch_add(1, Ordering::Relaxed));
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let time = staunch_core::Time(i64::try_from(since.as_micros()).unwrap()).to_string();
    let event = json!({
        "specversion": "1.0", "id": id, "source": "app", "type": kind, "time": time, "subject": contact, "data": data,
    });
    let reply = post(&format!("{}/v1/events", service.address()), event.to_string().as_bytes()).unwrap();
    assert_eq!(reply.status, 202, "{reply:?}");
}

fn metric(service: &Service, name: &str) -> f64 {
    let metrics = get(&format!("{}/metrics", service.address())).unwrap().body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

fn scored(service: &Service, result: &str) -> f64 {
    metric(service, &format!("staunch_scores_total{{plugin=\"chance\",result=\"{result}\"}}"))
}

fn compare(workspace: &Workspace) -> Value {
    workspace.staunch(&["plugin", "compare", workspace.text(), "--plugin", "chance", "--format", "json"]).ok().json()
}

#[test]
fn a_challenger_is_compared_with_what_happened_and_promoted_under_load() {
    let workspace = challenged();
    let service = workspace.serve(&[]);
    // Who stays long places an order: the challenger is right, and the one in force has it the wrong way round.
    for person in 0..60 {
        let (contact, seconds) = (format!("c{person}"), f64::from(person));
        event(&service, &contact, "page.viewed", &json!({ "seconds": seconds }));
    }
    until(30, "60 scores", || scored(&service, "ok") == 60.0);
    for person in 30..60 {
        event(&service, &format!("c{person}"), "order.placed", &json!({}));
    }
    let first = (0..200).map(|_| compare(&workspace)).find(|found| found["decisions"] == 60).unwrap();
    assert_eq!((&first["people"], &first["failed"], &first["other_versions"]), (&json!(60), &json!(0), &json!(0)));
    // 30 seconds is 0.5 by both, so all but one row change bands.
    let moved = first["bands"]["moved"].as_array().unwrap();
    assert_eq!(moved.iter().map(|one| one["decisions"].as_u64().unwrap()).sum::<u64>(), 59, "{first}");
    // A goal is known when it is reached; that it is not is known after a week.
    assert!(first["outcomes"].is_null() && first["verdict"] == "too_early", "{first}");
    let page = workspace.staunch(&["plugin", "compare", workspace.text(), "--plugin", "chance"]).ok().out;
    assert!(page.contains("chance: 1.0.0 in force, 2.0.0 challenges it"), "{page}");
    assert!(page.contains("60 decisions of 60 people") && page.contains("rank correlation -1.000"), "{page}");
    let why = workspace.staunch(&["why", workspace.text(), "--contact", "c7"]).ok().out;
    assert!(why.contains("challenger 2.0.0 said 0.09") && why.contains("nothing was decided by it"), "{why}");
    under_load(&workspace, &service);
}

/// Promotes while events come in, and looks at every score.
fn under_load(workspace: &Workspace, service: &Service) {
    let before = scored(service, "ok");
    let (stop, sent) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (stop, sent) = (&stop, &sent);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    event(service, &format!("l{thread}-{number}"), "page.viewed", &json!({ "seconds": 45.0 }));
                    sent.fetch_add(1, Ordering::Relaxed);
                    number += 1;
                }
            });
        }
        let answer = workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "chance"]).ok().out;
        assert!(answer.contains("chance 2.0.0 is in force; 1.0.0 was kept as plugins/retired/chance-"), "{answer}");
        until(30, &format!("the swap\n{}\n{}", service.out(), service.err()), || {
            service.out().contains("reloaded: plugins")
        });
        let swapped = sent.load(Ordering::Relaxed);
        until(30, "more events after the swap", || sent.load(Ordering::Relaxed) > swapped + 30);
        stop.store(true, Ordering::Relaxed);
    });
    let all = before + f64::from(sent.load(Ordering::Relaxed));
    until(60, &format!("{all} scores"), || scored(service, "ok") == all);
    assert_eq!((scored(service, "failed"), metric(service, "staunch_events_total{result=\"parked\"}")), (0.0, 0.0));
    event(service, "last", "page.viewed", &json!({ "seconds": 45.0 }));
    let says = |contact: &str, what: &str| {
        workspace.staunch(&["why", workspace.text(), "--contact", contact]).out.contains(what)
    };
    // sigmoid(±1.5)
    until(30, "the new version", || says("last", "score   chance = 0.8176"));
    assert!(says("l0-0", "score   chance = 0.1824"));
    let files = |folder: &str| {
        let all = std::fs::read_dir(workspace.dir().join(folder)).unwrap();
        let mut names: Vec<String> = all.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(files("plugins"), ["challengers", "chance.wasm", "retired"]);
    assert!(files("plugins/challengers").is_empty() && files("plugins/retired").len() == 1);
    workspace.staunch(&["lock", workspace.text()]).ok();
    let again = workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "chance"]).exit(2);
    assert!(again.err.contains("`chance` has no challenger"), "{}", again.err);
}

#[test]
fn a_challenger_that_the_workspace_cannot_use_is_not_promoted() {
    let workspace = challenged();
    // The other version reads less than the workflow hands over.
    let model = std::fs::read_to_string(workspace.dir().join("model.json")).unwrap();
    let mut model: Value = serde_json::from_str(&model).unwrap();
    model["inputs"] = json!([]);
    let path = workspace.write("model.json", model.to_string().as_bytes());
    let to = workspace.dir().join("plugins/challengers/chance.wasm");
    workspace.staunch(&["model", "compile", path.to_str().unwrap(), "-o", to.to_str().unwrap()]).ok();
    let lock = std::fs::read(workspace.dir().join("staunch.lock")).unwrap();
    let changed = workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "chance", "--force"]).exit(2);
    assert!(changed.err.contains("ST3002") && changed.err.contains("is not what staunch.lock pins"), "{}", changed.err);
    workspace.staunch(&["lock", workspace.text()]).ok();
    let pinned = std::fs::read(workspace.dir().join("staunch.lock")).unwrap();
    assert_ne!(lock, pinned);
    let untried = workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "chance"]).exit(1);
    assert!(untried.out.contains("it has scored no decision in shadow yet"), "{}", untried.out);
    let forced = ["plugin", "promote", workspace.text(), "--plugin", "chance", "--force"];
    let refused = workspace.staunch(&forced).exit(1);
    assert!(refused.out.contains("nothing was changed"), "{}", refused.out);
    assert_eq!(std::fs::read(workspace.dir().join("staunch.lock")).unwrap(), pinned);
    let files = std::fs::read_dir(workspace.dir().join("plugins")).unwrap().count();
    assert_eq!(files, 2, "the component, and the folder of challengers");
    workspace.staunch(&["check", workspace.text()]).ok();
}

#[test]
fn a_challenger_that_fails_or_cannot_be_told_apart_is_not_promoted() {
    let workspace = challenged();
    component(&workspace, "1.0.0", 1.0, "plugins/challengers/chance.wasm");
    let same = workspace.staunch(&["lock", workspace.text()]).exit(1);
    assert!(same.out.contains("it challenges `chance` 1.0.0, and is 1.0.0 itself"), "{}", same.out);
    // e^1000 is no number that a score may be.
    let endless = json!({
        "kind": "trees", "format": 1, "name": "chance", "version": "2.0.0", "inputs": [{ "name": "seconds" }],
        "base": 1000.0, "link": "exp", "trees": [],
        "card": { "owner": "test", "purpose": "a test", "rows": 1, "positives": 1, "minimum_outcomes": 1 },
    });
    let path = workspace.write("model.json", endless.to_string().as_bytes());
    let to = workspace.dir().join("plugins/challengers/chance.wasm");
    workspace.staunch(&["model", "compile", path.to_str().unwrap(), "-o", to.to_str().unwrap()]).ok();
    workspace.staunch(&["lock", workspace.text()]).ok();
    let service = workspace.serve(&[]);
    for person in 0..30 {
        event(&service, &format!("c{person}"), "page.viewed", &json!({ "seconds": 45.0 }));
    }
    until(30, "30 scores", || scored(&service, "ok") == 30.0);
    // It is not asked any more after five failures.
    until(30, "five failures", || compare(&workspace)["failed"].as_u64() >= Some(5));
    let refused = workspace.staunch(&["plugin", "promote", workspace.text(), "--plugin", "chance"]).exit(1);
    assert!(refused.out.contains("not promoted: it gave nothing for"), "{}", refused.out);
    assert!(workspace.dir().join("plugins/challengers/chance.wasm").is_file());
}
