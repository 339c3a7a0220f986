//! Reports, filters, published versions, parked inputs and the clock.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::Time;
use staunch_core::action::{Action, ActionState, Channel, ReasonCode};
use staunch_core::arm::Arm;
use staunch_core::receipt::Decision;
use staunch_core::run::{Run, RunStatus};
use staunch_core::workflow::{Start, Workflow};
use staunch_store::{ActionFilter, Change, Exposure, Parked, Store, Summary};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub async fn the_summary_counts_everything(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.summary().await.unwrap(), Summary::default());
    let late = Decision { late: true, ..decision("c1", "e2", NOW) };
    let wake = Decision { event: None, id: "ff".repeat(16), ..decision("c1", "w", NOW) };
    let done = Run { status: RunStatus::Done, ..run("c2", Some(Arm::Treated)) };
    let held = Action { state: ActionState::Held, reason: Some(ReasonCode::Cap), ..action("a3", "c2") };
    let first = Change {
        decisions: vec![decision("c1", "e1", NOW), late, wake],
        runs: vec![run("c1", None)],
        ..change("c1", vec![action("a1", "c1"), action("a2", "c1")])
    };
    let second = Change { runs: vec![done], ..change("c2", vec![held]) };
    store.commit(&[first, second], NOW).await.unwrap();
    store.park(&[parked("p1", NOW)]).await.unwrap();
    let winback = || "winback".to_owned();
    let expected = Summary {
        contacts: 2,
        events: 2,
        late: 1,
        decisions: 3,
        parked: 1,
        runs: vec![(winback(), "done".into(), 1), (winback(), "waiting".into(), 1)],
        actions: vec![
            (winback(), Channel::Nudge, ActionState::Held, Some(ReasonCode::Cap), 1),
            (winback(), Channel::Nudge, ActionState::Ready, None, 2),
        ],
    };
    assert_eq!(store.summary().await.unwrap(), expected);
}

pub async fn exposures_are_the_first_outside_shadow(bed: Arc<Bed>) {
    let store = &*bed.store;
    let exposed = |contact: &str, id: &str, arm: Arm, at: i64| Run {
        id: id.into(),
        exposed_at: Some(seconds(at)),
        ..run(contact, Some(arm))
    };
    let goal = Run { goal_at: Some(seconds(90)), goal_value: Some(12.5), ..exposed("c1", "r2", Arm::Holdout, 20) };
    let other = Run { workflow: "leads".into(), ..exposed("c3", "r6", Arm::Treated, 1) };
    let c1 = vec![exposed("c1", "r1", Arm::Shadow, 10), goal, exposed("c1", "r3", Arm::Treated, 30)];
    let c2 = vec![exposed("c2", "r4", Arm::OutsideShare, 5)];
    let c3 = vec![run("c3", None), other];
    let with = |contact: &str, runs: Vec<Run>| Change { runs, ..change(contact, vec![]) };
    store.commit(&[with("c1", c1), with("c2", c2), with("c3", c3)], NOW).await.unwrap();
    let one = |contact: &str, arm, at, goal_at: Option<i64>, goal_value| Exposure {
        contact: contact.into(),
        arm,
        exposed_at: seconds(at),
        goal_at: goal_at.map(seconds),
        goal_value,
    };
    let expected = [one("c2", Arm::OutsideShare, 5, None, None), one("c1", Arm::Holdout, 20, Some(90), Some(12.5))];
    assert_eq!(store.exposures("winback").await.unwrap(), expected);
    assert_eq!(store.exposures("leads").await.unwrap().len(), 1);
    assert!(store.exposures("nothing").await.unwrap().is_empty());
    let goals: Vec<_> =
        ["r1", "r2", "r3", "r4"].into_iter().map(|id| (id.to_owned(), (id == "r2").then(|| seconds(90)))).collect();
    let known = store.goals("winback").await.unwrap();
    assert!(goals.iter().all(|goal| known.contains(goal)) && known.len() == 5, "{known:?}");
}

pub async fn decisions_of_everybody_come_in_pages(bed: Arc<Bed>) {
    let store = &*bed.store;
    let of = |contact: &str, events: &[&str], at| Change {
        decisions: events.iter().map(|event| decision(contact, event, at)).collect(),
        ..change(contact, vec![])
    };
    let changes = [of("c1", &["e1", "e2"], seconds(10)), of("c2", &["e3", "e4", "e5"], seconds(20))];
    store.commit(&changes, NOW).await.unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.decisions_since(seconds(10), after.as_deref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(last.id.clone());
        all.extend(page);
    }
    let mut expected: Vec<Decision> = changes.iter().flat_map(|change| change.decisions.clone()).collect();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all, expected);
    let later = store.decisions_since(seconds(11), None, 100).await.unwrap();
    assert!(later.len() == 3 && later.iter().all(|one| one.contact == "c2"));
    assert!(store.decisions_since(seconds(21), None, 100).await.unwrap().is_empty());
}

pub async fn actions_are_found_by_filter(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mail = Action { channel: Channel::Email, planned_at: seconds(1), ..action("a2", "c1") };
    let other = Action { workflow: "leads".into(), planned_at: seconds(2), ..action("a3", "c2") };
    plan(store, vec![action("a1", "c1"), mail, other, Action { state: ActionState::Failed, ..action("a4", "c3") }])
        .await;
    let found = async |filter: ActionFilter| {
        let found = store.actions(&filter).await.unwrap();
        found.into_iter().map(|stored| stored.action.id).collect::<Vec<String>>().join(" ")
    };
    let all = ActionFilter::default;
    assert_eq!(found(all()).await, "a3 a2 a1 a4");
    assert_eq!(found(ActionFilter { limit: 2, ..all() }).await, "a3 a2");
    assert_eq!(found(ActionFilter { contact: Some("c1".into()), ..all() }).await, "a2 a1");
    assert_eq!(found(ActionFilter { workflow: Some("leads".into()), ..all() }).await, "a3");
    assert_eq!(found(ActionFilter { channel: Some(Channel::Email), ..all() }).await, "a2");
    assert_eq!(found(ActionFilter { state: Some(ActionState::Failed), ..all() }).await, "a4");
    let both = ActionFilter { contact: Some("c1".into()), channel: Some(Channel::Task), ..all() };
    assert_eq!(found(both).await, "");
}

