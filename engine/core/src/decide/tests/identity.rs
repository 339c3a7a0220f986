//! Two ids that turn out to be one person.

use crate::arm::Arm;
use crate::contact::{Contact, Suppression};
use crate::event::Event;
use crate::testkit::*;
use crate::time::Time;
use crate::workflow::Workflow;
use proptest::prelude::*;
use serde_json::json;

fn alias(id: &str, time: &str) -> Event {
    with_body(event("contact.aliased", at(time)), json!({ "alias": id }))
}

fn waiting() -> Workflow {
    let mut flow = flow(vec![wait_for("pause", "5d", 1), email("a", END)]);
    add_feature(&mut flow, "orders", "order.paid", None, None, window("30d", "0h"));
    flow
}

/// A contact of the id on which these events were decided.
fn lived(flow: &Workflow, id: &str, events: Vec<Event>) -> Contact {
    let mut bench = Bench::new(vec![flow.clone()]);
    bench.contact = Contact::new(id);
    for event in events {
        bench.event(Event { contact: id.into(), id: format!("{id} {}", event.id), ..event });
    }
    bench.contact
}

fn merged(flow: &Workflow, into: Contact, other: Contact, time: &str) -> (Bench, crate::decide::Transition) {
    let mut bench = Bench::new(vec![flow.clone()]);
    let event = alias(&other.id, time);
    (bench.contact, bench.other) = (into, Some(other));
    let transition = bench.event(event);
    bench.other = None;
    (bench, transition)
}

#[test]
fn an_id_that_nobody_has_is_an_alias() {
    let mut bench = Bench::new(vec![waiting()]);
    let transition = bench.event(alias("anon-1", "0h"));
    assert_eq!(transition.aliases, ["anon-1"]);
    assert!(bench.contact.aliases.contains("anon-1") && transition.merged.is_none());
    assert!(bench.event(alias("anon-1", "1h")).aliases.is_empty(), "once");
    assert!(bench.event(alias("c", "2h")).aliases.is_empty(), "itself");
}

#[test]
fn what_is_known_of_both_is_kept() {
    let flow = waiting();
    let mut one = lived(&flow, "c", vec![event("order.paid", at("-3d")), event("order.paid", at("-1d"))]);
    let mut two = lived(&flow, "anon", vec![event("go", at("-4d")), event("order.paid", at("-2d"))]);
    one.apply(&with_body(event("contact.updated", at("-1d")), json!({"plan": "pro"})), &schema()).unwrap();
    two.apply(&with_body(event("contact.updated", at("-2d")), json!({"plan": "old", "name": "Ada"})), &schema())
        .unwrap();
    two.suppressed
        .insert(crate::action::Channel::Email, Suppression { because: "email.complained".into(), at: at("-9d") });
    two.aliases.insert("older".into());
    let (bench, transition) = merged(&flow, one, two, "0h");
    let contact = &bench.contact;
    assert_eq!(
        (&contact.fields[&String::from("plan")], &contact.fields[&String::from("name")]),
        (&"pro".into(), &"Ada".into())
    );
    assert!(contact.suppressed.contains_key(&crate::action::Channel::Email));
    assert_eq!(contact.facts.logs().next().unwrap().entries.len(), 3, "facts add up");
    assert_eq!(transition.aliases, ["older", "anon"]);
    let tombstone = transition.merged.unwrap();
    assert_eq!((tombstone.id.as_str(), tombstone.merged_into.as_deref()), ("anon", Some("c")));
    assert!(tombstone.runs.is_empty() && tombstone.facts.is_empty() && tombstone.fields.is_empty());
    assert_eq!(contact.runs.len(), 1, "its run goes on under the new id");
    assert_eq!(transition.wake_at, Some(at("1d")), "with its deadline");
}

