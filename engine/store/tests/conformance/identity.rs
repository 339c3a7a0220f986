//! Aliases and merges: two ids of one person end in one row, and nothing of either is lost.

use crate::bed::Bed;
use crate::fixtures::*;
use crate::races::at_once;
use staunch_core::action::{Action, ActionState};
use staunch_core::arm::Arm;
use staunch_core::contact::Contact;
use staunch_core::decide::ActionOutcome;
use staunch_core::run::Run;
use staunch_core::value::Value;
use staunch_store::{ActionFilter, Change, Loaded, Merged, Store};
use std::sync::Arc;

fn aliased(contact: Contact, expected: i64, aliases: &[&str]) -> Change {
    Change { aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(), ..Change::new(contact, expected) }
}

/// `other` becomes `contact`, as the core does it.
fn merge(contact: (Contact, i64), other: (Contact, i64)) -> Change {
    let ((mut contact, expected), (other, version)) = (contact, other);
    let aliases: Vec<String> = other.aliases.iter().cloned().chain([other.id.clone()]).collect();
    contact.aliases.extend(aliases.iter().cloned());
    contact.fields.insert("n".into(), Value::Number(number(&contact) + number(&other)));
    let tombstone = Contact { merged_into: Some(contact.id.clone()), ..Contact::new(&other.id) };
    let merged = vec![Merged { tombstone, expected: version }];
    Change { aliases, merged, ..Change::new(contact, expected) }
}

fn number(contact: &Contact) -> f64 {
    match contact.fields.get("n") {
        Some(Value::Number(number)) => *number,
        _ => 0.0,
    }
}

async fn load(store: &dyn Store, ids: &[&str]) -> Loaded {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    store.load(&ids, &[], None).await.unwrap()
}

async fn losers(store: &dyn Store, changes: &[Change]) -> Vec<String> {
    store.commit(changes, NOW).await.unwrap().losers
}

pub async fn an_alias_leads_to_its_contact(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert!(losers(store, &[aliased(Contact::new("c1"), 0, &["x", "y"])]).await.is_empty());
    let loaded = load(store, &["x", "y", "z"]).await;
    assert_eq!(loaded.aliases, [("x".into(), "c1".into()), ("y".into(), "c1".into())].into());
    assert_eq!(loaded.contacts, [("c1".into(), (Contact::new("c1"), 1))].into());
    assert_eq!(store.contact("x").await.unwrap(), Some((Contact::new("c1"), 1)));
    // The same once more is no news.
    assert!(losers(store, &[aliased(Contact::new("c1"), 1, &["x"])]).await.is_empty());
    assert_eq!(store.summary().await.unwrap().contacts, 1);
    assert_eq!(bed.again().await.unwrap().store.contact("y").await.unwrap().unwrap().1, 2);
}

pub async fn a_taken_id_makes_a_change_lose(bed: Arc<Bed>) {
    let store = &*bed.store;
    losers(store, &[aliased(Contact::new("c1"), 0, &["x"]), change("c2", vec![])]).await;
    let with = |change: Change, name: &str| Change {
        decisions: vec![decision(&change.contact.id, name, NOW)],
        actions: vec![action(name, &change.contact.id)],
        ..change
    };
    // Somebody else's alias; a contact by itself; and of two changes that want the same new id, the second.
    let batch = [
        with(aliased(Contact::new("c3"), 0, &["free", "x"]), "e1"),
        with(aliased(Contact::new("c4"), 0, &["c2"]), "e2"),
        with(aliased(Contact::new("c5"), 0, &["new"]), "e3"),
        with(aliased(Contact::new("c6"), 0, &["new"]), "e4"),
        with(change("x", vec![]), "e5"),
    ];
    let mut lost = losers(store, &batch).await;
    lost.sort();
    assert_eq!(lost, ["c3", "c4", "c6", "x"]);
    assert_eq!(load(store, &["c3", "c4", "c6", "free"]).await.contacts.len(), 0);
    assert_eq!(load(store, &["new", "x"]).await.aliases.len(), 2);
    let actions = store.actions(&ActionFilter::default()).await.unwrap();
    assert_eq!(actions.iter().map(|one| one.action.id.as_str()).collect::<Vec<_>>(), ["e3"]);
    assert_eq!(store.summary().await.unwrap().contacts, 3);
}

