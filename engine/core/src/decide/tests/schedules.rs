//! Starts by a schedule over an audience.

use crate::decide::{Catalog, Input};
use crate::policy::ZoneChoice;
use crate::schedule::{Schedule, Ticks, Weekdays};
use crate::testkit::*;
use crate::workflow::{Audience, Start, Workflow};

fn scheduled(zone: ZoneChoice, minute: u16, days: &str) -> Workflow {
    let ticks = Ticks::Weekly { minute, days: Weekdays::parse(days).unwrap() };
    let schedule = Some(Schedule { ticks, zone, audience: "quiet".into() });
    let start = Start { events: vec![], schedule, when: None, again_after: None };
    Workflow { start, ..flow(vec![email("a", END)]) }
}

/// The audience `quiet`: no order in the last 30 days.
fn bench(flow: Workflow) -> Bench {
    let mut counting = crate::testkit::flow(vec![]);
    add_feature(&mut counting, "orders", "order.paid", None, None, window("30d", "0h"));
    let mut bench = Bench::new(vec![]);
    let mut workspace = bench.catalog.workspace.clone();
    let (features, facts) = (counting.features, counting.facts);
    workspace.audiences = vec![Audience { name: "quiet".into(), features, facts, when: expr("feature.orders < 1") }];
    bench.catalog = Catalog::new(workspace, vec![flow.into()], vec![]);
    bench
}

/// Monday 10:00 is [`START`].
#[test]
fn it_ticks_for_its_own_time_once_a_week() {
    let mut bench = bench(scheduled(ZoneChoice::Fixed("UTC".into()), 9 * 60, "MON"));
    bench.event(event("other", at("0h")));
    assert_eq!(bench.contact.wake_at(), Some(at("6d23h")), "the next Monday");
    let transition = bench.wake(at("30d"));
    let planned: Vec<_> = bench.actions.iter().map(|action| action.planned_at).collect();
    assert_eq!(planned, [at("6d23h"), at("13d23h"), at("20d23h"), at("27d23h")], "late or not, for its own time");
    assert_eq!(transition.wake_at, Some(at("34d23h")));
    let ids: std::collections::BTreeSet<_> = bench.actions.iter().map(|action| &action.run).collect();
    assert_eq!(ids.len(), 4, "its id is (workflow, tick, contact)");
    assert_eq!(bench.contact.entered[&String::from("w")], at("27d23h"));
}

#[test]
fn who_is_not_in_the_audience_is_left_alone() {
    let mut bench = bench(scheduled(ZoneChoice::Fixed("UTC".into()), 9 * 60, "MON"));
    bench.event(event("order.paid", at("0h")));
    let transition = bench.wake(at("7d"));
    assert!(bench.actions.is_empty() && transition.decision.is_none());
    bench.wake(at("35d"));
    assert_eq!(bench.actions.len(), 1, "thirty days later the order counts no more");
}

#[test]
fn each_contact_has_its_own_morning_and_a_move_changes_it() {
    let mut bench = bench(scheduled(ZoneChoice::Contact, 9 * 60, "MON-SUN"));
    let moved =
        |zone: &str, time: &str| with_body(event("contact.updated", at(time)), serde_json::json!({"zone": zone}));
    bench.event(moved("Asia/Tokyo", "0h"));
    assert_eq!(bench.contact.wake_at(), Some(at("14h")), "nine in Tokyo is midnight UTC");
    bench.event(moved("America/New_York", "1h"));
    assert_eq!(bench.contact.wake_at(), Some(at("4h")), "nine in New York is 14:00 UTC");
}

#[test]
fn a_new_schedule_never_starts_in_the_past_and_an_old_one_is_forgotten() {
    let mut bench = bench(scheduled(ZoneChoice::Fixed("UTC".into()), 9 * 60, "MON"));
    let with = bench.catalog.clone();
    bench.catalog = Catalog::new(with.workspace.clone(), vec![], vec![]);
    bench.event(event("other", at("0h")));
    assert_eq!(bench.contact.wake_at(), None);
    // Published on Wednesday: the store wakes everybody once.
    bench.catalog = with.clone();
    assert!(bench.wake(at("2d")).decision.is_none());
    assert_eq!((bench.contact.wake_at(), bench.actions.len()), (Some(at("6d23h")), 0));
    bench.catalog = Catalog::new(with.workspace, vec![], vec![]);
    bench.wake(at("7d"));
    assert_eq!((bench.contact.wake_at(), bench.actions.len()), (None, 0));
}

#[test]
fn a_test_ticks_by_hand() {
    let mut bench = bench(scheduled(ZoneChoice::Contact, 9 * 60, "MON"));
    bench.catalog = bench.catalog.without_ticks();
    bench.event(event("other", at("0h")));
    assert_eq!(bench.contact.wake_at(), None);
    let transition = bench.input(&Input::Tick("w".into(), at("1h")));
    assert_eq!(bench.planned().len(), 1);
    assert_eq!(whats(&transition), ["started, done"]);
}

#[test]
fn a_message_of_a_scheduled_start_can_show_its_time() {
    let mut bench = bench(scheduled(ZoneChoice::Fixed("UTC".into()), 9 * 60, "MON"));
    bench.event(event("other", at("0h")));
    bench.wake(at("7d"));
    let crate::action::Payload::Email { text, .. } = &bench.actions[0].payload else { panic!() };
    assert!(text.contains(&format!("\"entry\":{{\"time\":\"{}\"}}", at("6d23h"))), "{text}");
    assert!(text.contains("\"account\":{}"), "{text}");
}
