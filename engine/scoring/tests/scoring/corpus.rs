//! A corpus of hostile components: each with its name and the codes that it may end with.

use crate::guest::{Guest, answer, compiled, model};

/// A hostile component: its name, its bytes, and the codes of its load or of its row.
pub type Case = (&'static str, Vec<u8>, &'static [&'static str]);

/// All of them.
pub fn corpus() -> Vec<Case> {
    [runaway(), memory(), answers(), repeating(), manifests(), files(), features(), bombs()].concat()
}

fn scoring(text: &str) -> Vec<u8> {
    Guest::scoring(text).build()
}

fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn runaway() -> Vec<Case> {
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
    vec![
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
    ]
}

fn memory() -> Vec<Case> {
    let grow = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.store (i32.const 0x7ffffff0) (i32.const 1)) (i32.const 0)";
    let many_tables = "(table 20001 funcref)";
    vec![
        ("growing without end", scoring(grow), &["ST3004"]),
        ("filling out of bounds", scoring("(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 0)"), &["ST3004", "ST3005"]),
        ("copying out of bounds", scoring("(memory.copy (i32.const -9) (i32.const 0) (i32.const 100)) (i32.const 0)"), &["ST3004"]),
        ("too much memory at once", Guest { memory: "1025", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3017"]),
        ("a huge table", Guest { fields: many_tables, ..Guest::scoring("(i32.const 0)") }.build(), &["ST3017"]),
        ("a growing table", Guest { fields: "(table $t 1 funcref)", ..Guest::scoring("(loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable)") }.build(), &["ST3004"]),
        ("an allocator that lies", Guest { realloc: "(i32.const -8)", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3004", "ST3007"]),
        ("an allocator that crashes", Guest { realloc: "(unreachable)", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3004"]),
    ]
}

fn answers() -> Vec<Case> {
    let value = |value: &str| Guest::answering(value, 1, (0, 0)).build();
    let reasons = |at, count| Guest::answering("(f64.const 0.5)", 1, (at, count)).build();
    let store = |text: &str| scoring(&format!("{} {}", text, answer("(f64.const 0.5)", 1, (42_000, 1))));
    vec![
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
    ]
}

fn repeating() -> Vec<Case> {
    // 100,000 rows in 4 MB, each with the same list of 100,000 reasons: read in full it would be 320 GB.
    let text = "(local $i i32) (drop (memory.grow (i32.const 200)))
        (i32.store (i32.const 39004) (i32.const 262144)) (i32.store (i32.const 39008) (i32.const 100000))
        (loop $next
            (i32.store (i32.add (i32.const 262176) (i32.mul (local.get $i) (i32.const 40))) (i32.const 262144))
            (i32.store (i32.add (i32.const 262180) (i32.mul (local.get $i) (i32.const 40))) (i32.const 100000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 100000))))
        (i32.const 39000)";
    vec![("an answer that repeats itself", scoring(text), &["ST3004", "ST3007"])]
}

fn files() -> Vec<Case> {
    let good = compiled(model(1));
    vec![
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
    ]
}

/// One reason at 42,000 whose text is given by address and length.
fn reason(text: u32, length: u32) -> String {
    format!(
        "(i32.store (i32.const 42000) (i32.const {text})) (i32.store (i32.const 42004) (i32.const {length})) (f64.store (i32.const 42008) (f64.const 1))"
    )
}

/// A plugin whose `describe` changes its manifest, which lies at 64, before it gives it.
fn lying(stores: &str) -> Vec<u8> {
    let describe = format!("{stores} (i32.const 64)");
    let sound = Guest::answering("(f64.const 0.5)", 1, (0, 0));
    Guest { describe: describe.leak(), memory: "48", ..sound }.build()
}

/// Text that stores 32-bit numbers from an address on.
fn words(at: u32, words: &[u32]) -> String {
    let one =
        |(place, word): (usize, &u32)| format!("(i32.store (i32.const {}) (i32.const {word}))", at + 4 * place as u32);
    words.iter().enumerate().map(one).collect()
}

fn number(at: u32, number: &str) -> String {
    format!("(f64.store (i32.const {at}) (f64.const {number}))")
}

/// Places of the manifest at 64.
mod at {
    pub const NAME: u32 = 64;
    pub const VERSION: u32 = 72;
    pub const INPUTS: u32 = 80;
    pub const KIND: u32 = 88;
    pub const RANGE: u32 = 96;
    pub const BANDS: u32 = 120;
    pub const LABELS: u32 = 128;
    pub const BASE: u32 = 136;
    pub const OWNER: u32 = 152;
    pub const PURPOSE: u32 = 160;
    pub const WINDOW: u32 = 168;
    pub const METRICS: u32 = 188;
    pub const EXPIRES: u32 = 200;
    pub const EXTRA: u32 = 212;
    /// Free space for lists and texts.
    pub const LIST: u32 = 100_000;
    pub const TEXT: u32 = 90_000;
}

/// Two letters.
const AB: u32 = 0x6261;
/// What no UTF-8 holds.
const BROKEN: u32 = 0xffff_ffff;

fn manifests() -> Vec<Case> {
    [lying_inputs(), lying_ranges(), lying_facts(), lost_manifests(), broken_texts()].concat()
}

fn lying_inputs() -> Vec<Case> {
    use at::*;
    let ab = words(TEXT, &[AB]);
    let list = |place: u32, count: u32| words(place, &[LIST, count]);
    let input = |name: &[u32], kind: u32, unit: u32| words(LIST, name) + &words(LIST + 8, &[kind, unit, TEXT, 200]);
    let twice = words(LIST, &[TEXT, 2]) + &words(LIST + 24, &[TEXT, 2]);
    let wrong: &[&str] = &["ST3018"];
    vec![
        ("513 inputs", lying(&list(INPUTS, 513)), wrong),
        ("two inputs of one name", lying(&(ab.clone() + &twice + &list(INPUTS, 2))), wrong),
        ("an input without a name", lying(&list(INPUTS, 1)), wrong),
        (
            "an input of an unknown kind",
            lying(&(ab.clone() + &input(&[TEXT, 2], 7, 0) + &list(INPUTS, 1))),
            &["ST3004", "ST3007"],
        ),
        ("a unit of 200 bytes", lying(&(ab.clone() + &input(&[TEXT, 2], 0, 1) + &list(INPUTS, 1))), wrong),
        ("inputs out of bounds", lying(&words(INPUTS, &[0x7fff_0000, 3])), &["ST3004", "ST3007"]),
        ("more inputs than memory", lying(&words(INPUTS, &[LIST, 0x0fff_ffff])), &["ST3004", "ST3007"]),
        ("a list that is not aligned", lying(&words(INPUTS, &[LIST + 1, 1])), &["ST3004", "ST3007"]),
    ]
}

fn lying_ranges() -> Vec<Case> {
    use at::*;
    let ab = words(TEXT, &[AB]);
    let list = |place: u32, count: u32| words(place, &[LIST, count]);
    let range = |low: &str, high: &str| {
        lying(&format!(
            "(i32.store8 (i32.const {RANGE}) (i32.const 1)) {} {}",
            number(RANGE + 8, low),
            number(RANGE + 16, high)
        ))
    };
    let bands = |froms: [&str; 2], names: [u32; 2]| {
        let band =
            |n: u32| words(LIST + 16 * n, &[TEXT, names[n as usize]]) + &number(LIST + 16 * n + 8, froms[n as usize]);
        lying(&(ab.clone() + &list(BANDS, 2) + &band(0) + &band(1)))
    };
    let wrong: &[&str] = &["ST3018"];
    vec![
        ("a range from nowhere", range("nan", "1"), wrong),
        ("a range without end", range("0", "inf"), wrong),
        ("a range upside down", range("1", "0"), wrong),
        (
            "an unknown case of the range",
            lying(&format!("(i32.store8 (i32.const {RANGE}) (i32.const 2))")),
            &["ST3004", "ST3007"],
        ),
        ("bands out of order", bands(["0.0", "-0.5"], [1, 2]), wrong),
        ("bands outside of the range", bands(["0", "1.5"], [1, 2]), wrong),
        ("bands that start in the middle", bands(["0.5", "0.75"], [1, 2]), wrong),
        ("two bands of one name", bands(["0", "0.5"], [2, 2]), wrong),
        ("bands of nowhere", bands(["0", "nan"], [1, 2]), wrong),
        ("labels of a number", lying(&(ab.clone() + &words(LIST, &[TEXT, 2]) + &list(LABELS, 1))), wrong),
        ("1,001 labels", lying(&list(LABELS, 1_001)), wrong),
        (
            "an unknown kind of result",
            lying(&format!("(i32.store8 (i32.const {KIND}) (i32.const 3))")),
            &["ST3004", "ST3007"],
        ),
        ("classes without labels", lying(&format!("(i32.store8 (i32.const {KIND}) (i32.const 1))")), wrong),
        ("a base that is no number", lying(&(words(BASE, &[1]) + &number(BASE + 8, "nan"))), wrong),
    ]
}

fn lying_facts() -> Vec<Case> {
    use at::*;
    let ab = words(TEXT, &[AB]);
    let list = |place: u32, count: u32| words(place, &[LIST, count]);
    let window = |from: u32, until: u32| words(WINDOW, &[1, TEXT, from, TEXT, until]);
    let wrong: &[&str] = &["ST3018"];
    vec![
        ("another name", lying(&(ab.clone() + &words(NAME, &[TEXT, 2]))), wrong),
        ("a name of one megabyte", lying(&words(NAME, &[LIST, 1 << 20])), wrong),
        ("no name", lying(&words(NAME, &[0, 0])), wrong),
        ("a name that steers a terminal", lying(&(words(TEXT, &[0x1b5b_324a]) + &words(NAME, &[TEXT, 4]))), wrong),
        ("a name out of bounds", lying(&words(NAME, &[0x7fff_fff0, 100])), &["ST3004", "ST3007"]),
        ("another version", lying(&(ab.clone() + &words(VERSION, &[TEXT, 2]))), wrong),
        ("an owner of 3,000 bytes", lying(&words(OWNER, &[LIST, 3_000])), wrong),
        ("a window that is no time", lying(&(ab.clone() + &window(2, 2))), wrong),
        ("an expiry that is no time", lying(&(ab.clone() + &words(EXPIRES, &[1, TEXT, 2]))), wrong),
        ("1,001 metrics", lying(&list(METRICS, 1_001)), wrong),
        (
            "a metric that is no number",
            lying(&(ab.clone() + &words(LIST, &[TEXT, 2]) + &number(LIST + 8, "inf") + &list(METRICS, 1))),
            wrong,
        ),
        ("1,001 further facts", lying(&list(EXTRA, 1_001)), wrong),
        (
            "a further fact of 3,000 bytes",
            lying(&(ab.clone() + &words(LIST, &[TEXT, 2, LIST + 1_000, 3_000]) + &list(EXTRA, 1))),
            wrong,
        ),
    ]
}

fn lost_manifests() -> Vec<Case> {
    use at::*;
    vec![
        // One text of a megabyte, a hundred thousand times.
        ("a manifest of a hundred gigabytes", lying(&(repeated() + &words(EXTRA, &[1 << 20, 100_000]))), &["ST3007"]),
        (
            "the manifest is nowhere",
            Guest { describe: "(i32.const -8)", ..Guest::scoring("(i32.const 0)") }.build(),
            &["ST3004", "ST3007"],
        ),
        (
            "the manifest is not aligned",
            Guest { describe: "(i32.const 65)", ..Guest::scoring("(i32.const 0)") }.build(),
            &["ST3004", "ST3007"],
        ),
        (
            "describing crashes",
            Guest { describe: "(unreachable)", ..Guest::scoring("(i32.const 0)") }.build(),
            &["ST3004"],
        ),
    ]
}

/// Fills two megabytes from the first on with records of two texts, each the same megabyte.
fn repeated() -> String {
    let fill = "(i32.store (local.get $at) (i32.const 64)) (i32.store offset=4 (local.get $at) (i32.const 1))
        (i32.store offset=8 (local.get $at) (i32.const 100000)) (i32.store offset=12 (local.get $at) (i32.const 900000))";
    format!(
        "(local $at i32) (local.set $at (i32.const 1048576)) (loop $next {fill}
        (local.set $at (i32.add (local.get $at) (i32.const 16))) (br_if $next (i32.lt_u (local.get $at) (i32.const 2650000))))"
    )
}

/// Every text of a manifest that is none.
fn broken_texts() -> Vec<Case> {
    use at::*;
    let broken = words(TEXT, &[BROKEN]);
    let text = |place: u32| lying(&(broken.clone() + &words(place, &[TEXT, 4])));
    let first =
        |place: u32, record: &[u32]| lying(&(broken.clone() + &words(LIST, record) + &words(place, &[LIST, 1])));
    let codes: &[&str] = &["ST3004", "ST3007"];
    vec![
        ("a name that is not UTF-8", text(NAME), codes),
        ("a version that is not UTF-8", text(VERSION), codes),
        ("an owner that is not UTF-8", text(OWNER), codes),
        ("a purpose that is not UTF-8", text(PURPOSE), codes),
        ("an input that is not UTF-8", first(INPUTS, &[TEXT, 4]), codes),
        ("a unit that is not UTF-8", first(INPUTS, &[TEXT, 0, 0, 1, TEXT, 4]), codes),
        ("a band that is not UTF-8", first(BANDS, &[TEXT, 4]), codes),
        ("a label that is not UTF-8", first(LABELS, &[TEXT, 4]), codes),
        ("a metric that is not UTF-8", first(METRICS, &[TEXT, 4]), codes),
        ("a further fact that is not UTF-8", first(EXTRA, &[TEXT, 0, TEXT, 4]), codes),
        ("a time that is not UTF-8", lying(&(broken.clone() + &words(WINDOW, &[1, TEXT, 4, TEXT, 4]))), codes),
        ("an expiry that is not UTF-8", lying(&(broken.clone() + &words(EXPIRES, &[1, TEXT, 4]))), codes),
    ]
}

/// What is switched off: it lets two runs differ, or needs more of the host than arithmetic and memory.
fn features() -> Vec<Case> {
    let module = |fields: &str| text(&format!("(component (core module {fields}))"));
    let off: &[&str] = &["ST3010"];
    vec![
        ("two memories", module("(memory 1) (memory 1)"), off),
        ("a tail call", module("(func $f (return_call $f))"), off),
        ("an exception", module("(tag $t) (func (throw $t))"), off),
        (
            "a reference to a function",
            module("(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))"),
            off,
        ),
        ("an atomic operation", module("(memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0))))"), off),
        ("a table of 64 bits", module("(table i64 1 funcref)"), off),
        ("pages of one byte", module("(memory 1 (pagesize 1))"), off),
        (
            "sums of 128 bits",
            module("(func (param i64) (result i64 i64) local.get 0 local.get 0 local.get 0 local.get 0 i64.add128)"),
            off,
        ),
        (
            "a continuation",
            module("(type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0)))"),
            off,
        ),
        (
            "a string of the host",
            module(r#"(import "wasm:js-string" "length" (func (param externref) (result i32)))"#),
            off,
        ),
    ]
}

/// Small files that ask for much.
fn bombs() -> Vec<Case> {
    let module = |fields: String| text(&format!("(component (core module {fields}))"));
    let large: &[&str] = &["ST3009"];
    let inside = |fields: String| Guest { fields: fields.leak(), ..Guest::answering("(f64.const 0.5)", 1, (0, 0)) };
    let grown = "(func $grow (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)) (start $grow)";
    let blocks = format!("(func {} {})", "block ".repeat(4_000), "end ".repeat(4_000));
    let locals = format!("(func (local {}))", "i64 ".repeat(50_001));
    let targets = format!("(func (param i32) (block (br_table {} (local.get 0))))", "0 ".repeat(20_000));
    let parameters = format!("(func (param {}))", "i64 ".repeat(1_001));
    vec![
        ("1,000 components inside one another", nested(1_000), large),
        ("150 components inside one another", nested(150), &["ST3010"]),
        ("201 modules", text(&format!("(component {})", "(core module)".repeat(201))), large),
        ("50,001 functions", module(format!("(type $t (func)) {}", "(func (type $t))".repeat(50_001))), large),
        ("a function of 500 KB", module(format!("(func {})", "nop ".repeat(500_000))), large),
        (
            "a module that is copied 65 times",
            text(&format!("(component (core module $m) {})", "(core instance (instantiate $m))".repeat(65))),
            &["ST3010"],
        ),
        ("types that double", text(&doubling()), &["ST3010"]),
        ("a function of 50,001 locals", module(locals), &["ST3010"]),
        ("a function of 1,001 parameters", module(parameters), &["ST3010"]),
        (
            "a jump to 20,000 places that traps",
            inside(
                targets.replace("(func (param i32)", "(func $jump (param i32)")
                    + "(func $go (call $jump (i32.const 7)) (unreachable)) (start $go)",
            )
            .build(),
            &["ST3004"],
        ),
        (
            "4,000 blocks inside one another that trap",
            inside(blocks.replace("(func ", "(func $deep ") + "(func $go (call $deep) (unreachable)) (start $go)")
                .build(),
            &["ST3004"],
        ),
        ("data that does not fit", inside("(data (i32.const 262140) \"12345678\")".into()).build(), &["ST3004"]),
        (
            "20 MB of data that does not fit",
            inside(format!("(data (i32.const 0) \"{}\")", "x".repeat(20 << 20))).build(),
            &["ST3004"],
        ),
        ("33 MB of data", inside(format!("(data \"{}\")", "x".repeat(33 << 20))).build(), large),
        (
            "elements that do not fit",
            inside("(table $t 1 funcref) (elem (table $t) (i32.const 1) func $score)".into()).build(),
            &["ST3004"],
        ),
        ("all memory at the start", inside(grown.into()).build(), &["ST3004"]),
        ("a table of 4 billion", inside("(table 0xffffffff funcref)".into()).build(), &["ST3017"]),
        ("memory of 4 GiB", Guest { memory: "65536", ..Guest::scoring("(i32.const 0)") }.build(), &["ST3017"]),
    ]
}

/// Types of a component, each twice the one before it: written out, the last has more parts than there are atoms.
fn doubling() -> String {
    let twice = |n: usize| format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1);
    let types: String = (1..300).map(twice).collect();
    format!("(component (type $t0 (tuple u64 u64)) {types})")
}

/// Components inside one another.
fn nested(depth: usize) -> Vec<u8> {
    let outer = |inner: wasm_encoder::Component, _| {
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::NestedComponentSection(&inner));
        outer
    };
    (1..depth).fold(wasm_encoder::Component::new(), outer).finish()
}
