//! What starts a run, what does not, and what a second start does.

use crate::run::RunStatus;
use crate::testkit::*;
use crate::workflow::{WhileRunning, Workflow};

fn waits() -> Workflow {
    flow(vec![wait_for("pause", "2d", END)])
}

/// `go` at each offset; what the receipt of each says.
fn check(change: impl Fn(&mut Workflow), gos: &[&str], want: &[&str]) -> Bench {
    let mut flow = waits();
    change(&mut flow);
    let mut bench = Bench::new(vec![flow]);
    let said: Vec<String> = gos.iter().map(|offset| whats(&bench.event(event("go", at(offset)))).join(" · ")).collect();
    assert_eq!(said, want);
    bench
}

#[test]
fn a_start_event_starts_a_run() {
    let bench = check(|_| {}, &["0h"], &["started, waits"]);
    assert_eq!(bench.run().status, RunStatus::Waiting { step: "pause".into(), until: at("2d") });
    assert_eq!((bench.run().entry.time, bench.run().assignment.is_none()), (at("0h"), true));
    assert_eq!(bench.contact.wake_at(), Some(at("2d")));
}

#[test]
fn another_event_does_not() {
    let mut bench = Bench::new(vec![waits()]);
    let transition = bench.event(event("come", at("0h")));
    assert_eq!((transition.runs.len(), whats(&transition).len()), (0, 0));
    assert!(transition.decision.is_some(), "an event that touches nothing is still decided");
}

#[test]
fn when_has_to_hold_and_to_be_evaluated() {
    check(|flow| flow.start.when = Some(expr("true")), &["0h"], &["started, waits"]);
    check(|flow| flow.start.when = Some(expr("false")), &["0h"], &["not started: when is false"]);
    check(|flow| flow.start.when = Some(expr("fail")), &["0h"], &["not started: it failed"]);
    let want = ["not started: gave number where true or false is needed"];
    check(|flow| flow.start.when = Some(expr("1")), &["0h"], &want);
}

#[test]
fn again_after_counts_from_the_last_entry() {
    let gap = |flow: &mut Workflow| flow.start.again_after = Some(span("14d"));
    let refused = "not started: again_after 14d: last entry at 2026-03-02T10:00:00Z";
    check(gap, &["0h", "13d23h59m59s"], &["started, waits", &format!("went on, done · {refused}")]);
    check(gap, &["0h", "14d"], &["started, waits", "went on, done · started, waits"]);
}

#[test]
fn a_second_start_is_ignored_or_starts_afresh() {
    let ignored = "not started: a run is active";
    check(|_| {}, &["0h", "1d", "2d"], &["started, waits", ignored, ignored]);
    let restart = |flow: &mut Workflow| flow.while_running = WhileRunning::Restart;
    let bench = check(restart, &["0h", "1d"], &["started, waits", "left: restarted · started, waits"]);
    assert_eq!(bench.run().entry.time, at("1d"));
    assert_eq!(bench.run().status, RunStatus::Waiting { step: "pause".into(), until: at("3d") });
}

#[test]
fn a_restart_withholds_what_the_old_run_has_pending_and_ends_it() {
    let mut flow = flow(vec![email("tips", 1), wait_for("pause", "2d", END)]);
    flow.while_running = WhileRunning::Restart;
    let mut bench = Bench::new(vec![flow]);
    let first = bench.event(event("go", at("0h"))).runs[0].id.clone();
    let second = bench.event(event("go", at("1d")));
    assert_eq!(second.cancelled, [first.as_str()]);
    let old = second.runs.iter().find(|run| run.id == first).unwrap();
    assert_eq!((old.word(), old.ended_at), ("left", Some(at("1d"))));
    assert_ne!(second.actions[0].id, bench.actions[0].id, "another run, another action");
}

#[test]
fn an_event_first_ends_a_wait_and_then_starts_a_run() {
    let mut bench = Bench::new(vec![flow(vec![wait_event("back", on("go"), "3d", END, END)])]);
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("go", at("1d")));
    assert_eq!(whats(&transition), ["went on, done", "started, waits"]);
    assert_eq!(bench.run().entry.time, at("1d"));
}

#[test]
fn workflows_start_in_the_order_of_their_names() {
    let named = |name: &str| Workflow { name: name.into(), ..waits() };
    let mut bench = Bench::new(vec![named("y"), named("w"), named("x")]);
    let transition = bench.event(event("go", at("0h")));
    let names: Vec<&str> =
        transition.decision.as_ref().unwrap().entries.iter().map(|entry| entry.workflow.as_str()).collect();
    assert_eq!(names, ["w", "x", "y"]);
}

#[test]
fn globs_start_runs_once() {
    let mut flow = waits();
    flow.start.events = vec!["g*".into(), "go".into()];
    let mut bench = Bench::new(vec![flow]);
    assert_eq!(whats(&bench.event(event("go", at("0h")))), ["started, waits"]);
}

#[test]
fn the_same_event_gives_the_same_run_and_action_ids() {
    let made = || {
        let mut bench = Bench::new(vec![flow(vec![email("tips", END)])]);
        bench.event(event("go", at("0h")));
        (bench.run().id.clone(), bench.actions[0].id.clone())
    };
    assert_eq!(made(), made());
    assert_eq!(made().0.len(), 32);
}
