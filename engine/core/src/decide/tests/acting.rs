//! What an action's step comes to: by stage, arm, consent, kill and review.

use crate::action::ActionState::{Held, Ready, Review, Withheld};
use crate::action::{Action, ActionState, Channel, ReasonCode};
use crate::arm::Arm;
use crate::policy::{Kill, KillScope, Policy, QuietHours, Stage, ZoneChoice};
use crate::testkit::*;
use crate::workflow::{NodeKind, Workflow};

/// The action that `go` at [`START`] comes to.
fn plan(set: impl FnOnce(&mut Bench), change: impl Fn(&mut Workflow)) -> Action {
    let mut flow = flow(vec![email("tips", END)]);
    change(&mut flow);
    let mut bench = Bench::new(vec![flow]);
    set(&mut bench);
    bench.event(event("go", at("0h")));
    bench.actions.remove(0)
}

fn check(set: impl FnOnce(&mut Bench), want: (ActionState, Option<ReasonCode>)) -> Action {
    let action = plan(set, |_| {});
    assert_eq!((action.state, action.reason), want, "{:?}", action.checks);
    action
}

fn kill(scope: KillScope) -> Kill {
    Kill { scope, reason: "too many complaints".into(), by: "anna".into(), at: at("-1h") }
}

#[test]
fn a_reachable_contact_in_stage_full_is_sent_to() {
    let action = check(|_| {}, (Ready, None));
    assert_eq!((action.planned_at, action.due_at, action.expires_at), (at("0h"), at("0h"), at("7d")));
    assert_eq!((action.arm, action.purpose.as_str(), action.priority), (Arm::Treated, "marketing", 50));
    assert_eq!(action.payload_hash, action.payload.hash());
    let guards: Vec<&str> = action.checks.iter().map(|check| check.guard.as_str()).collect();
    assert_eq!(guards, ["kill", "stage", "holdout", "expiry", "consent", "suppression", "address"]);
}

#[test]
fn each_guard_says_why_not() {
    use ReasonCode as R;
    let shadow = check(|bench| bench.live = live(Stage::Shadow), (Withheld, Some(R::Shadow)));
    assert_eq!(shadow.arm, Arm::Shadow);
    check(|bench| bench.live = Default::default(), (Withheld, Some(R::Shadow)));
    check(|bench| bench.contact.consent.clear(), (Withheld, Some(R::Consent)));
    check(|bench| bench.contact.consent.get_mut("marketing").unwrap().granted = false, (Withheld, Some(R::Consent)));
    check(|bench| drop(bench.contact.fields.remove("email")), (Withheld, Some(R::NoAddress)));
    check(|bench| drop(bench.contact.fields.insert("email".into(), " ".into())), (Withheld, Some(R::NoAddress)));
    check(|bench| drop(bench.event(event("email.unsubscribed", at("-1d")))), (Withheld, Some(R::Suppressed)));
    check(|bench| bench.catalog.workspace.policy.global_holdout = 1.0, (Withheld, Some(R::GlobalHoldout)));
    let limited = |share, holdout| {
        move |bench: &mut Bench| {
            bench.live = live(Stage::Limited);
            let limits = &mut bench.live.stages.get_mut("w").unwrap().limits;
            (limits.share, limits.holdout) = (share, holdout);
        }
    };
    check(limited(0.0, 0.0), (Withheld, Some(R::Share)));
    check(limited(1.0, 1.0), (Withheld, Some(R::Holdout)));
    check(limited(1.0, 0.0), (Ready, None));
    let held_out = plan(|_| {}, |flow| flow.holdout = 1.0);
    assert_eq!((held_out.reason, held_out.arm), (Some(R::Holdout), Arm::Holdout));
    assert_eq!(held_out.state, Withheld, "the would-have is kept: {:?}", held_out.payload);
}

#[test]
fn tasks_need_no_consent_and_nudges_no_address() {
    let channel = |channel| {
        let no_contact = |bench: &mut Bench| {
            bench.contact.fields.clear();
            if channel == Channel::Task {
                bench.contact.consent.clear();
            }
        };
        plan(no_contact, |flow| flow.nodes[0] = act(channel, "it", END)).state
    };
    assert_eq!((channel(Channel::Task), channel(Channel::Nudge)), (Ready, Ready));
}

#[test]
fn a_kill_holds_what_it_covers() {
    for scope in [KillScope::All, KillScope::Workflow("w".into()), KillScope::Channel(Channel::Email)] {
        check(|bench| bench.live.kills.push(kill(scope)), (Held, Some(ReasonCode::Kill)));
    }
    for scope in [KillScope::Workflow("x".into()), KillScope::Channel(Channel::Task)] {
        check(|bench| bench.live.kills.push(kill(scope)), (Ready, None));
    }
}

