//! Laws for any sequence of inputs: the past is never decided again, order of arrival does not change features,
//! and how often time is looked at changes nothing.

use crate::action::Payload;
use crate::decide::{Input, Transition};
use crate::event::Event;
use crate::feature::{FeatureDef, FeatureKind};
use crate::testkit::*;
use crate::time::{DAY, Time};
use crate::workflow::{WhileRunning, Workflow};
use proptest::prelude::*;

const HOUR: i64 = DAY / 24;

fn laws_flow() -> Workflow {
    let rules = [("many", "feature.near >= 2", 1), ("spender", "feature.spend > 20 && score.risk > 0.3", 2)];
    let mut flow = flow(vec![
        choose("pick", &rules, 3),
        email("many", 3),
        wait_event("back", on_where("came", "event.n ?? 1 > 0"), "36h", 4, 3),
        wait_for("pause", "5h", 4),
        email("more", END),
    ]);
    add_feature(&mut flow, "near", "order.paid", None, None, window("7d", "0h"));
    add_feature(&mut flow, "prior", "order.paid", None, None, window("14d", "7d"));
    add_feature(&mut flow, "spend", "order.paid", Some("total"), Some("event.total > 5"), window("10d", "0h"));
    let fact = flow.facts[0].key;
    flow.features.push(FeatureDef { name: "quiet".into(), kind: FeatureKind::DaysSince { fact, never: 999.0 } });
    flow.scores = vec![score(&[(crate::expr::Root::Feature, "spend")], crate::score::IfUnavailable::Hold)];
    flow.while_running = WhileRunning::Restart;
    flow.leave_when = vec![on("left")];
    flow.goal = goal("order.paid", "9d");
    flow
}

fn bench() -> Bench {
    let mut bench = Bench::new(vec![laws_flow()]);
    // Unavailable for some inputs, always the same ones.
    bench.plugin = Box::new(|request| match &request.inputs[0].1 {
        Some(value) if value.number().unwrap_or(0.0) > 60.0 => failed(),
        _ => scored(0.5),
    });
    bench
}

