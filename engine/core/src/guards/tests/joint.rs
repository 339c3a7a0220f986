//! Guards solved together: one time at which all of them pass, or never with all the reasons.

use super::*;
use crate::receipt::Said;
use ReasonCode as R;

#[test]
fn a_cap_that_frees_at_night_waits_for_the_morning() {
    let set = |it: &mut Situation| {
        // Sent at 23:00 a week before: free again at 23:00 today.
        it.policy.caps = vec![cap(1, "7d", None)];
        it.sent = Some(vec![Sent { at: Time(at("13h").0 - span("7d").0), ..sent("0h") }]);
        it.policy.quiet_hours = vec![quiet("21:00-08:00", "UTC")];
    };
    check(set, hold("22h", R::Cap));
}

#[test]
fn a_night_that_ends_inside_a_cap_waits_for_both() {
    let set = |it: &mut Situation| {
        it.now = at("12h");
        it.policy.caps = vec![cap(1, "1d", None)];
        it.sent = Some(vec![sent("11h")]);
        it.policy.quiet_hours = vec![quiet("21:00-08:00", "UTC")];
    };
    // Free at 21:00 tomorrow, when the next night has just begun.
    check(set, hold("46h", R::Cap));
}

#[test]
fn two_silences_are_passed_together() {
    let two = |it: &mut Situation| {
        it.policy.quiet_hours = vec![quiet("09:00-12:00", "UTC"), quiet("12:00-17:00", "UTC")];
    };
    check(two, hold("7h", R::QuietHours));
    let around_the_clock = |it: &mut Situation| {
        it.policy.quiet_hours = vec![quiet("08:00-20:00", "UTC"), quiet("20:00-08:00", "UTC")];
    };
    check(around_the_clock, never(&[R::QuietHours, R::Expired]));
    check(|it| it.policy.quiet_hours = vec![quiet("00:00-24:00", "UTC")], never(&[R::QuietHours, R::Expired]));
    check(|it| it.policy.quiet_hours = vec![quiet("10:00-10:00", "UTC")], Verdict::Go);
}

#[test]
fn never_says_all_reasons_in_the_order_of_the_guards() {
    let set = |it: &mut Situation| {
        it.assignment.arm = Arm::Holdout;
        it.contact = Contact::new("c");
        it.expires_at = at("-1h");
        it.policy.quiet_hours = vec![quiet("09:00-12:00", "UTC")];
    };
    let ruling = check(set, never(&[R::Holdout, R::Expired, R::Consent, R::NoAddress]));
    let said = ruling.checks.iter().filter(|one| one.said == Said::Never).count();
    assert_eq!(said, 4);
}

#[test]
fn no_free_time_before_the_expiry_is_never_because_of_both() {
    let set = |expires: &'static str| {
        move |it: &mut Situation| {
            it.policy.quiet_hours = vec![quiet("09:00-17:00", "UTC")];
            it.expires_at = at(expires);
        }
    };
    check(set("7h"), hold("7h", R::QuietHours));
    let ruling = check(set("6h59m59s"), never(&[R::QuietHours, R::Expired]));
    let expiry: Vec<_> = ruling.checks.iter().filter(|one| one.guard == "expiry").collect();
    assert_eq!(expiry.len(), 1, "asked once, shown once");
    assert_eq!((expiry[0].said, expiry[0].reason), (Said::Never, Some(R::Expired)));
}

#[test]
fn endless_times_do_not_overflow_or_loop() {
    let set = |it: &mut Situation| {
        it.expires_at = Time(i64::MAX);
        it.policy.caps = vec![Cap {
            window: crate::time::Span(i64::MAX),
            gap: Some(crate::time::Span(i64::MAX)),
            ..cap(1, "1d", None)
        }];
        it.sent = Some(vec![sent("-1h")]);
        it.policy.quiet_hours = vec![quiet("21:00-08:00", "contact")];
    };
    let mut it = situation();
    set(&mut it);
    assert!(!matches!(it.verdict(), Verdict::Go));
    for now in [Time(i64::MIN), Time(i64::MAX), Time(i64::MAX - 1)] {
        it.now = now;
        let _ = it.verdict();
    }
}