pub async fn decisions_are_found_by_workflow(bed: Arc<Bed>) {
    let store = &*bed.store;
    let other = Decision { entries: vec![entry("leads")], ..decision("c1", "e1", seconds(5)) };
    let both = Decision { entries: vec![entry("leads"), entry("winback")], ..decision("c1", "e2", seconds(1)) };
    let decisions = vec![other.clone(), both.clone()];
    store.commit(&[Change { decisions, ..change("c1", vec![]) }], NOW).await.unwrap();
    assert_eq!(store.decisions("c1", None).await.unwrap(), [both.clone(), other.clone()]);
    assert_eq!(store.decisions("c1", Some("leads")).await.unwrap(), [both.clone(), other]);
    assert_eq!(store.decisions("c1", Some("winback")).await.unwrap(), [both]);
    assert!(store.decisions("c2", None).await.unwrap().is_empty());
}

pub fn workflow(name: &str, version: &str) -> Workflow {
    Workflow {
        title: format!("{name} {version}"),
        owner: "ann".into(),
        purpose: "news".into(),
        start: Start { events: vec!["order.paid".into()], schedule: None, when: None, again_after: None },
        holdout: 0.1,
        ..Workflow::empty(name, version)
    }
}

async fn current(store: &dyn Store) -> Vec<(String, String)> {
    store.published().await.unwrap().current.into_iter().map(|one| (one.name, one.version)).collect()
}

pub async fn versions_are_published_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.publish(&[], NOW).await.unwrap();
    store.publish(&[workflow("winback", "v1"), workflow("leads", "v1")], NOW).await.unwrap();
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    assert_eq!(current(store).await, [pair("leads", "v1"), pair("winback", "v1")]);
    let changed = Workflow { title: "another".into(), ..workflow("winback", "v1") };
    store.publish(&[workflow("winback", "v2"), changed, workflow("winback", "v2")], seconds(1)).await.unwrap();
    assert_eq!(current(store).await, [pair("leads", "v1"), pair("winback", "v2")]);
    // Going back to an older version makes it the current one; what is published never changes.
    store.publish(&[workflow("winback", "v1")], seconds(2)).await.unwrap();
    let published = store.published().await.unwrap();
    assert_eq!(published.current, [workflow("leads", "v1"), workflow("winback", "v1")]);
    assert!(published.older.is_empty());
}

pub async fn older_versions_stay_while_needed(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.publish(&[workflow("winback", "v1")], NOW).await.unwrap();
    let with = |expected: i64, run: Run| Change { expected, runs: vec![run], ..change("c1", vec![]) };
    store.commit(&[with(0, run("c1", None))], NOW).await.unwrap();
    store.publish(&[workflow("winback", "v2")], seconds(1)).await.unwrap();
    assert_eq!(store.published().await.unwrap().older, [workflow("winback", "v1")]);
    // Over, and its goal may still be reached.
    let over = Run { status: RunStatus::Done, ended_at: Some(NOW), ..run("c1", Some(Arm::Treated)) };
    store.commit(&[with(1, over.clone())], NOW).await.unwrap();
    assert_eq!(store.published().await.unwrap().older.len(), 1);
    store.commit(&[with(2, Run { goal_at: Some(NOW), ..over })], NOW).await.unwrap();
    assert!(store.published().await.unwrap().older.is_empty());
}

fn parked(id: &str, at: Time) -> Parked {
    Parked {
        id: id.into(),
        origin: "queue\0".into(),
        code: "ST2001".into(),
        message: "no JSON".into(),
        bytes: vec![0, 255, b'\'', 10],
        headers: "{}".into(),
        path: Some("parked/x".into()),
        at,
    }
}

pub async fn inputs_are_parked_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    let seen = |id: &str, at: Time| Parked { origin: "queue\u{fffd}".into(), ..parked(id, at) };
    let plain = Parked { path: None, bytes: vec![], origin: "file".into(), ..parked("p3", seconds(1)) };
    store.park(&[]).await.unwrap();
    store.park(&[parked("p1", NOW), parked("p2", seconds(2)), plain.clone()]).await.unwrap();
    store.park(&[Parked { message: "again".into(), ..parked("p1", seconds(9)) }]).await.unwrap();
    assert_eq!(store.parked(9).await.unwrap(), [seen("p2", seconds(2)), plain.clone(), seen("p1", NOW)]);
    assert_eq!(store.parked(1).await.unwrap().len(), 1);
    assert_eq!(store.parked_one("p3").await.unwrap(), Some(plain));
    assert!(store.unpark("p3").await.unwrap());
    assert!(!store.unpark("p3").await.unwrap());
    assert_eq!(store.parked_one("p3").await.unwrap(), None);
    assert_eq!(store.parked(9).await.unwrap().len(), 2);
}

pub async fn the_clock_is_that_of_the_database(bed: Arc<Bed>) {
    bed.store.ping().await.unwrap();
    let now = bed.store.now().await.unwrap().0;
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    // Both run on this machine.
    assert!((here - now).abs() < 10_000_000, "{now} {here}");
    assert!(bed.store.now().await.unwrap().0 >= now);
}