#[test]
fn a_review_gate_keeps_the_action_for_a_person() {
    let action = plan(|_| {}, |flow| flow.reviews = vec![gate("look", None)]);
    let review = action.review.clone().unwrap();
    assert_eq!((action.state, review.gate.as_str(), review.expires_at), (Review, "look", at("3d")));
    let gated = |when: &'static str| plan(|_| {}, move |flow| flow.reviews = vec![gate("look", Some(when))]).state;
    assert_eq!((gated("true"), gated("false")), (Review, Ready));
    assert_eq!((gated("fail"), gated("1")), (Review, Review), "a gate that cannot be evaluated wants to see it");
    let other = |flow: &mut Workflow| {
        flow.reviews = vec![gate("look", None)];
        flow.reviews[0].channels = vec![Channel::Task];
    };
    assert_eq!(plan(|_| {}, other).state, Ready);
    let sampled = |share: f64| {
        plan(
            |_| {},
            move |flow| {
                flow.reviews = vec![gate("look", None)];
                flow.reviews[0].sample = Some(share);
            },
        )
    };
    assert_eq!((sampled(0.0).state, sampled(1.0).state), (Ready, Review));
}

/// A kill must not lose that a person has to look: the resume gives the action back to the review.
#[test]
fn a_review_survives_a_kill() {
    let gated = |flow: &mut Workflow| flow.reviews = vec![gate("look", None)];
    let action = plan(|bench| bench.live.kills.push(kill(KillScope::All)), gated);
    assert_eq!((action.state, action.reason), (Held, Some(ReasonCode::Kill)));
    assert!(action.review.is_some());
    let withheld = plan(|bench| bench.contact.consent.clear(), gated);
    assert_eq!((withheld.state, withheld.review), (Withheld, None));
}

#[test]
fn what_a_review_gate_reads_is_not_shown_at_the_next_rule() {
    let mut flow = flow(vec![email("tips", 1), choose("pick", &[("a", "true", END)], END)]);
    flow.reviews = vec![gate("look", Some("contact.plan ?? \"none\" == \"pro\""))];
    let mut bench = Bench::new(vec![flow]);
    let trace = &bench.event(event("go", at("0h"))).decision.unwrap().entries[0].trace;
    let rule = trace.iter().find(|trace| trace.step == "pick/a").unwrap();
    assert_eq!(rule.values, []);
}

#[test]
fn quiet_hours_hold_until_the_morning_and_a_reviewed_action_is_due_then() {
    let quiet = QuietHours {
        channels: vec![Channel::Email],
        from_minute: 9 * 60,
        to_minute: 17 * 60,
        zone: ZoneChoice::Fixed("UTC".into()),
        zone_if_unknown: "UTC".into(),
    };
    let policy = Policy { quiet_hours: vec![quiet], ..Policy::default() };
    let mut gated = flow(vec![email("tips", END)]);
    let mut bench = Bench::under(policy.clone(), vec![gated.clone()]);
    bench.event(event("go", at("0h")));
    let action = &bench.actions[0];
    assert_eq!((action.state, action.reason, action.due_at), (Held, Some(ReasonCode::QuietHours), at("7h")));
    gated.reviews = vec![gate("look", None)];
    let mut bench = Bench::under(policy, vec![gated]);
    bench.event(event("go", at("0h")));
    assert_eq!((bench.actions[0].state, bench.actions[0].due_at), (Review, at("7h")));
}

#[test]
fn the_arm_is_fixed_with_the_first_action_and_a_promotion_releases_nothing_of_shadow() {
    let nodes = vec![email("first", 1), wait_for("pause", "1d", 2), email("second", END)];
    let mut bench = Bench::new(vec![flow(nodes)]);
    bench.live = live(Stage::Shadow);
    bench.event(event("go", at("0h")));
    bench.live = live(Stage::Full);
    bench.wake(at("1d"));
    assert_eq!(bench.planned(), [("first", Withheld), ("second", Withheld)]);
    assert_eq!(bench.actions[1].reason, Some(ReasonCode::Shadow));
    assert_eq!(bench.actions[1].arm, Arm::Shadow);
    // A run that has planned nothing before the promotion takes the new stage's arm.
    let mut bench = Bench::new(vec![flow(vec![wait_for("pause", "1d", 1), email("tips", END)])]);
    bench.live = live(Stage::Shadow);
    bench.event(event("go", at("0h")));
    bench.live = live(Stage::Full);
    bench.wake(at("1d"));
    assert_eq!((bench.actions[0].state, bench.actions[0].arm), (Ready, Arm::Treated));
}

#[test]
fn a_demotion_withholds_what_a_treated_run_plans_next() {
    let nodes = vec![email("first", 1), wait_for("pause", "1d", 2), email("second", END)];
    let mut bench = Bench::new(vec![flow(nodes)]);
    bench.event(event("go", at("0h")));
    bench.live = live(Stage::Shadow);
    bench.wake(at("1d"));
    assert_eq!(bench.planned(), [("first", Ready), ("second", Withheld)]);
    assert_eq!(bench.actions[1].arm, Arm::Treated, "the run's arm stays what it was");
}

#[test]
fn an_endless_expiry_does_not_overflow() {
    let action = plan(
        |_| {},
        |flow| {
            let NodeKind::Act(act) = &mut flow.nodes[0].kind else { panic!() };
            act.expires = crate::time::Span(i64::MAX);
            act.due = Some(crate::time::Span(i64::MAX));
        },
    );
    assert_eq!((action.state, action.expires_at), (Ready, crate::time::Time(i64::MAX)));
}
