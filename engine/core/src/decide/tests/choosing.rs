//! `choose`, `else`, and scores: asked for, handed in, unavailable.

use crate::action::ActionState::Ready;
use crate::decide::{Catalog, Input, Outcome, Scores};
use crate::expr::Root;
use crate::run::RunStatus;
use crate::score::IfUnavailable;
use crate::testkit::*;
use crate::workflow::Workflow;
use std::sync::Arc;

fn chooser(first: &str, second: &str) -> Workflow {
    flow(vec![
        choose("pick", &[("a", first, 1), ("b", second, 2)], 3),
        email("a", END),
        email("b", END),
        email("c", END),
    ])
}

fn taken(first: &str, second: &str) -> Vec<String> {
    let mut bench = Bench::new(vec![chooser(first, second)]);
    bench.event(event("go", at("0h")));
    bench.actions.iter().map(|action| action.step.clone()).collect()
}

#[test]
fn the_first_case_that_holds_wins() {
    assert_eq!(taken("true", "true"), ["a"]);
    assert_eq!(taken("false", "true"), ["b"]);
    assert_eq!(taken("false", "false"), ["c"]);
    assert_eq!(taken("true", "fail"), ["a"], "what stands behind the winner is not looked at");
    assert_eq!(taken("fail", "true"), [""; 0], "what cannot be evaluated is not passed over");
}

fn scoring(if_unavailable: IfUnavailable) -> Workflow {
    let mut flow = chooser("score.risk >= 0.8", "band.risk == \"low\"");
    flow.scores.push(score(&[(Root::Entry, "cart"), (Root::Contact, "age")], if_unavailable));
    flow
}

#[test]
fn a_score_is_asked_for_once_and_read_as_number_and_band() {
    let mut bench = Bench::new(vec![scoring(IfUnavailable::Hold)]);
    let transition = bench.event(with(event("go", at("0h")), "cart", "x"));
    assert_eq!(bench.planned(), [("b", Ready)]);
    assert_eq!(bench.asked.len(), 1);
    assert_eq!(bench.asked[0].inputs, [("cart".to_owned(), Some("x".into())), ("age".to_owned(), None)]);
    let note = &transition.decision.unwrap().entries[0].scores[0];
    assert_eq!((note.value, note.band.as_deref(), note.digest.as_deref()), (Some(0.5), Some("low"), Some("d1")));
}

#[test]
fn nothing_changes_until_the_score_is_there_and_the_same_input_gives_the_same() {
    let bench = Bench::new(vec![scoring(IfUnavailable::Hold)]);
    let input = Input::Event(event("go", at("0h")));
    let Outcome::Need(_, wanted) = bench.once(&input, &Scores::new()) else { panic!("the score was not asked for") };
    assert_eq!(wanted.len(), 1);
    let scores: Scores = [(wanted[0].0.clone(), scored(0.9))].into();
    let Outcome::Done(first) = bench.once(&input, &scores) else { panic!("not done") };
    let Outcome::Done(again) = bench.once(&input, &scores) else { panic!("not done") };
    assert_eq!(first, again);
    assert_eq!(first.actions[0].step, "a");
}

/// One run's score never answers for another's: their entries differ.
#[test]
fn two_runs_in_one_decision_are_scored_each_by_its_own_inputs() {
    let mut old = scoring(IfUnavailable::Hold);
    old.scores[0].inputs = vec![(Root::Entry, "cart".into())];
    let new = Workflow { version: "v2".into(), ..old.clone() };
    old.nodes.push(wait_event("back", on("go"), "3d", 0, 0));
    old.first = to(4);
    let mut bench = Bench::new(vec![old.clone()]);
    bench.event(with(event("go", at("0h")), "cart", "first"));
    // The next event ends the wait of the old version's run and starts one of the new version.
    bench.catalog = Catalog::new(bench.catalog.workspace.clone(), vec![Arc::new(new)], vec![Arc::new(old)]);
    bench.plugin = Box::new(|request| scored(if request.inputs[0].1 == Some("first".into()) { 0.9 } else { 0.1 }));
    bench.event(with(event("go", at("1h")), "cart", "second"));
    assert_eq!(bench.planned(), [("a", Ready), ("b", Ready)]);
}

#[test]
fn without_a_score_a_run_is_held_or_ends_or_takes_the_substitute() {
    let run = |if_unavailable| {
        let mut bench = Bench::new(vec![scoring(if_unavailable)]);
        bench.plugin = Box::new(|_| failed());
        let transition = bench.event(event("go", at("0h")));
        let said = whats(&transition).join(" · ");
        let steps = bench.actions.iter().map(|action| action.step.clone()).collect::<Vec<_>>();
        (transition.runs[0].status.clone(), said, steps, transition)
    };
    let (status, said, steps, _) = run(IfUnavailable::Hold);
    let (since, retry_at) = (at("0h"), at("1h"));
    let held = RunStatus::Held { step: "pick".into(), reason: "score_unavailable".into(), since, retry_at };
    assert_eq!((status, said.as_str()), (held, "held: score_unavailable (score risk unavailable)"));
    assert!(steps.is_empty());
    let (status, said, steps, _) = run(IfUnavailable::Skip);
    assert_eq!(status, RunStatus::Left { reason: "score_unavailable".into() });
    assert_eq!((said.as_str(), steps.len()), ("left: score risk unavailable", 0));
    let (_, said, steps, transition) = run(IfUnavailable::Expr(expr("0.95")));
    assert_eq!((said.as_str(), steps), ("started, done", vec!["a".to_owned()]));
    let notes = &transition.decision.unwrap().entries[0].scores;
    assert_eq!(notes.len(), 1, "noted once, however often it is read");
    assert_eq!((notes[0].value, notes[0].failure.as_deref()), (None, Some("ST3004: it trapped")));
    assert_eq!(notes[0].digest, None, "nothing is known of the plugin");
    let (status, ..) = run(IfUnavailable::Expr(expr("fail")));
    assert!(matches!(status, RunStatus::Held { .. }), "a substitute that fails holds: {status:?}");
}

#[test]
fn a_substitute_that_needs_its_own_score_fails_instead_of_recursing() {
    let mut bench = Bench::new(vec![scoring(IfUnavailable::Expr(expr("score.risk")))]);
    bench.plugin = Box::new(|_| failed());
    bench.event(event("go", at("0h")));
    assert_eq!(bench.run().word(), "held");
}

#[test]
fn a_score_read_by_the_start_is_in_the_receipt() {
    let mut flow = flow(vec![email("tips", END)]);
    flow.scores.push(score(&[], IfUnavailable::Hold));
    flow.start.when = Some(expr("score.risk > 0.4"));
    let mut bench = Bench::new(vec![flow]);
    let transition = bench.event(event("go", at("0h")));
    let entries = transition.decision.unwrap().entries;
    assert_eq!((entries[0].what.as_str(), entries[0].scores.len()), ("started, done", 1));
}
