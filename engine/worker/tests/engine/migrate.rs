//! What a new version does with runs under way.

use crate::bed::*;
use staunch_core::Span;
use staunch_core::action::Channel;
use staunch_core::decide::Existing;
use staunch_core::workflow::{Target, Workflow};
use staunch_store::{ActionFilter, Store};
use staunch_worker::{Migrated, WorkerError};

fn version(version: &str, step: &str) -> Workflow {
    let nodes = vec![wait(step, Span::days(1), Target::Node(1)), act(Channel::Nudge, "hello", Target::End)];
    flow("w", version, nodes)
}

/// Three hundred people, more than a page, stand at `pause` of the first version.
async fn filled() -> Bed {
    let bed = Bed::new(&[version("v1", "pause")]).await;
    let engine = bed.engine().await;
    let starts: Vec<_> = (0..300).map(|n| plain(&format!("g{n}"), "go", &format!("c{n}"), NOW)).collect();
    engine.broker().publish(&starts).await.unwrap();
    assert_eq!(bed.drain(&engine, 256, NOW).await, 300);
    bed
}

async fn migrate(bed: &Bed, to: &str, existing: Existing) -> Migrated {
    bed.engine().await.migrate("w", to, existing, minutes(1)).await.unwrap()
}

#[tokio::test]
async fn runs_move_where_their_step_is_still_there() {
    let bed = filled().await;
    bed.store.publish(&[version("v2", "other")], minutes(1)).await.unwrap();
    let kept = Migrated { kept: 300, ..Migrated::default() };
    assert_eq!(migrate(&bed, "v2", Existing::Keep).await, kept);
    assert_eq!(migrate(&bed, "v2", Existing::Move).await, kept, "the step is gone");
    let untouched = bed.store.contact("c7").await.unwrap().unwrap().1;
    assert_eq!(untouched, 1);
    bed.store.publish(&[version("v3", "pause")], minutes(2)).await.unwrap();
    assert_eq!(migrate(&bed, "v3", Existing::Move).await, Migrated { moved: 300, ..Migrated::default() });
    assert_eq!(migrate(&bed, "v3", Existing::Move).await, Migrated::default());
    assert_eq!(bed.store.contact("c7").await.unwrap().unwrap().1, 2, "the second time changes nothing");
    let standing = bed.store.standing(None).await.unwrap();
    assert_eq!(standing.iter().map(|one| (one.version.as_str(), one.count)).collect::<Vec<_>>(), [("v3", 300)]);
    assert!(bed.store.published().await.unwrap().older.is_empty());
    assert_eq!(bed.store.decisions("c7", None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn runs_end_and_what_they_have_pending_is_withheld() {
    let bed = filled().await;
    bed.store.publish(&[version("v2", "pause")], minutes(1)).await.unwrap();
    assert_eq!(migrate(&bed, "v2", Existing::End).await, Migrated { ended: 300, ..Migrated::default() });
    assert_eq!(migrate(&bed, "v2", Existing::End).await, Migrated::default());
    let engine = bed.engine().await;
    engine.wake(999, minutes(2_000)).await.unwrap();
    assert!(bed.store.actions(&ActionFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_version_that_is_not_there_is_refused() {
    let bed = filled().await;
    let engine = bed.engine().await;
    // Published by somebody else: this worker does not know it yet.
    bed.store.publish(&[version("v2", "pause")], minutes(1)).await.unwrap();
    let error = engine.migrate("w", "v2", Existing::End, minutes(1)).await.unwrap_err();
    assert!(matches!(&error, WorkerError::UnknownVersion { .. }) && error.to_string().starts_with("ST7006"), "{error}");
}
