//! Goals count from the exposure; leaving withholds what is pending, also of runs that are done.

use crate::action::ActionState;
use crate::testkit::*;
use crate::time::Time;
use crate::workflow::Workflow;

/// Sends at once; the goal is an order within 30 days.
fn sends() -> Workflow {
    let mut flow = flow(vec![email("tips", END)]);
    flow.goal = goal("order.paid", "30d");
    flow
}

/// The goal's time after `go` at 0 h and an order at each of these.
fn reached(flow: Workflow, orders: &[Time]) -> Option<Time> {
    let mut bench = Bench::new(vec![flow]);
    let mut found = bench.event(event("go", at("0h"))).runs[0].goal_at;
    for order in orders {
        let transition = bench.event(with(event("order.paid", *order), "total", 12.5));
        for run in transition.runs {
            assert!(run.goal_at.is_none() || found.is_none() || run.goal_at == found, "reached twice");
            found = run.goal_at.or(found);
        }
    }
    found
}

#[test]
fn a_goal_counts_inside_its_window_and_once() {
    assert_eq!(reached(sends(), &[at("1d")]), Some(at("1d")));
    assert_eq!(reached(sends(), &[at("30d")]), Some(at("30d")));
    assert_eq!(reached(sends(), &[Time(at("30d").0 + 1)]), None);
    assert_eq!(reached(sends(), &[at("0h")]), None, "what happens at the exposure is no result of it");
    assert_eq!(reached(sends(), &[at("1d"), at("2d")]), Some(at("1d")));
}

#[test]
fn the_goal_says_so_with_its_value() {
    let mut bench = Bench::new(vec![sends()]);
    bench.event(event("go", at("0h")));
    let transition = bench.event(with(event("order.paid", at("1d")), "total", 12.5));
    assert_eq!(whats(&transition), ["goal"]);
    assert_eq!(transition.runs[0].goal_value, Some(12.5));
    assert_eq!(whats(&bench.event(event("order.paid", at("2d")))), [""; 0]);
}

/// A caps-free comparison: the window opens when the first action was planned, sent or not.
#[test]
fn the_window_opens_with_the_first_planned_action() {
    let mut flow = sends();
    flow.nodes = vec![wait_for("pause", "10d", 1), email("tips", END)];
    assert_eq!(reached(flow.clone(), &[at("35d")]), Some(at("35d")));
    assert_eq!(reached(flow.clone(), &[at("41d")]), None);
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    bench.event(event("order.paid", at("5d")));
    assert_eq!(bench.run().goal_at, Some(at("5d")));
    bench.wake(at("10d"));
    assert_eq!((bench.run().goal_at, bench.run().goal_value, bench.run().exposed_at), (None, None, Some(at("10d"))));
}

#[test]
fn held_out_contacts_reach_goals_too() {
    let mut flow = sends();
    flow.holdout = 1.0;
    assert_eq!(reached(flow, &[at("1d")]), Some(at("1d")));
}

#[test]
fn a_run_is_kept_as_long_as_its_goal_or_an_action_needs_it_and_no_longer() {
    let mut bench = Bench::new(vec![sends()]);
    bench.event(event("go", at("0h")));
    bench.event(event("other", at("30d")));
    assert_eq!(bench.contact.runs.len(), 1);
    bench.event(event("other", Time(at("30d").0 + 1)));
    assert_eq!(bench.contact.runs, [], "its window is over");

    let mut bench = Bench::new(vec![sends()]);
    bench.event(event("go", at("0h")));
    bench.event(event("order.paid", at("1d")));
    assert_eq!(bench.contact.runs.len(), 1, "its action may be pending for seven days");
    bench.event(event("other", Time(at("7d").0 + 1)));
    assert_eq!(bench.contact.runs, []);

    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "1d", END)])]);
    bench.event(event("go", at("0h")));
    bench.wake(at("1d"));
    assert_eq!(bench.contact.runs, [], "it planned nothing");
}

#[test]
fn leaving_ends_the_run_and_withholds_what_is_pending() {
    let mut flow = flow(vec![email("tips", 1), wait_for("pause", "5d", 2), email("more", END)]);
    flow.leave_when = vec![on_where("order.paid", "event.total > 10"), on("left")];
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    let small = bench.event(with(event("order.paid", at("1h")), "total", 5.0));
    assert_eq!((small.cancelled.len(), whats(&small).len()), (0, 0));
    let transition = bench.event(with(event("order.paid", at("2h")), "total", 50.0));
    assert_eq!(whats(&transition), ["left: order.paid"]);
    assert_eq!(transition.cancelled, [transition.runs[0].id.as_str()]);
    assert_eq!((transition.runs[0].word(), transition.runs[0].ended_at), ("left", Some(at("2h"))));
    assert_eq!((bench.contact.runs.len(), transition.wake_at), (0, None));
    bench.wake(at("9d"));
    assert_eq!(bench.actions.len(), 1, "the second action is never planned");
}

#[test]
fn a_run_that_is_done_leaves_as_long_as_an_action_may_be_pending() {
    let leaving = || {
        let mut flow = flow(vec![email("tips", END)]);
        flow.leave_when = vec![on("left")];
        let mut bench = Bench::new(vec![flow]);
        bench.event(event("go", at("0h")));
        bench
    };
    let mut bench = leaving();
    let transition = bench.event(event("left", at("7d")));
    assert_eq!(transition.cancelled.len(), 1);
    assert_eq!(transition.runs[0].word(), "done", "it was done before, and stays so");
    assert_eq!(bench.event(event("left", at("7d"))).cancelled, [""; 0], "once");
    assert_eq!(leaving().event(event("left", Time(at("7d").0 + 1))).cancelled, [""; 0], "nothing is pending any more");
}

/// The deadline before the event plans an action; the event that leaves withholds it in the same decision.
#[test]
fn an_action_planned_in_the_decision_that_leaves_is_withheld() {
    let mut flow = flow(vec![wait_for("pause", "1d", 1), email("tips", END)]);
    flow.leave_when = vec![on("left")];
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("left", at("2d")));
    assert_eq!(transition.actions[0].state, ActionState::Ready);
    assert_eq!(transition.cancelled, [transition.actions[0].run.as_str()]);
}

#[test]
fn the_goal_counts_even_where_the_same_event_leaves() {
    let mut flow = sends();
    flow.leave_when = vec![on("order.paid")];
    let mut bench = Bench::new(vec![flow]);
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("order.paid", at("1d")));
    assert_eq!(whats(&transition), ["goal", "left: order.paid"]);
    assert_eq!(transition.runs[0].goal_at, Some(at("1d")));
}

#[test]
fn runs_do_not_pile_up() {
    let mut bench = Bench::new(vec![sends()]);
    for day in 0..400 {
        bench.event(event("go", at(&format!("{day}d"))));
    }
    assert_eq!(bench.contact.runs.len(), 31);
}
