//! What the contacts of an account do together.

use crate::bed::*;
use staunch_core::action::Channel;
use staunch_core::feature::Over;
use staunch_core::workflow::{Target, Workflow};
use staunch_store::{ActionFilter, Store};

fn team(least: u32) -> Workflow {
    let mut flow = flow("w", "v1", vec![act(Channel::Task, "call", Target::End)]);
    count_orders(&mut flow, "team", Over::Account);
    flow.start.when = Some(expr(&format!("feature.team >= {least}")));
    flow
}

fn joins(id: &str, contact: &str, minute: i64) -> staunch_broker::Message {
    let data = serde_json::json!({ "id": "acme", "plan": "pro" });
    event(id, "account.updated", contact, minutes(minute), data)
}

#[tokio::test]
async fn later_decisions_of_a_batch_see_what_earlier_ones_add() {
    let bed = Bed::new(&[team(3)]).await;
    let engine = bed.engine().await;
    let first = [joins("1", "a", 0), joins("2", "b", 0), plain("3", "order.paid", "a", minutes(1))];
    engine.broker().publish(&first).await.unwrap();
    bed.drain(&engine, 99, minutes(2)).await;
    // One of before, one of another contact in this batch, and one of its own.
    let second = [
        plain("4", "order.paid", "a", minutes(3)),
        plain("5", "order.paid", "b", minutes(4)),
        plain("6", "go", "b", minutes(5)),
        plain("7", "go", "stranger", minutes(5)),
    ];
    engine.broker().publish(&second).await.unwrap();
    bed.drain(&engine, 99, minutes(6)).await;
    let actions = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert_eq!(actions.iter().map(|one| one.action.contact.as_str()).collect::<Vec<_>>(), ["b"]);
    let acme = bed.store.account("acme").await.unwrap().unwrap();
    assert_eq!(acme.facts.logs().map(|log| log.entries.len()).sum::<usize>(), 3);
    assert!(acme.fields.contains_key("plan"));
}

#[tokio::test]
async fn two_records_of_a_member_count_once_each_in_its_account() {
    let bed = Bed::new(&[team(2)]).await;
    let engine = bed.engine().await;
    let batch = [
        joins("1", "a", 0),
        plain("2", "order.paid", "a", minutes(1)),
        alias("3", "b", "a", minutes(2)),
        plain("4", "order.paid", "a", minutes(3)),
        plain("5", "go", "b", minutes(4)),
    ];
    engine.broker().publish(&batch).await.unwrap();
    bed.drain(&engine, 2, minutes(5)).await;
    assert_eq!(bed.store.runs("b").await.unwrap().len(), 1);
    assert_eq!(bed.store.contact("a").await.unwrap().unwrap().0.account.unwrap().0, "acme");
}
