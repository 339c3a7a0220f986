//! Where people stand, what is published, and what a new schedule does; and a database of the first version.

use crate::bed::Bed;
use crate::fixtures::*;
use crate::read::workflow;
use staunch_core::Time;
use staunch_core::policy::ZoneChoice;
use staunch_core::run::{Run, RunStatus};
use staunch_core::schedule::{Schedule, Ticks, Weekdays};
use staunch_core::workflow::Workflow;
use staunch_store::{Change, Standing, Store};
use std::sync::Arc;

fn at_step(contact: &str, version: &str, status: RunStatus) -> Change {
    Change { runs: vec![Run { version: version.into(), status, ..run(contact, None) }], ..change(contact, vec![]) }
}

fn waiting(step: &str) -> RunStatus {
    RunStatus::Waiting { step: step.into(), until: seconds(60) }
}

async fn fill(store: &dyn Store) {
    let held = RunStatus::Held { step: "risk".into(), reason: "expression".into(), since: NOW, retry_at: seconds(9) };
    let changes = [
        at_step("c1", "v1", waiting("pause")),
        at_step("c2", "v1", waiting("pause")),
        at_step("c3", "v1", held),
        at_step("c4", "v2", waiting("pause")),
        at_step("c5", "v1", RunStatus::Done),
    ];
    assert!(store.commit(&changes, NOW).await.unwrap().losers.is_empty());
}

fn counts(standing: Vec<Standing>) -> Vec<String> {
    let one = |one: Standing| format!("{} {} {} {} {}", one.workflow, one.version, one.step, one.status, one.count);
    standing.into_iter().map(one).collect()
}

pub async fn people_are_counted_by_step(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert!(store.standing(None).await.unwrap().is_empty());
    fill(store).await;
    let expected = ["winback v1 pause waiting 2", "winback v1 risk held 1", "winback v2 pause waiting 1"];
    assert_eq!(counts(store.standing(None).await.unwrap()), expected);
    // Rows of before the column say it in their body.
    bed.sql("UPDATE runs SET step = NULL WHERE contact IN ('c1', 'c3')").await;
    assert_eq!(counts(store.standing(Some("winback")).await.unwrap()), expected);
    assert!(store.standing(Some("leads")).await.unwrap().is_empty());
    // A run that went on stands somewhere else, in another version if it was moved.
    let moved = Change { expected: 1, ..at_step("c1", "v2", waiting("later")) };
    store.commit(&[moved], NOW).await.unwrap();
    let expected = [
        "winback v1 pause waiting 1",
        "winback v1 risk held 1",
        "winback v2 later waiting 1",
        "winback v2 pause waiting 1",
    ];
    assert_eq!(counts(store.standing(None).await.unwrap()), expected);
}

pub async fn contacts_of_old_versions_come_page_by_page(bed: Arc<Bed>) {
    let store = &*bed.store;
    fill(store).await;
    assert_eq!(store.standing_contacts("winback", "v2", "", 2).await.unwrap(), ["c1", "c2"]);
    assert_eq!(store.standing_contacts("winback", "v2", "c2", 2).await.unwrap(), ["c3"]);
    assert_eq!(store.standing_contacts("winback", "v1", "", 9).await.unwrap(), ["c4"]);
    assert!(store.standing_contacts("leads", "v1", "", 9).await.unwrap().is_empty());
}

