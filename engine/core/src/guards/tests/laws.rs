//! Laws of the arbiter for any policy: it agrees with a search minute by minute, and a stricter policy never sends
//! earlier.

use super::*;
use crate::contact::Consent;
use crate::time::Span;
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
}

fn caps() -> impl Strategy<Value = Cap> {
    let gap = prop::option::of(1i64..72 * 60);
    (1u32..4, 60i64..5 * 1_440, gap).prop_map(|(max, window, gap)| Cap {
        window: Span(window * MINUTE),
        gap: gap.map(|gap| Span(gap * MINUTE)),
        ..cap(max, "1d", None)
    })
}

fn silences() -> impl Strategy<Value = QuietHours> {
    (0u16..1_440, 0u16..1_440, zone()).prop_map(|(from_minute, to_minute, zone)| QuietHours {
        from_minute,
        to_minute,
        ..quiet("00:00-00:00", zone)
    })
}

/// Whole minutes around both changes of the clock in 2026, and some plain days.
fn now() -> impl Strategy<Value = Time> {
    let base = prop::sample::select(vec!["2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2026-06-10T00:00:00Z"]);
    (base, 0i64..4 * 1_440).prop_map(|(base, minute)| Time(Time::parse(base).unwrap().0 + minute * MINUTE))
}

prop_compose! {
    fn any_situation()(
        now in now(),
        caps in prop::collection::vec(caps(), 0..3),
        quiet_hours in prop::collection::vec(silences(), 0..3),
        past in prop::collection::vec(0i64..6 * 1_440, 0..5),
        day in prop::collection::vec(0i64..1_440, 0..4),
        expires in 0i64..8 * 1_440,
        (limited, consent) in (any::<bool>(), prop::bool::weighted(0.9)),
    ) -> Situation {
        let mut it = situation();
        it.now = now;
        let back = |mut minutes: Vec<i64>| {
            minutes.sort_unstable_by(|a, b| b.cmp(a));
            minutes.into_iter().map(|minute| Time(now.0 - minute * MINUTE)).collect::<Vec<Time>>()
        };
        it.policy = Policy { caps, quiet_hours, ..Policy::default() };
        it.sent = Some(back(past).into_iter().map(|at| Sent { at, ..sent("0h") }).collect());
        it.workflow_sent = Some(back(day));
        if limited {
            it.stage.stage = Stage::Limited;
        }
        it.contact.consent.insert("marketing".into(), Consent { granted: consent, at: at("-9d") });
        it.expires_at = Time(now.0 + expires * MINUTE);
        it
    }
}

/// Written from the rules' wording, not from the guards: may it go at this minute, with what has been sent so far?
fn free(it: &Situation, minute: Time) -> bool {
    let sent: Vec<Time> = it.sent.iter().flatten().map(|one| one.at).collect();
    let capped = it.policy.caps.iter().any(|cap| {
        let inside = sent.iter().filter(|at| minute.0 - at.0 < cap.window.0).count();
        let close = cap.gap.is_some_and(|gap| sent.iter().any(|at| minute.0 - at.0 < gap.0));
        inside >= cap.max as usize || close
    });
    let silent = it.policy.quiet_hours.iter().any(|quiet| {
        let ZoneChoice::Fixed(zone) = &quiet.zone else { panic!() };
        let local = minute.timestamp().in_tz(zone).unwrap().time();
        let local = local.hour() as u16 * 60 + local.minute() as u16;
        let (from, to) = (quiet.from_minute, quiet.to_minute);
        if from <= to { (from..to).contains(&local) } else { local >= from || local < to }
    });
    let day = it.workflow_sent.iter().flatten().filter(|at| minute.0 - at.0 < 1_440 * MINUTE).count();
    let full = it.stage.stage == Stage::Limited && day >= it.stage.limits.per_day as usize;
    minute <= it.expires_at && !capped && !silent && !full
}

fn oracle(it: &Situation) -> Option<Time> {
    let mut minute = it.now;
    while minute <= it.expires_at {
        if free(it, minute) {
            return Some(minute);
        }
        minute = Time(minute.0 + MINUTE);
    }
    None
}

/// When it would go; `None` = never.
fn goes(it: &Situation) -> Option<Time> {
    match it.verdict() {
        Verdict::Go => Some(it.now),
        Verdict::Hold { until, .. } => Some(until),
        Verdict::Never { .. } => None,
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    /// Never past a cap or gap, never at night, never without consent, never too late; and never later than need be.
    #[test]
    fn the_answer_is_the_earliest_free_minute(it in any_situation()) {
        let consent = it.contact.consent[&String::from("marketing")].granted;
        let want = if consent { oracle(&it) } else { None };
        prop_assert_eq!(goes(&it), want, "{:#?} {:#?}", it.policy, it.rule().checks);
        if let Verdict::Hold { until, .. } = it.verdict() {
            prop_assert!(until > it.now);
            prop_assert_eq!(it.rule_at(until).verdict, Verdict::Go);
        }
    }

    #[test]
    fn a_stricter_policy_never_sends_earlier(it in any_situation(), extra in (caps(), silences()), how in 0u8..6) {
        let before = goes(&it);
        let mut strict = it;
        match how {
            0 => strict.policy.caps.push(extra.0),
            1 => strict.policy.quiet_hours.push(extra.1),
            2 => strict.policy.caps.iter_mut().for_each(|cap| cap.max -= 1),
            3 => strict.policy.caps.iter_mut().for_each(|cap| cap.window = Span(cap.window.0 * 2)),
            4 => strict.stage.limits.per_day -= 1,
            _ => strict.expires_at = Time(strict.expires_at.0 - 60 * MINUTE),
        }
        match (before, goes(&strict)) {
            (None, after) => prop_assert_eq!(after, None),
            (Some(before), Some(after)) => prop_assert!(after >= before),
            (Some(_), None) => {}
        }
    }
}
