//! Runs that stand before a step that cannot be evaluated: tried again in silence, at most seven days.

use crate::expr::Root;
use crate::run::RunStatus;
use crate::score::IfUnavailable;
use crate::testkit::*;
use crate::time::Time;
use crate::workflow::Workflow;

fn scoring() -> Workflow {
    let mut flow = flow(vec![email("first", 1), choose("pick", &[("a", "score.risk > 0.4", 2)], END), email("a", END)]);
    flow.scores.push(score(&[(Root::Contact, "age")], IfUnavailable::Hold));
    flow
}

fn held() -> Bench {
    let mut bench = Bench::new(vec![scoring()]);
    bench.plugin = Box::new(|_| failed());
    bench.event(event("go", at("0h")));
    bench
}

#[test]
fn a_held_run_is_tried_again_in_silence_every_hour() {
    let mut bench = held();
    for hour in 1..=5i64 {
        let now = at(&format!("{hour}h"));
        let transition = bench.wake(now);
        assert_eq!(transition.decision, None, "a try that changed nothing leaves no receipt");
        assert_eq!(transition.wake_at, Some(now + span("1h")));
    }
    let steps: Vec<&str> = bench.actions.iter().map(|action| action.step.as_str()).collect();
    assert_eq!(steps, ["first"], "what was planned before is not planned again");
}

#[test]
fn it_goes_on_from_the_held_step_when_the_score_is_back() {
    let mut bench = held();
    bench.plugin = Box::new(|_| scored(0.5));
    let transition = bench.wake(at("1h"));
    assert_eq!(whats(&transition), ["went on, done"]);
    let planned: Vec<_> = bench.actions.iter().map(|action| (action.step.as_str(), action.planned_at)).collect();
    assert_eq!(planned, [("first", at("0h")), ("a", at("1h"))]);
}

#[test]
fn after_seven_days_it_leaves() {
    let mut bench = held();
    bench.wake(at("6d23h"));
    assert_eq!(bench.run().word(), "held");
    let transition = bench.wake(at("7d"));
    assert_eq!(transition.runs[0].status, RunStatus::Left { reason: "score_unavailable".into() });
    assert_eq!(whats(&transition), ["left: held for 7d (score risk unavailable)"]);
    assert_eq!(transition.wake_at, None);
}

/// A long silence is caught up with in one decision, and one request: all tries ask the same.
#[test]
fn catching_up_asks_once_and_comes_to_the_same_end() {
    let mut bench = held();
    bench.asked.clear();
    let transition = bench.event(event("other", at("90d")));
    assert_eq!(bench.asked.len(), 1);
    assert_eq!(whats(&transition), ["left: held for 7d (score risk unavailable)"]);
    assert_eq!(transition.runs[0].ended_at, Some(at("7d")));
}

#[test]
fn another_reason_is_said_and_counts_anew() {
    let mut flow = scoring();
    flow.nodes[2] = email("broken", END);
    let mut bench = Bench::new(vec![flow]);
    bench.plugin = Box::new(|_| failed());
    bench.event(event("go", at("0h")));
    bench.plugin = Box::new(|_| scored(0.9));
    let transition = bench.wake(at("1h"));
    assert_eq!(whats(&transition), ["held: render (the template is broken)"]);
    let RunStatus::Held { step, since, .. } = &bench.run().status else { panic!() };
    assert_eq!((step.as_str(), *since), ("broken", at("1h")));
}

#[test]
fn an_event_does_not_move_a_held_run_before_its_time() {
    let mut bench = held();
    bench.plugin = Box::new(|_| scored(0.9));
    let transition = bench.event(event("other", Time(at("1h").0 - 1)));
    assert_eq!((whats(&transition).len(), bench.run().word()), (0, "held"));
}

#[test]
fn an_evaluator_that_asks_for_nothing_in_particular_holds_and_does_not_loop() {
    let mut bench =
        Bench::new(vec![flow(vec![wait_for("pause", "1h", 1), choose("pick", &[("a", "needy", END)], END)])]);
    bench.event(event("go", at("0h")));
    bench.wake(at("1h"));
    assert_eq!((bench.run().word(), bench.contact.wake_at()), ("held", Some(at("2h"))));
}

#[test]
fn a_template_that_fails_plans_nothing_and_fixes_no_arm() {
    let mut bench = Bench::new(vec![flow(vec![email("broken", END)])]);
    bench.event(event("go", at("0h")));
    assert_eq!((bench.actions.len(), &bench.run().assignment, bench.run().exposed_at), (0, &None, None));
}
