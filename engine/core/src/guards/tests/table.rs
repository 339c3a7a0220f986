//! One line per answer of each guard.

use super::*;
use crate::contact::{Consent, Suppression};
use crate::guards::UNTIL_RESUMED;
use crate::policy::KillScope;
use crate::receipt::Said;
use ReasonCode as R;

fn arm(arm: Arm) -> impl FnOnce(&mut Situation) {
    move |it| it.assignment.arm = arm
}

fn history(it: &mut Situation, cap: Cap, offsets: &[&str]) {
    it.policy.caps = vec![cap];
    it.sent = Some(offsets.iter().map(|offset| sent(offset)).collect());
}

fn limited(it: &mut Situation, offsets: &[&str]) {
    it.stage.stage = Stage::Limited;
    it.workflow_sent = Some(offsets.iter().map(|offset| at(offset)).collect());
}

#[test]
fn stage_and_arm() {
    check(|_| {}, Verdict::Go);
    check(|it| it.stage.stage = Stage::Limited, Verdict::Go);
    check(|it| it.stage.stage = Stage::Shadow, never(&[R::Shadow]));
    check(arm(Arm::Shadow), never(&[R::Shadow]));
    check(arm(Arm::Holdout), never(&[R::Holdout]));
    check(arm(Arm::GlobalHoldout), never(&[R::GlobalHoldout]));
    check(arm(Arm::OutsideShare), never(&[R::Share]));
}

#[test]
fn consent_suppression_address() {
    let withdrawn = Consent { granted: false, at: at("-1d") };
    let close = |it: &mut Situation, channel| {
        let because = "email.complained".to_owned();
        it.contact.suppressed.insert(channel, Suppression { because, at: at("-1d") });
    };
    check(|it| it.contact.consent.clear(), never(&[R::Consent]));
    check(|it| it.contact.consent = [("marketing".to_owned(), withdrawn)].into_iter().collect(), never(&[R::Consent]));
    check(|it| it.purpose = "other", never(&[R::Consent]));
    check(|it| close(it, Channel::Email), never(&[R::Suppressed]));
    check(|it| close(it, Channel::Nudge), Verdict::Go);
    check(|it| it.contact.fields.clear(), never(&[R::NoAddress]));
    let task = |it: &mut Situation| {
        (it.channel, it.contact) = (Channel::Task, Contact::new("c"));
    };
    check(task, Verdict::Go);
    let nudge = |it: &mut Situation| {
        it.channel = Channel::Nudge;
        it.contact.fields.clear();
    };
    check(nudge, Verdict::Go);
}

#[test]
fn expiry_includes_its_last_instant() {
    check(|it| it.expires_at = it.now, Verdict::Go);
    check(|it| it.expires_at = Time(it.now.0 - 1), never(&[R::Expired]));
}

#[test]
fn a_kill_holds_for_ever() {
    let kill = || Kill { scope: KillScope::All, reason: "stop".into(), by: "anna".into(), at: at("-1h") };
    let held = Verdict::Hold { until: UNTIL_RESUMED, reason: R::Kill };
    check(|it| it.kill = Some(kill()), held.clone());
    // Whatever else says wait, and however soon the action expires.
    let also = |it: &mut Situation| {
        it.kill = Some(kill());
        it.policy.quiet_hours = vec![quiet("09:00-12:00", "UTC")];
        it.expires_at = at("1h");
    };
    check(also, held);
    let never_anyway = |it: &mut Situation| {
        it.kill = Some(kill());
        it.contact.consent.clear();
    };
    check(never_anyway, never(&[R::Consent]));
}

#[test]
fn caps_count_in_a_rolling_window() {
    let set = |max, offsets: &'static [&str]| move |it: &mut Situation| history(it, cap(max, "7d", None), offsets);
    check(set(2, &["-3d"]), Verdict::Go);
    check(set(2, &["-3d", "-2d"]), hold("4d", R::Cap));
    check(set(2, &["-5d", "-3d", "-2d"]), hold("4d", R::Cap));
    check(set(1, &["-7d"]), Verdict::Go);
    check(set(1, &["-6d23h59m59s"]), hold("1s", R::Cap));
    check(set(0, &[]), never(&[R::Cap]));
    check(set(0, &["-1d"]), never(&[R::Cap]));
    let others = |it: &mut Situation| {
        history(it, cap(1, "7d", None), &["-1d", "-2d"]);
        it.sent = it.sent.take().map(|mut sent| {
            sent[0].channel = Channel::Task;
            sent[1].purpose = "transactional".into();
            sent
        });
    };
    check(others, Verdict::Go);
    let exempt = |it: &mut Situation| {
        history(it, cap(1, "7d", None), &["-1d"]);
        it.purpose = "transactional";
        let consent = it.contact.consent[&String::from("marketing")];
        it.contact.consent.insert("transactional".into(), consent);
    };
    check(exempt, Verdict::Go);
    let unbound = |it: &mut Situation| {
        history(it, cap(0, "7d", None), &[]);
        it.policy.caps[0].channels = vec![Channel::Nudge];
    };
    check(unbound, Verdict::Go);
    let planning = |it: &mut Situation| {
        history(it, cap(1, "7d", None), &[]);
        it.sent = None;
    };
    check(planning, Verdict::Go);
}

