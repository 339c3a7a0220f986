//! Splits, sets and waits for a local hour.

use crate::arm::Arm;
use crate::expr::Root;
use crate::policy::Stage;
use crate::schedule::{LocalWindow, Weekdays};
use crate::testkit::*;
use crate::workflow::{Node, NodeKind, SplitArm};
use std::collections::BTreeMap;

fn split(id: &str, arms: &[(&str, f64, usize)]) -> Node {
    let arm =
        |(name, share, then): &(&str, f64, usize)| SplitArm { name: (*name).into(), share: *share, then: to(*then) };
    Node { id: id.into(), kind: NodeKind::Split { arms: arms.iter().map(arm).collect() }, next: to(END) }
}

fn set(id: &str, field: &str, value: &str, next: usize) -> Node {
    Node { id: id.into(), kind: NodeKind::Set { field: field.into(), value: expr(value) }, next: to(next) }
}

fn until(id: &str, from: u16, to_minute: u16, days: &str, next: usize) -> Node {
    let window = LocalWindow { from_minute: from, to_minute, days: Weekdays::parse(days).unwrap() };
    Node { id: id.into(), kind: NodeKind::WaitUntil { window }, next: to(next) }
}

fn halves() -> Vec<Node> {
    vec![split("which", &[("a", 0.5, 1), ("b", 0.5, 2)]), email("a", END), email("b", END)]
}

fn drawn(contact: &str, event: &str) -> String {
    let mut bench = Bench::new(vec![flow(halves())]);
    bench.contact = reachable(contact);
    let go = crate::event::Event { id: event.into(), contact: contact.into(), ..crate::testkit::event("go", at("0h")) };
    let transition = bench.event(go);
    assert_eq!(transition.runs[0].splits.values().collect::<Vec<_>>(), [&bench.actions[0].step]);
    bench.actions[0].step.clone()
}

#[test]
fn a_split_belongs_to_the_person_and_keeps_its_shares() {
    let mut a = 0;
    for n in 0..2_000 {
        let contact = format!("c{n}");
        let first = drawn(&contact, "one");
        assert_eq!(drawn(&contact, "two"), first, "whenever it comes by");
        a += i32::from(first == "a");
    }
    // Six standard deviations of a binomial count.
    assert!((a - 1_000).abs() < 135, "{a}");
}

#[test]
fn a_split_is_independent_of_the_holdout() {
    let (mut held, mut both) = (0, 0);
    for n in 0..4_000 {
        let contact = format!("c{n}");
        if crate::arm::bucket("test", "holdout", "w", &contact) < 0.5 {
            held += 1;
            both += i32::from(drawn(&contact, "one") == "a");
        }
    }
    assert!((both * 2 - held).abs() < 280, "{both} of {held}");
}

#[test]
fn a_test_can_force_an_arm_and_the_receipt_names_it() {
    for arm in ["a", "b"] {
        let mut bench = Bench::new(vec![flow(halves())]);
        bench.catalog = bench.catalog.with_splits(BTreeMap::from([("which".to_owned(), arm.to_owned())]));
        let transition = bench.event(event("go", at("0h")));
        assert_eq!(bench.actions[0].step, arm);
        let traces = &transition.decision.unwrap().entries[0].trace;
        assert_eq!(traces[1].step, format!("which/{arm}"));
    }
}

#[test]
fn a_set_is_an_update_of_its_instant() {
    let nodes = vec![set("mark", "plan", "\"vip\"", 1), email("tips", END)];
    let mut bench = Bench::new(vec![flow(nodes.clone())]);
    let transition = bench.event(event("go", at("2h")));
    assert_eq!(transition.contact.fields[&String::from("plan")], "vip".into());
    let older = with_body(event("contact.updated", at("1h")), serde_json::json!({"plan": "old"}));
    bench.event(older);
    assert_eq!(bench.contact.fields[&String::from("plan")], "vip".into(), "what came before does not undo it");
    let newer = with_body(event("contact.updated", at("3h")), serde_json::json!({"plan": "new"}));
    bench.event(newer);
    assert_eq!(bench.contact.fields[&String::from("plan")], "new".into());
    let said = &transition.decision.unwrap().entries[0].trace[1];
    assert_eq!((said.step.as_str(), said.result.as_str()), ("mark", "contact.plan was set"));
}

#[test]
fn nobody_but_the_treated_is_changed() {
    let nodes = || vec![set("mark", "plan", "\"vip\"", 1), email("tips", END)];
    for arm in [Arm::Holdout, Arm::GlobalHoldout, Arm::OutsideShare] {
        let mut bench = Bench::new(vec![flow(nodes())]);
        bench.catalog = bench.catalog.with_arm(arm);
        let transition = bench.event(event("go", at("0h")));
        assert_eq!(transition.contact.fields.get("plan"), None, "{arm:?}");
        assert_eq!(bench.actions.len(), 1, "the would-have");
    }
    let mut bench = Bench::new(vec![flow(nodes())]);
    bench.live = live(Stage::Shadow);
    assert_eq!(bench.event(event("go", at("0h"))).contact.fields.get("plan"), None);
}

