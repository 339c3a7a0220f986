//! Accounts: membership, fields, and facts over all members.

use crate::account::Account;
use crate::feature::{FactDef, FeatureDef, FeatureKind, Over};
use crate::schema::{Field, FieldKind};
use crate::testkit::*;
use crate::time::Time;
use crate::workflow::Workflow;
use serde_json::json;

/// Starts on `go` where the team had two sessions in a week.
fn team() -> Workflow {
    let mut flow = flow(vec![email("a", END)]);
    let def = FactDef::new(vec!["session".into(), "go".into()], None, None, span("7d"), Over::Account);
    let kind = FeatureKind::Count { fact: def.key, window: window("7d", "0h") };
    flow.facts.push(def);
    flow.features.push(FeatureDef { name: "team_7d".into(), kind });
    flow.start.when = Some(expr("feature.team_7d >= 2"));
    flow
}

fn bench(flow: Workflow) -> Bench {
    let mut bench = Bench::new(vec![]);
    let mut workspace = bench.catalog.workspace.clone();
    workspace.schema.account.insert("tier".into(), Field::of(FieldKind::Text { one_of: vec![] }));
    bench.catalog = crate::decide::Catalog::new(workspace, vec![flow.into()], vec![]);
    bench
}

fn joined(id: &str, time: &str) -> crate::event::Event {
    with_body(event("account.updated", at(time)), json!({"id": id, "tier": "gold", "unknown": 1}))
}

#[test]
fn members_count_together_and_the_event_under_way_counts() {
    let mut bench = bench(team());
    bench.event(joined("acme", "-2d"));
    bench.event(event("go", at("-1d")));
    assert_eq!(bench.actions.len(), 0, "only its own");
    let colleague = reachable("d");
    let own = std::mem::replace(&mut bench.contact, colleague);
    bench.event(joined("acme", "-20h"));
    bench.event(event("session", at("-10h")));
    bench.contact = own;
    bench.event(event("go", at("0h")));
    assert_eq!(bench.actions.len(), 1);
    let account = &bench.accounts["acme"];
    assert_eq!(account.facts.logs().map(|log| log.entries.len()).sum::<usize>(), 3);
    assert_eq!(account.fields[&String::from("tier")], "gold".into());
}

#[test]
fn who_belongs_to_no_account_counts_nobody() {
    let mut bench = bench(team());
    let transition = bench.event(event("go", at("0h")));
    assert_eq!((transition.account, bench.actions.len()), (None, 0));
}

#[test]
fn fields_of_the_account_are_read_and_the_newest_membership_counts() {
    let mut rule = flow(vec![email("a", END)]);
    rule.start.when = Some(expr("account.tier ?? \"none\" == \"gold\""));
    let mut bench = bench(rule);
    bench.event(event("go", at("-3d")));
    bench.event(joined("acme", "-1d"));
    bench.event(joined("late", "-2d"));
    assert_eq!(bench.contact.account.as_ref().unwrap().0, "acme", "an older event does not move it");
    bench.event(event("go", at("0h")));
    assert_eq!(bench.actions.len(), 1);
}

#[test]
fn a_broken_update_is_refused() {
    let mut bench = bench(team());
    for body in [json!({}), json!({"id": ""}), json!({"id": "a", "tier": 5}), json!({"id": "a\u{7}"})] {
        let event = with_body(event("account.updated", at("0h")), body);
        assert!(crate::account::update(&event, &bench.catalog.workspace.schema).is_err());
    }
    bench.event(joined("a", "1h"));
}

#[test]
fn old_facts_of_an_account_go() {
    let mut account = Account::new("a");
    let def = FactDef::new(vec!["x".into()], None, None, span("7d"), Over::Account);
    for day in 0..100 {
        let facts = vec![(def.key, Time(0) + crate::Span::days(day), 1.0, def.keep)];
        account.apply(&crate::account::AccountDelta { id: "a".into(), fields: vec![], facts });
    }
    account.prune(Time(0) + crate::Span::days(99), |_| Some(def.keep));
    assert_eq!(account.facts.logs().next().unwrap().entries.len(), 47, "seven days and forty of slack");
}
