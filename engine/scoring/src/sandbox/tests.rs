//! Limits of calls and the sharing of instances, below what a [`Plugin`](crate::Plugin) checks.

#[path = "../../tests/scoring/guest.rs"]
mod guest;

use super::*;
use crate::bindings::{Column, ColumnValues};
use guest::{compiled, model};

fn code(sandbox: &Sandbox, component: &[u8]) -> Code {
    sandbox.compile(&Subject::default(), component).unwrap().0
}

fn column(rows: usize, input: usize) -> Column {
    Column {
        name: format!("x{input}"),
        values: ColumnValues::Numbers(vec![1.0; rows]),
        missing: vec![0; rows.div_ceil(8)],
    }
}

#[test]
fn the_deadline_ends_what_the_instructions_do_not() {
    let sandbox = Sandbox::new().unwrap();
    let pre = code(&sandbox, &guest::Guest::scoring("(loop (br 0)) (unreachable)").build());
    let start = std::time::Instant::now();
    let call = sandbox.call(&pre, 1 << 30, |guest, store| guest.score_batch(store, 1, &[column(1, 0)]));
    assert_eq!(call.unwrap_err().code, codes::PLUGIN_DEADLINE);
    assert!(start.elapsed() >= TICK * (DEADLINE_TICKS as u32 / 2));
}

#[test]
fn one_instance_of_a_compiled_model_can_be_called_for_ever() {
    let sandbox = Sandbox::new().unwrap();
    let pre = code(&sandbox, &compiled(model(20)));
    let columns: Vec<Column> = (0..20).map(|input| column(1_024, input)).collect();
    // Each call needs about half a megabyte: without the reset 64 MiB would be full long before the end.
    let answers = sandbox.call(&pre, 100_000, |guest, store| {
        store.set_epoch_deadline(1 << 40);
        let mut call = || guest.score_batch(&mut *store, 1_024, &columns);
        let first = call()?;
        for _ in 0..300 {
            assert!(call()? == first);
        }
        let wrong = guest.score_batch(&mut *store, 1_024, &columns[1..])?;
        Ok((first.map(|rows| rows.len()), wrong))
    });
    let (first, wrong) = answers.unwrap().0;
    assert_eq!((first, wrong.unwrap_err().as_str()), (Ok(1_024), "20 columns are expected"));
}

#[test]
fn a_compiled_model_refuses_columns_that_are_not_its_own() {
    let sandbox = Sandbox::new().unwrap();
    let pre = code(&sandbox, &compiled(model(1)));
    let text = ColumnValues::Texts(vec!["a".into(), "b".into()]);
    for wrong in [
        column(2, 1),
        column(3, 0),
        Column { missing: Vec::new(), ..column(2, 0) },
        Column { values: text, ..column(2, 0) },
    ] {
        let answer = sandbox.call(&pre, 2, |guest, store| guest.score_batch(store, 2, &[wrong]));
        assert!(answer.unwrap().0.unwrap_err().starts_with("input `x0`"));
    }
}

