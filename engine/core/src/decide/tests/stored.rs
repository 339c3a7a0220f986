//! What is stored as JSON comes back as it was, bit for bit: contacts, runs, decisions, actions, workflows, live state.

use crate::arm::Assignment;
use crate::facts::FactLog;
use crate::feature::{FeatureDef, FeatureKind};
use crate::policy::{Cap, Kill, KillScope, Policy, QuietHours, Stage, StageState, ZoneChoice};
use crate::receipt::Decision;
use crate::score::IfUnavailable;
use crate::testkit::*;
use crate::time::{Span, Time};
use crate::value::{Currency, Money, Value};
use crate::workflow::{Breaker, Workflow};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

fn back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value, "through a tree: {text}");
}

/// A bit of every step, wait, gate and feature.
fn everything() -> Workflow {
    let mut flow = flow(vec![
        choose("pick", &[("a", "score.risk > 0.9", END)], 1),
        email("tips", 2),
        wait_event("back", on_where("came", "true"), "3d", END, 3),
        wait_for("pause", "8h30m", 4),
        email("more", END),
    ]);
    add_feature(&mut flow, "orders", "order.*", None, Some("event.total > 5"), window("14d", "7d"));
    add_feature(&mut flow, "spend", "order.paid", Some("total"), None, window("90d", "0h"));
    let fact = flow.facts[0].key;
    flow.features.push(FeatureDef { name: "quiet".into(), kind: FeatureKind::DaysSince { fact, never: 999.0 } });
    flow.features.push(FeatureDef { name: "it".into(), kind: FeatureKind::Expr(expr("feature.quiet")) });
    flow.scores = vec![score(&[], IfUnavailable::Expr(expr("0.1 ?? 0.2")))];
    flow.goal = goal("order.paid", "30d");
    flow.leave_when = vec![on("left")];
    flow.reviews = vec![gate("look", Some("true"))];
    flow.breakers =
        vec![Breaker { id: "flood".into(), channel: crate::action::Channel::Nudge, above: 5, window: span("1h") }];
    flow.holdout = 0.1 + 0.2;
    flow
}

#[test]
fn all_that_a_decision_makes_comes_back() {
    let mut bench = Bench::new(vec![everything()]);
    bench.live = live(Stage::Limited);
    let update = serde_json::json!({"plan": "pro", "age": 0.1, "zone": null});
    let transitions = [
        bench.event(with(event("order.paid", at("-8d")), "total", 31.245_270_191_439_438)),
        bench.event(with_body(event("contact.updated", at("-1d")), update)),
        bench.event(event("email.soft_bounced", at("-1d"))),
        bench.event(event("go", at("0h"))),
        bench.event(with(event("order.paid", at("1d")), "total", 0.1)),
        bench.wake(at("3d")),
        bench.event(event("email.hard_bounced", at("4d"))),
    ];
    back(&everything());
    for transition in &transitions {
        back(&transition.contact);
        back(&transition.decision);
        back(&transition.actions);
        back(&transition.runs);
    }
    assert!(bench.actions.len() >= 2 && bench.contact.facts.logs().count() == 2, "something was stored");
    let decision: &Decision = transitions[3].decision.as_ref().unwrap();
    assert!(!decision.entries[0].scores.is_empty());
}

#[test]
fn live_state_and_policy_come_back() {
    back(&StageState::default());
    let scopes = [KillScope::All, KillScope::Workflow("a:b".into()), KillScope::Channel(crate::action::Channel::Task)];
    for scope in scopes {
        back(&Kill { scope, reason: "x".into(), by: "breaker:flood".into(), at: Time(i64::MAX) });
    }
    let zone = ZoneChoice::Fixed("Europe/Berlin".into());
    back(&Policy {
        caps: vec![Cap {
            id: "weekly".into(),
            channels: vec![],
            max: 3,
            window: span("7d"),
            gap: Some(span("2d")),
            exempt: vec![],
        }],
        quiet_hours: vec![QuietHours {
            channels: vec![],
            from_minute: 1,
            to_minute: 2,
            zone,
            zone_if_unknown: "UTC".into(),
        }],
        global_holdout: 0.02,
        never: crate::policy::Never { audiences: vec!["staff".into()], countries_outside: vec!["DE".into()] },
        ..Policy::default()
    });
    assert!(serde_json::from_str::<KillScope>("\"workflow:\"").is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let finite = any::<f64>().prop_filter("JSON has no others", |number| number.is_finite());
    let money = (any::<i64>(), "[A-Z]{3}").prop_filter_map("a code", |(micros, code)| {
        Some(Value::Money(Money { micros, currency: Currency::parse(&code)? }))
    });
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        finite.prop_map(Value::Number),
        any::<String>().prop_map(Value::Text),
        money
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_back(value in values()) {
        back(&value);
    }

    #[test]
    fn any_time_number_and_bucket_comes_back(time: i64, number in -1e300..1e300f64, bucket in 0.0..1.0f64) {
        back(&Time(time));
        back(&Span(time));
        back(&FactLog { entries: vec![(Time(time), number)], last: Some(Time(i64::MAX)) });
        let arm = crate::arm::Arm::OutsideShare;
        back(&Assignment { arm, global_bucket: bucket, holdout_bucket: bucket / 3.0, holdout: bucket / 7.0 });
    }
}
