//! Tests of the made-up shop: its bytes are always the same, and its events are what the benchmark says they are.

use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const SMALL: Shape = Shape { contacts: 50, events: 20_000, hours_between: 14.4, seed: 3 };

fn lines(shape: &Shape, all: bool) -> (Written, Vec<String>) {
    let mut bytes = Vec::new();
    let written = write_events(shape, all, &mut bytes).unwrap();
    assert_eq!(written.bytes, bytes.len() as u64);
    (written, String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn events_are_the_same_every_time_and_begin_with_the_introductions() {
    let (written, all) = lines(&SMALL, true);
    assert_eq!((written.lines, all.len()), (20_100, 20_100));
    assert_eq!(all, lines(&SMALL, true).1);
    assert_eq!(lines(&SMALL, false).1, all[..100]);
    assert_ne!(all, lines(&Shape { seed: 4, ..SMALL }, true).1);
}

#[test]
fn events_are_cloud_events_in_order_about_250_bytes_long() {
    let (written, all) = lines(&SMALL, true);
    assert!((230..=270).contains(&(written.bytes / written.lines)), "{}", written.bytes / written.lines);
    let (mut ids, mut last) = (BTreeSet::new(), (staunch_core::Time(0), String::new()));
    for line in &all {
        let event: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        assert!(ids.insert(text("id")), "{line}");
        let at = (staunch_core::Time::parse(&text("time")).unwrap(), text("id"));
        assert!(last.0 <= at.0 && (last.0 < at.0 || last.1 < at.1), "{line}");
        assert_eq!(event["specversion"], "1.0");
        last = at;
    }
}

#[test]
fn shares_are_those_of_the_benchmark() {
    let (_, all) = lines(&SMALL, true);
    let (mut kinds, mut contacts) = (BTreeMap::new(), BTreeMap::new());
    for line in &all[100..] {
        let event: Value = serde_json::from_str(line).unwrap();
        let kind = event["type"].as_str().unwrap().to_owned();
        assert!(kind.starts_with("shop."), "every event of the shop feeds every feature: {line}");
        assert_eq!(event["data"].as_object().unwrap().len(), 4);
        *kinds.entry(kind).or_insert(0u32) += 1;
        *contacts.entry(event["subject"].as_str().unwrap().to_owned()).or_insert(0u32) += 1;
    }
    let share = |kind: &str| f64::from(kinds[kind]) / 20_000.0;
    let starting = ["cart_changed", "order_paid", "trial_checked", "support_asked"];
    let starts: f64 = starting.iter().map(|kind| share(&format!("shop.{kind}"))).sum();
    assert!((0.23..0.27).contains(&starts), "{starts}");
    assert!((0.055..0.065).contains(&share("shop.trial_checked")), "{kinds:?}");
    assert_eq!(contacts.len(), 50);
    assert!(contacts.values().all(|count| (300..500).contains(count)), "{contacts:?}");
}

#[test]
fn the_model_has_a_hundred_full_trees() {
    let model = model(1);
    let trees = model["trees"].as_array().unwrap();
    assert_eq!(trees.len(), 100);
    assert!(trees.iter().all(|tree| tree.as_array().unwrap().len() == 63));
    assert_eq!(model, super::model(1));
    assert_ne!(model, super::model(2));
}

#[test]
fn workspaces_hold_what_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    write_workspace(dir.path(), 2, 3).unwrap();
    let files = |folder: &str| {
        let names = std::fs::read_dir(dir.path().join(folder)).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    let wanted = ["cart.yaml", "idle-0000.yaml", "idle-0001.yaml", "idle-0002.yaml", "rescue.yaml"];
    assert_eq!(files("workflows"), wanted.map(str::to_owned).into());
    assert_eq!(files("templates"), ["cart", "idle", "rescue"].map(str::to_owned).into());
}
