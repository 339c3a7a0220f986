//! Plugins that export the interface `values`, and instances that are called again: when the host uses them, and when not.

use crate::guest::{Guest, answer, compiled, model};
use crate::workspace::{request, workspace};
use staunch_models::compile::is_ours;
use staunch_models::{Model, TreesModel, sample};
use staunch_scoring::{Host, Sandbox, Scorer};
use std::sync::Arc;

/// A guest that gives 0.25 by columns, and this by numbers: `texts`, `score-values` and `explain-values`, bodies that leave
/// the address of an answer.
fn guest(texts: &str, score: &str, explain: &str) -> Guest {
    let name = "staunch:scoring/values@1.0.0#";
    let fields = format!(
        r#"(func (export "{name}texts") (result i32) {texts})
        (func (export "{name}score-values") (param i32 i32 i32) (result i32) {score})
        (func (export "{name}explain-values") (param i32 i32 i32) (result i32) {explain})"#
    );
    Guest { fields: fields.leak(), ..Guest::answering("(f64.const 0.25)", 1, (0, 0)) }
}

/// An answer with these numbers: they lie at 70,000, the list at 69,000.
fn list(numbers: &[&str]) -> String {
    let mut text = String::new();
    for (index, number) in numbers.iter().enumerate() {
        text += &format!("(f64.store (i32.const {}) (f64.const {number}))", 70_000 + 8 * index);
    }
    let length = numbers.len();
    format!(
        "{text} (i32.store (i32.const 69000) (i32.const 70000)) (i32.store (i32.const 69004) (i32.const {length})) (i32.const 69000)"
    )
}

/// One list without texts.
const NO_TEXTS: &str = "(i32.store (i32.const 69000) (i32.const 70000)) (i32.store (i32.const 69004) (i32.const 1))
    (i32.store (i32.const 70000) (i32.const 70100)) (i32.store (i32.const 70004) (i32.const 0)) (i32.const 69000)";

/// Value, raw value and how many reasons, or the code of the failure.
type Asked = Result<(f64, Option<f64>, usize), String>;

/// The answers to one row, without and with reasons.
fn ask(guest: &Guest) -> [Asked; 2] {
    let (dir, lock) = workspace(&guest.build());
    let (host, problems) = Host::load(dir.path(), &lock);
    let Some(plugin) = host.plugin("m") else {
        let code = || Err(problems[0].code.to_owned());
        return [code(), code()];
    };
    let row = request(&[Some(1.0)]).inputs;
    let plain = plugin.plain_answers(&[&row]).remove(0).map(|plain| (plain.value, Some(plain.raw), 0));
    let long = plugin.answers(&[&row]).remove(0).map(|answer| (answer.value, answer.raw, answer.reasons.len()));
    [plain, long].map(|answer| answer.map_err(|failure| failure.code))
}

#[test]
fn the_short_way_is_taken_where_there_is_one() {
    let sound = guest(NO_TEXTS, &list(&["0.5", "3"]), &list(&["0.75", "4", "-0.5"]));
    assert_eq!(ask(&sound), [Ok((0.5, Some(3.0), 0)), Ok((0.75, Some(4.0), 1))]);
    let [plain, long] = ask(&Guest::answering("(f64.const 0.25)", 1, (0, 0)));
    assert_eq!((plain, long), (Err("ST3015".into()), Ok((0.25, None, 0))));
}

#[test]
fn bad_numbers_end_as_bad_answers() {
    let cases: [(&[&str], &[&str], [&str; 2]); 7] = [
        (&["0.5"], &["0.5", "1"], ["ST3007"; 2]),
        (&["0.5", "1", "2"], &[], ["ST3007"; 2]),
        (&["nan", "1"], &["0.5", "nan", "0"], ["ST3007"; 2]),
        (&["0.5", "inf"], &["0.5", "1", "inf"], ["ST3007"; 2]),
        (&["1.5", "1"], &["-0.1", "1", "0"], ["ST3007"; 2]),
        (&["-inf", "1"], &["0.5", "1", "nan"], ["ST3007"; 2]),
        (&["0.5", "-nan"], &["0.5", "1", "0", "0"], ["ST3007"; 2]),
    ];
    for (plain, long, codes) in cases {
        let got = ask(&guest(NO_TEXTS, &list(plain), &list(long)));
        assert_eq!(got.map(Result::unwrap_err), codes, "{plain:?} {long:?}");
    }
    let crash = "(unreachable)";
    assert_eq!(ask(&guest(NO_TEXTS, crash, crash)).map(Result::unwrap_err), ["ST3004"; 2]);
    let forever = "(loop (br 0)) (unreachable)";
    assert_eq!(ask(&guest(NO_TEXTS, forever, forever)).map(Result::unwrap_err), ["ST3005"; 2]);
    let outside = "(i32.store (i32.const 69000) (i32.const 262140)) (i32.store (i32.const 69004) (i32.const 2)) (i32.const 69000)";
    assert_eq!(ask(&guest(NO_TEXTS, outside, outside)).map(Result::unwrap_err), ["ST3007"; 2]);
}