#[test]
fn little_address_space_changes_no_answer() {
    let component = staunch_models::compile(&staunch_models::Model::Trees(staunch_models::sample::trees(1, 3, 20, 5)));
    let component = component.unwrap();
    let answers = [Space::Wide, Space::Narrow].map(|space| {
        let sandbox = Sandbox::within(space, Setup::default(), MAJORS).map_err(|e| e.0).unwrap();
        let code = code(&sandbox, &component);
        let numbers: Vec<f64> = (0..300).map(|n| f64::from(n % 37) / 5.0 - 3.0).collect();
        sandbox.call(&code, 100, |guest, store| guest.values(store, 100, &numbers, true))
    });
    assert_eq!(answers[0].as_ref().unwrap().0.len(), 500);
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn many_threads_share_the_pool() {
    let sandbox = Sandbox::new().unwrap();
    let pre = code(&sandbox, &guest::Guest::answering("(f64.const 0.5)", 1, (0, 0)).build());
    let one = || sandbox.call(&pre, 1, |guest, store| guest.score_batch(store, 1, &[column(1, 0)]));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4 * MAX_CALLS).map(|_| scope.spawn(|| (0..50).all(|_| one().is_ok()))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

/// A guest of the raised contract, whose rows are larger and whose parameters stand in another order.
fn raised(version: &str) -> Vec<u8> {
    let guest = guest::Guest::answering("(f64.convert_i32_u (local.get $rows))", 1, (0, 0));
    let (name, order) = ("staunch:scoring/plugin@", "(param $columns i32) (param $count i32) (param $rows i32)");
    let text = guest.text().replace(&format!("{name}1.0.0"), &format!("{name}{version}"));
    let text = text.replace("(param $rows i32) (param $columns i32) (param $count i32)", order);
    let wit = include_str!("../../tests/wit-raised/scoring.wit").replace("@2.0.0", &format!("@{version}"));
    guest.build_as(&wit, &text)
}

#[test]
fn two_major_versions_of_the_contract_work_side_by_side() {
    let sandbox = Sandbox::within(Space::Wide, Setup::default(), abi::TWO).map_err(|e| e.0).unwrap();
    let first = guest::Guest::answering("(f64.const 0.5)", 1, (0, 0));
    let minor = staunch_models::compile::WIT.replace("@1.0.0", "@1.7.3");
    let later = first.build_as(&minor, &first.text().replace("@1.0.0", "@1.7.3"));
    for (component, value) in [
        (first.build(), 0.5),
        (raised("2.0.0"), 1.0),
        (raised("2.1.5"), 1.0),
        (later, 0.5),
        (compiled(model(1)), f64::NAN),
    ] {
        let code = code(&sandbox, &component);
        let manifest = sandbox.call(&code, 0, |guest, store| guest.describe(store)).unwrap().0;
        assert_eq!((manifest.name.as_str(), manifest.inputs.len()), ("m", 1));
        assert_eq!(manifest.card.trained_on.unwrap().until, "2011-09-01T00:00:00Z");
        let call = sandbox.call(&code, 1, |guest, store| guest.score_batch(store, 1, &[column(1, 0)]));
        let row = call.unwrap().0.unwrap().remove(0);
        let crate::bindings::Outcome::Scalar(got) = row.value else { panic!("{row:?}") };
        assert!(got == value || value.is_nan() && (0.0..=1.0).contains(&got), "{got}");
    }
}

#[test]
fn a_major_version_that_is_not_known_is_named_with_those_that_are() {
    let sandbox = Sandbox::new().unwrap();
    let fault = |component: &[u8]| sandbox.compile(&Subject::default(), component).err().unwrap().failure;
    let failure = fault(&raised("2.0.0"));
    assert_eq!(failure.code, codes::PLUGIN_CONTRACT);
    assert_eq!(failure.message, "it is built for `staunch:scoring@2.x`; this version takes 1.x");
    assert_eq!(fault(&wat::parse_str("(component)").unwrap()).code, codes::PLUGIN_INVALID);
    assert_eq!(abi::in_words(abi::TWO), "1.x and 2.x");
}

#[test]
fn a_call_that_would_wait_behind_too_many_is_refused_and_the_plugin_not_blamed() {
    let sandbox = Arc::new(Sandbox::new().unwrap());
    let component = compiled(model(1));
    let plugin = crate::Plugin::load(&sandbox, "m", &component).unwrap();
    let row = [("x0".to_owned(), None)];
    let rows = vec![row.as_slice(); 20];
    let mut full = Places::new();
    (full.free, full.waiting) = (0, calls::MAX_WAITING);
    *sandbox.places.lock().unwrap() = full;
    for answer in plugin.answers(&rows) {
        assert_eq!(answer.unwrap_err().code, codes::PLUGIN_BUSY);
    }
    let refusals = sandbox.refusals();
    assert_eq!((refusals[0].limit, refusals[0].allowed, refusals[0].demanded), ("calls that wait", 1_000, 1_001));
    *sandbox.places.lock().unwrap() = Places::new();
    assert!(plugin.answers(&rows).iter().all(Result::is_ok));
    assert_eq!(plugin.usage().failures.into_iter().collect::<Vec<_>>(), [(codes::PLUGIN_BUSY.to_owned(), 20)]);
}
