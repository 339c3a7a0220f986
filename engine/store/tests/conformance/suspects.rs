//! Messages that are handled alone: which of them took their process along.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::{Span, Time};
use staunch_store::Suspicion;
use std::sync::Arc;

const NOBODY: &[String] = &[];

async fn begin(bed: &Bed, id: &str, ended: &[String], now: Time) -> (u32, u32) {
    let Suspicion { crashes, others } = bed.store.begin_suspect(id, "w1", ended, now).await.unwrap();
    (crashes, others)
}

pub async fn a_start_without_an_end_is_a_crash(bed: Arc<Bed>) {
    assert_eq!(begin(&bed, "a", NOBODY, NOW).await, (0, 0));
    assert_eq!(begin(&bed, "a", NOBODY, NOW).await, (1, 0));
    // Over, and well; but what happened before is not forgotten.
    assert_eq!(begin(&bed, "b", &["a".into()], NOW).await, (0, 0));
    assert_eq!(begin(&bed, "a", NOBODY, NOW).await, (1, 0));
    assert_eq!(begin(&bed, "a", NOBODY, NOW).await, (2, 0));
    bed.store.end_suspects(&["b".into()], NOW).await.unwrap();
    bed.store.end_suspects(NOBODY, NOW).await.unwrap();
    assert_eq!(begin(&bed, "b", NOBODY, NOW).await, (0, 0));
    assert_eq!(begin(&bed, "b", NOBODY, NOW).await, (1, 1));
    bed.store.forget_suspect("a").await.unwrap();
    assert_eq!(begin(&bed, "a", &["b".into()], NOW).await, (0, 0));
    assert_eq!(begin(&bed, "b", NOBODY, NOW).await, (1, 0));
    // Its own end in the same breath: the process lives, and tries again.
    assert_eq!(begin(&bed, "a", &["a".into()], NOW).await, (0, 0));
}

pub async fn crashes_of_others_are_counted_for_a_while(bed: Arc<Bed>) {
    for id in ["a", "a", "b", "b", "c"] {
        begin(&bed, id, NOBODY, NOW).await;
    }
    assert_eq!(begin(&bed, "a", NOBODY, NOW).await, (2, 1));
    assert_eq!(begin(&bed, "c", NOBODY, NOW).await, (1, 2));
    assert_eq!(begin(&bed, "c", NOBODY, NOW + Span::seconds(601)).await, (2, 0));
    bed.store.end_suspects(&["c".into()], NOW + Span::days(8)).await.unwrap();
    assert_eq!(begin(&bed, "a", NOBODY, NOW + Span::days(8)).await, (0, 0));
}
