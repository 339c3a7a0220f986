//! The sweep of a worker: decisions are in files before they are gone, and where they cannot be written nothing goes.

use crate::bed::*;
use staunch_core::Span;
use staunch_core::action::Channel;
use staunch_core::retention::Retention;
use staunch_core::workflow::Target;
use staunch_store::{ActionFilter, Parked, Store};
use std::collections::BTreeSet;

fn retention() -> Retention {
    let days = |n| Some(Span::days(n));
    Retention { decisions: days(40), runs: days(40), actions: days(400), parked: days(1), archive: true }
}

/// A workspace in which three people came on two days, and everything of theirs is over.
async fn three_people(retention: Retention) -> Bed {
    let mut bed = Bed::new(&[flow("w", "v1", vec![act(Channel::Task, "call", Target::End)])]).await;
    bed.workspace.retention = retention;
    let engine = bed.engine().await;
    for (contact, minute) in [("c1", 0), ("c2", 1), ("c3", 24 * 60)] {
        let event = plain(&format!("e-{contact}"), "go", contact, minutes(minute));
        engine.broker().publish(&[event]).await.unwrap();
        assert_eq!(bed.drain(&engine, 8, minutes(minute)).await, 1);
    }
    while engine.dispatch(8, minutes(24 * 60)).await.unwrap().claimed > 0 {}
    bed
}

#[tokio::test]
async fn decisions_are_archived_by_day_and_then_deleted() {
    let bed = three_people(retention()).await;
    let engine = bed.engine().await;
    let later = |days: i64| minutes(24 * 60 * days);
    assert_eq!(engine.sweep(later(39)).await.unwrap(), 0, "nothing is old enough");
    let before = bed.store.summary().await.unwrap();
    assert_eq!((before.decisions, before.actions.iter().map(|one| one.4).sum::<u64>()), (3, 3));

    while engine.sweep(later(42)).await.unwrap() > 0 {}
    let after = bed.store.summary().await.unwrap();
    assert_eq!((after.decisions, after.contacts), (0, 3));
    assert_eq!(bed.store.actions(&ActionFilter::default()).await.unwrap().len(), 3, "actions are kept for 400 days");
    let read = |day: &str| {
        let text = std::fs::read_to_string(bed.dir().join(format!("archive/decisions-{day}.ndjson"))).unwrap();
        let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["contact"].to_string();
        text.lines().map(line).collect::<BTreeSet<String>>()
    };
    assert_eq!(read("2026-03-02"), BTreeSet::from(["\"c1\"".to_owned(), "\"c2\"".to_owned()]));
    assert_eq!(read("2026-03-03"), BTreeSet::from(["\"c3\"".to_owned()]));

    while engine.sweep(later(500)).await.unwrap() > 0 {}
    let end = bed.store.summary().await.unwrap();
    assert_eq!((end.actions.len(), end.runs.len(), end.contacts), (0, 0, 3));
}

#[tokio::test]
async fn nothing_goes_where_the_archive_cannot_be_written_or_nobody_asked() {
    let bed = three_people(retention()).await;
    // A file stands where the folder should be.
    std::fs::write(bed.dir().join("archive"), "").unwrap();
    let engine = bed.engine().await;
    let error = engine.sweep(minutes(24 * 60 * 100)).await.unwrap_err();
    assert!(error.to_string().starts_with("ST7007: "), "{error}");
    assert_eq!(bed.store.summary().await.unwrap().decisions, 3);

    let bed = three_people(Retention::default()).await;
    assert_eq!(bed.engine().await.sweep(minutes(24 * 60 * 5_000)).await.unwrap(), 0);
    let kept = bed.store.summary().await.unwrap();
    assert_eq!((kept.decisions, kept.actions.iter().map(|one| one.4).sum::<u64>()), (3, 3));
}

#[tokio::test]
async fn the_bytes_of_a_parked_input_go_with_it() {
    let bed = three_people(retention()).await;
    let file = bed.dir().join("long.bin");
    std::fs::write(&file, "bytes").unwrap();
    let parked = Parked {
        id: "p1".into(),
        origin: "queue".into(),
        code: "ST2010".into(),
        message: "too large".into(),
        bytes: Vec::new(),
        headers: "{}".into(),
        path: Some(file.display().to_string()),
        at: NOW,
    };
    bed.store.park(&[parked]).await.unwrap();
    let engine = bed.engine().await;
    engine.sweep(minutes(60)).await.unwrap();
    assert!(file.exists());
    engine.sweep(minutes(24 * 60 + 1)).await.unwrap();
    assert!(!file.exists() && bed.store.parked(9).await.unwrap().is_empty());
}
