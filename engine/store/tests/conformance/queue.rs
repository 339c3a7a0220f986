//! The embedded queue.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::{Span, Time};
use staunch_store::{Message, Queue, Taken};
use std::sync::Arc;

const LEASE: Span = Span::seconds(30);

fn message(text: &str) -> Message {
    Message { body: text.into(), headers: format!("{{\"n\":\"{text}\"}}") }
}

async fn take(queue: &dyn Queue, limit: u32, now: Time) -> Vec<Taken> {
    queue.take(limit, LEASE, now).await.unwrap()
}

fn bodies(taken: &[Taken]) -> Vec<&[u8]> {
    taken.iter().map(|one| one.message.body.as_slice()).collect()
}

pub async fn messages_come_in_order_and_once(bed: Arc<Bed>) {
    let queue = &*bed.queue;
    assert!(take(queue, 9, NOW).await.is_empty());
    queue.push(&[], NOW).await.unwrap();
    queue.push(&[message("a"), message("b"), message("c")], NOW).await.unwrap();
    queue.push(&[message("d")], NOW).await.unwrap();
    let first = take(queue, 2, NOW).await;
    assert_eq!((first[0].message.clone(), first[1].message.clone()), (message("a"), message("b")));
    assert_eq!((first[0].attempts, first[1].attempts), (1, 1));
    assert_eq!(bodies(&take(queue, 9, NOW).await), [b"c", b"d"]);
    assert!(take(queue, 9, NOW).await.is_empty());
    assert_eq!(queue.depth().await.unwrap(), 4);
    queue.ack(&[first[0].id, first[1].id]).await.unwrap();
    queue.ack(&[first[0].id]).await.unwrap();
    queue.ack(&[]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 2);
}

pub async fn a_lease_that_ran_out_gives_them_back(bed: Arc<Bed>) {
    let queue = &*bed.queue;
    queue.push(&[message("a"), message("b")], NOW).await.unwrap();
    take(queue, 1, NOW).await;
    assert_eq!(bodies(&take(queue, 9, seconds(29)).await), [b"b"]);
    let again = take(queue, 9, seconds(30)).await;
    assert_eq!((bodies(&again), again[0].attempts), (vec![b"a".as_slice()], 2));
    // An id is never used again: an old acknowledgement cannot meet a new message.
    queue.ack(&[again[0].id, again[0].id + 1]).await.unwrap();
    queue.push(&[message("c")], NOW).await.unwrap();
    assert!(take(queue, 9, seconds(60)).await[0].id > again[0].id + 1);
}

pub async fn released_ones_come_back_uncounted(bed: Arc<Bed>) {
    let queue = &*bed.queue;
    queue.push(&[message("a"), message("b")], NOW).await.unwrap();
    let taken = take(queue, 9, NOW).await;
    queue.release(&[taken[0].id]).await.unwrap();
    queue.release(&[taken[0].id]).await.unwrap();
    let again = take(queue, 9, NOW).await;
    assert_eq!((bodies(&again), again[0].attempts), (vec![b"a".as_slice()], 1));
}

pub async fn any_bytes_pass(bed: Arc<Bed>) {
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let sent = [Message { body: bytes, headers: "{\"x\":\"\\u0000 \\\"é\"}".into() }, message("")];
    bed.queue.push(&sent, NOW).await.unwrap();
    let taken = take(&*bed.queue, 9, NOW).await;
    assert_eq!([taken[0].message.clone(), taken[1].message.clone()], sent);
}
