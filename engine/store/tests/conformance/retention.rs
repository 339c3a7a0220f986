//! What is forgotten: everything that may go, and nothing else. Every mix of ages and states against a plain rule.

use crate::bed::Bed;
use crate::fixtures::*;
use staunch_core::action::{Action, ActionState, hash_hex};
use staunch_core::contact::Contact;
use staunch_core::decide::ActionOutcome;
use staunch_core::policy::KillScope;
use staunch_core::receipt::Decision;
use staunch_core::retention::Class;
use staunch_core::run::{EntryEvent, Run, RunStatus};
use staunch_core::{Span, Time};
use staunch_store::{Change, Expendable, Parked, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is from before this may go.
fn cutoff() -> Time {
    NOW - Span::days(400)
}

fn age(old: bool) -> Time {
    NOW - Span::days(if old { 500 } else { 10 })
}

/// One contact with a run, an action and a decision.
#[derive(Clone, Debug)]
struct Case {
    id: String,
    /// `live`, `over`, `carried` (over, and something can come of it), or `stale`: over, and the contact has not looked since.
    run: &'static str,
    /// Whether the run began before the decision.
    before: bool,
    ended_old: bool,
    state: ActionState,
    action_old: bool,
    decision_old: bool,
}

impl Case {
    fn all() -> Vec<Case> {
        let (mut all, both) = (Vec::new(), [true, false]);
        for run in ["live", "over", "carried", "stale"] {
            for before in both {
                for ended_old in both {
                    for state in ActionState::ALL {
                        for (action_old, decision_old) in [(true, true), (true, false), (false, true)] {
                            let id = format!("c{}", all.len());
                            all.push(Case { id, run, before, ended_old, state, action_old, decision_old });
                        }
                    }
                }
            }
        }
        all
    }

    fn run_id(&self) -> String {
        hash_hex("run", &[self.id.as_bytes()])
    }

    fn decision(&self) -> Decision {
        decision(&self.id, &format!("e-{}", self.id), age(self.decision_old))
    }

    fn change(&self) -> Change {
        let began = if self.before { age(true) - Span::days(1) } else { age(false) + Span::days(1) };
        let over = self.run != "live";
        let run = Run {
            id: self.run_id(),
            entry: EntryEvent { time: began, ..run(&self.id, None).entry },
            status: if over { RunStatus::Done } else { run(&self.id, None).status },
            ended_at: over.then(|| age(self.ended_old)),
            pending_until: (self.run == "carried").then_some(NOW),
            ..run(&self.id, None)
        };
        let action = Action {
            run: self.run_id(),
            state: self.state,
            planned_at: age(self.action_old),
            ..action(&format!("a-{}", self.id), &self.id)
        };
        let mut contact = Contact::new(&self.id);
        if self.run != "over" {
            contact.runs.push(run.clone());
        }
        let outcomes = vec![ActionOutcome { action: action.id.clone(), kind: "nudge.seen".into(), at: NOW }];
        Change {
            decisions: vec![self.decision()],
            actions: vec![action],
            runs: vec![run],
            outcomes,
            ..Change::new(contact, 0)
        }
    }

    /// The rule, once more and in other words.
    fn goes(&self, class: Class) -> bool {
        use ActionState::{Done, Failed, Withheld};
        let (live, ended) = (self.run == "live", matches!(self.state, Done | Failed | Withheld));
        match class {
            Class::Decisions => self.decision_old && !(live && self.before),
            // It ended when it was written.
            Class::Actions => self.action_old && self.decision_old && ended && !live,
            Class::Runs => ["over", "stale"].contains(&self.run) && self.ended_old && ended,
            Class::Parked => false,
        }
    }

    fn id_of(&self, class: Class) -> String {
        match class {
            Class::Decisions => self.decision().id,
            Class::Actions => format!("a-{}", self.id),
            _ => self.run_id(),
        }
    }
}

fn open(run: &Run) -> bool {
    run.active() || run.pending_until.is_some()
}

/// Writes the cases as if each had been decided when its rows say.
async fn write(store: &dyn Store, cases: &[Case]) {
    for old in [true, false] {
        let changes: Vec<Change> = cases.iter().filter(|case| case.decision_old == old).map(Case::change).collect();
        assert!(store.commit(&changes, age(old)).await.unwrap().losers.is_empty());
    }
}

/// Sweeps a class to its end, in pages; gives what went.
async fn sweep(store: &dyn Store, class: Class, before: Time) -> BTreeSet<String> {
    let (mut gone, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = store.expendable(class, before, &after, 7).await.unwrap();
        let Some(last) = page.last() else { return gone };
        after = last.id.clone();
        assert!(page.len() <= 7 && page.iter().all(|row| row.at < before), "{page:?}");
        let count = store.discard(class, before, &page, &open).await.unwrap();
        let mut left = BTreeSet::new();
        for row in &page {
            if there(store, class, row).await {
                left.insert(row.id.clone());
            }
        }
        assert_eq!(page.len() as u64 - count, left.len() as u64);
        gone.extend(page.into_iter().map(|row| row.id).filter(|id| !left.contains(id)));
    }
}

async fn there(store: &dyn Store, class: Class, row: &Expendable) -> bool {
    match class {
        Class::Decisions => store.decisions(&row.contact, None).await.unwrap().iter().any(|one| one.id == row.id),
        Class::Actions => store.action(&row.id).await.unwrap().is_some(),
        Class::Runs => store.runs(&row.contact).await.unwrap().iter().any(|one| one.id == row.id),
        Class::Parked => store.parked_one(&row.id).await.unwrap().is_some(),
    }
}

/// The ids of a class that are in the store.
async fn all(store: &dyn Store, class: Class, cases: &[Case]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for case in cases {
        let row = Expendable { id: case.id_of(class), contact: case.id.clone(), at: NOW, text: String::new() };
        if there(store, class, &row).await {
            found.insert(row.id);
        }
    }
    found
}

pub async fn what_may_go_goes_and_nothing_else(bed: Arc<Bed>) {
    let (store, cases) = (&*bed.store, Case::all());
    write(store, &cases).await;
    for class in [Class::Decisions, Class::Actions, Class::Runs] {
        let expected: BTreeSet<String> =
            cases.iter().filter(|case| case.goes(class)).map(|case| case.id_of(class)).collect();
        assert!(expected.len() > 10 && expected.len() < cases.len(), "{}", class.word());
        assert_eq!(sweep(store, class, cutoff()).await, expected, "{}", class.word());
        let left: BTreeSet<String> =
            cases.iter().filter(|case| !case.goes(class)).map(|case| case.id_of(class)).collect();
        assert_eq!(all(store, class, &cases).await, left, "{}", class.word());
        assert!(sweep(store, class, cutoff()).await.is_empty(), "a second sweep finds nothing");
    }
    // Outcomes go with their action, and only then.
    for case in &cases {
        let kept = store.outcomes(&format!("a-{}", case.id)).await.unwrap().len();
        assert_eq!(kept, usize::from(!case.goes(Class::Actions)), "{case:?}");
    }
    let contacts = store.summary().await.unwrap().contacts;
    assert_eq!(contacts, cases.len() as u64, "contacts are never forgotten");
}

pub async fn what_changed_since_it_was_read_stays(bed: Arc<Bed>) {
    let store = &*bed.store;
    let over = Case {
        id: "c1".into(),
        run: "over",
        before: true,
        ended_old: true,
        state: ActionState::Done,
        action_old: true,
        decision_old: true,
    };
    write(store, std::slice::from_ref(&over)).await;
    let mut pages = Vec::new();
    for class in [Class::Decisions, Class::Actions, Class::Runs] {
        let page = store.expendable(class, cutoff(), "", 10).await.unwrap();
        assert_eq!(page.len(), 1);
        pages.push((class, page));
    }
    // The run came to life again: what was read as expendable is not any more.
    let (contact, version) = store.contact("c1").await.unwrap().unwrap();
    let mut run = over.change().runs.remove(0);
    run.status = RunStatus::Waiting { step: "wait".into(), until: NOW };
    run.ended_at = None;
    let again = Change { runs: vec![run], ..Change::new(contact, version) };
    assert!(store.commit(&[again], NOW).await.unwrap().losers.is_empty());
    for (class, page) in pages {
        assert_eq!(store.discard(class, cutoff(), &page, &open).await.unwrap(), 0, "{}", class.word());
    }
    assert_eq!(store.outcomes("a-c1").await.unwrap().len(), 1);
}

pub async fn parked_inputs_go_by_age_and_the_log_of_orders_never(bed: Arc<Bed>) {
    let store = &*bed.store;
    let one = |id: &str, at: Time, path: Option<&str>| Parked {
        id: id.into(),
        origin: "queue".into(),
        code: "ST2002".into(),
        message: "no JSON".into(),
        bytes: b"{".to_vec(),
        headers: "{}".into(),
        path: path.map(str::to_owned),
        at,
    };
    store.kill(&kill(KillScope::All), false, age(true)).await.unwrap();
    store.resume(&KillScope::All, "ann", age(true)).await.unwrap();
    store
        .park(&[one("p1", age(true), Some("x.bin")), one("p2", age(false), None), one("p3", cutoff(), None)])
        .await
        .unwrap();
    let page = store.expendable(Class::Parked, cutoff(), "", 10).await.unwrap();
    assert_eq!(page.iter().map(|row| (row.id.as_str(), row.text.as_str())).collect::<Vec<_>>(), [("p1", "x.bin")]);
    assert_eq!(sweep(store, Class::Parked, cutoff()).await, BTreeSet::from(["p1".to_owned()]));
    assert_eq!(store.parked(10).await.unwrap().len(), 2);
    assert_eq!(bed.number("SELECT COUNT(*) FROM control_log").await, 2);
}
