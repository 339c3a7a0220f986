//! Late events and history: state and features only.

use crate::action::Channel;
use crate::testkit::*;
use crate::workflow::Workflow;

fn counting() -> Workflow {
    let case = ("some", "feature.orders >= 2", 1);
    let mut flow = flow(vec![choose("pick", &[case], END), email("tips", END)]);
    add_feature(&mut flow, "orders", "order.paid", None, None, window("7d", "0h"));
    flow.leave_when = vec![on("left")];
    flow
}

#[test]
fn a_late_event_updates_features_and_decides_nothing() {
    let mut bench = Bench::new(vec![counting()]);
    bench.event(event("order.paid", at("1d")));
    let late = bench.event(event("order.paid", at("12h")));
    assert!(late.decision.as_ref().unwrap().late);
    let start = bench.event(event("go", at("13h")));
    assert_eq!((start.runs.len(), start.decision.unwrap().late), (0, true), "a late start starts nothing");
    assert_eq!(bench.contact.decided_to, Some(at("1d")), "time does not go back");
    bench.event(event("go", at("2d")));
    assert_eq!(bench.actions.len(), 1, "the late order counts from now on");
}

#[test]
fn events_at_the_same_time_are_not_late() {
    let mut bench = Bench::new(vec![counting()]);
    bench.event(event("order.paid", at("0h")));
    assert_eq!(whats(&bench.event(event("go", at("0h")))), ["started, done"]);
}

#[test]
fn a_late_event_suppresses_withdraws_and_updates_but_does_not_leave_or_end_waits() {
    let mut flow = flow(vec![wait_event("back", on("came"), "9d", END, END)]);
    flow.leave_when = vec![on("left")];
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    bench.event(event("other", at("2d")));
    bench.event(event("email.complained", at("1d")));
    let withdrawn = serde_json::json!({"purpose": "marketing", "granted": false});
    bench.event(with_body(event("consent.changed", at("1d")), withdrawn));
    bench.event(with_body(event("contact.updated", at("1d")), serde_json::json!({"plan": "pro"})));
    assert!(bench.contact.suppressed.contains_key(&Channel::Email));
    assert!(!bench.contact.consent[&String::from("marketing")].granted);
    assert_eq!(bench.contact.fields[&String::from("plan")], "pro".into());
    bench.event(event("left", at("1d")));
    bench.event(event("came", at("1d")));
    assert_eq!(bench.run().word(), "waiting");
}

#[test]
fn a_late_goal_is_a_measurement_and_counts() {
    let mut flow = flow(vec![email("tips", END)]);
    flow.goal = goal("order.paid", "30d");
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    bench.event(event("other", at("5d")));
    assert_eq!(whats(&bench.event(event("order.paid", at("3d")))), ["goal"]);
    assert_eq!(bench.run().goal_at, Some(at("3d")));
}

#[test]
fn a_late_event_takes_no_deadline() {
    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "1d", 1), email("tips", END)])]);
    bench.event(event("go", at("0h")));
    bench.event(event("other", at("12h")));
    bench.event(event("other", at("6h")));
    assert_eq!((bench.run().word(), bench.contact.wake_at()), ("waiting", Some(at("1d"))));
}

#[test]
fn history_fills_features_and_moves_no_clock() {
    let mut bench = Bench::new(vec![counting()]);
    for offset in ["-1d", "-2d", "-300d"] {
        let mut old = event("order.paid", at(offset));
        old.history = true;
        let transition = bench.event(old);
        assert_eq!((transition.runs.len(), transition.contact.decided_to), (0, None));
    }
    let mut start = event("go", at("-1d"));
    start.history = true;
    assert_eq!(bench.event(start).runs, []);
    assert_eq!(whats(&bench.event(event("go", at("0h")))), ["started, done"]);
    assert_eq!(bench.actions.len(), 1, "two of three orders lie in the window");
}

#[test]
fn facts_are_kept_for_the_far_end_of_a_range_and_then_dropped() {
    let mut flow = flow(vec![choose("pick", &[("some", "feature.prior >= 1", 1)], END), email("tips", END)]);
    add_feature(&mut flow, "prior", "order.paid", None, None, window("14d", "7d"));
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("order.paid", at("0h")));
    bench.event(event("go", at("6d23h")));
    assert_eq!(bench.actions.len(), 0, "too young for the range");
    bench.event(event("go", at("7d")));
    assert_eq!(bench.actions.len(), 1);
    bench.event(event("go", at("13d23h")));
    assert_eq!(bench.actions.len(), 2);
    bench.event(event("go", at("14d")));
    assert_eq!(bench.actions.len(), 2, "too old");
    // What no window reaches is dropped at the first event of a new day.
    bench.event(event("go", at("15d")));
    let log = bench.contact.facts.logs().next().unwrap();
    assert_eq!((log.entries.len(), log.last), (0, Some(at("0h"))));
}

/// A process that does not know a workflow yet must not throw away what the workflow counts.
#[test]
fn facts_of_unknown_keys_survive_and_those_of_known_ones_do_not_need_a_current_version() {
    let mut flow = counting();
    add_feature(&mut flow, "large", "order.paid", None, Some("event.total > 10"), window("90d", "0h"));
    let mut bench = Bench::new(vec![flow.clone()]);
    bench.event(with(event("order.paid", at("0h")), "total", 50.0));
    let workspace = bench.catalog.workspace.clone();
    bench.catalog = crate::decide::Catalog::new(workspace.clone(), vec![], vec![]);
    bench.event(event("other", at("1d")));
    assert_eq!(bench.contact.facts.logs().map(|log| log.entries.len()).collect::<Vec<_>>(), [1, 1]);
    bench.catalog = crate::decide::Catalog::new(workspace, vec![], vec![flow.into()]);
    bench.event(with(event("order.paid", at("2d")), "total", 50.0));
    assert_eq!(bench.contact.facts.logs().map(|log| log.entries.len()).collect::<Vec<_>>(), [2, 2]);
    bench.catalog = crate::decide::Catalog::default();
    bench.event(event("other", at("500d")));
    assert_eq!(bench.contact.facts.logs().count(), 0, "what nobody has counted for so long is forgotten");
}
