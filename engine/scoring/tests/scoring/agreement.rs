//! A compiled model in the sandbox and the native prediction agree bit for bit.

use crate::guest::{compiled, model};
use crate::workspace::{request, workspace};
use staunch_models::rng::Rng;
use staunch_scoring::{Host, Lock, Scorer};

/// Ordinary, huge, tiny, subnormal, negative zero, far outside the range, missing.
fn cell(rng: &mut Rng) -> Option<f64> {
    let uniform = rng.below(1 << 30) as f64 / f64::from(1 << 30) - 0.5;
    match rng.below(12) {
        0 => None,
        1 => Some(uniform * 1e308),
        2 => Some(uniform * 1e-300),
        3 => Some(5e-324),
        4 => Some(-0.0),
        5 => Some(if uniform > 0.0 { f64::MAX } else { f64::MIN }),
        6 => Some(uniform * 1e7),
        7 => Some((uniform * 10.0).round()),
        _ => Some(uniform * 8.0),
    }
}

#[test]
fn sandbox_and_native_agree_bit_by_bit() {
    for inputs in [0, 1, 2, 9, 40] {
        let model = model(inputs);
        let (dir, lock) = workspace(&compiled(model.clone()));
        let (host, problems) = Host::load(dir.path(), &lock);
        assert_eq!(problems, []);
        let mut rng = Rng::new(inputs as u64);
        let rows: Vec<Vec<Option<f64>>> = (0..3_000).map(|_| (0..inputs).map(|_| cell(&mut rng)).collect()).collect();
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
    }
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
