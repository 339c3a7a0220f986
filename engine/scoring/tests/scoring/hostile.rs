//! A corpus of hostile components: each ends with its named error, without a hang and without harm to the host.

use crate::guest::{Guest, answer, compiled, model};
use crate::workspace::fate;
use staunch_scoring::{DEADLINE_TICKS, TICK};
use std::time::Instant;

/// Checks that each component ends with one of the given codes, in bounded time.
fn check(cases: Vec<(&str, Vec<u8>, &[&str])>) {
    for (name, component, codes) in cases {
        let start = Instant::now();
        let fate = fate(&component);
        assert!(
            codes.iter().any(|code| fate.as_ref().err().is_some_and(|got| got == code)),
            "{name}: {fate:?}, expected {codes:?}"
        );
        // Compiling and starting come on top of the deadline; a hang would not end at all.
        assert!(start.elapsed() < TICK * (DEADLINE_TICKS as u32) * 20, "{name}: {:?}", start.elapsed());
    }
}

fn scoring(text: &str) -> Vec<u8> {
    Guest::scoring(text).build()
}

#[test]
fn the_corpus_has_a_good_answer_to_compare_with() {
    assert_eq!(fate(&Guest::answering("(f64.const 0.25)", 1, (0, 0)).build()), Ok(0.25));
    assert!(fate(&compiled(model(1))).is_ok());
}

#[test]
fn runaway_code() {
    let recursion = Guest {
        fields: "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))",
        ..Guest::scoring("(call $deep (i32.const 1))")
    };
    let start = Guest { fields: "(func $spin (loop (br 0))) (start $spin)", ..Guest::scoring("(i32.const 0)") };
    let describe = Guest { describe: "(loop (br 0)) (unreachable)", ..Guest::scoring("(i32.const 0)") };
    let after = Guest {
        fields: r#"(func (export "cabi_post_staunch:scoring/plugin@1.0.0#score-batch") (param i32) (loop (br 0)))"#,
        ..Guest::answering("(f64.const 0.5)", 1, (0, 0))
    };
    check(vec![
        ("infinite loop", scoring("(loop (br 0)) (unreachable)"), &["ST3005"]),
        ("deep recursion", recursion.build(), &["ST3004"]),
        ("unreachable", scoring("(unreachable)"), &["ST3004"]),
        ("division by zero", scoring("(i32.div_u (i32.const 1) (i32.const 0))"), &["ST3004"]),
        ("loop in the start function", start.build(), &["ST3005"]),
        ("loop in describe", describe.build(), &["ST3005"]),
        ("loop after the answer", after.build(), &["ST3005"]),
        // Filling costs few instructions and much time: the deadline must end what the instructions do not.
        (
            "endless filling",
            scoring(
                "(drop (memory.grow (i32.const 1000))) (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65000000)) (br 0)) (unreachable)",
            ),
            &["ST3005", "ST3006"],
        ),
    ]);
}

