//! Accounts: additions of many contacts, in any order and at once.

use crate::bed::Bed;
use crate::fixtures::*;
use crate::races::at_once;
use staunch_core::account::AccountDelta;
use staunch_core::contact::Contact;
use staunch_core::facts::FactKey;
use staunch_core::value::Value;
use staunch_core::{Span, Time};
use staunch_store::Change;
use std::sync::Arc;

fn key() -> FactKey {
    FactKey::of([7; 16], true)
}

fn fact(account: &str, at: Time, number: f64) -> AccountDelta {
    AccountDelta { facts: vec![(key(), at, number, Span::days(30))], ..of(account) }
}

fn of(account: &str) -> AccountDelta {
    AccountDelta { id: account.into(), ..AccountDelta::default() }
}

fn member(id: &str, account: &str, accounts: Vec<AccountDelta>) -> Change {
    let mut contact = Contact::new(id);
    contact.account = Some((account.into(), (NOW, 0, "e".into())));
    Change { accounts, ..Change::new(contact, 0) }
}

pub async fn accounts_are_loaded_where_they_are_wanted(bed: Arc<Bed>) {
    let store = &*bed.store;
    let plan = ("plan".into(), Some(Value::Text("pro".into())), (NOW, 0, "e1".into()));
    let named = AccountDelta { fields: vec![plan], ..of("acme") };
    let changes = [
        member("c1", "acme", vec![named, fact("acme", NOW, 2.0)]),
        member("c2", "other", vec![fact("other", NOW, 1.0), fact("acme", seconds(-5), 1.0)]),
    ];
    assert!(store.commit(&changes, NOW).await.unwrap().losers.is_empty());
    let contacts = ["c1".to_owned()];
    assert!(store.load(&contacts, &[], None).await.unwrap().accounts.is_empty());
    let loaded = store.load(&contacts, &[], Some(&[])).await.unwrap().accounts;
    assert_eq!(loaded.keys().collect::<Vec<_>>(), ["acme"]);
    let acme = &loaded["acme"];
    assert_eq!(acme.fields[&String::from("plan")], Value::Text("pro".into()));
    assert_eq!(acme.facts.get(key()).unwrap().entries, [(seconds(-5), 1.0), (NOW, 2.0)]);
    let named = ["other".to_owned(), "unknown".to_owned()];
    assert_eq!(store.load(&contacts, &[], Some(&named)).await.unwrap().accounts.len(), 2);
    assert_eq!(store.account("acme").await.unwrap().as_ref(), Some(acme));
    assert_eq!(store.account("unknown").await.unwrap(), None);
}

pub async fn losers_add_nothing_to_accounts(bed: Arc<Bed>) {
    let store = &*bed.store;
    let stale = Change { expected: 3, ..member("c1", "acme", vec![fact("acme", NOW, 1.0)]) };
    let fine = member("c2", "acme", vec![fact("acme", NOW, 2.0)]);
    assert_eq!(store.commit(&[stale, fine], NOW).await.unwrap().losers, ["c1"]);
    let acme = store.account("acme").await.unwrap().unwrap();
    assert_eq!(acme.facts.get(key()).unwrap().entries, [(NOW, 2.0)]);
}

pub async fn old_facts_of_accounts_go(bed: Arc<Bed>) {
    let store = &*bed.store;
    let days = |n: i64| NOW + Span::days(n);
    store
        .commit(&[member("c1", "acme", vec![fact("acme", NOW, 1.0), fact("acme", days(20), 2.0)])], days(20))
        .await
        .unwrap();
    let later = Change { expected: 1, ..member("c1", "acme", vec![fact("acme", days(80), 3.0)]) };
    store.commit(&[later], days(80)).await.unwrap();
    // Thirty days are asked for, and forty more are kept for members that lag behind.
    let acme = store.account("acme").await.unwrap().unwrap();
    assert_eq!(acme.facts.get(key()).unwrap().entries, [(days(20), 2.0), (days(80), 3.0)]);
}

pub async fn additions_to_an_account_never_lose(bed: Arc<Bed>) {
    const ROUNDS: i64 = 15;
    let names = ["acme", "beta", "core"];
    at_once(6, |task| {
        let store = bed.store.clone();
        async move {
            for round in 0..ROUNDS {
                // Each adds to two of three accounts, in another order.
                let (one, two) = (names[(task + round as usize) % 3], names[(task * 2 + round as usize + 1) % 3]);
                let deltas = vec![fact(one, seconds(round), task as f64), fact(two, seconds(round), task as f64)];
                let change = member(&format!("c{task}-{round}"), one, deltas);
                assert!(store.commit(&[change], NOW).await.unwrap().losers.is_empty());
            }
        }
    })
    .await;
    let mut facts = 0;
    for name in names {
        facts += bed.store.account(name).await.unwrap().unwrap().facts.get(key()).unwrap().entries.len() as i64;
    }
    assert_eq!(facts, 6 * ROUNDS * 2);
}
