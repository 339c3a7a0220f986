//! Stages, kills and resumes.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::Span;
use staunch_core::action::{Action, Channel, ReasonCode};
use staunch_core::policy::{Kill, KillScope, Live, Stage, StageLimits, StageState};
use staunch_core::workflow::IfExpired;
use staunch_store::{GateInput, GateVerdict, Released, ReviewEnd, ReviewVerdict, Store};
use std::sync::Arc;

fn winback() -> KillScope {
    KillScope::Workflow("winback".into())
}

fn released(released: u64, expired: u64) -> Option<Released> {
    Some(Released { released, expired })
}

pub async fn stages_are_kept(bed: Arc<Bed>) {
    let store = &bed.store;
    assert_eq!(store.live().await.unwrap(), Live::default());
    let limited = StageState { stage: Stage::Limited, limits: StageLimits { share: 0.25, holdout: 0.5, per_day: 7 } };
    store.set_stage("winback", &limited, "ann", NOW).await.unwrap();
    store.set_stage("leads", &limited, "ann", NOW).await.unwrap();
    let full = StageState { stage: Stage::Full, ..limited.clone() };
    store.set_stage("winback", &full, "bob", NOW).await.unwrap();
    let live = store.live().await.unwrap();
    assert_eq!((live.stage("winback"), live.stage("leads")), (full, limited));
    assert_eq!(live.stage("other").stage, Stage::Shadow);
}

/// A held, a review and a ready action of `winback`, and a ready mail of another workflow.
async fn pending(store: &dyn Store) {
    let quiet = GateVerdict::Hold { until: seconds(60), reason: ReasonCode::QuietHours, checks: vec![] };
    plan(store, vec![action("held", "c1")]).await;
    store.begin_sends(&claim(9, NOW), &By(vec![], |_: &GateInput<'_>| quiet.clone())).await.unwrap();
    let other = Action { workflow: "leads".into(), channel: Channel::Email, ..action("other", "c4") };
    plan(store, vec![reviewed("asked", "c2", IfExpired::Reject), action("ready", "c3"), other]).await;
}

async fn states(store: &dyn Store) -> [String; 4] {
    [state(store, "held").await, state(store, "asked").await, state(store, "ready").await, state(store, "other").await]
}

pub async fn a_kill_holds_and_a_resume_releases(bed: Arc<Bed>) {
    let store = &*bed.store;
    pending(store).await;
    assert_eq!(store.resume(&winback(), "ann", NOW).await.unwrap(), None);
    assert_eq!(store.kill(&kill(winback()), false, NOW).await.unwrap(), 3);
    assert_eq!(states(store).await, ["held kill", "held kill", "held kill", "ready"]);
    assert_eq!(store.live().await.unwrap().kills, [kill(winback())]);
    assert_eq!(ids(&send(store, 9, seconds(3600)).await), ["other"]);
    // A verdict waits as well, and nothing of it expires meanwhile.
    let yes = ReviewVerdict { approve: true, by: "ann".into(), payload_hash: action("asked", "c2").payload_hash };
    assert_eq!(store.review("asked", &yes, NOW).await.unwrap(), ReviewEnd::NotWaiting);
    assert_eq!(store.expire(NOW + Span::days(2)).await.unwrap(), 0);
    assert_eq!(store.next_action().await.unwrap(), None);
    assert_eq!(store.resume(&winback(), "bob", seconds(10)).await.unwrap(), released(3, 0));
    assert_eq!(states(store).await, ["ready", "review", "ready", "sending"]);
    assert_eq!(get(store, "held").await.action.due_at, seconds(10));
    assert_eq!(get(store, "asked").await.action.due_at, NOW);
    assert!(store.live().await.unwrap().kills.is_empty());
    assert_eq!(store.review("asked", &yes, seconds(10)).await.unwrap(), ReviewEnd::Taken);
    assert_eq!(ids(&send(store, 9, seconds(10)).await), ["asked", "held", "ready"]);
}

pub async fn a_kill_may_drop(bed: Arc<Bed>) {
    let store = &*bed.store;
    pending(store).await;
    assert_eq!(store.kill(&kill(KillScope::Channel(Channel::Nudge)), false, NOW).await.unwrap(), 3);
    // What a kill holds is pending: a kill that drops withholds it, too.
    assert_eq!(store.kill(&kill(KillScope::All), true, seconds(5)).await.unwrap(), 4);
    assert_eq!(states(store).await, ["withheld dropped"; 4]);
    assert_eq!(get(store, "ready").await.finished_at, Some(seconds(5)));
    assert_eq!(store.resume(&KillScope::All, "ann", NOW).await.unwrap(), released(0, 0));
    assert_eq!(store.resume(&KillScope::Channel(Channel::Nudge), "ann", NOW).await.unwrap(), released(0, 0));
    assert_eq!(states(store).await, ["withheld dropped"; 4]);
}

pub async fn a_second_kill_changes_the_reason_only(bed: Arc<Bed>) {
    let store = &*bed.store;
    pending(store).await;
    store.kill(&kill(winback()), false, NOW).await.unwrap();
    let again = Kill { reason: "still wrong".into(), by: "bob".into(), at: seconds(9), ..kill(winback()) };
    assert_eq!(store.kill(&again, false, seconds(9)).await.unwrap(), 0);
    assert_eq!(store.live().await.unwrap().kills, [Kill { reason: "still wrong".into(), ..kill(winback()) }]);
    assert_eq!(store.resume(&winback(), "ann", NOW).await.unwrap(), released(3, 0));
    assert_eq!(states(store).await, ["ready", "review", "ready", "ready"]);
}

pub async fn what_another_kill_covers_stays_held(bed: Arc<Bed>) {
    let store = &*bed.store;
    pending(store).await;
    let mail = KillScope::Channel(Channel::Email);
    store.kill(&kill(KillScope::All), false, NOW).await.unwrap();
    store.kill(&kill(mail.clone()), false, NOW).await.unwrap();
    assert_eq!(store.resume(&KillScope::All, "ann", NOW).await.unwrap(), released(3, 0));
    assert_eq!(states(store).await, ["ready", "review", "ready", "held kill"]);
    assert_eq!(store.resume(&mail, "ann", NOW).await.unwrap(), released(1, 0));
    assert_eq!(state(store, "other").await, "ready");
}

pub async fn a_resume_withholds_what_expired(bed: Arc<Bed>) {
    let store = &*bed.store;
    let short = Action { expires_at: seconds(60), ..action("short", "c1") };
    plan(store, vec![short, action("long", "c2")]).await;
    store.kill(&kill(winback()), false, NOW).await.unwrap();
    assert_eq!(store.resume(&winback(), "ann", seconds(61)).await.unwrap(), released(1, 1));
    assert_eq!([state(store, "short").await, state(store, "long").await], ["withheld expired", "ready"]);
    assert_eq!(get(store, "short").await.finished_at, Some(seconds(61)));
    assert_eq!(ids(&send(store, 9, seconds(61)).await), ["long"]);
}

pub async fn a_kill_stops_even_what_a_gate_lets_go(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.kill(&kill(winback()), false, NOW).await.unwrap();
    // Decided before the kill, committed after it.
    plan(store, vec![action("a1", "c1")]).await;
    assert!(send(store, 9, NOW).await.is_empty());
    assert_eq!(state(store, "a1").await, "held kill");
    assert!(send(store, 9, NOW + Span::days(1)).await.is_empty());
    assert_eq!(store.resume(&winback(), "ann", seconds(5)).await.unwrap(), released(1, 0));
    assert_eq!(ids(&send(store, 9, seconds(5)).await), ["a1"]);
}