#[test]
fn gaps_keep_actions_apart() {
    let set =
        |max, offsets: &'static [&str]| move |it: &mut Situation| history(it, cap(max, "7d", Some("2d")), offsets);
    check(set(5, &["-2d"]), Verdict::Go);
    check(set(5, &["-1d"]), hold("1d", R::Cap));
    check(set(5, &["-1d23h59m59s"]), hold("1s", R::Cap));
    // A gap longer than the window binds beyond it.
    check(|it| history(it, cap(5, "1d", Some("3d")), &["-2d"]), hold("1d", R::Cap));
    // The slot frees in four days, and the gap is over by then.
    check(set(2, &["-3d", "-1d"]), hold("4d", R::Cap));
}

#[test]
fn the_stage_limits_each_day() {
    check(|it| limited(it, &["-20h"]), Verdict::Go);
    check(|it| limited(it, &["-20h", "-2h"]), hold("4h", R::PerDay));
    check(|it| limited(it, &["-24h", "-2h"]), Verdict::Go);
    check(|it| limited(it, &["-20h", "-3h", "-2h"]), hold("21h", R::PerDay));
    let none = |it: &mut Situation| {
        limited(it, &[]);
        it.stage.limits.per_day = 0;
    };
    check(none, never(&[R::PerDay]));
    let full = |it: &mut Situation| {
        limited(it, &["-3h", "-2h"]);
        it.stage.stage = Stage::Full;
    };
    check(full, Verdict::Go);
}

#[test]
fn the_receipt_shows_every_guard_with_counter_and_limit() {
    let set = |it: &mut Situation| {
        history(it, cap(2, "7d", None), &["-3d", "-2d"]);
        it.policy.quiet_hours = vec![quiet("21:00-08:00", "UTC")];
        limited(it, &["-20h"]);
    };
    let ruling = check(set, hold("4d", R::Cap));
    let shown: Vec<_> =
        ruling.checks.iter().map(|one| (one.guard.as_str(), one.said, one.counter, one.limit)).collect();
    let (pass, wait) = (Said::Pass, Said::Wait);
    let want = [
        ("kill", pass, None, None),
        ("stage", pass, None, None),
        ("holdout", pass, Some(0.7), Some(0.1)),
        ("expiry", pass, None, None),
        ("consent", pass, None, None),
        ("suppression", pass, None, None),
        ("address", pass, None, None),
        ("cap weekly", wait, Some(2.0), Some(2.0)),
        ("quiet_hours", pass, None, None),
        ("per_day", pass, Some(1.0), Some(2.0)),
    ];
    assert_eq!(shown, want);
    assert_eq!((ruling.checks[7].until, ruling.checks[7].reason), (Some(at("4d")), Some(R::Cap)));
    assert!(ruling.checks.iter().all(|one| (one.said == pass) == one.reason.is_none()));
}

#[test]
fn who_is_excluded_gets_nothing_and_the_receipt_says_why() {
    let never = |it: &mut Situation| {
        it.policy.never.audiences = vec!["staff".into()];
        it.excluded = Some("is in the audience staff, which is never contacted");
    };
    let ruling = check(never, Verdict::Never { reasons: vec![R::Excluded] });
    let said = ruling.checks.iter().find(|check| check.guard == "never").unwrap();
    assert!(said.detail.contains("staff"), "{said:?}");
    check(|it| it.policy.never.audiences = vec!["staff".into()], Verdict::Go);
    check(
        |it| {
            never(it);
            (it.channel, it.excluded) = (Channel::Task, None);
        },
        Verdict::Go,
    );
}

#[test]
fn a_person_has_only_so_many_tasks() {
    let capacity = |max: u32, offsets: &'static [&'static str]| {
        move |it: &mut Situation| {
            let channels = vec![Channel::Task];
            it.policy.capacity = vec![crate::policy::Capacity { id: "reps".into(), channels, max, window: span("1d") }];
            (it.channel, it.assignee) = (Channel::Task, Some("anna"));
            it.assigned = Some(offsets.iter().map(|offset| (Channel::Task, at(offset))).collect());
        }
    };
    check(capacity(2, &["-23h"]), Verdict::Go);
    check(capacity(2, &["-25h", "-23h"]), Verdict::Go);
    let full = check(capacity(2, &["-23h", "-1h"]), Verdict::Hold { until: at("1h"), reason: R::Capacity });
    let said = full.checks.iter().find(|check| check.guard == "capacity reps").unwrap();
    assert_eq!((said.counter, said.limit, said.said), (Some(2.0), Some(2.0), Said::Wait));
    check(capacity(0, &[]), never(&[R::Capacity]));
    let nobody = |it: &mut Situation| {
        capacity(0, &[])(it);
        it.assignee = None;
    };
    check(nobody, Verdict::Go);
}
