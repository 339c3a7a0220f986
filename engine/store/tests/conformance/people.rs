//! What the gate sees of the people for whom tasks are, and of accounts.

use crate::bed::Bed;
use crate::fixtures::*;
use crate::races::at_once;
use staunch_core::account::AccountDelta;
use staunch_core::action::{Action, ActionState, Channel, Payload, ReasonCode};
use staunch_core::contact::Contact;
use staunch_core::policy::Live;
use staunch_core::{Span, Time};
use staunch_store::{ActionFilter, Change, Gate, GateInput, GateVerdict, SendEnd, Wants, WindowAsk};
use std::sync::{Arc, Mutex};

/// A gate that is a closure and asks for more than windows.
struct Wanting<F>(Wants, F);

impl<F: Fn(&GateInput<'_>) -> GateVerdict + Send + Sync> Gate for Wanting<F> {
    fn windows(&self, _: &str, _: &Live) -> Vec<WindowAsk> {
        vec![]
    }

    fn wants(&self) -> Wants {
        self.0
    }

    fn rule(&self, input: &GateInput<'_>) -> GateVerdict {
        (self.1)(input)
    }
}

/// What a person was given.
type Given = Vec<(Channel, Time)>;

fn day() -> Wants {
    Wants { assigned: Some(Span::days(1)), ..Wants::default() }
}

fn task(id: &str, workflow: &str, assignee: Option<&str>) -> Action {
    let payload = Payload::Task { title: "Call".into(), assignee: assignee.map(str::to_owned), due: None };
    let payload_hash = payload.hash();
    Action { channel: Channel::Task, workflow: workflow.into(), payload, payload_hash, ..action(id, id) }
}

fn at_most(most: usize) -> impl Gate {
    Wanting(day(), move |input: &GateInput<'_>| {
        let hold = GateVerdict::Hold { until: NOW + Span::days(1), reason: ReasonCode::Capacity, checks: vec![] };
        if input.assigned.len() >= most { hold } else { go() }
    })
}

pub async fn the_gate_sees_what_a_person_was_given(bed: Arc<Bed>) {
    let store = &*bed.store;
    let due = |at: i64, action: Action| Action { due_at: seconds(at), planned_at: seconds(at), ..action };
    plan(
        store,
        vec![
            task("t1", "winback", Some("anna")),
            due(1, task("t2", "leads", Some("anna"))),
            due(2, task("t3", "leads", Some("ben"))),
            due(2, task("t4", "leads", None)),
            due(3, task("failed", "leads", Some("anna"))),
        ],
    )
    .await;
    for at in 0..4 {
        for one in send(store, 9, seconds(at)).await {
            let end = if one.action.action.id == "failed" { SendEnd::Failed("no".into()) } else { SendEnd::Done(None) };
            store.end_send(&one.action.action.id, one.action.fence, &end, seconds(at)).await.unwrap();
        }
    }
    // As a row of before the column.
    bed.sql("UPDATE actions SET assignee = NULL WHERE id IN ('t2', 't4')").await;
    plan(store, vec![due(4, task("t5", "winback", Some("anna"))), due(4, task("t6", "winback", Some("anna")))]).await;
    plan(store, vec![due(4, task("t7", "winback", None)), due(4, action("n1", "n1"))]).await;
    let seen: Mutex<Vec<(String, Given)>> = Mutex::default();
    let look = |wants: Wants| {
        let seen = &seen;
        Wanting(wants, move |input: &GateInput<'_>| {
            seen.lock().unwrap().push((input.action.action.id.clone(), input.assigned.to_vec()));
            GateVerdict::Hold { until: input.now, reason: ReasonCode::Capacity, checks: vec![] }
        })
    };
    store.begin_sends(&claim(9, seconds(4)), &look(day())).await.unwrap();
    let given = |times: &[i64]| times.iter().map(|at| (Channel::Task, seconds(*at))).collect::<Vec<_>>();
    let mut found = std::mem::take(&mut *seen.lock().unwrap());
    found.sort();
    let expected = [("n1", vec![]), ("t5", given(&[0, 1])), ("t6", given(&[0, 1])), ("t7", vec![])];
    assert_eq!(found, expected.map(|(id, given)| (id.to_owned(), given)));
    // Further back than it asks, and where it does not ask, there is nothing.
    let short = Wants { assigned: Some(Span::seconds(4)), ..Wants::default() };
    store.begin_sends(&claim(9, seconds(5)), &look(short)).await.unwrap();
    store.begin_sends(&claim(9, seconds(6)), &look(Wants::default())).await.unwrap();
    let found = seen.lock().unwrap().iter().map(|(_, given)| given.len()).sum::<usize>();
    assert_eq!(found, 0);
    // One that goes counts for the next one of the same claim.
    assert_eq!(store.begin_sends(&claim(9, seconds(7)), &at_most(3)).await.unwrap().len(), 3);
    assert_eq!([state(store, "t5").await, state(store, "t6").await], ["sending", "held capacity"]);
}

pub async fn capacity_holds_against_many_claimers(bed: Arc<Bed>) {
    let many = (0..120).map(|n| {
        let person = ["anna", "ben"][n % 2];
        task(&format!("t{n:03}"), ["winback", "leads", "trial"][n % 3], Some(person))
    });
    plan(&*bed.store, many.collect()).await;
    at_once(6, |_| {
        let store = bed.store.clone();
        async move {
            for _ in 0..20 {
                store.begin_sends(&claim(4, NOW), &at_most(7)).await.unwrap();
            }
        }
    })
    .await;
    let sending = ActionFilter { state: Some(ActionState::Sending), ..ActionFilter::default() };
    let sent = bed.store.actions(&sending).await.unwrap();
    for person in ["anna", "ben"] {
        assert_eq!(sent.iter().filter(|one| one.action.payload.assignee() == Some(person)).count(), 7, "{person}");
    }
}

pub async fn the_gate_sees_accounts_where_it_wants_them(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut contact = Contact::new("c1");
    contact.account = Some(("acme".into(), (NOW, 0, "e".into())));
    let field = ("n".to_owned(), Some(staunch_core::value::Value::Number(1.0)), (NOW, 0, "e".to_owned()));
    let delta = AccountDelta { id: "acme".into(), fields: vec![field], ..AccountDelta::default() };
    let both = vec![action("a1", "c1"), action("a2", "c1")];
    store.commit(&[Change { actions: both, accounts: vec![delta], ..Change::new(contact, 0) }], NOW).await.unwrap();
    for (accounts, expected) in [(true, 1), (false, 0)] {
        let gate = Wanting(Wants { accounts, ..Wants::default() }, |input: &GateInput<'_>| {
            assert_eq!(input.accounts.len(), expected);
            go()
        });
        assert_eq!(store.begin_sends(&claim(1, NOW), &gate).await.unwrap().len(), 1);
    }
}
