//! The world in memory: sending, holding, reviews, caps, kills and breakers on virtual time; and its laws.

use super::*;
use crate::arm::Arm;
use crate::policy::{Cap, Kill, KillScope, Policy, QuietHours, Stage, ZoneChoice};
use crate::score::IfUnavailable;
use crate::testkit::*;
use crate::workflow::{Breaker, IfExpired, Workflow};
use proptest::prelude::*;
use std::sync::Arc;

fn catalog(policy: Policy, flows: Vec<Workflow>) -> Catalog {
    let workspace = crate::decide::Workspace {
        name: "test".into(),
        schema: schema(),
        policy,
        ..crate::decide::Workspace::default()
    };
    Catalog::new(workspace, flows.into_iter().map(Arc::new).collect(), vec![])
}

fn fails(_: &ScoreRequest, _: Time) -> ScoreOutcome {
    failed()
}

fn world(catalog: &Catalog) -> World<'_> {
    let parts = Parts { catalog, evaluator: &Tiny, renderer: &Plain, score: &fails };
    let mut world = World::new(parts, live(Stage::Full));
    for id in ["c", "d", "e"] {
        world.put(reachable(id));
    }
    world
}

/// The log as `step what @hours`.
fn log(world: &World<'_>) -> Vec<String> {
    let hours = |at: Time| (at - START).0 as f64 / 3.6e9;
    let line = |one: &Happening| {
        let what = match one.what {
            Happened::Sent => "sent".to_owned(),
            Happened::Review => "review".to_owned(),
            Happened::Withheld { reason } => format!("withheld {}", reason.word()),
            Happened::Held { reason, until } => {
                format!("held {}{}", reason.word(), until.map_or(String::new(), |at| format!(" until {}", hours(at))))
            }
        };
        format!("{} {what} @{}", one.step, hours(one.at))
    };
    world.log.iter().map(line).collect()
}

fn play(policy: Policy, flow: Workflow, set: impl FnOnce(&mut World<'_>), events: &[Event]) -> Vec<String> {
    let catalog = catalog(policy, vec![flow]);
    let mut world = world(&catalog);
    set(&mut world);
    for event in events {
        world.event(event.clone()).unwrap();
    }
    world.run_to(at("60d"));
    log(&world)
}

fn go(offset: &str) -> Event {
    event("go", at(offset))
}

fn of(contact: &str, event: Event) -> Event {
    Event { contact: contact.into(), id: format!("{contact}/{}", event.id), ..event }
}

fn weekly(max: u32) -> Policy {
    let channels = vec![Channel::Email];
    let cap = Cap { id: "weekly".into(), channels, max, window: span("7d"), gap: None, exempt: vec![] };
    Policy { caps: vec![cap], ..Policy::default() }
}

#[test]
fn it_sends_waits_and_sends_again() {
    let flow = flow(vec![email("a", 1), wait_event("back", on("came"), "3d", END, 2), email("b", END)]);
    assert_eq!(play(Policy::default(), flow.clone(), |_| {}, &[go("0h")]), ["a sent @0", "b sent @72"]);
    assert_eq!(play(Policy::default(), flow, |_| {}, &[go("0h"), event("came", at("72h"))]), ["a sent @0"]);
}

#[test]
fn quiet_hours_and_caps_hold_and_then_send() {
    let quiet = QuietHours {
        channels: vec![Channel::Email],
        from_minute: 540,
        to_minute: 1_020,
        zone: ZoneChoice::Fixed("UTC".into()),
        zone_if_unknown: "UTC".into(),
    };
    let policy = Policy { quiet_hours: vec![quiet], ..Policy::default() };
    let one = flow(vec![email("a", END)]);
    assert_eq!(play(policy, one.clone(), |_| {}, &[go("0h")]), ["a held quiet_hours until 7 @0", "a sent @7"]);
    let twice = play(weekly(1), one, |_| {}, &[go("0h"), go("1d")]);
    assert_eq!(twice, ["a sent @0", "a held cap until 168 @24", "a sent @168"]);
}

#[test]
fn the_higher_priority_takes_the_slot() {
    let named = |name: &str, priority| Workflow { name: name.into(), priority, ..flow(vec![email(name, END)]) };
    let catalog = catalog(weekly(1), vec![named("w", 10), named("x", 90)]);
    let mut world = world(&catalog);
    world.event(go("0h")).unwrap();
    world.run_to(at("0h"));
    assert_eq!(log(&world), ["x sent @0", "w held cap until 168 @0"]);
}

#[test]
fn reviews_end_as_their_gate_says() {
    let mut flow = flow(vec![email("a", END)]);
    flow.reviews = vec![gate("look", None)];
    assert_eq!(
        play(Policy::default(), flow.clone(), |_| {}, &[go("0h")]),
        ["a review @0", "a withheld review_expired @72"]
    );
    flow.reviews[0].if_expired = IfExpired::Approve;
    assert_eq!(play(Policy::default(), flow.clone(), |_| {}, &[go("0h")]), ["a review @0", "a sent @72"]);
    // Silence approves what has expired by then: too late all the same.
    flow.reviews[0].expires = span("8d");
    assert_eq!(play(Policy::default(), flow, |_| {}, &[go("0h")]), ["a review @0", "a withheld expired @192"]);
}

/// Whatever side of the dice the contact's id is on.
#[test]
fn a_forced_arm_changes_the_side_and_nothing_else() {
    for holdout in [0.0, 1.0] {
        let mut flow = flow(vec![email("a", END)]);
        flow.holdout = holdout;
        let forced = |arm, flow: &Workflow| {
            play(Policy::default(), flow.clone(), |it| it.force(|catalog| catalog.with_arm(arm)), &[go("0h")])
        };
        assert_eq!(forced(Arm::Treated, &flow), ["a sent @0"]);
        assert_eq!(forced(Arm::Holdout, &flow), ["a withheld holdout @0"]);
        flow.reviews = vec![gate("look", None)];
        assert_eq!(forced(Arm::Treated, &flow)[0], "a review @0", "a review is not lost on the way");
        assert_eq!(forced(Arm::Holdout, &flow), ["a withheld holdout @0"]);
        let shadow = |it: &mut World<'_>| {
            it.live = live(Stage::Shadow);
            it.force(|catalog| catalog.with_arm(Arm::Treated));
        };
        assert_eq!(play(Policy::default(), flow, shadow, &[go("0h")]), ["a withheld shadow @0"]);
    }
}

