//! Many at once: nothing is lost, nothing happens twice, no limit is passed.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, ReasonCode};
use staunch_core::contact::Contact;
use staunch_core::policy::KillScope;
use staunch_core::value::Value;
use staunch_core::workflow::IfExpired;
use staunch_core::{Span, Time};
use staunch_store::{ActionFilter, Change, GateInput, GateVerdict, Message, SendEnd, Store, WindowAsk};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// Runs `n` tasks at once and gives what each returned.
pub async fn at_once<T, F>(n: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks: JoinSet<T> = (0..n).map(task).collect();
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result.unwrap());
    }
    results
}

fn number(contact: &Contact) -> f64 {
    match contact.fields.get("n") {
        Some(Value::Number(number)) => *number,
        _ => 0.0,
    }
}

/// Adds one to each contact, and tries again for those that lost.
async fn add_one(store: &dyn Store, contacts: &[String], event: &str) {
    let mut open = contacts.to_vec();
    while !open.is_empty() {
        let loaded = store.load(&open, &[], None).await.unwrap();
        let add = |id: &String| {
            let (mut contact, version) = loaded.contacts.get(id).cloned().unwrap_or_else(|| (Contact::new(id), 0));
            contact.fields.insert("n".into(), Value::Number(number(&contact) + 1.0));
            let decisions = vec![decision(id, &format!("{event} {id}"), NOW)];
            Change { decisions, ..Change::new(contact, version) }
        };
        let changes: Vec<Change> = open.iter().map(add).collect();
        open = store.commit(&changes, NOW).await.unwrap().losers;
    }
}

pub async fn no_increment_is_lost(bed: Arc<Bed>) {
    let contacts: Vec<String> = (0..6).map(|n| format!("c{n}")).collect();
    at_once(8, |task| {
        let (store, mut contacts) = (bed.store.clone(), contacts.clone());
        async move {
            for round in 0..12 {
                // Each in another order, so that commits overlap in every way.
                contacts.rotate_left((task + round) % 5);
                add_one(&*store, &contacts, &format!("{task} {round}")).await;
            }
        }
    })
    .await;
    for id in &contacts {
        let (contact, version) = bed.store.contact(id).await.unwrap().unwrap();
        assert_eq!((number(&contact), version), (96.0, 96));
        assert_eq!(bed.store.decisions(id, None).await.unwrap().len(), 96);
    }
}

pub async fn one_event_is_decided_once_by_many(bed: Arc<Bed>) {
    let losers = at_once(8, |task| {
        let store = bed.store.clone();
        async move {
            let contact = format!("c{task}");
            let one = Change { decisions: vec![decision(&contact, "same", NOW)], ..change(&contact, vec![]) };
            let own = format!("own{task}");
            let own = Change { decisions: vec![decision(&own, &own, NOW)], ..change(&own, vec![]) };
            store.commit(&[one, own], NOW).await.unwrap().losers.len()
        }
    })
    .await;
    assert_eq!(losers.iter().sum::<usize>(), 7);
    let summary = bed.store.summary().await.unwrap();
    assert_eq!((summary.events, summary.contacts), (9, 9));
}