#[test]
fn memory_and_tables() {
    let grow = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.store (i32.const 0x7ffffff0) (i32.const 1)) (i32.const 0)";
    let many_tables = "(table 20001 funcref)";
    check(vec![
        ("growing without end", scoring(grow), &["ST3004"]),
        ("filling out of bounds", scoring("(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 0)"), &["ST3004", "ST3005"]),
        ("copying out of bounds", scoring("(memory.copy (i32.const -9) (i32.const 0) (i32.const 100)) (i32.const 0)"), &["ST3004"]),
        ("too much memory at once", Guest { memory: "1025", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3017"]),
        ("a huge table", Guest { fields: many_tables, ..Guest::scoring("(i32.const 0)") }.build(), &["ST3017"]),
        ("a growing table", Guest { fields: "(table $t 1 funcref)", ..Guest::scoring("(loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable)") }.build(), &["ST3004"]),
        ("an allocator that lies", Guest { realloc: "(i32.const -8)", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3004", "ST3007"]),
        ("an allocator that crashes", Guest { realloc: "(unreachable)", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3004"]),
    ]);
}

#[test]
fn bad_answers() {
    let value = |value: &str| Guest::answering(value, 1, (0, 0)).build();
    let reasons = |at, count| Guest::answering("(f64.const 0.5)", 1, (at, count)).build();
    let store = |text: &str| scoring(&format!("{} {}", text, answer("(f64.const 0.5)", 1, (42_000, 1))));
    check(vec![
        ("NaN", value("(f64.const nan)"), &["ST3007"]),
        ("infinite", value("(f64.const inf)"), &["ST3007"]),
        ("out of range", value("(f64.const 1.0000001)"), &["ST3007"]),
        ("below the range", value("(f64.const -0.1)"), &["ST3007"]),
        ("too many rows", Guest::answering("(f64.const 0.5)", 2, (0, 0)).build(), &["ST3007"]),
        ("no rows", Guest::answering("(f64.const 0.5)", 0, (0, 0)).build(), &["ST3007"]),
        (
            "a list out of bounds",
            Guest::answering("(f64.const 0.5)", 0x0fff_ffff, (0, 0)).build(),
            &["ST3004", "ST3007"],
        ),
        ("17 reasons", reasons(100_000, 17), &["ST3007"]),
        ("reasons out of bounds", reasons(0x7fff_fff0, 3), &["ST3004", "ST3007"]),
        ("a billion reasons", reasons(0, 1 << 30), &["ST3004", "ST3007"]),
        ("a reason that is no input", store(&reason(64, 4)), &["ST3007"]),
        ("a reason of 201 characters", store(&reason(100_000, 201)), &["ST3007"]),
        (
            "a reason that is not UTF-8",
            store(&format!("(i32.store (i32.const 43000) (i32.const -1)) {}", reason(43_000, 4))),
            &["ST3007"],
        ),
        ("an answer that is nowhere", scoring("(i32.const -4)"), &["ST3004", "ST3007"]),
        (
            "an unknown case",
            scoring("(i32.store8 (i32.const 39000) (i32.const 9)) (i32.const 39000)"),
            &["ST3004", "ST3007"],
        ),
        ("an error", scoring("(i32.store8 (i32.const 39000) (i32.const 1)) (i32.const 39000)"), &["ST3013"]),
    ]);
}

/// One reason at 42,000 whose text is given by address and length.
fn reason(text: u32, length: u32) -> String {
    format!(
        "(i32.store (i32.const 42000) (i32.const {text})) (i32.store (i32.const 42004) (i32.const {length})) (f64.store (i32.const 42008) (f64.const 1))"
    )
}

#[test]
fn small_answers_cannot_make_the_host_allocate_without_bound() {
    // 100,000 rows in 4 MB, each with the same list of 100,000 reasons: read in full it would be 320 GB.
    let text = "(local $i i32) (drop (memory.grow (i32.const 200)))
        (i32.store (i32.const 39004) (i32.const 262144)) (i32.store (i32.const 39008) (i32.const 100000))
        (loop $next
            (i32.store (i32.add (i32.const 262176) (i32.mul (local.get $i) (i32.const 40))) (i32.const 262144))
            (i32.store (i32.add (i32.const 262180) (i32.mul (local.get $i) (i32.const 40))) (i32.const 100000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 100000))))
        (i32.const 39000)";
    check(vec![("an answer that repeats itself", scoring(text), &["ST3004", "ST3007"])]);
}

#[test]
fn files_that_are_no_plugins() {
    let good = compiled(model(1));
    let text = |text: &str| wat::parse_str(text).unwrap();
    check(vec![
        ("garbage", b"\x7fELF not wasm".to_vec(), &["ST3010"]),
        ("empty", Vec::new(), &["ST3010"]),
        ("truncated", good[..good.len() * 2 / 3].to_vec(), &["ST3010"]),
        ("a core module", text("(module)"), &["ST3010"]),
        ("an empty component", text("(component)"), &["ST3010"]),
        (
            "an import of an instance",
            text(r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance)))"#),
            &["ST3008"],
        ),
        ("an import of a function", text(r#"(component (import "now" (func)))"#), &["ST3008"]),
        ("64-bit memory", text("(component (core module (memory i64 1)))"), &["ST3010"]),
        ("shared memory", text("(component (core module (memory 1 1 shared)))"), &["ST3010"]),
        (
            "relaxed SIMD",
            text(
                "(component (core module (func (param v128) (result v128) local.get 0 local.get 0 i8x16.relaxed_swizzle)))",
            ),
            &["ST3010"],
        ),
        (
            "garbage collection",
            text(
                "(component (core module (type (struct (field i32))) (func (result i32) (struct.get 0 0 (struct.new 0 (i32.const 1))))))",
            ),
            &["ST3010"],
        ),
    ]);
    for cut in (0..good.len()).step_by(97) {
        assert!(fate(&good[..cut]).is_err());
    }
    // A flipped bit may still be a sound plugin that says something else; it may never harm the host.
    for at in (0..good.len()).step_by(29) {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (at % 8);
        match fate(&flipped) {
            Ok(value) => assert!((0.0..=1.0).contains(&value)),
            Err(code) => assert!(code.starts_with("ST30"), "{code}"),
        }
    }
}