#[test]
fn leaving_withholds_what_is_held_or_in_review() {
    let mut flow = flow(vec![email("a", END)]);
    flow.leave_when = vec![on("left")];
    let left = [go("0h"), go("1h"), event("left", at("2h"))];
    let want = ["a sent @0", "a held cap until 168 @1", "a withheld left @2"];
    assert_eq!(play(weekly(1), flow.clone(), |_| {}, &left), want);
    flow.reviews = vec![gate("look", None)];
    assert_eq!(play(weekly(1), flow, |_| {}, &left[1..]), ["a review @1", "a withheld left @2"]);
}

#[test]
fn a_breaker_kills_its_workflow() {
    let mut flow = flow(vec![email("a", END)]);
    flow.breakers = vec![Breaker { id: "flood".into(), channel: Channel::Email, above: 2, window: span("1h") }];
    let events = [go("0h"), of("d", go("1m")), of("e", go("2m")), of("d", go("3h"))];
    let said = play(Policy::default(), flow, |_| {}, &events);
    let minutes = |minutes: f64| minutes / 60.0;
    let want = ["a sent @0".to_owned(), format!("a sent @{}", minutes(1.0)), format!("a held kill @{}", minutes(2.0))];
    assert_eq!(said[..3], want);
    assert_eq!(said[3..], ["a held kill @3"], "a kill has no end of its own");
}

#[test]
fn what_is_held_anyway_trips_no_breaker() {
    let mut flow = flow(vec![email("a", END)]);
    flow.breakers = vec![Breaker { id: "flood".into(), channel: Channel::Email, above: 1, window: span("1h") }];
    let said = play(weekly(1), flow, |_| {}, &[go("0h"), go("1m")]);
    assert_eq!(said.len(), 3);
    assert!(said[1].starts_with("a held cap") && said[2] == "a sent @168", "{said:?}");
}

#[test]
fn a_kill_in_force_holds_and_other_workflows_go_on() {
    let scope = KillScope::Workflow("w".into());
    let kill = Kill { scope, reason: "x".into(), by: "anna".into(), at: at("0h") };
    let named = |name: &str| Workflow { name: name.into(), ..flow(vec![email(name, END)]) };
    let catalog = catalog(Policy::default(), vec![named("w"), named("x")]);
    let mut world = world(&catalog);
    world.live.kills.push(kill);
    world.event(go("0h")).unwrap();
    world.run_to(at("60d"));
    assert_eq!(log(&world), ["w held kill @0", "x sent @0"]);
}

#[test]
fn a_held_run_is_said_once_for_each_step_and_reason() {
    let mut one = flow(vec![choose("pick", &[("a", "score.risk > 0.5", END)], END)]);
    one.scores = vec![score(&[], IfUnavailable::Hold)];
    assert_eq!(play(Policy::default(), one, |_| {}, &[go("0h")]), ["pick held score_unavailable @0"]);
    let broken = flow(vec![email("broken", END)]);
    assert_eq!(play(Policy::default(), broken, |_| {}, &[go("0h")]), ["broken held render @0"]);
}

