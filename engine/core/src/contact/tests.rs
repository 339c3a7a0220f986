//! What changes a contact, in whatever order it arrives.

use super::*;
use crate::testkit::{at, event, reachable, schema, with_body};
use serde_json::json;

fn applied(events: &[Event]) -> Contact {
    let mut contact = Contact::new("c");
    for event in events {
        contact.apply(event, &schema()).unwrap();
    }
    contact
}

fn update(offset: &str, sequence: i64, body: serde_json::Value) -> Event {
    Event { sequence, ..with_body(event("contact.updated", at(offset)), body) }
}

fn consent(offset: &str, granted: bool) -> Event {
    with_body(event("consent.changed", at(offset)), json!({"purpose": "marketing", "granted": granted}))
}

fn plan(events: &[Event]) -> Option<String> {
    applied(events).fields.get("plan").map(ToString::to_string)
}

#[test]
fn a_field_keeps_its_newest_value() {
    let (old, new) = (update("1h", 0, json!({"plan": "old"})), update("2h", 0, json!({"plan": "new"})));
    assert_eq!(plan(&[old.clone(), new.clone()]).as_deref(), Some("new"));
    assert_eq!(plan(&[new.clone(), old.clone()]).as_deref(), Some("new"));
    let removed = update("3h", 0, json!({"plan": null}));
    assert_eq!(plan(&[removed.clone(), new]), None, "an older value does not bring it back");
    assert_eq!(plan(&[old, removed]), None);
}

#[test]
fn at_equal_times_the_producer_s_order_decides_and_then_the_id() {
    let (first, second) = (update("1h", 1, json!({"plan": "first"})), update("1h", 2, json!({"plan": "second"})));
    assert_eq!(plan(&[first.clone(), second.clone()]).as_deref(), Some("second"));
    assert_eq!(plan(&[second.clone(), first]).as_deref(), Some("second"));
    let later_id = Event { id: "z".into(), ..update("1h", 2, json!({"plan": "z"})) };
    assert_eq!(plan(&[later_id.clone(), second.clone()]).as_deref(), Some("z"));
    assert_eq!(plan(&[second, later_id]).as_deref(), Some("z"));
}

#[test]
fn each_field_has_its_own_time_and_undeclared_ones_are_left_out() {
    let contact = applied(&[
        update("2h", 0, json!({"plan": "pro", "shoe_size": 43})),
        update("1h", 0, json!({"plan": "basic", "age": 30})),
    ]);
    assert_eq!(contact.fields[&String::from("plan")], "pro".into());
    assert_eq!(contact.fields[&String::from("age")], 30.0.into());
    assert_eq!(contact.fields.len(), 2);
}

#[test]
fn a_value_that_does_not_fit_is_refused_without_repeating_it() {
    for (body, want) in [
        (json!({"plan": 5}), "field `plan`: expected text, found number"),
        (json!({"age": "secret"}), "field `age`: expected number, found text"),
        (json!([1]), "contact.updated carries the changed fields as an object in `data`"),
    ] {
        let refused = Contact::new("c").apply(&update("1h", 0, body), &schema()).unwrap_err();
        assert_eq!(refused, want);
    }
    let none = Contact::new("c").apply(&event("contact.updated", at("1h")), &schema());
    assert!(none.is_err());
}

#[test]
fn consent_is_what_was_said_last_and_no_wins_at_equal_times() {
    let granted = |events: &[Event]| applied(events).consent.get("marketing").map(|consent| consent.granted);
    assert_eq!(granted(&[]), None);
    for (first, second, want) in [
        (consent("1h", true), consent("2h", false), false),
        (consent("1h", false), consent("2h", true), true),
        (consent("1h", true), consent("1h", false), false),
        (consent("1h", false), consent("1h", true), false),
    ] {
        assert_eq!(granted(&[first.clone(), second.clone()]), Some(want));
        assert_eq!(granted(&[second, first]), Some(want), "and the other way round");
    }
}

#[test]
fn consent_that_says_nothing_clear_is_refused() {
    for body in [
        json!({}),
        json!({"purpose": "marketing"}),
        json!({"purpose": 1, "granted": true}),
        json!({"purpose": "m", "granted": "yes"}),
    ] {
        assert!(Contact::new("c").apply(&with_body(event("consent.changed", at("1h")), body), &schema()).is_err());
    }
    assert!(Contact::new("c").apply(&event("consent.changed", at("1h")), &schema()).is_err());
}

#[test]
fn suppression_stays_and_its_first_cause_counts() {
    let complained = event("email.complained", at("1h"));
    let bounced = event("email.hard_bounced", at("2h"));
    for order in [[complained.clone(), bounced.clone()], [bounced, complained]] {
        let closed = &applied(&order).suppressed[&Channel::Email];
        assert_eq!((closed.because.as_str(), closed.at), ("email.complained", at("1h")));
    }
    let again = applied(&[event("email.unsubscribed", at("1h")), consent("2h", true)]);
    assert!(again.suppressed.contains_key(&Channel::Email), "a consent does not open a closed channel");
    for harmless in ["email.soft_bounced", "email.opened", "nudge.dismissed", "order.paid"] {
        assert_eq!(applied(&[event(harmless, at("1h"))]).suppressed.len(), 0, "{harmless}");
    }
}

#[test]
fn address_and_zone_are_known_or_not() {
    let mut contact = reachable("c");
    assert_eq!(contact.email(&schema()), Some("c@example.invalid"));
    assert_eq!(contact.email(&Schema::default()), None);
    for blank in ["", "  "] {
        contact.fields.insert("email".into(), blank.into());
        assert_eq!(contact.email(&schema()), None);
    }
    assert!(contact.zone(&schema()).is_none());
    contact.fields.insert("zone".into(), 5.0.into());
    assert!(contact.zone(&schema()).is_none());
    contact.fields.insert("zone".into(), "Europe/Paris".into());
    assert_eq!(contact.zone(&schema()).unwrap().iana_name(), Some("Europe/Paris"));
}
