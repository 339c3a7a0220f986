//! What a newly published version does with runs under way.

use crate::decide::{Catalog, Existing, Input, Migration, Transition};
use crate::testkit::*;
use crate::workflow::{NodeKind, Workflow};

fn version(name: &str, nodes: Vec<crate::workflow::Node>) -> Workflow {
    Workflow { version: name.into(), ..flow(nodes) }
}

fn old() -> Workflow {
    version("v1", vec![wait_for("pause", "5d", 1), email("a", END)])
}

/// A contact that waits at `pause` of `v1`, and a catalog in which `new` is current.
fn migrated(new: Workflow, existing: Existing) -> (Bench, Transition) {
    let mut bench = Bench::new(vec![old()]);
    bench.event(event("go", at("0h")));
    bench.catalog = Catalog::new(bench.catalog.workspace.clone(), vec![new.clone().into()], vec![old().into()]);
    let migration = Migration { workflow: "w".into(), to: new.version, existing, at: at("1d"), row: 3 };
    let transition = bench.input(&Input::Migrate(migration.clone()));
    let again = bench.input(&Input::Migrate(migration));
    assert!(again.runs.is_empty() && again.decision.is_none(), "twice changes nothing more");
    (bench, transition)
}

fn renamed() -> Workflow {
    let mut new = version("v2", vec![wait_for("pause", "5d", 1), email("a", END)]);
    let NodeKind::Act(act) = &mut new.nodes[1].kind else { panic!() };
    act.template = Some("better".into());
    new
}

fn said(bench: &mut Bench) -> String {
    bench.wake(at("5d"));
    let crate::action::Payload::Email { subject, .. } = &bench.actions[0].payload else { panic!() };
    subject.clone()
}

#[test]
fn keep_leaves_everybody_on_their_version() {
    let (mut bench, transition) = migrated(renamed(), Existing::Keep);
    assert!(transition.decision.is_none() && transition.runs.is_empty());
    assert_eq!(said(&mut bench), "a");
}

#[test]
fn patch_gives_the_new_texts_where_the_steps_are_the_same() {
    let (mut bench, transition) = migrated(renamed(), Existing::Patch);
    assert_eq!(whats(&transition), ["patched: v1 to v2"]);
    assert_eq!(said(&mut bench), "better");
    let longer = version("v2", vec![wait_for("pause", "6d", 1), email("a", END)]);
    let (bench, transition) = migrated(longer, Existing::Patch);
    assert!(transition.runs.is_empty());
    assert_eq!(bench.run().version, "v1", "another wait is no text");
}

#[test]
fn move_goes_on_at_the_same_step_if_it_is_there() {
    let new = version("v2", vec![wait_for("pause", "9d", 1), email("b", 2), email("c", END)]);
    let (mut bench, transition) = migrated(new, Existing::Move);
    assert_eq!(whats(&transition), ["moved: v1 to v2"]);
    bench.wake(at("5d"));
    assert_eq!(
        bench.planned().iter().map(|one| one.0).collect::<Vec<_>>(),
        ["b", "c"],
        "the wait that began keeps its end"
    );
    let gone = version("v2", vec![wait_for("other", "9d", 1), email("b", END)]);
    assert_eq!(migrated(gone, Existing::Move).0.run().version, "v1");
    let other_kind = version("v2", vec![email("pause", END)]);
    assert_eq!(migrated(other_kind, Existing::Move).0.run().version, "v1");
}

#[test]
fn end_ends() {
    let (bench, transition) = migrated(renamed(), Existing::End);
    assert!(bench.contact.runs.is_empty(), "over and nothing pending");
    assert_eq!((transition.runs[0].word(), transition.cancelled.len()), ("left", 1));
    assert_eq!(transition.wake_at, None);
}
