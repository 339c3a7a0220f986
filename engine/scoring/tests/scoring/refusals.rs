//! Every limit that refuses something says so, once, with limit and demand; and what a plugin was asked is counted.

use crate::guest::{Guest, answer, compiled, model};
use crate::workspace::{request, workspace};
use staunch_core::value::Value;
use staunch_scoring::{Host, Refusal, Scorer};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

/// Keeps the fields of every event of the refusal log.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            self.0 += &format!("{}={value:?} ", field.name());
        }
    }
}

impl tracing::Subscriber for Events {
    fn enabled(&self, found: &tracing::Metadata<'_>) -> bool {
        found.target() == "staunch::refused" && *found.level() == tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What is refused while a component is loaded and scores three rows, each by itself; and the events about it.
fn refused(component: &[u8]) -> (Vec<Refusal>, Vec<String>) {
    let events = Events::default();
    let list = tracing::subscriber::with_default(events.clone(), || {
        let (dir, lock) = workspace(component);
        let (host, _) = Host::load(dir.path(), &lock);
        for _ in 0..3 {
            host.score(&[request(&[Some(1.0)])]);
        }
        host.refusals()
    });
    let told = events.0.lock().unwrap().clone();
    (list, told)
}

/// A guest that goes on after a refusal, as if nothing had been.
fn after(text: &str, fields: &'static str) -> Vec<u8> {
    let score = format!("{text} {}", answer("(f64.const 0.5)", 1, (0, 0)));
    Guest { fields, ..Guest::scoring(score) }.build()
}

/// A name, a component, and what is refused: code, limit, the most that is allowed, what was asked for, how often.
type Case = (&'static str, Vec<u8>, &'static str, &'static str, u64, u64, u64);

fn growing() -> Vec<Case> {
    vec![
        (
            "memory",
            after("(drop (memory.grow (i32.const 2000)))", ""),
            "ST3017",
            "bytes of memory",
            64 << 20,
            2_004 << 16,
            3,
        ),
        (
            "table",
            after("(drop (table.grow $t (ref.null func) (i32.const 30000)))", "(table $t 1 funcref)"),
            "ST3017",
            "elements of a table",
            20_000,
            30_001,
            3,
        ),
        (
            "at the start",
            Guest { memory: "1025", ..Guest::scoring("(i32.const 0)") }.build(),
            "ST3017",
            "bytes of memory",
            64 << 20,
            1_025 << 16,
            1,
        ),
        (
            "instructions",
            Guest::scoring("(loop (br 0)) (unreachable)").build(),
            "ST3005",
            "instructions of a call",
            51_000_000,
            51_000_001,
            3,
        ),
    ]
}

fn answering() -> Vec<Case> {
    let sound = answer("(f64.const 0.5)", 17, (0, 0));
    let huge = sound.replace("(i32.const 17)", "(i32.const 1000000)");
    let huge =
        format!("(drop (memory.grow (i32.const 900))) {}", huge.replace("40000", "300000").replace("40008", "300008"));
    let body = "(local.set 0 (i32.const 1))".repeat(120_000);
    let large = Guest { fields: format!("(func (param i32) {body})").leak(), ..Guest::scoring("(i32.const 0)") };
    vec![
        ("answer", Guest::scoring(huge).build(), "ST3007", "bytes of an answer", 32 << 20, (32 << 20) + 1, 3),
        (
            "reasons",
            Guest::answering("(f64.const 0.5)", 1, (100_000, 17)).build(),
            "ST3007",
            "reasons of a row",
            16,
            17,
            3,
        ),
        ("one function", large.build(), "ST3009", "bytes of one function", 448 << 10, 480_002, 1),
        (
            "parts",
            wat::parse_str(format!("(component {})", "(core module)".repeat(201))).unwrap(),
            "ST3009",
            "modules and components inside",
            200,
            201,
            1,
        ),
    ]
}

#[test]
fn each_limit_says_what_it_refused() {
    for (name, component, code, limit, allowed, demanded, times) in growing().into_iter().chain(answering()) {
        let (list, told) = refused(&component);
        let [refusal] = list.as_slice() else { panic!("{name}: {list:?}") };
        let digest = staunch_scoring::sha256_hex(&component);
        let plugin = "m".to_owned();
        let wanted = Refusal { plugin, digest: digest.clone(), code, limit, allowed, demanded, times };
        assert_eq!(refusal, &wanted, "{name}");
        let event = format!(
            "plugin=m digest={digest} code={code} limit={limit} allowed={allowed} demanded={demanded} times=1 "
        );
        assert_eq!(told, [event], "{name}");
    }
}

#[test]
fn what_stays_within_its_limits_is_not_told() {
    let grows = after("(drop (memory.grow (i32.const 100)))", "");
    for component in [grows, compiled(model(1)), Guest::scoring("(unreachable)").build()] {
        assert_eq!(refused(&component), (Vec::new(), Vec::new()));
    }
}

#[test]
fn a_plugin_is_counted_with_its_inputs() {
    let (dir, lock) = workspace(&compiled(model(2)));
    let (host, _) = Host::load(dir.path(), &lock);
    let rows: Vec<_> = (0..600).map(|n| request(&[(n % 3 > 0).then_some(f64::from(n)), Some(-2.5)])).collect();
    host.score(&rows);
    host.score(&rows[..1]);
    let mut wrong = request(&[Some(1.0), None]);
    wrong.inputs[0].1 = Some(Value::Text("x".into()));
    host.score(&[wrong]);
    let usage = host.usage().remove(0);
    assert_eq!((usage.plugin.as_str(), usage.version.as_str()), ("m", "1.0.0"));
    assert_eq!((usage.calls, usage.rows, usage.trips), (2, 601, 0));
    assert_eq!(usage.failures.into_iter().collect::<Vec<_>>(), [("ST3012".to_owned(), 1)]);
    assert!(usage.fuel > 601 && usage.latency.iter().sum::<u64>() == 2 && !usage.time.is_zero());
    let [first, second] = usage.inputs.as_slice() else { panic!("two inputs") };
    assert_eq!((first.name.as_str(), first.looked, first.missing, first.numbers), ("x0", 601, 201, 400));
    assert_eq!((first.min, first.max, second.mean, second.m2), (1.0, 599.0, -2.5, 0.0));
    assert_eq!((second.numbers, second.bins.iter().filter(|count| **count > 0).count()), (601, 1));
}

#[test]
fn failures_and_rests_are_counted_by_code() {
    let (dir, lock) = workspace(&Guest::scoring("(unreachable)").build());
    let (host, _) = Host::load(dir.path(), &lock);
    host.score(&vec![request(&[Some(1.0)]); 20]);
    let usage = host.usage().remove(0);
    assert_eq!((usage.trips, usage.fuel), (1, 0));
    assert_eq!(usage.failures.into_iter().collect::<Vec<_>>(), [("ST3004".to_owned(), 5), ("ST3011".to_owned(), 15)]);
}
