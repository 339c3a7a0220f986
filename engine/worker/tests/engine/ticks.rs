//! Scheduled starts: everybody gets their ticks once a schedule is published.

use crate::bed::*;
use staunch_core::action::Channel;
use staunch_core::policy::ZoneChoice;
use staunch_core::schedule::{Schedule, Ticks, Weekdays};
use staunch_core::workflow::{Audience, Target, Workflow};
use staunch_store::{ActionFilter, Store};

fn every_day(version: &str, minute: u16) -> Workflow {
    let mut flow = flow("w", version, vec![act(Channel::Task, "call", Target::End)]);
    let ticks = Ticks::Weekly { minute, days: Weekdays::ALL };
    flow.start.events.clear();
    flow.start.schedule = Some(Schedule { ticks, zone: ZoneChoice::Contact, audience: "all".into() });
    flow
}

#[tokio::test]
async fn a_published_schedule_reaches_people_who_do_nothing() {
    let mut bed = Bed::new(&[flow("w", "v1", vec![act(Channel::Task, "call", Target::End)])]).await;
    let all = Audience { name: "all".into(), features: vec![], facts: vec![], when: expr("true") };
    bed.workspace.audiences = vec![all];
    let old = bed.engine().await;
    old.broker().publish(&[plain("1", "order.paid", "a", NOW), alias("2", "b", "x", NOW)]).await.unwrap();
    bed.drain(&old, 9, NOW).await;
    // At eleven o'clock every day; it is ten now.
    bed.store.publish(&[every_day("v2", 660)], minutes(1)).await.unwrap();
    let engine = bed.engine().await;
    assert_eq!(engine.wake(9, minutes(1)).await.unwrap(), 2);
    assert_eq!(bed.store.next_wake().await.unwrap(), Some(minutes(60)));
    assert_eq!(engine.wake(9, minutes(60)).await.unwrap(), 2);
    let actions = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert_eq!(actions.len(), 2);
    assert_eq!(bed.store.next_wake().await.unwrap(), Some(minutes(60 + 24 * 60)));
}

#[tokio::test]
async fn whoever_was_decided_about_by_a_process_that_did_not_know_the_schedule_gets_its_ticks() {
    let mut bed = Bed::new(&[flow("w", "v1", vec![act(Channel::Task, "call", Target::End)])]).await;
    bed.workspace.audiences =
        vec![Audience { name: "all".into(), features: vec![], facts: vec![], when: expr("true") }];
    let engine = bed.engine().await;
    engine.broker().publish(&[plain("1", "order.paid", "a", NOW)]).await.unwrap();
    bed.drain(&engine, 9, NOW).await;
    // Another process publishes and wakes everybody; this one has not looked, and its answer has no tick.
    bed.store.publish(&[every_day("v2", 660)], minutes(1)).await.unwrap();
    assert_eq!(engine.wake(9, minutes(1)).await.unwrap(), 1);
    assert_eq!(bed.store.next_wake().await.unwrap(), None);
    assert!(engine.refresh().await.unwrap());
    assert_eq!(engine.wake(9, minutes(2)).await.unwrap(), 1);
    assert_eq!(bed.store.next_wake().await.unwrap(), Some(minutes(60)));
    // The same schedule in the next version wakes nobody.
    bed.store.publish(&[every_day("v3", 660)], minutes(3)).await.unwrap();
    assert!(engine.refresh().await.unwrap());
    assert_eq!(engine.wake(9, minutes(3)).await.unwrap(), 0);
}
