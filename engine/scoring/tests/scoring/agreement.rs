//! A compiled model in the sandbox and the native prediction agree bit for bit.

use crate::guest::{compiled, model};
use crate::workspace::{request, workspace};
use proptest::prelude::*;
use staunch_core::score::ScoreRequest;
use staunch_core::value::Value;
use staunch_models::rng::Rng;
use staunch_models::sample::{self, cell};
use staunch_models::{Link, Model, Node, Split, Test, TreesInput, TreesModel};
use staunch_scoring::{Answer, Host, Lock, Plugin, Scorer};

/// A row: as the model takes it, and as it is asked for.
type Row = (Vec<Option<f64>>, Vec<(String, Option<Value>)>);

/// A random row; texts are mostly known ones.
fn row(model: &Model, rng: &mut Rng) -> Row {
    let mut one = |(place, categories): (usize, &[String])| {
        let (number, name) = (cell(rng), format!("x{place}"));
        if categories.is_empty() || number.is_none() {
            return (number, (name, number.map(Value::Number)));
        }
        let text = format!("{}{}", ["c", "c", "c", "ç", ""][rng.below(5)], rng.below(categories.len() + 1));
        (model.code(place, &text), (name, Some(Value::Text(text))))
    };
    model.head().inputs.iter().map(|input| input.categories).enumerate().map(&mut one).unzip()
}

/// Scores random rows by the compiled model and natively, by every way there is: the same bits.
fn agree(model: &Model, rows: usize, seed: u64) {
    let (dir, lock) = workspace(&staunch_models::compile(model).unwrap());
    let (host, problems) = Host::load(dir.path(), &lock);
    assert_eq!(problems, []);
    let (mut rng, head) = (Rng::new(seed), model.head());
    let rows: Vec<Row> = (0..rows).map(|_| row(model, &mut rng)).collect();
    let named: Vec<_> = rows.iter().map(|(_, named)| named.as_slice()).collect();
    let plugin = host.plugin("m").unwrap();
    let (short, long) = (plugin.answers(&named), plugin.answers_by_columns(&named));
    assert_eq!((short.len(), long.len()), (rows.len(), rows.len()));
    for (((row, _), short), long) in rows.iter().zip(short).zip(long) {
        let value = model.predict(row).0;
        if !value.is_finite() {
            assert_eq!(short.unwrap_err().code, "ST3007", "{row:?}");
            continue;
        }
        let (short, long) = (short.unwrap(), long.unwrap());
        same(model, row, &short);
        // The same text means the same bits: zeros of either sign are told apart, and nothing is no number.
        assert_eq!(format!("{short:?}"), format!("{long:?}"), "{row:?}");
    }
    if head.labels.is_empty() {
        plain(model, plugin, &rows, &named);
    }
    assert_eq!(host.manifest("m").unwrap().base.map(f64::to_bits), head.base.map(f64::to_bits));
    assert_eq!(host.manifest("m").unwrap().labels, head.labels);
}

/// An answer with its reasons is that of the model.
fn same(model: &Model, row: &[Option<f64>], answer: &Answer) {
    let (value, reasons) = model.predict(row);
    assert_eq!(answer.value.to_bits(), value.to_bits(), "{row:?}");
    assert_eq!(answer.raw.unwrap().to_bits(), model.raw(row).to_bits(), "{row:?}");
    let got: Vec<_> = answer.reasons.iter().map(|r| (r.input.as_str(), r.contribution.to_bits())).collect();
    let want: Vec<_> = reasons.iter().map(|r| (r.input.as_str(), r.contribution.to_bits())).collect();
    assert_eq!(got, want, "{row:?}");
    let (shares, labels) = (model.shares(row), model.head().labels);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let want: Vec<(String, f64)> = order.iter().map(|class| (labels[*class].clone(), shares[*class])).collect();
    assert_eq!(answer.classes, want);
}

