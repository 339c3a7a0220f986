//! For any arrival order every kind of feature equals a recount over all facts.

use super::*;
use proptest::prelude::*;

fn of(how: Aggregate, window: Window) -> FeatureKind {
    FeatureKind::Of { fact: key(), how, window, never: -7.0 }
}

fn key() -> FactKey {
    FactKey::of([0; 16], false)
}

/// What the aggregate is, said as plainly as possible.
fn recount(how: Aggregate, inside: &[(i64, f64)]) -> f64 {
    let numbers: Vec<f64> = inside.iter().map(|(_, number)| *number).collect();
    if numbers.is_empty() {
        return -7.0;
    }
    match how {
        Aggregate::Min => numbers.iter().copied().fold(f64::MAX, f64::min),
        Aggregate::Max => numbers.iter().copied().fold(f64::MIN, f64::max),
        Aggregate::Average => numbers.iter().sum::<f64>() / numbers.len() as f64,
        Aggregate::Distinct => {
            numbers.iter().map(|n| n.to_bits()).collect::<std::collections::BTreeSet<_>>().len() as f64
        }
        Aggregate::First => numbers[0],
        Aggregate::Last => numbers[numbers.len() - 1],
    }
}

proptest! {
    #[test]
    fn windows_equal_a_recount(facts in prop::collection::vec((0i64..200, 0i64..5), 0..40), from in 1i64..60, to in 0i64..60, seed: u64) {
        let window = Window { from: Span(from.max(to)), to: Span(to.min(from)) };
        let now = Time(facts.iter().map(|(time, _)| *time).max().unwrap_or(0));
        let mut state = seed | 1;
        let mut shuffled = facts.clone();
        shuffled.sort_by_cached_key(|_| { state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); state });
        let mut log = FactLog::default();
        for (index, (time, number)) in shuffled.iter().enumerate() {
            log.add(Time(*time), *number as f64, window.from);
            if index % 3 == 0 { log.prune(Time(0).max(now - Span(200)), window.from); }
        }
        log.prune(now, window.from);
        let mut sorted: Vec<(i64, f64)> = facts.iter().map(|(time, number)| (*time, *number as f64)).collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let lies = |window: Window| move |fact: &(i64, f64)| fact.0 > now.0 - window.from.0 && fact.0 <= now.0 - window.to.0;
        let inside: Vec<(i64, f64)> = sorted.iter().copied().filter(lies(window)).collect();
        let total: f64 = inside.iter().map(|(_, number)| number).sum::<f64>() + 0.0;
        prop_assert_eq!(FeatureKind::Count { fact: key(), window }.over(&log, now), Some(inside.len() as f64));
        prop_assert_eq!(FeatureKind::Sum { fact: key(), window }.over(&log, now), Some(total));
        for how in [Aggregate::Min, Aggregate::Max, Aggregate::Average, Aggregate::Distinct, Aggregate::First, Aggregate::Last] {
            prop_assert_eq!(of(how, window).over(&log, now), Some(recount(how, &inside)), "{:?}", how);
        }
        let against = Window { from: window.from, to: Span(0) };
        let divisor = sorted.iter().copied().filter(lies(against)).count() as f64;
        let ratio = FeatureKind::Ratio { fact: key(), sum: false, window, against, never: 9.0 };
        prop_assert_eq!(ratio.over(&log, now), Some(if divisor == 0.0 { 9.0 } else { inside.len() as f64 / divisor }));
    }
}

#[test]
fn ranges_meet_without_overlap() {
    let mut log = FactLog::default();
    for day in 1..=20 {
        log.add(Time(0) + Span::days(day), 1.0, Span::days(14));
    }
    let now = Time(0) + Span::days(20);
    let near = Window { from: Span::days(7), to: Span(0) };
    let far = Window { from: Span::days(14), to: Span::days(7) };
    let count = |window| FeatureKind::Count { fact: key(), window }.over(&log, now);
    assert_eq!((count(near), count(far)), (Some(7.0), Some(7.0)));
    assert_eq!(FeatureKind::DaysSince { fact: key(), never: 99.0 }.over(&log, now), Some(0.0));
    assert_eq!(FeatureKind::DaysSince { fact: key(), never: 99.0 }.over(&FactLog::default(), now), Some(99.0));
}

#[test]
fn amounts_of_another_currency_spoil_a_sum_and_nothing_else() {
    let def = FactDef::new(vec!["order.paid".into()], None, Some("total".into()), Span::days(9), Over::Contact);
    let mut event = crate::testkit::event("order.paid", Time(0));
    let mut log = FactLog::default();
    for amount in ["5 EUR", "7 GBP"] {
        event.fields.insert("total".into(), Value::Money(crate::Money::parse(amount).unwrap()));
        log.add(Time(0), def.number(&event, Currency::parse("EUR")).unwrap(), def.keep);
    }
    let window = Window { from: Span::days(9), to: Span(0) };
    assert_eq!(FeatureKind::Sum { fact: def.key, window }.over(&log, Time(0)), None);
    assert_eq!(of(Aggregate::Max, window).over(&log, Time(0)), None);
    assert_eq!(FeatureKind::Count { fact: def.key, window }.over(&log, Time(0)), Some(2.0));
    let text = serde_json::to_string(&log).unwrap();
    assert_eq!(serde_json::from_str::<FactLog>(&text).unwrap(), log, "what stands for it survives storage");
}

#[test]
fn equal_texts_count_once() {
    let def = FactDef::new(vec!["go".into()], None, Some("cart".into()), Span::days(9), Over::Account);
    assert!(def.key.of_account());
    let number =
        |text: &str| def.number(&crate::testkit::with(crate::testkit::event("go", Time(0)), "cart", text), None);
    assert_eq!(number("a"), number("a"));
    assert_ne!(number("a"), number("b"));
}