#[test]
fn texts_must_fit_the_manifest() {
    let good = list(&["0.5", "1"]);
    // No list at all; and a text that a number cannot have.
    let none =
        "(i32.store (i32.const 69000) (i32.const 70000)) (i32.store (i32.const 69004) (i32.const 0)) (i32.const 69000)";
    let one = NO_TEXTS.replace("(i32.const 70004) (i32.const 0)", "(i32.const 70004) (i32.const 1)");
    for texts in [none, &one] {
        assert_eq!(ask(&guest(texts, &good, &good)).map(Result::unwrap_err), ["ST3018"; 2]);
    }
    assert_eq!(ask(&guest("(unreachable)", &good, &good)).map(Result::unwrap_err), ["ST3004"; 2]);
}

/// A guest that counts its calls in its memory, answers with an eighth of them, and crashes at the third.
fn counting() -> Vec<u8> {
    let score = format!(
        "(i32.store (i32.const 38000) (i32.add (i32.load (i32.const 38000)) (i32.const 1)))
         (if (i32.gt_u (i32.load (i32.const 38000)) (i32.const 2)) (then unreachable)) {}",
        answer("(f64.div (f64.convert_i32_u (i32.load (i32.const 38000))) (f64.const 8))", 1, (0, 0))
    );
    Guest::scoring(score).build()
}

/// What six calls in a row answer where `trust` says of which components instances may be called again.
fn six(component: &[u8], trust: fn(&[u8]) -> bool) -> Vec<Result<f64, String>> {
    let (dir, lock) = workspace(component);
    let (host, _) = Host::load_in(&Sandbox::trusting(trust).map(Arc::new), dir.path(), &lock);
    let ask = || host.score(&[request(&[Some(1.0)])]).remove(0).map(|scored| scored.value).map_err(|e| e.code);
    (0..6).map(|_| ask()).collect()
}

#[test]
fn no_call_of_a_foreign_plugin_finds_what_an_earlier_one_left() {
    for trust in [(|_| false) as fn(&[u8]) -> bool, is_ours] {
        assert_eq!(six(&counting(), trust), vec![Ok(0.125); 6]);
    }
}

#[test]
fn the_proof_of_another_component_does_not_make_a_plugin_trusted() {
    let ours = staunch_models::compile(&Model::Trees(sample::trees(1, 1, 3, 3))).unwrap();
    assert!(is_ours(&ours));
    let section = wasmparser::Parser::new(0).parse_all(&ours).find_map(|payload| match payload.unwrap() {
        wasmparser::Payload::CustomSection(section) if section.name() == "staunch-model" => {
            Some(section.data().to_vec())
        }
        _ => None,
    });
    let mut forged = counting();
    let section = wasm_encoder::CustomSection { name: "staunch-model".into(), data: section.unwrap().into() };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut forged);
    assert_eq!(six(&forged, is_ours), vec![Ok(0.125); 6]);
}

#[test]
fn an_instance_that_failed_is_never_called_again() {
    let crash = || Err("ST3004".to_owned());
    let got = six(&counting(), |_| true);
    assert_eq!(got, [Ok(0.125), Ok(0.25), crash(), Ok(0.125), Ok(0.25), crash()]);
}

/// More plugins than instances are kept, called in turn by many threads.
#[test]
fn many_plugins_take_turns() {
    let (dir, mut lock) = workspace(&compiled(model(1)));
    let first = lock.plugins["m"].clone();
    let trees = |number: u64| {
        let name = format!("m{number}");
        Model::Trees(TreesModel { name, ..sample::trees(number, 1, 2, 3) })
    };
    for number in 0..70 {
        let (path, bytes) = (format!("plugins/m{number}.wasm"), staunch_models::compile(&trees(number)).unwrap());
        assert!(is_ours(&bytes));
        std::fs::write(dir.path().join(&path), &bytes).unwrap();
        let sha256 = staunch_scoring::sha256_hex(&bytes);
        lock.plugins.insert(format!("m{number}"), staunch_scoring::LockedPlugin { path, sha256, ..first.clone() });
    }
    let (host, problems) = Host::load_in(&Sandbox::trusting(is_ours).map(Arc::new), dir.path(), &lock);
    assert_eq!(problems, []);
    let value = |number: usize| {
        let asked = staunch_core::score::ScoreRequest { plugin: format!("m{number}"), ..request(&[Some(0.0)]) };
        host.score(&[asked]).remove(0).unwrap().value
    };
    let expected: Vec<f64> = (0..70).map(|number| trees(number).predict(&[Some(0.0)]).0).collect();
    let expected = &expected;
    std::thread::scope(|scope| {
        for thread in 0..20 {
            scope.spawn(move || {
                for turn in 0..140 {
                    let number = (turn * 13 + thread) % 70;
                    assert_eq!(value(number), expected[number]);
                }
            });
        }
    });
}