pub async fn a_merge_hands_everything_over(bed: Arc<Bed>) {
    let store = &*bed.store;
    let full = |id: &str| Change {
        decisions: vec![decision(id, &format!("e-{id}"), NOW)],
        runs: vec![run(id, Some(Arm::Treated))],
        wake_at: Some(seconds(1)),
        ..change(id, vec![action(&format!("a-{id}"), id)])
    };
    let mut first = full("a");
    first.aliases = vec!["x".into()];
    first.contact.aliases.insert("x".into());
    assert!(losers(store, &[first, full("b")]).await.is_empty());
    send(store, 1, NOW).await;
    let all = load(store, &["a", "b"]).await.contacts;
    let outcome = ActionOutcome { action: "a-a".into(), kind: "nudge.clicked".into(), at: NOW };
    let wake_at = Some(seconds(2));
    let change = Change { outcomes: vec![outcome.clone()], wake_at, ..merge(all["b"].clone(), all["a"].clone()) };
    assert!(losers(store, &[change]).await.is_empty());
    for id in ["a", "b", "x"] {
        assert_eq!(store.contact(id).await.unwrap().unwrap().0.id, "b", "{id}");
        assert_eq!(store.runs(id).await.unwrap().len(), 2, "{id}");
        let contacts = |id: &str| ActionFilter { contact: Some(id.into()), ..ActionFilter::default() };
        let actions = store.actions(&contacts(id)).await.unwrap();
        assert_eq!(actions.iter().map(|one| one.action.contact.as_str()).collect::<Vec<_>>(), ["b", "b"]);
        let decisions = store.decisions(id, None).await.unwrap();
        assert_eq!(decisions.iter().map(|one| one.contact.as_str()).collect::<Vec<_>>(), ["b", "b"]);
    }
    assert_eq!(store.outcomes("a-a").await.unwrap(), [outcome]);
    assert_eq!(load(store, &["a", "x"]).await.aliases.len(), 2);
    assert_eq!(store.due(seconds(9), 9).await.unwrap(), ["b"]);
    // What is left to send goes to the survivor, and counts what both got.
    let seen = std::sync::Mutex::new(Vec::new());
    let gate = By(vec![], |input: &staunch_store::GateInput<'_>| {
        seen.lock().unwrap().push((input.contact.id.clone(), input.sent.len()));
        go()
    });
    store.begin_sends(&claim(9, NOW), &gate).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [("b".to_owned(), 1)]);
    // And once more, further on: every id leads to the last one in one step.
    losers(store, &[change_of("c")]).await;
    let all = load(store, &["b", "c"]).await.contacts;
    assert!(losers(store, &[merge(all["c"].clone(), all["b"].clone())]).await.is_empty());
    assert_eq!(load(store, &["a", "b", "x"]).await.aliases.into_values().collect::<Vec<_>>(), ["c", "c", "c"]);
    assert_eq!(store.runs("x").await.unwrap().len(), 2);
    assert_eq!(store.summary().await.unwrap().contacts, 1);
}

fn change_of(contact: &str) -> Change {
    change(contact, vec![])
}