pub async fn a_publication_has_a_fingerprint(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut seen = vec![store.publication().await.unwrap()];
    for version in ["v1", "v2", "v1"] {
        store.publish(&[workflow("winback", version)], NOW).await.unwrap();
        seen.push(store.publication().await.unwrap());
        store.publish(&[workflow("winback", version)], seconds(9)).await.unwrap();
        assert_eq!(store.publication().await.unwrap(), seen[seen.len() - 1], "nothing new");
    }
    // Going back to a version is news, too.
    assert_eq!(seen[1], seen[3]);
    assert!(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
}

fn scheduled(version: &str, minute: u16) -> Workflow {
    let ticks = Ticks::Weekly { minute, days: Weekdays::ALL };
    let schedule = Schedule { ticks, zone: ZoneChoice::Contact, audience: "all".into() };
    let mut flow = workflow("winback", version);
    flow.start.schedule = Some(schedule);
    flow
}

pub async fn a_new_schedule_wakes_everybody(bed: Arc<Bed>) {
    let store = &*bed.store;
    let soon = Change { wake_at: Some(seconds(-3)), ..change("c1", vec![]) };
    let late = Change { wake_at: Some(seconds(99)), aliases: vec!["x".into()], ..change("c2", vec![]) };
    store.commit(&[soon, late, change("c3", vec![])], NOW).await.unwrap();
    let reset = async |now: Time| {
        for id in store.due(now, 99).await.unwrap() {
            let (contact, version) = store.contact(&id).await.unwrap().unwrap();
            store.commit(&[Change { wake_at: None, ..Change::new(contact, version) }], now).await.unwrap();
        }
    };
    store.publish(&[workflow("winback", "v1")], NOW).await.unwrap();
    assert_eq!(store.due(NOW, 9).await.unwrap(), ["c1"]);
    let before = store.contact("c3").await.unwrap().unwrap().1;
    store.publish(&[scheduled("v2", 540)], NOW).await.unwrap();
    assert_eq!(store.due(NOW, 9).await.unwrap(), ["c1", "c2", "c3"]);
    assert_eq!(store.next_wake().await.unwrap(), Some(seconds(-3)));
    // A decision that was under way meanwhile may not know the schedule: it is made again.
    let stale = Change { expected: before, ..change("c3", vec![]) };
    assert_eq!(store.commit(&[stale], NOW).await.unwrap().losers, ["c3"]);
    reset(NOW).await;
    // The same schedule is no news; another one is, and so is one after none.
    store.publish(&[scheduled("v3", 540)], NOW).await.unwrap();
    assert!(store.due(NOW, 9).await.unwrap().is_empty());
    store.publish(&[scheduled("v4", 600)], NOW).await.unwrap();
    assert_eq!(store.due(NOW, 9).await.unwrap().len(), 3);
    reset(NOW).await;
    store.publish(&[workflow("winback", "v5")], NOW).await.unwrap();
    assert!(store.due(NOW, 9).await.unwrap().is_empty());
    store.publish(&[scheduled("v4", 600)], NOW).await.unwrap();
    assert_eq!(store.due(NOW, 9).await.unwrap().len(), 3);
    reset(NOW).await;
    assert_eq!(store.wake_all(seconds(1)).await.unwrap(), 3);
    assert_eq!(store.due(seconds(1), 9).await.unwrap().len(), 3);
}

pub async fn a_filled_database_of_the_first_version_goes_on(bed: Arc<Bed>) {
    fill(&*bed.store).await;
    plan(&*bed.store, vec![action("a1", "n1")]).await;
    for statement in [
        "DROP TABLE aliases",
        "DROP TABLE accounts",
        "DROP INDEX runs_standing",
        "DROP INDEX actions_assignee",
        "ALTER TABLE runs DROP COLUMN step",
        "ALTER TABLE runs DROP COLUMN crossed",
        "ALTER TABLE actions DROP COLUMN assignee",
        "DROP TABLE suspects",
        "DELETE FROM migrations WHERE number >= 2",
    ] {
        bed.sql(statement).await;
    }
    let newer = bed.again().await.unwrap();
    let store = &*newer.store;
    assert_eq!(store.standing(None).await.unwrap().iter().map(|one| one.count).sum::<u64>(), 4);
    assert_eq!(ids(&send(store, 9, NOW).await), ["a1"]);
    let merged = Change { aliases: vec!["x".into()], expected: 1, ..change("c1", vec![]) };
    assert!(store.commit(&[merged], NOW).await.unwrap().losers.is_empty());
    assert_eq!(store.contact("x").await.unwrap().unwrap().0.id, "c1");
}