/// Answers without reasons, of named rows and of bare numbers in blocks of any size.
fn plain(model: &Model, plugin: &Plugin, rows: &[Row], named: &[&[(String, Option<Value>)]]) {
    let bits = |row: &[Option<f64>]| [model.predict(row).0.to_bits(), model.raw(row).to_bits()];
    for ((row, _), answer) in rows.iter().zip(plugin.plain_answers(named)) {
        match answer {
            Ok(plain) => assert_eq!([plain.value.to_bits(), plain.raw.to_bits()], bits(row), "{row:?}"),
            Err(failure) => assert!(failure.code == "ST3007" && !model.predict(row).0.is_finite(), "{failure}"),
        }
    }
    let (mut rest, mut block) = (rows, 1);
    while rest.len() > block {
        let (some, others) = rest.split_at(block);
        let cells = some.iter().flat_map(|(row, _)| row.iter().map(|cell| cell.unwrap_or(f64::NAN)));
        let numbers: Vec<f64> = cells.collect();
        match plugin.values(block, &numbers) {
            Some(Ok(got)) => {
                let want: Vec<u64> = some.iter().flat_map(|(row, _)| bits(row)).collect();
                assert_eq!(got.into_iter().map(f64::to_bits).collect::<Vec<_>>(), want);
            }
            Some(Err(_)) => assert!(some.iter().any(|(row, _)| !model.predict(row).0.is_finite())),
            None => assert!(matches!(model, Model::Logistic(_))),
        }
        (rest, block) = (others, block + 1);
    }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn trees_with_everything_agree_bit_by_bit(
        seed: u64, inputs in 1usize..16, count in 0usize..12, depth in 0usize..6,
    ) {
        agree(&Model::Trees(sample::rich(seed, inputs, count, depth)), 200, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn linear_models_agree_bit_by_bit(seed: u64, inputs in 0usize..20) {
        agree(&Model::Linear(sample::linear(seed, inputs)), 600, seed);
    }
}

/// Leaves beyond what a byte tells apart, thresholds of one input beyond that, and many lists of many codes.
#[test]
fn large_trees_and_much_asked_inputs_agree() {
    agree(&Model::Trees(sample::trees(1, 3, 5, 12)), 400, 1);
    agree(&Model::Trees(sample::trees(2, 1, 60, 6)), 400, 2);
    let mut mixed = sample::trees(3, 4, 20, 6);
    mixed.trees.extend(sample::trees(4, 4, 3, 11).trees);
    for split in mixed.trees.iter_mut().flatten().filter_map(|node| node.split.as_mut()).filter(|s| s.input == 2) {
        let step = split.left as u32 % 7 + 2;
        split.test = Test::In((0..3_000).filter(|code| code % step == 0).collect());
        split.zero_missing = split.right % 2 == 0;
    }
    agree(&Model::Trees(mixed), 1_100, 3);
    // Too many leaves for masks, few enough for a byte, and lists among the questions.
    let mut middle = sample::trees(7, 3, 4, 8);
    for split in middle.trees.iter_mut().flatten().filter_map(|node| node.split.as_mut()).filter(|s| s.input == 1) {
        split.test = Test::In((0..9).filter(|code| (split.left + code) % 3 > 0).map(|code| code as u32).collect());
    }
    let leaves = |tree: &Vec<Node>| tree.len() / 2 + 1;
    assert!(middle.trees.iter().any(|tree| (65..=256).contains(&leaves(tree))));
    agree(&Model::Trees(middle), 400, 4);
}

/// A path over more inputs than are written out per leaf: contributions are added up in a loop.
#[test]
fn long_paths_over_many_inputs_agree() {
    let mut model = sample::trees(5, 50, 0, 0);
    let chain = |steps: usize| {
        let mut nodes: Vec<Node> = (0..steps)
            .flat_map(|n| {
                let split = Split::at_most(n % 50, 0.5 - n as f64 / 9.0, [2 * n + 1, 2 * n + 2], n % 3 == 0);
                [Node { value: n as f64 / 7.0, split: Some(split) }, Node::leaf(0.3 * n as f64)]
            })
            .collect();
        nodes.push(Node::leaf(2.0));
        nodes
    };
    model.trees = vec![chain(64), chain(40), chain(1)];
    model.link = Link::Identity;
    agree(&Model::Trees(model), 500, 5);
}

/// A hundred classes take as many trees.
#[test]
fn many_classes_agree() {
    let mut model = sample::trees(6, 5, 100, 2);
    model.labels = (0..100).map(|n| format!("label {n}")).collect();
    model.bases = (0..100).map(|n| f64::from(n % 7) / 5.0).collect();
    for link in [Link::Softmax, Link::OneVsRest, Link::Shares] {
        agree(&Model::Trees(TreesModel { link, scale: 1.5, ..model.clone() }), 100, 6);
    }
}

/// What was scored before, by the same instance, changes nothing: also not what was left of a larger batch.
#[test]
fn answers_do_not_depend_on_previous_calls() {
    for seed in 0..3 {
        let model = Model::Trees(sample::rich(seed, 6, 9, 4));
        let (dir, lock) = workspace(&staunch_models::compile(&model).unwrap());
        let (host, _) = Host::load(dir.path(), &lock);
        let mut rng = Rng::new(seed);
        let request = |inputs| ScoreRequest { plugin: "m".into(), inputs };
        let rows: Vec<ScoreRequest> = (0..40).map(|_| request(row(&model, &mut rng).1)).collect();
        let fresh = Host::load(dir.path(), &lock).0.score(&rows);
        for round in 0..200 {
            let at = rng.below(rows.len());
            let some = 1 + rng.below(rows.len() - at);
            assert_eq!(host.score(&rows[at..at + some]), fresh[at..at + some], "round {round}");
        }
        // Asked the other way round, by a third instance.
        let (host, _) = Host::load(dir.path(), &lock);
        for at in (0..rows.len()).rev() {
            assert_eq!(host.score(&rows[at..=at]), fresh[at..=at]);
        }
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