#[test]
fn a_refused_event_changes_nothing_and_may_come_again_mended() {
    let catalog = catalog(Policy::default(), vec![flow(vec![email("a", END)])]);
    let mut world = world(&catalog);
    let bad = with_body(event("consent.changed", at("0h")), serde_json::json!({"purpose": 3}));
    assert!(world.event(bad.clone()).is_err());
    let good = with_body(bad, serde_json::json!({"purpose": "marketing", "granted": false}));
    world.event(good).unwrap();
    assert!(!world.contacts()["c"].consent[&String::from("marketing")].granted);
}

#[test]
fn tasks_wait_for_the_person_who_has_too_many() {
    let mut flow = flow(vec![act(Channel::Task, "call", END)]);
    let crate::workflow::NodeKind::Act(task) = &mut flow.nodes[0].kind else { panic!() };
    (task.channel, task.round_robin) = (Channel::Task, vec!["anna".into()]);
    let capacity =
        crate::policy::Capacity { id: "reps".into(), channels: vec![Channel::Task], max: 1, window: span("1d") };
    let policy = Policy { capacity: vec![capacity], ..Policy::default() };
    let said = play(policy, flow, |_| {}, &[go("0h"), of("d", go("1h"))]);
    assert_eq!(said, ["call sent @0", "call held capacity until 24 @1", "call sent @24"]);
}

#[test]
fn turns_are_taken_evenly() {
    let mut flow = flow(vec![act(Channel::Task, "call", END)]);
    let crate::workflow::NodeKind::Act(task) = &mut flow.nodes[0].kind else { panic!() };
    task.round_robin = vec!["anna".into(), "ben".into(), "cleo".into()];
    let catalog = catalog(Policy::default(), vec![flow]);
    let mut world = world(&catalog);
    for n in 0..600 {
        world.event(of(&format!("c{n}"), go("0h"))).unwrap();
    }
    let mut counts = BTreeMap::<&str, u32>::new();
    world.actions.iter().for_each(|action| *counts.entry(action.payload.assignee().unwrap()).or_default() += 1);
    assert!(counts.len() == 3 && counts.values().all(|count| (140..260).contains(count)), "{counts:?}");
}

#[test]
fn a_channel_that_is_down_holds_and_sends_nothing() {
    let down = |it: &mut World<'_>| it.down.extend(["email".to_owned()]);
    let said = play(Policy::default(), flow(vec![email("a", END)]), down, &[go("0h")]);
    assert_eq!(said[0], "a held retry until 1 @0");
    assert!(said.iter().all(|line| !line.contains("sent")), "{said:?}");
    assert_eq!(said.last().unwrap(), "a withheld expired @169");
}

#[test]
fn a_merged_person_has_one_history_of_sends() {
    let catalog = catalog(weekly(1), vec![flow(vec![email("a", END)])]);
    let mut world = world(&catalog);
    world.event(of("d", go("0h"))).unwrap();
    let alias = with_body(event("contact.aliased", at("1h")), serde_json::json!({"alias": "d"}));
    world.event(alias).unwrap();
    world.event(go("2h")).unwrap();
    world.event(of("d", go("9h"))).unwrap();
    assert_eq!(log(&world)[..2], ["a sent @0", "a held cap until 168 @2"]);
    assert_eq!(world.contacts()["d"].merged_into.as_deref(), Some("c"));
    assert_eq!(world.runs.len(), 3, "an event of the old id is the survivor's");
}

#[test]
fn a_contact_put_in_with_a_waiting_run_is_woken() {
    let flows = || vec![flow(vec![wait_for("pause", "1d", 1), email("a", END)])];
    let (one, two) = (catalog(Policy::default(), flows()), catalog(Policy::default(), flows()));
    let mut first = world(&one);
    first.event(go("0h")).unwrap();
    let mut second = world(&two);
    second.put(*first.contacts()["c"].clone());
    second.run_to(at("2d"));
    assert_eq!(second.actions.len(), 1);
}

/// An event of another contact that comes behind the clock is decided for its time; what it sends goes out now.
#[test]
fn the_clock_never_goes_back() {
    let catalog = catalog(Policy::default(), vec![flow(vec![email("a", END)])]);
    let mut world = world(&catalog);
    world.event(go("2d")).unwrap();
    world.event(of("d", go("1d"))).unwrap();
    world.run_to(at("2d"));
    assert_eq!(log(&world), ["a sent @48", "a sent @48"]);
    assert_eq!(world.actions[1].planned_at, at("1d"));
}

