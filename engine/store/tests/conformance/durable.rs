//! What outlives a process, and what happens when the database is not as expected.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState};
use staunch_core::event::event_key;
use staunch_core::policy::KillScope;
use staunch_store::{Change, Message, StoreError};
use std::sync::Arc;

pub async fn a_second_process_sees_everything(bed: Arc<Bed>) {
    let mail = Action { workflow: "leads".into(), ..action("a2", "c1") };
    let full = Change {
        decisions: vec![decision("c1", "e1", NOW)],
        runs: vec![run("c1", None)],
        wake_at: Some(seconds(5)),
        ..change("c1", vec![action("a1", "c1"), mail])
    };
    bed.store.commit(std::slice::from_ref(&full), NOW).await.unwrap();
    bed.store.kill(&kill(KillScope::Workflow("leads".into())), false, NOW).await.unwrap();
    send(&*bed.store, 9, NOW).await;
    bed.queue.push(&[Message { body: vec![1], headers: "{}".into() }], NOW).await.unwrap();
    let second = bed.again().await.unwrap();
    let store = &*second.store;
    assert_eq!(store.contact("c1").await.unwrap(), Some((full.contact, 1)));
    assert_eq!(store.decisions("c1", None).await.unwrap(), full.decisions);
    assert_eq!(store.runs("c1").await.unwrap(), full.runs);
    assert_eq!(store.due(seconds(5), 9).await.unwrap(), ["c1"]);
    assert_eq!([state(store, "a1").await, state(store, "a2").await], ["sending", "held kill"]);
    assert_eq!(store.live().await.unwrap(), bed.store.live().await.unwrap());
    assert_eq!(second.queue.depth().await.unwrap(), 1);
    // Each sees what the other writes.
    assert_eq!(store.resume(&KillScope::Workflow("leads".into()), "bob", NOW).await.unwrap().unwrap().released, 1);
    assert_eq!(ids(&send(&*bed.store, 9, NOW).await), ["a2"]);
}

pub async fn many_may_open_a_new_database_at_once(bed: Arc<Bed>) {
    let fresh = bed.fresh();
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let fresh = fresh.clone();
            tokio::spawn(async move { fresh.open().await.map(|bed| bed.store) })
        })
        .collect();
    let mut stores = Vec::new();
    for one in opening {
        stores.push(one.await.unwrap());
    }
    let results: Vec<bool> = stores.iter().map(Result::is_ok).collect();
    let mut seen = Vec::new();
    for store in stores.into_iter().flatten() {
        seen.push(store.summary().await.is_ok());
    }
    fresh.remove().await;
    assert_eq!((results, seen), (vec![true; 6], vec![true; 6]));
}

pub async fn a_newer_database_is_refused(bed: Arc<Bed>) {
    bed.sql("INSERT INTO migrations(number, applied_at) VALUES (99, 0)").await;
    let error = bed.again().await.err().unwrap().to_string();
    assert!(error.starts_with("ST4001") && error.contains("version 99"), "{error}");
}

fn corrupt<T: std::fmt::Debug>(result: Result<T, StoreError>, table: &str, key: &str) {
    let error = result.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { table: t, key: k, .. } if *t == table && k == key), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("ST4002") && text.contains(table) && text.contains(key), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

pub async fn corrupt_rows_name_table_and_key(bed: Arc<Bed>) {
    let store = &*bed.store;
    let full = Change {
        decisions: vec![decision("c1", "e1", NOW)],
        runs: vec![run("c1", None)],
        ..change("c1", vec![action("a1", "c1"), Action { state: ActionState::Done, ..action("a2", "c1") }])
    };
    store.commit(&[full], NOW).await.unwrap();
    bed.sql("UPDATE contacts SET state = '{\"id\": [\"secret\"]}'").await;
    bed.sql("UPDATE decisions SET receipt = '\"secret\"'").await;
    bed.sql("UPDATE runs SET body = 'secret'").await;
    corrupt(store.load(&["c1".into()], &[], None).await, "contacts", "c1");
    corrupt(store.contact("c1").await, "contacts", "c1");
    corrupt(store.decisions("c1", None).await, "decisions", &hex::encode(event_key("test", "e1")));
    corrupt(store.runs("c1").await, "runs", "run-c1");
    let everything = By(vec![], |_: &staunch_store::GateInput<'_>| go());
    corrupt(store.begin_sends(&claim(9, NOW), &everything).await, "contacts", "c1");
    bed.sql("UPDATE actions SET state = 'secret' WHERE id = 'a2'").await;
    corrupt(store.action("a2").await, "actions", "a2");
    bed.sql("UPDATE actions SET body = '{\"secret' WHERE id = 'a1'").await;
    corrupt(store.action("a1").await, "actions", "a1");
    bed.sql("INSERT INTO kills(scope, reason, who, at) VALUES ('wrong', 'secret', 'secret', 0)").await;
    corrupt(store.live().await, "kills", "wrong");
}
