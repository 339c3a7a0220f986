//! Waits for a length of time and for an event, to the microsecond.

use crate::action::ActionState::Ready;
use crate::run::RunStatus;
use crate::testkit::*;
use crate::time::Time;

/// `came` ends the wait and sends `thanks`; silence sends `tips`.
fn bench() -> Bench {
    let nodes = vec![wait_event("back", on("came"), "3d", 2, 1), email("tips", END), email("thanks", END)];
    Bench::new(vec![flow(nodes)])
}

#[test]
fn a_wait_ends_at_its_time_and_what_follows_is_decided_for_that_time() {
    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "2d", 1), email("tips", END)])]);
    bench.event(event("go", at("0h")));
    let early = bench.wake(Time(at("2d").0 - 1));
    assert_eq!((early.decision, early.actions.len(), early.wake_at), (None, 0, Some(at("2d"))));
    let late = bench.wake(at("2d5h"));
    assert_eq!(whats(&late), ["went on, done"]);
    assert_eq!((late.actions[0].planned_at, late.decision.as_ref().unwrap().at), (at("2d"), at("2d")));
    assert_eq!(late.wake_at, None);
}

#[test]
fn an_event_before_or_exactly_at_the_deadline_ends_the_wait() {
    for came in ["1h", "2d23h59m59s", "3d"] {
        let mut bench = bench();
        bench.event(event("go", at("0h")));
        bench.event(event("came", at(came)));
        assert_eq!(bench.planned(), [("thanks", Ready)], "{came}");
        assert_eq!(bench.actions[0].planned_at, at(came));
    }
}

#[test]
fn an_event_behind_the_deadline_comes_too_late() {
    let mut bench = bench();
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("came", Time(at("3d").0 + 1)));
    assert_eq!(bench.planned(), [("tips", Ready)]);
    assert_eq!(transition.actions[0].planned_at, at("3d"), "decided for the deadline, not for the event");
    assert_eq!(transition.decision.unwrap().at, Time(at("3d").0 + 1));
}

#[test]
fn another_event_at_the_deadline_leaves_the_deadline_to_the_wake_up() {
    let mut bench = bench();
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("other", at("3d")));
    assert_eq!((transition.wake_at, bench.actions.len()), (Some(at("3d")), 0));
    bench.wake(at("3d"));
    assert_eq!(bench.planned(), [("tips", Ready)]);
}

#[test]
fn a_deadline_is_handled_once() {
    let mut bench = bench();
    bench.event(event("go", at("0h")));
    bench.wake(at("3d"));
    assert_eq!(bench.wake(at("3d")).decision, None);
    bench.event(event("came", at("3d")));
    assert_eq!(bench.planned(), [("tips", Ready)]);
}

#[test]
fn a_filter_compares_the_event_with_the_entry() {
    let wait = wait_event("back", on_where("came", "event.cart == entry.cart"), "3d", 2, 1);
    let flow = flow(vec![wait, email("tips", END), email("thanks", END)]);
    let mut bench = Bench::new(vec![flow]);
    bench.event(with(event("go", at("0h")), "cart", "a"));
    bench.event(with(event("came", at("1h")), "cart", "b"));
    bench.event(event("came", at("2h")));
    assert_eq!(bench.planned(), [], "another cart, and one without a cart, are not the event");
    bench.event(with(event("came", at("3h")), "cart", "a"));
    assert_eq!(bench.planned(), [("thanks", Ready)]);
}

#[test]
fn waits_follow_each_other_within_one_wake_up_each_at_its_time() {
    let nodes = vec![wait_for("a", "1d", 1), wait_for("b", "0s", 2), wait_for("c", "1d", 3), email("tips", END)];
    let mut bench = Bench::new(vec![flow(nodes)]);
    bench.event(event("go", at("0h")));
    let transition = bench.wake(at("30d"));
    assert_eq!(whats(&transition), ["went on, waits", "went on, waits", "went on, done"]);
    assert_eq!(transition.actions[0].planned_at, at("2d"));
}

#[test]
fn deadlines_of_several_runs_are_taken_in_order_before_the_event() {
    let named = |name: &str, pause: &str| {
        let mut flow = flow(vec![wait_for("pause", pause, 1), email(name, END)]);
        flow.name = name.into();
        flow
    };
    let mut bench = Bench::new(vec![named("w", "3d"), named("x", "1d"), named("y", "2d")]);
    bench.event(event("go", at("0h")));
    let transition = bench.event(event("other", at("4d")));
    let order: Vec<_> = bench.actions.iter().map(|action| (action.step.as_str(), action.planned_at)).collect();
    assert_eq!(order, [("x", at("1d")), ("y", at("2d")), ("w", at("3d"))]);
    assert_eq!(transition.contact.decided_to, Some(at("4d")));
}

#[test]
fn a_wait_longer_than_time_itself_does_not_overflow() {
    let mut wait = wait_for("pause", "1d", END);
    wait.kind = crate::workflow::NodeKind::WaitFor { span: crate::time::Span(i64::MAX) };
    let mut bench = Bench::new(vec![flow(vec![wait])]);
    bench.event(event("go", at("0h")));
    assert_eq!(bench.run().status, RunStatus::Waiting { step: "pause".into(), until: Time(i64::MAX) });
    assert_eq!(whats(&bench.wake(Time(i64::MAX))), ["went on, done"]);
}

#[test]
fn a_run_whose_version_is_unknown_here_is_held_says_so_and_goes_on_when_it_is_back() {
    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "1d", 1), email("tips", END)])]);
    bench.event(event("go", at("0h")));
    let known = std::mem::take(&mut bench.catalog);
    let transition = bench.wake(at("1d"));
    assert_eq!(whats(&transition), ["held: version_gone (this version of the workflow is not known here)"]);
    assert_eq!(bench.contact.wake_at(), Some(at("1d1h")));
    bench.catalog = known;
    bench.wake(at("1d1h"));
    assert_eq!(bench.planned(), [("tips", Ready)]);
}

#[test]
fn a_run_whose_version_stays_unknown_leaves() {
    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "1d", END)])]);
    bench.event(event("go", at("0h")));
    bench.catalog = crate::decide::Catalog::default();
    bench.wake(at("1d"));
    let transition = bench.wake(at("8d"));
    assert_eq!(transition.runs[0].status, RunStatus::Left { reason: "version_gone".into() });
    assert_eq!(transition.cancelled, [transition.runs[0].id.as_str()]);
    assert_eq!(transition.contact.runs, []);
}