/// Hours of events by contact, in order of time, each with its own id.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let kind = prop::sample::select(vec!["go", "go", "came", "order.paid", "left"]);
    let one = (kind, prop::sample::select(vec!["c", "d", "e"]), 0i64..240);
    prop::collection::vec(one, 1..30).prop_map(|list| {
        let mut all: Vec<Event> = list
            .into_iter()
            .enumerate()
            .map(|(id, (kind, contact, hour))| Event {
                id: format!("{id:03}"),
                ..of(contact, event(kind, Time(START.0 + hour * 3_600_000_000)))
            })
            .collect();
        all.sort_by_key(Event::position);
        all
    })
}

fn lively() -> Workflow {
    let mut flow = flow(vec![email("a", 1), wait_event("back", on("came"), "36h", END, 2), email("b", END)]);
    add_feature(&mut flow, "orders", "order.paid", None, None, window("7d", "0h"));
    flow.leave_when = vec![on("left")];
    flow.goal = goal("order.paid", "5d");
    flow
}

type Seen = (Vec<Contact>, Vec<Action>, Vec<Happening>);

/// What became of one contact.
fn seen(world: &World<'_>, id: &str) -> Seen {
    let of = |contact: &str| contact == id;
    let contact = world.contacts().values().filter(|one| of(&one.id)).map(|one| Contact::clone(one)).collect();
    let actions = world.actions.iter().filter(|one| of(&one.contact)).cloned().collect();
    (contact, actions, world.log.iter().filter(|one| of(&one.contact)).cloned().collect())
}

fn after(events: &[Event]) -> Vec<Seen> {
    let catalog = catalog(weekly(2), vec![lively()]);
    let mut world = world(&catalog);
    for event in events {
        world.event(event.clone()).unwrap();
    }
    world.run_to(at("60d"));
    ["c", "d", "e"].iter().map(|id| seen(&world, id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same event again, at once or later, changes nothing.
    #[test]
    fn repeating_events_changes_nothing(events in events(), seed in prop::collection::vec(0usize..30, 30)) {
        let mut repeated = Vec::new();
        for (index, event) in events.iter().enumerate() {
            repeated.push(event.clone());
            repeated.push(events[seed[index] % (index + 1)].clone());
        }
        prop_assert_eq!(after(&repeated), after(&events));
    }

    /// Whatever comes, in whatever order it arrives: no contact gets more than its cap in any window, nor two closer
    /// than the gap.
    #[test]
    fn no_contact_exceeds_a_cap(events in events(), seed in prop::collection::vec(any::<u32>(), 30), max in 1u32..4, gap in 0i64..40) {
        let mut order: Vec<(usize, Event)> = events.into_iter().enumerate().collect();
        order.sort_by_key(|(at, _)| seed[*at]);
        let mut policy = weekly(max);
        policy.caps[0].gap = Some(span(&format!("{gap}h"))).filter(|gap| gap.0 > 0);
        let again = |name: &str| Workflow { name: name.into(), ..lively() };
        let catalog = catalog(policy.clone(), vec![again("w"), again("x")]);
        let mut world = world(&catalog);
        for (_, event) in order {
            world.event(event).unwrap();
        }
        world.run_to(at("90d"));
        for id in ["c", "d", "e"] {
            let mut sent: Vec<Time> = world.log.iter().filter(|one| one.contact == id && one.what == Happened::Sent).map(|one| one.at).collect();
            sent.sort();
            for (index, time) in sent.iter().enumerate() {
                let inside = sent[..=index].iter().filter(|other| **other > *time - policy.caps[0].window).count();
                prop_assert!(inside <= max as usize, "{} in one window", inside);
                let close = index > 0 && policy.caps[0].gap.is_some_and(|gap| *time < sent[index - 1] + gap);
                prop_assert!(!close, "closer than the gap");
            }
        }
    }

    /// What happens to one contact does not depend on the others, nor on their order at equal times.
    #[test]
    fn contacts_do_not_touch_each_other(events in events(), seed in prop::collection::vec(any::<u32>(), 30)) {
        let mut shuffled: Vec<(usize, Event)> = events.iter().cloned().enumerate().collect();
        let rank = |contact: &str, time: Time| seed[(contact.len() + contact.as_bytes()[0] as usize + (time.0 / 3_600_000_000) as usize) % 30];
        shuffled.sort_by_key(|(index, event)| (event.time, rank(&event.contact, event.time), event.contact.clone(), *index));
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, event)| event).collect();
        let together = after(&events);
        prop_assert_eq!(&after(&shuffled), &together);
        for (index, id) in ["c", "d", "e"].iter().enumerate() {
            let alone: Vec<Event> = events.iter().filter(|event| event.contact == *id).cloned().collect();
            prop_assert_eq!(&after(&alone)[index], &together[index]);
        }
    }
}