pub async fn a_merge_is_whole_or_not_at_all(bed: Arc<Bed>) {
    let store = &*bed.store;
    losers(store, &[change("a", vec![action("a1", "a")]), change("b", vec![])]).await;
    let (a, b) = ((Contact::new("a"), 1), (Contact::new("b"), 1));
    // Either side may be the one that changed.
    assert_eq!(losers(store, &[merge((b.0.clone(), 7), a.clone())]).await, ["b"]);
    assert_eq!(losers(store, &[merge(b.clone(), (a.0.clone(), 7))]).await, ["b"]);
    // Both are in the batch already: the second one loses.
    assert_eq!(losers(store, &[Change { expected: 1, ..change("a", vec![]) }, merge(b.clone(), a)]).await, ["b"]);
    assert_eq!(store.contact("a").await.unwrap().unwrap().1, 2);
    assert_eq!(store.contact("b").await.unwrap().unwrap().1, 1);
    assert_eq!(get(store, "a1").await.action.contact, "a");
    // A contact that was new in the same batch leaves a row, too.
    let fresh = merge(b, (Contact::new("new"), 0));
    assert!(losers(store, &[Change { actions: vec![action("n1", "new")], ..fresh }]).await.is_empty());
    assert_eq!(get(store, "n1").await.action.contact, "b");
    assert_eq!(store.contact("new").await.unwrap().unwrap().0.id, "b");
    assert_eq!(losers(store, &[change("new", vec![])]).await, ["new"]);
}