#[test]
fn of_two_runs_the_earlier_survives() {
    let flow = waiting();
    for (first, second) in [("-4d", "-2d"), ("-2d", "-4d")] {
        let one = lived(&flow, "c", vec![event("go", at(first))]);
        let two = lived(&flow, "anon", vec![event("go", at(second))]);
        let (bench, transition) = merged(&flow, one, two, "0h");
        let active: Vec<_> = bench.contact.runs.iter().filter(|run| run.active()).collect();
        assert_eq!(active.len(), 1);
        assert_eq!(active[0].entry.time, at("-4d"));
        assert_eq!(transition.cancelled.len(), 1);
        assert!(whats(&transition).iter().any(|what| what.starts_with("left: merged")), "{:?}", whats(&transition));
    }
}

/// Whose id lies on the other side of the dial was on both sides of the comparison.
#[test]
fn a_merge_across_arms_leaves_the_analysis() {
    let mut flow = flow(vec![email("a", 1), wait_for("pause", "5d", END)]);
    flow.holdout = 0.5;
    let side = |id: &str| crate::arm::bucket("test", "holdout", "w", id) < 0.5;
    let ids: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
    let (held, treated): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| side(id));
    for (other, crossed) in [(held[1], false), (treated[0], true)] {
        let go = |time: &str| vec![event("go", at(time))];
        let (one, two) = (lived(&flow, held[0], go("-2d")), lived(&flow, other, go("-1d")));
        assert_eq!(one.runs[0].assignment.as_ref().unwrap().arm, Arm::Holdout);
        let (mut bench, _) = merged(&flow, one, two, "0h");
        assert!(bench.contact.runs.iter().all(|run| run.crossed == crossed), "{:?}", bench.contact.runs);
        assert_eq!(bench.contact.crossed.contains("w"), crossed);
        bench.event(event("go", at("20d")));
        assert_eq!(bench.contact.runs.last().unwrap().crossed, crossed, "later runs as well");
    }
}

#[test]
fn identify_sets_fields_too() {
    let mut bench = Bench::new(vec![waiting()]);
    let event = with_body(event("contact.identified", at("0h")), json!({"alias": "anon", "plan": "pro"}));
    let transition = bench.event(event);
    assert_eq!((transition.aliases.len(), &bench.contact.fields[&String::from("plan")]), (1, &"pro".into()));
}

#[test]
fn an_alias_has_to_be_an_id() {
    for body in [
        json!({}),
        json!({"alias": 5}),
        json!({"alias": " "}),
        json!({"alias": "a\nb"}),
        json!({"alias": "x".repeat(600)}),
    ] {
        let mut contact = Contact::new("c");
        assert!(contact.apply(&with_body(event("contact.aliased", at("0h")), body), &schema()).is_err());
    }
}

fn life() -> impl Strategy<Value = Vec<Event>> {
    let kind = prop::sample::select(vec!["go", "order.paid", "order.paid", "other"]);
    prop::collection::vec((kind, 0i64..240), 0..8).prop_map(|list| {
        let mut events: Vec<Event> = list
            .into_iter()
            .enumerate()
            .map(|(id, (kind, hour))| Event {
                id: format!("{id}"),
                ..event(kind, Time(START.0 + hour * 3_600_000_000))
            })
            .collect();
        events.sort_by_key(Event::position);
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever record survives, the person is the same: fields, consent, suppression, facts, and which run goes on.
    #[test]
    fn it_does_not_matter_which_record_survives(one in life(), two in life()) {
        let flow = waiting();
        let (a, b) = (lived(&flow, "a", one), lived(&flow, "b", two));
        let (first, _) = merged(&flow, a.clone(), b.clone(), "11d");
        let (second, _) = merged(&flow, b, a, "11d");
        let (mut x, mut y) = (first.contact, second.contact);
        for contact in [&mut x, &mut y] {
            contact.id.clear();
            contact.aliases.clear();
            contact.runs.sort_by(|one, two| one.id.cmp(&two.id));
        }
        prop_assert_eq!(x, y);
    }
}
