//! A compiled model in the sandbox and the native prediction agree bit for bit.

use crate::guest::{compiled, model};
use crate::workspace::{request, workspace};
use proptest::prelude::*;
use staunch_models::rng::Rng;
use staunch_models::sample::{self, cell};
use staunch_models::{Link, Model, TreesInput, TreesModel};
use staunch_scoring::{Host, Lock, Scorer};

/// Scores random rows by the compiled model and natively: value, raw value and reasons are the same bits.
fn agree(model: &Model, rows: usize, seed: u64) {
    let (dir, lock) = workspace(&staunch_models::compile(model).unwrap());
    let (host, problems) = Host::load(dir.path(), &lock);
    assert_eq!(problems, []);
    let (mut rng, head) = (Rng::new(seed), model.head());
    let rows: Vec<Vec<Option<f64>>> = (0..rows).map(|_| head.inputs.iter().map(|_| cell(&mut rng)).collect()).collect();
    let requests: Vec<_> = rows.iter().map(|row| request(row)).collect();
    let named: Vec<_> = requests.iter().map(|request| request.inputs.as_slice()).collect();
    let answers = host.plugin("m").unwrap().answers(&named);
    assert_eq!(answers.len(), rows.len());
    for (row, answer) in rows.iter().zip(answers) {
        let ((value, reasons), answer) = (model.predict(row), answer.unwrap());
        assert_eq!(answer.value.to_bits(), value.to_bits(), "{row:?}");
        assert_eq!(answer.raw.unwrap().to_bits(), model.raw(row).to_bits(), "{row:?}");
        let got: Vec<_> = answer.reasons.iter().map(|r| (r.input.as_str(), r.contribution.to_bits())).collect();
        let want: Vec<_> = reasons.iter().map(|r| (r.input.as_str(), r.contribution.to_bits())).collect();
        assert_eq!(got, want, "{row:?}");
    }
    assert_eq!(host.manifest("m").unwrap().base.map(f64::to_bits), Some(head.base.to_bits()));
}

#[test]
fn sandbox_and_native_agree_bit_by_bit() {
    for inputs in [0, 1, 2, 9, 40] {
        agree(&Model::Logistic(model(inputs)), 3_000, inputs as u64);
    }
}

proptest! {
    // Each case compiles a component: that is what takes the time.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn trees_in_the_sandbox_and_native_agree_bit_by_bit(
        seed: u64, inputs in 1usize..24, count in 0usize..6, depth in 0usize..10, probability: bool,
    ) {
        let link = if probability { Link::Sigmoid } else { Link::Identity };
        agree(&Model::Trees(TreesModel { link, ..sample::trees(seed, inputs, count, depth) }), 300, seed);
    }
}

#[test]
fn a_hundred_trees_agree_and_unused_inputs_do_no_harm() {
    let mut trees = sample::trees(4, 8, 100, 5);
    trees.inputs.push(TreesInput::number("x8"));
    agree(&Model::Trees(trees), 3_000, 4);
}

#[test]
fn exp_agrees_over_its_whole_range() {
    // One input of weight 1 makes raw the input itself, so the value is the sigmoid of any number.
    let mut model = model(1);
    (model.inputs[0].mean, model.inputs[0].sd, model.inputs[0].weight, model.intercept) = (0.0, 1.0, 1.0, 0.0);
    let (dir, lock) = workspace(&compiled(model.clone()));
    let (host, _) = Host::load(dir.path(), &lock);
    let rows: Vec<f64> = (-76_000..76_000).map(|n| f64::from(n) * 0.010_000_7).collect();
    let requests: Vec<_> = rows.iter().map(|x| request(&[Some(*x)])).collect();
    for (x, outcome) in rows.iter().zip(host.score(&requests)) {
        assert_eq!(outcome.unwrap().value.to_bits(), staunch_models::sigmoid(*x).to_bits(), "{x}");
    }
}

#[test]
fn lock_pins_what_the_manifest_says() {
    let (dir, lock) = workspace(&compiled(model(2)));
    assert_eq!(Lock::pin(dir.path()), (lock.clone(), Vec::new()));
    std::fs::copy(dir.path().join("plugins/m.wasm"), dir.path().join("plugins/n.wasm")).unwrap();
    std::fs::write(dir.path().join("plugins/broken.wasm"), "no").unwrap();
    let (pinned, problems) = Lock::pin(dir.path());
    assert_eq!(pinned, lock);
    let found: Vec<_> = problems.iter().map(|p| (p.plugin.as_str(), p.code)).collect();
    assert_eq!(found, [("plugins/broken.wasm", "ST3010"), ("plugins/n.wasm", "ST3018")]);
}

#[test]
fn manifest_and_scores_carry_the_card() {
    let (dir, lock) = workspace(&compiled(model(2)));
    let (host, _) = Host::load(dir.path(), &lock);
    let manifest = host.manifest("m").unwrap();
    assert_eq!((manifest.inputs[1].name.as_str(), manifest.base), ("x1", Some(-0.4)));
    assert_eq!(manifest.range.map(|range| (range.low, range.high)), Some((0.0, 1.0)));
    let scored = host.score(&[request(&[Some(1.0), None])]).remove(0).unwrap();
    assert_eq!(scored.trained_until.unwrap().to_string(), "2011-09-01T00:00:00Z");
    assert_eq!(scored.digest, lock.plugins["m"].sha256);
}