/// Claims until several times in a row nothing came; with several claimers one may find all rows taken.
async fn claim_all(store: &dyn Store, limit: u32) -> Vec<String> {
    let (mut claimed, mut empty) = (Vec::new(), 0);
    while empty < 5 {
        let sending = send(store, limit, NOW).await;
        empty = if sending.is_empty() { empty + 1 } else { 0 };
        claimed.extend(ids(&sending).into_iter().map(str::to_owned));
        if sending.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    claimed
}

pub async fn every_action_is_claimed_once(bed: Arc<Bed>) {
    plan(&*bed.store, (0..400).map(|n| action(&format!("a{n}"), &format!("c{}", n % 90))).collect()).await;
    let claimed = at_once(6, |_| {
        let store = bed.store.clone();
        async move { claim_all(&*store, 7).await }
    })
    .await;
    let claimed: Vec<String> = claimed.into_iter().flatten().collect();
    let distinct: HashSet<&String> = claimed.iter().collect();
    assert_eq!((claimed.len(), distinct.len()), (400, 400));
    for stored in bed.store.actions(&ActionFilter::default()).await.unwrap() {
        assert_eq!((stored.action.state, stored.fence, stored.attempts), (ActionState::Sending, 1, 1));
    }
}

pub async fn caps_hold_against_two_claimers(bed: Arc<Bed>) {
    plan(&*bed.store, (0..200).map(|n| action(&format!("a{n}"), &format!("c{}", n % 20))).collect()).await;
    at_once(6, |_| {
        let store = bed.store.clone();
        async move {
            let gate = By(vec![], |input: &GateInput<'_>| {
                let hold = GateVerdict::Hold { until: NOW + Span::days(1), reason: ReasonCode::Cap, checks: vec![] };
                if input.sent.len() >= 2 { hold } else { go() }
            });
            for _ in 0..60 {
                store.begin_sends(&claim(3, NOW), &gate).await.unwrap();
            }
        }
    })
    .await;
    let mut sent: HashMap<String, u32> = HashMap::new();
    for stored in bed.store.actions(&ActionFilter::default()).await.unwrap() {
        *sent.entry(stored.action.contact).or_default() += u32::from(stored.action.state == ActionState::Sending);
    }
    assert_eq!(sent.len(), 20);
    assert!(sent.values().all(|count| *count == 2), "{sent:?}");
}

pub async fn windows_hold_against_two_claimers(bed: Arc<Bed>) {
    plan(&*bed.store, (0..120).map(|n| action(&format!("a{n}"), &format!("c{n}"))).collect()).await;
    let sent = at_once(6, |_| {
        let store = bed.store.clone();
        async move {
            let day = WindowAsk { channel: None, window: Span::days(1), limit: 11 };
            let gate = By(vec![day], |input: &GateInput<'_>| {
                let hold = GateVerdict::Hold { until: NOW + Span::days(1), reason: ReasonCode::PerDay, checks: vec![] };
                if input.windows[0].len() >= 11 { hold } else { go() }
            });
            let mut sent = 0;
            for _ in 0..12 {
                sent += store.begin_sends(&claim(4, NOW), &gate).await.unwrap().len();
            }
            sent
        }
    })
    .await;
    assert_eq!(sent.iter().sum::<usize>(), 11);
}

async fn sending(store: &dyn Store, workflow: &str) -> usize {
    let state = Some(ActionState::Sending);
    let filter = ActionFilter { workflow: Some(workflow.into()), state, ..ActionFilter::default() };
    store.actions(&filter).await.unwrap().len()
}

pub async fn after_a_kill_nothing_enters_sending(bed: Arc<Bed>) {
    let other = |n: i32| Action { workflow: "leads".into(), ..action(&format!("o{n}"), &format!("x{n}")) };
    let killed = (0..1_000).map(|n| action(&format!("a{n}"), &format!("c{n}")));
    plan(&*bed.store, killed.chain((0..300).map(other)).collect()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let claimers: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (bed.store.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    if send(&*store, 5, NOW).await.is_empty() {
                        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    }
                }
            })
        })
        .collect();
    while sending(&*bed.store, "winback").await < 100 {
        tokio::task::yield_now().await;
    }
    let scope = KillScope::Workflow("winback".into());
    bed.store.kill(&kill(scope.clone()), false, NOW).await.unwrap();
    let at_kill = sending(&*bed.store, "winback").await;
    // The other workflow goes on, which shows that the claimers did.
    while sending(&*bed.store, "leads").await < 300 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sending(&*bed.store, "winback").await, at_kill);
    assert!((100..1_000).contains(&at_kill), "{at_kill}");
    let released = bed.store.resume(&scope, "ann", NOW).await.unwrap().unwrap();
    assert_eq!(released.released as usize, 1_000 - at_kill);
    while sending(&*bed.store, "winback").await < 1_000 {
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    for claimer in claimers {
        claimer.await.unwrap();
    }
    let all = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert!(all.iter().all(|stored| stored.attempts == 1));
}

