//! `staunch why` after the demo: the whole reason, for people and for machines.

use crate::Demo;
use serde_json::Value;
use staunch_tests::{Answer, root, staunch};

fn why(demo: &Demo, contact: &str, more: &[&str]) -> Answer {
    let dir = demo.dir.to_str().unwrap();
    staunch(&[&["why", dir, "--contact", contact, "--workflow", "winback"], more].concat(), &[]).ok()
}

fn digest() -> String {
    let lock = std::fs::read_to_string(root().join("examples/retail/staunch.lock")).unwrap();
    let words = lock.split(|letter: char| !letter.is_ascii_hexdigit());
    words.into_iter().find(|word| word.len() == 64).unwrap().to_owned()
}

/// The text with its line breaks as blanks, for long values are wrapped.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check_scored(text: &str) {
    for part in [
        "order.paid invoice-",
        "rule",
        "feature",
        "spend =",
        "score repurchase =",
        "plugin repurchase, sha256",
        &digest(),
    ] {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
}

/// For a known customer, one who was sent something and one who was not.
pub fn check(demo: &Demo) {
    let samples = &demo.document["samples"];
    let known = flat(&why(demo, "17850", &[]).out);
    check_scored(&known);
    assert!(known.contains("inside the training period"), "{known}");
    let sent = samples["sent"].as_str().unwrap();
    let withheld = samples["withheld"]["contact"].as_str().unwrap();
    for (contact, state) in [(sent, "done"), (withheld, "withheld")] {
        let text = flat(&why(demo, contact, &[]).out);
        check_scored(&text);
        assert!(text.contains("guard"), "{text}");
        check_json(&why(demo, contact, &["--format", "json"]).json(), state);
    }
    let nobody = staunch(&["why", demo.dir.to_str().unwrap(), "--contact", "nobody"], &[]).exit(2);
    assert!(nobody.err.contains("nobody") && nobody.err.contains("next:"), "{}", nobody.err);
}

/// Event, features, rules, score with reasons and digest, guards with counter and limit, and the outcome.
fn check_json(document: &Value, state: &str) {
    let decisions = document["decisions"].as_array().unwrap();
    assert!(decisions.iter().any(|one| one["event"]["kind"] == "order.paid"));
    let entries = decisions.iter().flat_map(|one| one["entries"].as_array().unwrap());
    let acting: Vec<&Value> =
        entries.filter(|entry| entry["actions"].as_array().is_some_and(|all| !all.is_empty())).collect();
    assert!(!acting.is_empty(), "{document}");
    let scored = acting.iter().find(|entry| entry["scores"].as_array().is_some_and(|all| !all.is_empty())).unwrap();
    assert!(scored["features"]["spend"].is_number() && !scored["trace"].as_array().unwrap().is_empty(), "{scored}");
    let score = &scored["scores"][0];
    assert_eq!(score["digest"].as_str(), Some(digest().as_str()));
    assert!(score["value"].is_number() && !score["reasons"].as_array().unwrap().is_empty(), "{score}");
    let actions = document["actions"].as_array().unwrap();
    assert!(actions.iter().any(|action| action["state"] == state), "no action is {state}: {actions:?}");
    check_guards(actions, state);
}

/// Every guard, with counter and limit of the one that counts: the cap of what was sent, the holdout of what was not.
fn check_guards(actions: &[Value], state: &str) {
    let both = ["decision", "gate"];
    let of =
        |action: &'_ Value| both.map(|when| action["guards"][when].as_array().cloned().unwrap_or_default()).concat();
    let guards: Vec<Value> = actions.iter().flat_map(of).collect();
    let named =
        |kind: &str| guards.iter().filter(|one| one["guard"].as_str().unwrap().contains(kind)).collect::<Vec<_>>();
    for kind in ["consent", "cap", "quiet", "holdout"] {
        assert!(!named(kind).is_empty(), "no guard {kind}: {guards:?}");
    }
    let counted = named(if state == "done" { "cap" } else { "holdout" });
    let has_both = |one: &&Value| one["counter"].is_number() && one["limit"].is_number();
    assert!(counted.iter().any(has_both), "{counted:?}");
}