pub async fn crossed_contacts_leave_the_comparison(bed: Arc<Bed>) {
    let store = &*bed.store;
    let old = |id: &str, arm: Arm| Change {
        runs: vec![Run { ended_at: Some(NOW), ..run(id, Some(arm)) }],
        ..change(id, vec![])
    };
    losers(store, &[old("a", Arm::Holdout), old("b", Arm::Treated), old("c", Arm::Treated)]).await;
    assert_eq!(store.exposures("winback").await.unwrap().len(), 3);
    let mut change = merge((Contact::new("b"), 1), (Contact::new("a"), 1));
    change.contact.crossed.insert("winback".into());
    losers(store, &[change]).await;
    let left = store.exposures("winback").await.unwrap();
    assert_eq!(left.iter().map(|one| one.contact.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!((store.crossed("winback").await.unwrap(), store.crossed("leads").await.unwrap()), (1, 0));
    // A run that starts later says it itself.
    let mut later = Change {
        runs: vec![Run { crossed: true, id: "later".into(), ..run("b", Some(Arm::Treated)) }],
        ..change_of("b")
    };
    (later.contact, later.expected) = store.contact("b").await.unwrap().unwrap();
    assert!(losers(store, &[later]).await.is_empty());
    assert_eq!((store.exposures("winback").await.unwrap().len(), store.crossed("winback").await.unwrap()), (1, 1));
}

/// Adds one to whoever has this id now.
async fn add_one(store: &dyn Store, id: &str, event: &str) {
    loop {
        let loaded = load(store, &[id]).await;
        let own = loaded.aliases.get(id).map_or(id, String::as_str);
        let (mut contact, version) = loaded.contacts.get(own).cloned().unwrap_or_else(|| (Contact::new(own), 0));
        contact.fields.insert("n".into(), Value::Number(number(&contact) + 1.0));
        let decisions = vec![decision(own, event, NOW)];
        let actions = vec![action(&format!("a {event}"), own)];
        if losers(store, &[Change { decisions, actions, ..Change::new(contact, version) }]).await.is_empty() {
            return;
        }
    }
}

/// Says that two ids are one person; where that is known, nothing happens.
async fn unite(store: &dyn Store, one: &str, two: &str) {
    loop {
        let loaded = load(store, &[one, two]).await;
        let own = |id: &str| loaded.aliases.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let (one, two) = (own(one), own(two));
        if one == two {
            return;
        }
        let contact = loaded.contacts.get(&one).cloned().unwrap_or_else(|| (Contact::new(&one), 0));
        let change = match loaded.contacts.get(&two) {
            Some(other) => merge(contact, other.clone()),
            None => {
                let (mut contact, version) = contact;
                contact.aliases.insert(two.clone());
                aliased(contact, version, &[&two])
            }
        };
        if losers(store, &[change]).await.is_empty() {
            return;
        }
    }
}

/// Events of two ids, and merges in both directions, all at once, against a dispatcher.
pub async fn merges_meet_events_and_each_other(bed: Arc<Bed>) {
    const ROUNDS: usize = 12;
    at_once(7, |task| {
        let store = bed.store.clone();
        async move {
            for round in 0..ROUNDS {
                let (a, b) = (format!("a{round}"), format!("b{round}"));
                match task {
                    0 => unite(&*store, &a, &b).await,
                    1 => unite(&*store, &b, &a).await,
                    2 | 3 => add_one(&*store, &a, &format!("{task} {round}")).await,
                    4 | 5 => add_one(&*store, &b, &format!("{task} {round}")).await,
                    _ => drop(send(&*store, 5, NOW).await),
                }
            }
        }
    })
    .await;
    for round in 0..ROUNDS {
        let loaded = load(&*bed.store, &[&format!("a{round}"), &format!("b{round}")]).await;
        assert_eq!(
            (loaded.contacts.len(), loaded.aliases.len()),
            (1, 1),
            "{round}: one survivor, and the other points to it"
        );
        let (contact, _) = loaded.contacts.values().next().unwrap();
        assert_eq!(number(contact), 4.0, "{round}");
        assert_eq!(bed.store.decisions(&contact.id, None).await.unwrap().len(), 4, "{round}");
        let all = ActionFilter { contact: Some(contact.id.clone()), ..ActionFilter::default() };
        assert_eq!(bed.store.actions(&all).await.unwrap().len(), 4, "{round}");
    }
    assert_eq!(bed.store.summary().await.unwrap().contacts, ROUNDS as u64);
    let pending = ActionFilter { state: Some(ActionState::Ready), ..ActionFilter::default() };
    let left = bed.store.actions(&pending).await.unwrap().len();
    assert_eq!(send(&*bed.store, 99, NOW).await.len(), left);
}

/// One id becomes a new contact and an alias at the same moment, again and again.
pub async fn an_id_becomes_a_contact_or_an_alias(bed: Arc<Bed>) {
    at_once(6, |task| {
        let store = bed.store.clone();
        async move {
            for round in 0..15 {
                let (own, new) = (format!("c{round}"), format!("x{round}"));
                if task % 2 == 0 {
                    unite(&*store, &own, &new).await;
                } else {
                    add_one(&*store, &new, &format!("{task} {round}")).await;
                }
            }
        }
    })
    .await;
    for round in 0..15 {
        let loaded = load(&*bed.store, &[&format!("c{round}"), &format!("x{round}")]).await;
        assert_eq!(loaded.contacts.len(), 1, "{round}");
        assert_eq!(number(&loaded.contacts.values().next().unwrap().0), 3.0, "{round}");
    }
    assert_eq!(bed.store.summary().await.unwrap().contacts, 15);
}

/// Merges move actions while kills hold them and releases them.
pub async fn merges_meet_kills(bed: Arc<Bed>) {
    let scope = staunch_core::policy::KillScope::All;
    plan(&*bed.store, (0..40).map(|n| action(&format!("a{n:02}"), &format!("c{n:02}"))).collect::<Vec<Action>>()).await;
    at_once(4, |task| {
        let (store, scope) = (bed.store.clone(), scope.clone());
        async move {
            for round in 0..20 {
                match task {
                    0 => unite(&*store, &format!("c{round:02}"), &format!("c{:02}", 39 - round)).await,
                    1 => unite(&*store, &format!("c{:02}", 39 - round), &format!("c{round:02}")).await,
                    2 => drop(send(&*store, 1, NOW).await),
                    _ => {
                        store.kill(&kill(scope.clone()), false, NOW).await.unwrap();
                        store.resume(&scope, "ann", NOW).await.unwrap();
                    }
                }
            }
        }
    })
    .await;
    assert_eq!(bed.store.summary().await.unwrap().contacts, 20);
    send(&*bed.store, 99, NOW).await;
    let all = bed.store.actions(&ActionFilter::default()).await.unwrap();
    assert!(all.iter().all(|one| one.attempts == 1 && one.action.state == ActionState::Sending), "{all:?}");
}
