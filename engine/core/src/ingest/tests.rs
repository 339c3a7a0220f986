//! What is read and what is parked, with the code for each.

use super::*;
use crate::schema::{Field, FieldKind};

fn schema() -> Schema {
    let total = BTreeMap::from([("total".to_owned(), Field::of(FieldKind::Money))]);
    let plan = FieldKind::Text { one_of: vec!["pro".into()] };
    Schema {
        contact: BTreeMap::from([("plan".to_owned(), Field::of(plan))]),
        account: BTreeMap::new(),
        events: BTreeMap::from([("order.paid".to_owned(), total)]),
        currency: crate::value::Currency::parse("GBP"),
    }
}

fn code(body: &[u8]) -> &'static str {
    let schema = schema();
    let door = Door { schema: &schema, now: Time::parse("2011-06-01T00:00:00Z").unwrap(), history: false };
    read(body, &BTreeMap::new(), &door).map_or_else(|refusal| refusal.code, |_| "ok")
}

#[test]
fn each_bad_input_has_its_code() {
    let good = r#"{"specversion":"1.0","id":"1","source":"s","type":"order.paid","subject":"c","time":"2011-05-31T12:00:00Z","data":{"total":5}}"#;
    assert_eq!(code(good.as_bytes()), "ok");
    for (from, to, want) in [
        (r#""id":"1","#, "", codes::EVENT_NO_ID),
        (r#""subject":"c","#, "", codes::EVENT_NO_CONTACT),
        ("2011-05-31", "1970-01-01", codes::EVENT_OLD),
        ("2011-05-31", "2100-01-01", codes::EVENT_FUTURE),
        ("2011-05-31T12:00:00Z", "yesterday", codes::EVENT_TIME),
        (r#"{"total":5}"#, "{}", codes::EVENT_FIELD),
        (r#"{"total":5}"#, r#"{"total":"5"}"#, codes::EVENT_FIELD),
        (r#"{"total":5}}"#, r#"{"total":5"#, codes::EVENT_NOT_JSON),
        (r#"{"total":5}"#, "[]", codes::EVENT_SHAPE),
    ] {
        assert_eq!(code(good.replace(from, to).as_bytes()), want, "{from} → {to}");
    }
    assert_eq!(code(&[0xff, 0xfe]), codes::EVENT_NOT_UTF8);
    assert_eq!(code(&vec![b' '; MAX_BODY + 1]), codes::EVENT_TOO_LARGE);
    assert_eq!(code(br#"{"specversion":"1.0","id":"1","source":"s","type":"contact.updated","subject":"c","time":"2011-05-31T12:00:00Z","data":{"plan":"x"}}"#), codes::EVENT_FIELD);
}

#[test]
fn short_form_and_binary_mode_read_alike() {
    let schema = schema();
    let door = Door { schema: &schema, now: Time::parse("2011-06-01T00:00:00Z").unwrap(), history: false };
    let short = br#"{"event":"order.paid","contact":"c","time":"2011-05-31T12:00:00Z","data":{"total":5}}"#;
    let spaced = br#"{ "contact":"c", "event":"order.paid","time":"2011-05-31T12:00:00Z","data":{"total":5}}"#;
    let first = read(short, &BTreeMap::new(), &door).unwrap();
    assert_eq!(first.id, read(spaced, &BTreeMap::new(), &door).unwrap().id);
    let headers = [
        ("ce-id", "7"),
        ("ce-source", "s"),
        ("ce-type", "order.paid"),
        ("ce-subject", "c"),
        ("ce-time", "2011-05-31T12:00:00Z"),
    ];
    let headers = headers.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let binary = read(br#"{"total":5}"#, &headers, &door).unwrap();
    assert_eq!((binary.fields, binary.time), (first.fields, first.time));
}

#[test]
fn a_time_slightly_ahead_is_clamped() {
    let schema = schema();
    let now = Time::parse("2011-06-01T00:00:00Z").unwrap();
    let door = Door { schema: &schema, now, history: false };
    let body = br#"{"event":"x","contact":"c","time":"2011-06-01T20:00:00Z"}"#;
    assert_eq!(read(body, &BTreeMap::new(), &door).unwrap().time, now);
}

fn refusal(body: &str) -> Refusal {
    let schema = schema();
    let door = Door { schema: &schema, now: Time::parse("2011-06-01T00:00:00Z").unwrap(), history: false };
    read(body.as_bytes(), &BTreeMap::new(), &door).unwrap_err()
}

#[test]
fn hostile_bodies_are_parked_and_never_break_anything() {
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let event =
        |data: &str| format!(r#"{{"event":"order.paid","contact":"c","time":"2011-05-31T12:00:00Z","data":{data}}}"#);
    for (body, want) in [
        (String::new(), codes::EVENT_NOT_JSON),
        ("null".into(), codes::EVENT_SHAPE),
        ("[]".into(), codes::EVENT_SHAPE),
        ("{}".into(), codes::EVENT_NO_ID),
        ("\u{feff}{}".into(), codes::EVENT_NOT_JSON),
        (deep.clone(), codes::EVENT_NOT_JSON),
        (event(&deep), codes::EVENT_NOT_JSON),
        (event(r#"{"total":1e400}"#), codes::EVENT_NOT_JSON),
        (event(r#"{"total":NaN}"#), codes::EVENT_NOT_JSON),
        (event(r#"{"total":1e300}"#), codes::EVENT_FIELD),
        (event(r#"{"total":"5 XX"}"#), codes::EVENT_FIELD),
        (event(r#"{"total":{"amount":5}}"#), codes::EVENT_FIELD),
        (event(r#"{"total":null}"#), codes::EVENT_FIELD),
        (event("5"), codes::EVENT_SHAPE),
        (event(r#"{"total":5}"#).replace("\"c\"", "\"a\\u0000b\""), codes::EVENT_SHAPE),
        (event(r#"{"total":5}"#).replace("\"c\"", "true"), codes::EVENT_NO_CONTACT),
        (event(r#"{"total":5}"#).replace("\"c\"", &format!("\"{}\"", "x".repeat(513))), codes::EVENT_SHAPE),
        (event(r#"{"total":5}"#).replace("2011-05-31T12:00:00Z", "-009000-01-01T00:00:00Z"), codes::EVENT_OLD),
        (event(r#"{"total":5}"#).replace("2011-05-31T12:00:00Z", "2011-05-31T12:00:00"), codes::EVENT_TIME),
        (event(r#"{"total":5}"#).replace("2011-05-31T12:00:00Z", "99999-05-31T12:00:00Z"), codes::EVENT_TIME),
    ] {
        let found = refusal(&body);
        assert_eq!(found.code, want, "{}", &body[..body.len().min(90)]);
        assert!(found.message.len() < 500, "{}", found.message);
    }
}

#[test]
fn a_refusal_never_repeats_a_value() {
    for data in [r#"{"total":"canary-7f3a"}"#, r#"["canary-7f3a"]"#, r#"{"total":{"currency":"canary-7f3a"}}"#] {
        let body = format!(r#"{{"event":"order.paid","contact":"c","time":"2011-05-31T12:00:00Z","data":{data}}}"#);
        let found = refusal(&body);
        assert!(!found.message.contains("canary"), "{}", found.message);
    }
}

#[test]
fn the_limits_of_time_are_exact_and_history_has_no_past() {
    let schema = schema();
    let now = Time::parse("2011-06-01T00:00:00Z").unwrap();
    let at = |time: Time, history| {
        let body = format!(r#"{{"event":"x","contact":"c","time":"{time}"}}"#);
        read(body.as_bytes(), &BTreeMap::new(), &Door { schema: &schema, now, history }).map_err(|refusal| refusal.code)
    };
    assert_eq!(at(now + FUTURE, false).unwrap().time, now);
    assert_eq!(at(now + FUTURE + Span(1), false).unwrap_err(), codes::EVENT_FUTURE);
    assert_eq!(at(now - PAST, false).unwrap().time, now - PAST);
    assert_eq!(at(now - PAST - Span(1), false).unwrap_err(), codes::EVENT_OLD);
    let old = at(now - Span::days(4_000), true).unwrap();
    assert_eq!((old.time, old.history), (now - Span::days(4_000), true));
    assert_eq!(at(now + FUTURE + Span(1), true).unwrap_err(), codes::EVENT_FUTURE);
}

#[test]
fn offsets_sequences_and_money_are_understood() {
    let schema = schema();
    let door = Door { schema: &schema, now: Time::parse("2011-06-01T00:00:00Z").unwrap(), history: false };
    let body = |total: &str| {
        format!(
            r#"{{"specversion":"1.0","id":7,"source":"s","type":"order.paid","subject":"c","sequence":"0012","time":"2011-05-31T14:00:00+02:00","data":{{"total":{total},"extra":1}}}}"#
        )
    };
    for total in ["12.5", "\"12.50 GBP\"", r#"{"amount":12.5,"currency":"GBP"}"#] {
        let event = read(body(total).as_bytes(), &BTreeMap::new(), &door).unwrap();
        assert_eq!((event.id.as_str(), event.sequence), ("7", 12));
        assert_eq!(event.time, Time::parse("2011-05-31T12:00:00Z").unwrap());
        assert_eq!(event.fields[&String::from("total")].to_string(), "12.50 GBP");
        assert_eq!((event.fields.len(), event.body), (1, None), "undeclared fields are dropped");
    }
}

#[test]
fn built_in_events_keep_their_data() {
    let schema = schema();
    let door = Door { schema: &schema, now: Time::parse("2011-06-01T00:00:00Z").unwrap(), history: false };
    let read = |kind: &str, data: &str| {
        let body = format!(r#"{{"event":"{kind}","contact":"c","time":"2011-05-31T12:00:00Z","data":{data}}}"#);
        super::read(body.as_bytes(), &BTreeMap::new(), &door)
    };
    let event = read("email.opened", r#"{"action_id":"a1"}"#).unwrap();
    assert_eq!(event.body.unwrap()["action_id"], "a1");
    assert_eq!(read("consent.changed", r#"{"purpose":"m"}"#).unwrap_err().code, codes::EVENT_FIELD);
    assert_eq!(read("consent.changed", "null").unwrap_err().code, codes::EVENT_FIELD);
    assert!(read("contact.updated", "null").is_ok(), "nothing changes");
}
