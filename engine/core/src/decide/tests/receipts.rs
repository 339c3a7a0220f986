//! Receipts: what was read with its values, personal ones masked, and never more than a person can read.

use crate::decide::Transition;
use crate::expr::Root;
use crate::feature::{FeatureDef, FeatureKind};
use crate::receipt::{Decision, MASK};
use crate::score::IfUnavailable;
use crate::testkit::*;
use crate::workflow::Workflow;

const CANARY: &str = "canary-7f3a";

/// Every place that could show a personal value.
fn curious() -> Workflow {
    let rules = [
        ("name", "contact.name == \"x\"", END),
        ("note", "entry.note ?? \"x\" == \"x\"", END),
        ("years", "feature.years > 100000", END),
        ("risk", "score.risk > 2", END),
    ];
    let mut flow =
        flow(vec![choose("pick", &rules, 1), email("tips", 2), wait_event("w", on("order.paid"), "1d", 3, 3)]);
    flow.nodes.push(email("more", END));
    if let crate::workflow::NodeKind::WaitEvent { event, .. } = &mut flow.nodes[2].kind {
        event.filter = Some(expr("event.note == entry.note && contact.name != event.note"));
    }
    flow.start.events = vec!["order.paid".into()];
    flow.start.when = Some(expr("event.note != \"x\""));
    flow.goal = goal("order.paid", "9d");
    flow.leave_when = vec![on_where("order.paid", "event.note == \"x\"")];
    flow.reviews = vec![gate("look", Some("contact.name == entry.note"))];
    flow.features.push(FeatureDef { name: "years".into(), kind: FeatureKind::Expr(expr("contact.age")) });
    flow.scores = vec![score(
        &[(Root::Contact, "name"), (Root::Contact, "age"), (Root::Entry, "note"), (Root::Feature, "years")],
        IfUnavailable::Hold,
    )];
    flow
}

fn run() -> Vec<Transition> {
    let mut bench = Bench::new(vec![curious()]);
    bench.contact.fields.insert("name".into(), CANARY.into());
    bench.contact.fields.insert("email".into(), format!("{CANARY}@example.invalid").as_str().into());
    bench.contact.fields.insert("age".into(), 73_519.0.into());
    let order = |offset| with(event("order.paid", at(offset)), "note", CANARY);
    let update = serde_json::json!({"name": CANARY, "unknown": CANARY});
    let transitions = vec![
        bench.event(order("0h")),
        bench.event(with_body(event("contact.updated", at("1h")), update)),
        bench.event(order("2h")),
        bench.wake(at("1d")),
    ];
    assert_eq!(bench.asked[0].inputs[0].1, Some(CANARY.into()), "the plugin's input is the true value");
    transitions
}

#[test]
fn no_personal_value_reaches_a_receipt() {
    let transitions = run();
    let receipts: Vec<&Decision> = transitions.iter().filter_map(|transition| transition.decision.as_ref()).collect();
    let shown = serde_json::to_string(&receipts).unwrap();
    assert!(!shown.contains(CANARY) && !shown.contains("73519"), "{shown}");
    let checks: Vec<_> = transitions.iter().flat_map(|transition| &transition.actions).map(|one| &one.checks).collect();
    assert!(!serde_json::to_string(&checks).unwrap().contains(CANARY));
    assert!(receipts.len() >= 3 && shown.contains(MASK));
}

#[test]
fn a_rule_shows_what_it_read_and_what_came_of_it() {
    let case = ("pro", "contact.plan ?? \"none\" == \"pro\" && feature.orders >= 1", 1);
    let mut flow = flow(vec![choose("pick", &[case], END), email("tips", END)]);
    add_feature(&mut flow, "orders", "order.paid", None, None, window("7d", "0h"));
    let mut bench = Bench::new(vec![flow]);
    bench.contact.fields.insert("plan".into(), "pro".into());
    bench.event(event("order.paid", at("0h")));
    let decision = bench.event(event("go", at("1h"))).decision.unwrap();
    let entry = &decision.entries[0];
    let steps: Vec<_> = entry.trace.iter().map(|trace| (trace.step.as_str(), trace.result.as_str())).collect();
    assert_eq!(steps, [("start", "go came"), ("pick/pro", "true"), ("tips", "email ready")]);
    let values = [("contact.plan".to_owned(), Some("pro".into())), ("feature.orders".to_owned(), Some(1.0.into()))];
    assert_eq!(entry.trace[1].values, values);
    assert_eq!(entry.features["orders"], 1.0);
    assert_eq!(entry.actions, [bench.actions[0].id.as_str()]);
}

#[test]
fn a_huge_text_is_shortened_in_the_receipt_and_nowhere_else() {
    let huge = "ä".repeat(400_000);
    let rule = ("same", "entry.cart == \"x\" && contact.plan == \"x\"", END);
    let mut bench = Bench::new(vec![flow(vec![choose("pick", &[rule], END)])]);
    bench.contact.fields.insert("plan".into(), huge.as_str().into());
    let transition = bench.event(with(event("go", at("0h")), "cart", huge.as_str()));
    let size = serde_json::to_string(transition.decision.as_ref().unwrap()).unwrap().len();
    assert!(size < 4_000, "{size}");
    assert_eq!(transition.runs[0].entry.fields[&String::from("cart")], huge.as_str().into());
}

#[test]
fn an_empty_sum_is_a_plain_zero_and_a_boundless_one_is_no_number() {
    let mut flow = flow(vec![choose("pick", &[("some", "feature.spend > 1", 1)], 1), email("tips", END)]);
    add_feature(&mut flow, "spend", "order.paid", Some("total"), None, window("7d", "0h"));
    let mut bench = Bench::new(vec![flow]);
    let decision = bench.event(event("go", at("0h"))).decision.unwrap();
    assert_eq!(decision.entries[0].trace[1].values[0].1.as_ref().unwrap().to_string(), "0");
    for hour in ["1h", "2h"] {
        bench.event(with(event("order.paid", at(hour)), "total", 1.7e308));
    }
    let transition = bench.event(event("go", at("3h")));
    let text = serde_json::to_string(&transition.decision).unwrap();
    assert_eq!(serde_json::from_str::<Option<Decision>>(&text).unwrap(), transition.decision);
    assert_eq!(whats(&transition), ["held: expression (feature `spend` is no finite number)"]);
}