/// New actions arrive and are claimed all the time while kills come and go: a claim that began before a kill, and an
/// action that the kill's own update did not see, must not slip past it.
pub async fn kills_hold_while_actions_arrive(bed: Arc<Bed>) {
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..5)
        .map(|task| {
            let (store, stop) = (bed.store.clone(), stop.clone());
            tokio::spawn(async move {
                for round in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if task < 2 {
                        plan(&*store, vec![action(&format!("a{task}-{round}"), &format!("c{task}-{round}"))]).await;
                    } else {
                        send(&*store, 5, NOW).await;
                    }
                }
            })
        })
        .collect();
    let scope = KillScope::Workflow("winback".into());
    let mut moving = 0;
    for _ in 0..60 {
        let before = sending(&*bed.store, "winback").await;
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        bed.store.kill(&kill(scope.clone()), false, NOW).await.unwrap();
        let at_kill = sending(&*bed.store, "winback").await;
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        assert_eq!(sending(&*bed.store, "winback").await, at_kill);
        moving += usize::from(at_kill > before);
        bed.store.resume(&scope, "ann", NOW).await.unwrap().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    // Otherwise nothing was shown.
    assert!(moving >= 30, "{moving}");
}

pub async fn everything_at_once_meets_no_error(bed: Arc<Bed>) {
    let contacts: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
    add_one(&*bed.store, &contacts, "first").await;
    at_once(8, |task| {
        let (store, contacts) = (bed.store.clone(), contacts.clone());
        async move {
            for round in 0..15 {
                let now = Time(NOW.0 + round);
                match task {
                    0..3 => plan_and_leave(&*store, &contacts, &format!("{task}-{round}")).await,
                    3..6 => {
                        for one in send(&*store, 5, now).await {
                            let (id, fence) = (one.action.action.id, one.action.fence);
                            assert!(store.end_send(&id, fence, &SendEnd::Done(None), now).await.unwrap());
                        }
                    }
                    6 => {
                        store.kill(&kill(KillScope::All), round % 5 == 0, now).await.unwrap();
                        store.resume(&KillScope::All, "ann", now).await.unwrap();
                    }
                    _ => {
                        store.expire(now).await.unwrap();
                        store.recover(now, &|_| true).await.unwrap();
                        store.next_action().await.unwrap();
                    }
                }
            }
        }
    })
    .await;
    let all = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert_eq!(all.len(), 3 * 15 * 12 * 2);
    assert!(all.iter().all(|stored| stored.attempts <= 1));
}

/// Two actions for each contact; those of the round before are cancelled with their run.
async fn plan_and_leave(store: &dyn Store, contacts: &[String], name: &str) {
    let mut open = contacts.to_vec();
    while !open.is_empty() {
        let loaded = store.load(&open, &[], None).await.unwrap();
        let change = |id: &String| {
            let (contact, version) = loaded.contacts[id].clone();
            let of = |action: Action| Action { run: format!("run-{name}-{id}"), ..action };
            let ready = of(action(&format!("{name}-{id}-1"), id));
            let asked = of(reviewed(&format!("{name}-{id}-2"), id, IfExpired::Approve));
            let cancelled = vec![format!("run-{name}-{id}")];
            let drop = name.ends_with('3');
            let cancelled = if drop { cancelled } else { vec![] };
            Change { actions: vec![ready, asked], cancelled, ..Change::new(contact, version) }
        };
        let changes: Vec<Change> = open.iter().map(change).collect();
        open = store.commit(&changes, NOW).await.unwrap().losers;
    }
}

pub async fn every_message_is_taken_once(bed: Arc<Bed>) {
    let messages: Vec<Message> =
        (0..500u32).map(|n| Message { body: n.to_be_bytes().to_vec(), headers: "{}".into() }).collect();
    bed.queue.push(&messages, NOW).await.unwrap();
    let taken = at_once(5, |_| {
        let queue = bed.queue.clone();
        async move {
            let mut bodies = Vec::new();
            for _ in 0..40 {
                let taken = queue.take(9, Span::seconds(30), NOW).await.unwrap();
                queue.ack(&taken.iter().map(|one| one.id).collect::<Vec<_>>()).await.unwrap();
                bodies.extend(taken.into_iter().map(|one| one.message.body));
            }
            bodies
        }
    })
    .await;
    let taken: Vec<Vec<u8>> = taken.into_iter().flatten().collect();
    let distinct: HashSet<&Vec<u8>> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (500, 500));
    assert_eq!(bed.queue.depth().await.unwrap(), 0);
}