#[test]
fn a_set_that_fails_holds_the_run() {
    let mut bench = Bench::new(vec![flow(vec![set("mark", "plan", "fail", END)])]);
    bench.event(event("go", at("0h")));
    assert_eq!(bench.run().word(), "held");
}

#[test]
fn a_window_is_waited_for_where_the_contact_lives() {
    let mut bench = Bench::new(vec![flow(vec![until("morning", 540, 660, "MON-FRI", 1), email("a", END)])]);
    bench.contact.fields.insert("zone".into(), "Asia/Tokyo".into());
    // 10:00 UTC on Monday is 19:00 in Tokyo: its next morning is Tuesday 00:00 UTC.
    let transition = bench.event(event("go", at("0h")));
    assert_eq!(transition.wake_at, Some(at("14h")));
    bench.wake(at("14h"));
    assert_eq!(bench.planned().len(), 1);
    let mut open = Bench::new(vec![flow(vec![until("morning", 540, 660, "MON-FRI", 1), email("a", END)])]);
    open.event(event("go", at("0h")));
    assert_eq!(open.planned().len(), 1, "ten o'clock in UTC, the fallback, is inside");
}

#[test]
fn an_outcome_of_another_step_ends_no_wait() {
    let of = |step: &str| crate::workflow::EventMatch { of: Some(step.into()), ..on("task.done") };
    let nodes = vec![
        act(crate::action::Channel::Task, "call", 1),
        wait_event("called", of("call"), "9d", 2, END),
        email("thanks", END),
    ];
    let mut bench = Bench::new(vec![flow(nodes)]);
    bench.event(event("go", at("0h")));
    let done = |id: &str, time: &str| with_body(event("task.done", at(time)), serde_json::json!({"action_id": id}));
    let own = bench.actions[0].id.clone();
    bench.event(done("0123456789abcdef", "1h"));
    assert_eq!(bench.planned().len(), 1);
    bench.event(done(&own, "2h"));
    assert_eq!(bench.planned().last().unwrap().0, "thanks");
}

#[test]
fn an_unavailable_score_may_ask_for_a_person() {
    let mut one =
        flow(vec![choose("pick", &[("sure", "score.risk > 0.5", 1)], 2), email("sure", END), email("unsure", END)]);
    one.scores = vec![score(&[(Root::Contact, "plan")], crate::score::IfUnavailable::Review("marketing".into()))];
    let mut bench = Bench::new(vec![one]);
    bench.plugin = Box::new(|_| failed());
    let transition = bench.event(event("go", at("0h")));
    let action = &bench.actions[0];
    assert_eq!((action.step.as_str(), action.state.word()), ("unsure", "review"));
    let review = action.review.as_ref().unwrap();
    assert_eq!((review.gate.as_str(), review.by.as_str()), ("score:risk", "marketing"));
    assert_eq!(transition.runs[0].unsure, Some(("risk".into(), "marketing".into())));
}

#[test]
fn classes_and_rankings_are_read_by_their_parts() {
    use crate::score::{ScoreKind, Scored};
    let cases = [
        ("score.risk.label == \"billing\" && score.risk.p > 0.7 && score.risk.of:other < 0.3", true),
        ("score.risk.of:unknown > 0", false),
    ];
    let classes = Scored { classes: vec![("billing".into(), 0.8), ("other".into(), 0.2)], ..Scored::scalar(0.8, "d") };
    for (rule, holds) in cases {
        let mut one = flow(vec![choose("pick", &[("a", rule, 1)], END), email("a", END)]);
        one.scores = vec![score(&[], crate::score::IfUnavailable::Hold)];
        one.scores[0].kind = ScoreKind::Classes(vec!["billing".into(), "other".into()]);
        let mut bench = Bench::new(vec![one.clone()]);
        let answer = classes.clone();
        bench.plugin = Box::new(move |_| Ok(answer.clone()));
        bench.event(event("go", at("0h")));
        assert_eq!(bench.planned().len(), usize::from(holds), "{rule}");
        bench = Bench::new(vec![one]);
        bench.event(event("go", at("0h")));
        assert_eq!(bench.run().word(), "held", "a number is no answer to a question for classes");
    }
    let mut next =
        flow(vec![choose("pick", &[("a", "score.risk.top:1 ?? \"none\" == \"b\"", 1)], END), email("a", END)]);
    next.scores = vec![score(&[], crate::score::IfUnavailable::Hold)];
    next.scores[0].kind = ScoreKind::Ranking;
    let mut bench = Bench::new(vec![next]);
    bench.plugin = Box::new(|_| Ok(Scored { ranking: vec!["a".into(), "b".into()], ..Scored::scalar(0.5, "d") }));
    bench.event(event("go", at("0h")));
    assert_eq!(bench.planned().len(), 1);
}
