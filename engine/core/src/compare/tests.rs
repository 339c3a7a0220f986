//! What a comparison of two versions names, step by step.

use super::*;
use crate::action::Channel;
use crate::policy::{Cap, Policy};
use crate::testkit::on;
use crate::testkit::{END, act, add_feature, choose, email, flow, span, wait_event, wait_for, window};
use crate::workflow::{Message, NodeKind};
use proptest::prelude::*;

fn base() -> Workflow {
    let mut flow = flow(vec![
        wait_event("quiet", on("order.paid"), "60d", END, 1),
        choose("approach", &[("big", "feature.spend >= 500", 2)], 3),
        act(Channel::Task, "call", END),
        email("miss-you", END),
    ]);
    add_feature(&mut flow, "spend", "order.paid", Some("total"), None, window("90d", "0s"));
    flow
}

/// `part id: key from -> to` of every difference.
fn lines(differences: &[Difference]) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let mut all = Vec::new();
    for one in differences {
        let head = format!("{} {} {:?}", one.part.word(), one.id, one.change);
        if one.change == Change::Changed {
            all.extend(
                one.keys.iter().map(|key| format!("{head}: {} {} -> {}", key.key, shown(&key.from), shown(&key.to))),
            );
        } else {
            all.push(head);
        }
    }
    all
}

#[test]
fn changes_are_named_by_their_stable_ids() {
    let from = base();
    let mut to = flow(vec![
        wait_event("quiet", on("order.paid"), "30d", END, 1),
        choose("approach", &[("big", "feature.spend >= 900", 2)], 3),
        act(Channel::Task, "call", END),
        wait_for("pause", "2d", END),
    ]);
    add_feature(&mut to, "spend", "order.paid", Some("total"), None, window("30d", "0s"));
    to.holdout = 0.1;
    to.messages = [("m".into(), Message { files: [("m.txt".into(), "Hello".into())].into() })].into();
    assert_eq!(
        lines(&workflows(&from, &to)),
        [
            "feature spend Changed: is sum: order.paid, window: 90d, of: total -> sum: order.paid, window: 30d, of: total",
            "step quiet Changed: up_to 60d -> 30d",
            "step approach Changed: else miss-you -> pause",
            "step pause Added",
            "step miss-you Removed",
            "case approach/big Changed: when feature.spend >= 500 -> feature.spend >= 900",
            "experiment  Added",
            "message m.txt Added",
        ]
    );
    let touched: Vec<(String, Change)> = touched_steps(&workflows(&from, &to)).into_iter().collect();
    let want = [("approach", Change::Changed), ("miss-you", Change::Removed), ("quiet", Change::Changed)];
    assert_eq!(touched, want.map(|(step, change)| (step.to_owned(), change)));
}

#[test]
fn a_fate_is_what_the_migration_does() {
    let from = base();
    let mut text = from.clone();
    if let NodeKind::Act(act) = &mut text.nodes[3].kind {
        act.template = Some("other".into());
    }
    assert_eq!(fate(Existing::Patch, &from, &text, "quiet"), Fate::Patched);
    let mut shape = from.clone();
    shape.nodes[0] = wait_for("quiet", "3d", 1);
    assert_eq!(fate(Existing::Patch, &from, &shape, "quiet"), Fate::Keeps, "other steps: no patch");
    assert_eq!(fate(Existing::Move, &from, &shape, "quiet"), Fate::Keeps, "another kind of step: no place");
    assert_eq!(fate(Existing::Move, &from, &shape, "approach"), Fate::Moved);
    assert_eq!(fate(Existing::Keep, &from, &shape, "approach"), Fate::Keeps);
    assert_eq!(fate(Existing::End, &from, &shape, "approach"), Fate::Ends);
}

#[test]
fn policies_are_compared_by_the_ids_of_their_rules() {
    let cap = |max| Cap {
        id: "weekly".into(),
        channels: vec![Channel::Email],
        max,
        window: span("7d"),
        gap: None,
        exempt: vec![],
    };
    let from = Policy { caps: vec![cap(2)], ..Policy::default() };
    let to = Policy { caps: vec![cap(3)], global_holdout: 0.02, ..Policy::default() };
    assert_eq!(lines(&policies(&from, &to)), ["policy cap weekly Changed: max 2 -> 3", "policy holdout Added"]);
}

/// A workflow of waits in this order, with these lengths.
fn waits(steps: &[(u8, u8)]) -> Workflow {
    let mut seen = Vec::new();
    let mut nodes = Vec::new();
    for (id, days) in steps {
        if !seen.contains(id) {
            seen.push(*id);
            nodes.push(wait_for(&format!("w{id}"), &format!("{}d", days + 1), nodes.len() + 1));
        }
    }
    flow(nodes)
}

proptest! {
    /// The same is no difference; turned round, what was added is removed and every key goes the other way.
    #[test]
    fn a_comparison_turns_round(one in prop::collection::vec((0u8..6, 0u8..3), 0..6), two in prop::collection::vec((0u8..6, 0u8..3), 0..6)) {
        let (one, two) = (waits(&one), waits(&two));
        prop_assert_eq!(workflows(&one, &one), vec![]);
        let mut turned: Vec<Difference> = workflows(&two, &one).into_iter().map(|mut difference| {
            difference.change = match difference.change {
                Change::Added => Change::Removed,
                Change::Removed => Change::Added,
                Change::Changed => Change::Changed,
            };
            for key in &mut difference.keys {
                std::mem::swap(&mut key.from, &mut key.to);
            }
            difference.keys.sort_by(|a, b| a.key.cmp(&b.key));
            difference
        }).collect();
        let mut straight = workflows(&one, &two);
        straight.iter_mut().for_each(|difference| difference.keys.sort_by(|a, b| a.key.cmp(&b.key)));
        let order = |difference: &Difference| (difference.part, difference.id.clone());
        turned.sort_by_key(order);
        straight.sort_by_key(order);
        prop_assert_eq!(straight, turned);
    }
}
