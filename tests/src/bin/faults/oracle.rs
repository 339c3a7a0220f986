//! The oracle: what was published against what the database and the receiver have.

use crate::bed::{Bed, Event};
use crate::case::Case;
use serde_json::Value;
use sqlx::Row;
use staunch_core::Span;
use staunch_core::feature::Window;
use staunch_store::{PostgresStore, Store};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What became of the events.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Decided events: whether they came late, and their actions.
    pub decided: HashMap<String, (bool, Vec<String>)>,
    /// Decisions beyond the first of the same event.
    pub twice: usize,
    /// For each contact the places of its events in the order of their commits.
    pub order: BTreeMap<String, Vec<usize>>,
    /// Inputs put aside.
    pub parked: usize,
}

impl Found {
    /// Events that came late.
    pub fn late(&self) -> usize {
        self.decided.values().filter(|(late, _)| *late).count()
    }

    /// Decisions that were committed after one of a later event of the same contact.
    pub fn inversions(&self) -> usize {
        let of = |places: &Vec<usize>| {
            let mut highest = 0;
            let overtaken = |place: &&usize| {
                let before = highest;
                highest = before.max(**place);
                before > **place
            };
            places.iter().filter(overtaken).count()
        };
        self.order.values().map(of).sum()
    }
}

/// Reads it all.
pub fn look(bed: &Bed, events: &[Event]) -> Found {
    let places: HashMap<&str, usize> = events.iter().map(|event| (event.id.as_str(), event.place)).collect();
    let mut found = Found { parked: bed.database.number("SELECT COUNT(*) FROM parked") as usize, ..Found::default() };
    for row in bed.database.rows("SELECT contact, receipt FROM decisions WHERE kind = 'event' ORDER BY seq") {
        let receipt: Value = serde_json::from_str(&row.get::<String, _>(1)).unwrap();
        let id = receipt["event"]["id"].as_str().unwrap().to_owned();
        let entries = receipt["entries"].as_array().unwrap();
        let actions = entries.iter().filter_map(|entry| entry["actions"].as_array()).flatten();
        let actions = actions.map(|id| id.as_str().unwrap().to_owned()).collect();
        if let Some(place) = places.get(id.as_str()) {
            found.order.entry(row.get(0)).or_default().push(*place);
        }
        found.twice += usize::from(found.decided.insert(id, (receipt["late"] == true, actions)).is_some());
    }
    found
}

/// The checks that every case makes: nothing lost, nothing twice, one effect for each event that should have one.
pub fn audit(bed: &Bed, events: &[Event], case: &mut Case) -> Found {
    audit_with(bed, events, 1, case)
}

/// The same where each event that acts makes so many actions.
pub fn audit_with(bed: &Bed, events: &[Event], each: usize, case: &mut Case) -> Found {
    let found = look(bed, events);
    let published: HashSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let lost = published.iter().filter(|id| !found.decided.contains_key(**id)).count();
    let invented = found.decided.keys().filter(|id| !published.contains(id.as_str())).count();
    case.success("events that reached a decision", published.len() - lost, published.len());
    case.exact("events lost (neither decided nor parked)", lost.saturating_sub(found.parked), 0);
    case.exact("events decided that nobody published", invented, 0);
    case.exact("events decided twice", found.twice, 0);
    counted(bed, events, &found, case);
    actions(bed, events, each, &found, case);
    effects(bed, case);
    found
}

/// At most so many contacts are read whole.
const CONTACTS: usize = 2_000;

/// What contacts count of their orders: state that was changed twice, or not at all, would show here.
fn counted(bed: &Bed, events: &[Event], found: &Found, case: &mut Case) {
    let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events.iter().filter(|event| found.decided.contains_key(&event.id)) {
        *orders.entry(&event.contact).or_default() += usize::from(event.place > 1);
    }
    let window = Window { from: Span::days(30), to: Span(0) };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let wrong = runtime.block_on(async {
        let store = PostgresStore::connect(&bed.database.url, None).await.unwrap();
        let (now, mut wrong) = (store.now().await.unwrap(), 0);
        for (id, wanted) in orders.iter().take(CONTACTS) {
            let (contact, _) = store.contact(id).await.unwrap().unwrap();
            let facts: usize = contact.facts.logs().map(|log| log.within(now, window).len()).sum();
            wrong += usize::from(facts != *wanted);
        }
        wrong
    });
    case.exact(format!("contacts that count another number of orders, of {}", orders.len().min(CONTACTS)), wrong, 0);
}

/// Each event that acts made its actions and one run, and no other made any.
fn actions(bed: &Bed, events: &[Event], each: usize, found: &Found, case: &mut Case) {
    let (mut wrong, mut expected) = (0, HashSet::new());
    for event in events {
        let Some((late, made)) = found.decided.get(&event.id) else { continue };
        wrong += usize::from(made.len() != each * usize::from(event.acts && !late));
        expected.extend(made.iter().map(String::as_str));
    }
    let kept: HashSet<String> = bed.database.texts("SELECT id FROM actions").into_iter().collect();
    let strange = kept.iter().filter(|id| !expected.contains(id.as_str())).count();
    let absent = expected.iter().filter(|id| !kept.contains(**id)).count();
    case.exact("events with another number of actions than their rules say", wrong, 0);
    case.exact("actions of no decision, or decisions without their action", strange + absent, 0);
    let runs = bed.database.number("SELECT COUNT(*) FROM runs") as usize;
    case.exact("runs, one for each start", runs * each, kept.len());
}

/// The receiver's side.
fn effects(bed: &Bed, case: &mut Case) {
    let seen = bed.receiver.seen();
    let mut by_subject: HashMap<&str, usize> = HashMap::new();
    seen.values().for_each(|one| *by_subject.entry(one.subject.as_str()).or_default() += 1);
    let double = by_subject.values().filter(|count| **count > 1).count();
    let changed = seen.values().filter(|one| one.bodies.len() > 1).count();
    let done: HashSet<String> = bed.database.texts("SELECT id FROM actions WHERE state = 'done'").into_iter().collect();
    let missing = done.iter().filter(|id| !seen.contains_key(*id)).count();
    let of = bed.database.number("SELECT COUNT(*) FROM actions") as usize;
    case.success("actions that ended as done", done.len(), of);
    case.exact("done actions that never arrived", missing, 0);
    case.exact("events with more than one effect at the receiver", double, 0);
    case.exact("keys that came with two different bodies", changed, 0);
    let repeats: usize = seen.values().map(|one| one.times - 1).sum();
    case.say("requests repeated under the same key, and dropped by the receiver", repeats);
    for (what, count) in bed.database.actions() {
        if what != "done" {
            case.say(format!("actions {what}"), count);
        }
    }
}