/// Events of one contact in order of time, in whole hours so that equal times happen; each has its own id.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let kind =
        prop::sample::select(vec!["go", "go", "came", "order.paid", "order.paid", "order.paid", "left", "other"]);
    let one = (kind, 0i64..30 * 24, 0u32..300);
    prop::collection::vec(one, 1..25).prop_map(|list| {
        let mut events: Vec<Event> = list
            .into_iter()
            .enumerate()
            .map(|(id, (kind, hour, total))| Event {
                id: format!("{id:03}"),
                ..with(event(kind, Time(START.0 + hour * HOUR)), "total", f64::from(total) / 10.0)
            })
            .collect();
        events.sort_by_key(Event::position);
        events
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What holds after every single decision, whatever came before.
fn sound(bench: &Bench, before: &crate::contact::Contact, input: &Input, transition: &Transition) {
    let floor = before.decided_to.unwrap_or(Time(i64::MIN));
    assert!(transition.contact.decided_to >= before.decided_to, "decided time went back");
    assert_eq!(transition.wake_at, transition.contact.wake_at());
    let late = transition.decision.as_ref().is_some_and(|decision| decision.late);
    for entry in transition.decision.iter().flat_map(|decision| &decision.entries) {
        assert!(
            entry.at >= floor || (late && entry.what == "goal"),
            "{} was decided again at {}",
            entry.what,
            entry.at
        );
    }
    if late {
        assert!(transition.actions.is_empty() && transition.cancelled.is_empty());
        let states = |contact: &crate::contact::Contact| {
            contact.runs.iter().map(|run| (run.id.clone(), run.status.clone())).collect::<Vec<_>>()
        };
        let kept = states(before).into_iter().filter(|(id, _)| transition.contact.runs.iter().any(|run| run.id == *id));
        assert_eq!(states(&transition.contact), kept.collect::<Vec<_>>());
    }
    for action in &transition.actions {
        assert!(action.planned_at >= floor, "an action in the decided past");
        assert_eq!(bench.actions.iter().filter(|other| other.id == action.id).count(), 1, "planned twice");
    }
    if let Input::Wake(now, _) = input {
        assert!(transition.wake_at.is_none_or(|at| at > *now), "still due after the wake-up");
    }
    assert!(bench.contact.runs.iter().filter(|run| run.active()).count() <= 1, "two active runs of one workflow");
}

fn feed(bench: &mut Bench, input: Input) -> Transition {
    let before = bench.contact.clone();
    let transition = bench.input(&input);
    sound(bench, &before, &input, &transition);
    transition
}

/// What the last payload showed of features.
fn features(bench: &Bench) -> serde_json::Value {
    let Some(Payload::Email { text, .. }) = bench.actions.last().map(|action| &action.payload) else { panic!() };
    serde_json::from_str::<serde_json::Value>(text).unwrap()["feature"].clone()
}

fn recount(events: &[Event], now: Time) -> serde_json::Value {
    let mut paid: Vec<(Time, f64)> = events
        .iter()
        .filter(|event| event.kind == "order.paid")
        .map(|event| (event.time, event.fields[&String::from("total")].number().unwrap()))
        .collect();
    paid.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let count = |from: i64, to: i64| {
        paid.iter().filter(|(time, _)| time.0 > now.0 - from * DAY && time.0 <= now.0 - to * DAY).count()
    };
    let spend = paid.iter().filter(|(time, total)| *total > 5.0 && time.0 > now.0 - 10 * DAY);
    let spend = spend.fold(0.0, |sum, (_, total)| sum + total);
    let quiet = paid.last().map_or(999.0, |(time, _)| (now.0 - time.0) as f64 / DAY as f64);
    let plain =
        |number: f64| if number.fract() == 0.0 { (number as i64).into() } else { serde_json::Value::from(number) };
    serde_json::json!({"near": count(7, 0), "prior": count(14, 7), "spend": plain(spend), "quiet": plain(quiet)})
}

proptest! {
    #![proptest_config(config(1_000))]

    /// In any order of arrival, with wake-ups in between, every decision is sound, and features equal a recount.
    #[test]
    fn any_order_of_arrival_is_sound_and_counts_right(mut events in events(), seed in prop::collection::vec(any::<u32>(), 25)) {
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|at| seed[*at]);
        let mut bench = bench();
        for (step, index) in order.into_iter().enumerate() {
            feed(&mut bench, Input::Event(events[index].clone()));
            if seed[step] % 3 == 0 {
                let now = bench.contact.decided_to.unwrap_or(START);
                feed(&mut bench, Input::Wake(Time(now.0 + i64::from(seed[step] % 40) * HOUR), 0));
            }
        }
        let mut last = bench.catalog.current()[0].as_ref().clone();
        let end = Time(bench.contact.decided_to.unwrap_or(START).max(at("31d")).0 + HOUR);
        last.nodes = vec![email("tips", END)];
        last.version = "v2".into();
        bench.catalog = crate::decide::Catalog::new(bench.catalog.workspace.clone(), vec![last.clone().into()], vec![laws_flow().into()]);
        events.push(Event { id: "end".into(), ..event("go", end) });
        bench.event(events[events.len() - 1].clone());
        prop_assert_eq!(features(&bench), recount(&events, end));
    }

    /// Waking at every deadline, or only with the next event, comes to the same.
    #[test]
    fn how_often_time_is_looked_at_changes_nothing(events in events()) {
        let (mut busy, mut lazy) = (bench(), bench());
        for event in &events {
            while let Some(due) = busy.contact.wake_at().filter(|due| *due < event.time) {
                feed(&mut busy, Input::Wake(due, 0));
            }
            feed(&mut busy, Input::Event(event.clone()));
            feed(&mut lazy, Input::Event(event.clone()));
        }
        while let Some(due) = busy.contact.wake_at() {
            feed(&mut busy, Input::Wake(due, 0));
        }
        feed(&mut lazy, Input::Wake(at("400d"), 0));
        prop_assert_eq!(&busy.contact, &lazy.contact);
        prop_assert_eq!(&busy.actions, &lazy.actions);
    }

    /// The events of different contacts, interleaved in any way, come to the same for each of them.
    #[test]
    fn contacts_may_be_interleaved_in_any_way(lives in prop::collection::vec(events(), 2..4), seed in prop::collection::vec(any::<u32>(), 80)) {
        let alone: Vec<(crate::contact::Contact, Vec<Transition>)> = lives.iter().map(|life| {
            let mut bench = bench();
            let transitions = life.iter().map(|event| bench.event(event.clone())).collect();
            (bench.contact, transitions)
        }).collect();
        // One catalog, evaluator and plugin for all; whose turn it is comes from the seed.
        let mut shared = bench();
        let mut states: Vec<crate::contact::Contact> = lives.iter().map(|_| shared.contact.clone()).collect();
        let mut next = vec![0; lives.len()];
        let mut got: Vec<Vec<Transition>> = vec![vec![]; lives.len()];
        let mut turn = 0;
        while next.iter().zip(&lives).any(|(next, life)| *next < life.len()) {
            let open: Vec<usize> = (0..lives.len()).filter(|who| next[*who] < lives[*who].len()).collect();
            let who = open[seed[turn % seed.len()] as usize % open.len()];
            std::mem::swap(&mut shared.contact, &mut states[who]);
            let transition = shared.event(lives[who][next[who]].clone());
            std::mem::swap(&mut shared.contact, &mut states[who]);
            got[who].push(transition);
            (next[who], turn) = (next[who] + 1, turn + 1);
        }
        for (who, (contact, transitions)) in alone.into_iter().enumerate() {
            prop_assert_eq!(&states[who], &contact);
            prop_assert_eq!(&got[who], &transitions);
        }
    }

    /// The same inputs give the same outputs, bit for bit.
    #[test]
    fn decisions_are_deterministic(events in events()) {
        let (mut one, mut two) = (bench(), bench());
        for event in events {
            prop_assert_eq!(feed(&mut one, Input::Event(event.clone())), feed(&mut two, Input::Event(event)));
        }
    }

    /// Fields, consent and suppression are the same for every order of arrival.
    #[test]
    fn what_a_contact_is_does_not_depend_on_arrival(
        changes in prop::collection::vec((0i64..5, 0i64..3, 0u8..3, 0u8..5), 1..12),
        seed in prop::collection::vec(any::<u32>(), 12),
    ) {
        let change = |(index, (hour, sequence, what, value)): (usize, &(i64, i64, u8, u8))| {
            let kind = ["contact.updated", "consent.changed", "email.complained"][usize::from(*what)];
            let body = match what {
                0 if *value == 0 => serde_json::json!({"plan": null}),
                0 => serde_json::json!({"plan": format!("p{value}")}),
                _ => serde_json::json!({"purpose": "marketing", "granted": value % 2 == 0}),
            };
            let time = Time(START.0 + hour * HOUR);
            Event { id: format!("{index:03}"), sequence: *sequence, ..with_body(event(kind, time), body) }
        };
        let mut events: Vec<Event> = changes.iter().enumerate().map(change).collect();
        events.sort_by_key(Event::position);
        let state = |events: &[Event]| {
            let mut contact = crate::contact::Contact::new("c");
            for event in events {
                contact.apply(event, &schema()).unwrap();
            }
            contact
        };
        let ordered = state(&events);
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|at| seed[*at]);
        let shuffled: Vec<Event> = order.into_iter().map(|at| events[at].clone()).collect();
        prop_assert_eq!(&state(&shuffled), &ordered);
        let newest = events.iter().rev().find(|event| event.kind == "contact.updated");
        let want = newest.and_then(|event| event.body.as_ref()?.get("plan")?.as_str()).map(|plan| plan.into());
        prop_assert_eq!(ordered.fields.get("plan").cloned(), want);
    }
}
