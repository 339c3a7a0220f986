//! Tests of tree ensembles: against a plain interpreter, and against files that contradict themselves.

use super::*;
use crate::error::ModelError;
use crate::math::{exp, sigmoid};
use crate::model::{FORMAT, Model};
use crate::node::{MAX_DEPTH, Split, Test};
use crate::rng::Rng;
use crate::sample::{cell, trees};
use proptest::prelude::*;

/// The leaf's value, with nothing else computed on the way.
fn interpret(tree: &[Node], at: usize, row: &[Option<f64>]) -> f64 {
    match &tree[at].split {
        None => tree[at].value,
        Some(split) => {
            let left = match row[split.input] {
                Some(x) => matches!(split.test, Test::AtMost(at) if x <= at),
                None => split.missing_left,
            };
            interpret(tree, if left { split.left } else { split.right }, row)
        }
    }
}

proptest! {
    #[test]
    fn answers_are_those_of_a_plain_interpreter(seed: u64, inputs in 1usize..6, count in 0usize..12) {
        let model = trees(seed, inputs, count, 6);
        prop_assert_eq!(Model::Trees(model.clone()).check(), Ok(()));
        let mut rng = Rng::new(seed ^ 1);
        for _ in 0..20 {
            let row: Vec<Option<f64>> = (0..inputs).map(|_| cell(&mut rng)).collect();
            let plain = model.trees.iter().fold(model.base, |sum, tree| sum + interpret(tree, 0, &row));
            let raw = model.raw(&row);
            prop_assert_eq!(raw.to_bits(), plain.to_bits());
            let (value, reasons) = model.predict(&row);
            prop_assert_eq!(value.to_bits(), sigmoid(raw).to_bits());
            let told = reasons.iter().fold(model.start(0), |sum, reason| sum + reason.contribution);
            prop_assert!((told - raw).abs() <= 1e-12 * (1.0 + count as f64), "{told} {raw}");
        }
    }

    #[test]
    fn files_survive_bit_by_bit(seed: u64, inputs in 1usize..6, count in 0usize..6) {
        let model = Model::Trees(trees(seed, inputs, count, 5));
        prop_assert_eq!(Model::read(&model.write().unwrap()).unwrap(), model);
    }
}

fn split(input: usize, at: f64, children: [usize; 2], missing_left: bool, value: f64) -> Node {
    let [left, right] = children;
    Node { value, split: Some(Split::at_most(input, at, [left, right], missing_left)) }
}

/// Two inputs; the first tree asks both, the second only `b`, where missing goes right.
fn small() -> TreesModel {
    let first = vec![
        split(0, 1.5, [1, 2], true, 0.5),
        Node::leaf(0.25),
        split(1, 0.0, [3, 4], true, 1.0),
        Node::leaf(2.0),
        Node::leaf(-1.0),
    ];
    let second = vec![split(1, 3.0, [2, 1], false, 0.0), Node::leaf(4.0), Node::leaf(-0.5)];
    let input = |name: &str| TreesInput::number(name);
    TreesModel {
        format: FORMAT,
        name: "m".into(),
        version: "1.0.0".into(),
        inputs: vec![input("a"), input("b")],
        base: 10.0,
        labels: Vec::new(),
        bases: Vec::new(),
        link: Link::Identity,
        scale: 1.0,
        calibration: None,
        trees: vec![first, second],
        bands: Vec::new(),
        card: Card::default(),
    }
}

#[test]
fn contributions_follow_the_path() {
    let part = |input: &str, contribution| Contribution { input: input.into(), contribution };
    let model = small();
    assert_eq!(model.start(0), 10.5);
    // a > 1.5: 0.5 → 1.0; b > 0: 1.0 → −1.0; second tree, b ≤ 3: 0 → −0.5.
    assert_eq!(model.predict(&[Some(2.0), Some(3.0)]), (8.5, vec![part("b", -2.5), part("a", 0.5)]));
    // At the threshold itself a row goes left.
    assert_eq!(model.predict(&[Some(1.5), Some(3.1)]), (14.25, vec![part("b", 4.0), part("a", -0.25)]));
    assert_eq!(model.predict(&[None, None]), (14.25, vec![part("b", 4.0), part("a", -0.25)]));
    assert_eq!(model.predict(&[Some(f64::NAN)]), model.predict(&[]));
}

#[test]
fn ends_are_left_and_right_of_every_split() {
    let mut model = small();
    inner(&mut model).test = Test::AtMost(f64::MAX);
    // No number is above the largest, so a row goes right there only where it has none.
    assert_eq!(model.ends(), [(1.5, 1.5f64.next_up()), (3.0, 3f64.next_up())]);
    model.trees.truncate(0);
    assert_eq!(model.ends(), [(0.0, 0.0); 2]);
}

#[test]
fn the_file_reads_as_documented() {
    let text = r#"{"kind": "trees", "format": 1, "name": "m", "version": "1.0.0",
        "inputs": [{"name": "a"}, {"name": "b"}], "base": 10, "link": "identity",
        "trees": [
            [{"input": 0, "at": 1.5, "left": 1, "right": 2, "missing_left": true, "value": 0.5}, {"value": 0.25},
             {"input": 1, "at": 0, "left": 3, "right": 4, "missing_left": true, "value": 1}, {"value": 2}, {"value": -1}],
            [{"input": 1, "at": 3, "left": 2, "right": 1, "missing_left": false, "value": 0}, {"value": 4}, {"value": -0.5}]],
        "card": {"owner": "", "purpose": "", "rows": 0, "positives": 0, "minimum_outcomes": 0}}"#;
    assert_eq!(Model::read(text.as_bytes()).unwrap(), Model::Trees(small()));
    for (from, to, word) in [
        (r#", "missing_left": false"#, "", "either `value` alone"),
        (r#""at": 3,"#, r#""at": 3, "gain": 1,"#, "gain"),
        (r#""identity""#, r#""softmax""#, "softmax"),
        (r#""base": 10, "#, "", "base"),
        (r#""at": 3,"#, r#""at": 1e999,"#, "number"),
    ] {
        let error = Model::read(text.replace(from, to).as_bytes()).unwrap_err();
        assert!(matches!(&error, ModelError::Invalid(text) if text.contains(word)), "{word}: {error}");
    }
}

type Spoil = fn(&mut TreesModel);

fn inner(model: &mut TreesModel) -> &mut Split {
    model.trees[0][2].split.as_mut().unwrap()
}

/// A chain that is `steps` deep.
fn chain(steps: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> =
        (0..steps).flat_map(|n| [split(0, 0.0, [2 * n + 1, 2 * n + 2], true, 0.0), Node::leaf(1.0)]).collect();
    nodes.push(Node::leaf(2.0));
    nodes
}

#[test]
fn refuses_what_is_no_tree() {
    let cases: [(&str, Spoil); 21] = [
        ("the codes of `in` must ascend", |m| inner(m).test = Test::In(vec![2, 1])),
        ("a code of `in` is above 65535", |m| inner(m).test = Test::In(vec![65_536])),
        ("`scale` must be finite, not 0", |m| m.scale = 0.0),
        ("`labels` belong to the links", |m| m.link = Link::Softmax),
        ("`labels` belong to the links", |m| m.labels = vec!["a".into(), "b".into()]),
        ("no whole rounds of 3 classes", |m| {
            (m.link, m.bases) = (Link::OneVsRest, vec![0.0; 3]);
            m.labels = ["a", "b", "c"].map(String::from).into();
        }),
        ("`from` must ascend", |m| {
            m.calibration = Some(Calibration::Isotonic { from: vec![0.5, 0.5], to: vec![0.0, 1.0] });
        }),
        ("tree 0 (the first is 0): node 2: its child 9 does not exist", |m| inner(m).left = 9),
        ("node 2: it asks input 2", |m| inner(m).input = 2),
        ("node 0: more than one way leads to it", |m| inner(m).right = 0),
        ("node 3: more than one way leads to it", |m| inner(m).right = 3),
        ("node 2: more than one way leads to it", |m| inner(m).right = 2),
        ("node 5: no way leads to it", |m| m.trees[0].push(Node::leaf(0.0))),
        ("tree 1 (the first is 0): it has no node", |m| m.trees[1].clear()),
        ("`at` is not a finite number", |m| inner(m).test = Test::AtMost(f64::INFINITY)),
        ("node 4: `value` must be finite", |m| m.trees[0][4].value = f64::NAN),
        ("node 4: `value` must be finite", |m| m.trees[0][4].value = -1e101),
        ("`base` must be finite", |m| m.base = f64::NAN),
        ("more than 64 steps", |m| m.trees[0] = chain(MAX_DEPTH + 1)),
        ("20001 trees", |m| m.trees = vec![vec![Node::leaf(0.0)]; MAX_TREES + 1]),
        ("1000186 nodes", |m| m.trees = vec![chain(60); MAX_NODES / 121 + 2]),
    ];
    for (word, spoil) in cases {
        let mut bad = small();
        spoil(&mut bad);
        let error = Model::Trees(bad).check().unwrap_err();
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    let deep = TreesModel { trees: vec![chain(MAX_DEPTH)], ..small() };
    assert_eq!(Model::Trees(deep).check(), Ok(()));
}

#[test]
fn bands_fit_the_link() {
    let band = |from| Band { name: format!("from {from}"), from };
    let check = |link, from: &[f64]| {
        let bands = from.iter().map(|from| band(*from)).collect();
        Model::Trees(TreesModel { link, bands, ..small() }).check().map_err(|error| error.to_string())
    };
    assert_eq!(check(Link::Identity, &[-20.0, 0.0, 300.0]), Ok(()));
    assert_eq!(check(Link::Sigmoid, &[0.0, 0.4]), Ok(()));
    assert!(check(Link::Sigmoid, &[0.0, 1.5]).unwrap_err().contains("inside the range"));
    assert!(check(Link::Sigmoid, &[0.1]).unwrap_err().contains("must start at 0"));
    assert!(check(Link::Identity, &[1.0, 1.0]).unwrap_err().contains("low to high"));
}

#[test]
fn categories_zeros_and_cut_numbers_go_where_they_should() {
    let split =
        |test, missing_left, zero_missing| Split { input: 0, test, left: 1, right: 2, missing_left, zero_missing };
    let codes = split(Test::In(vec![0, 2, 65_535]), true, false);
    for (value, left) in [
        (Some(0.0), true),
        (Some(-0.5), true),
        (Some(-1.0), false),
        (Some(2.9), true),
        (Some(1.0), false),
        (Some(65_535.5), true),
        (Some(65_536.0), false),
        (Some(f64::MAX), false),
        (None, true),
        (Some(f64::NAN), true),
    ] {
        assert_eq!(codes.goes_left(value), left, "{value:?}");
    }
    let zeros = split(Test::AtMost(1.0), false, true);
    assert_eq!([0.0, -1e-36, 1e-34, -1.0].map(|x| zeros.goes_left(Some(x))), [false, false, true, true]);
}

#[test]
fn classes_share_what_their_own_trees_say() {
    let mut model = small();
    (model.link, model.bases) = (Link::Softmax, vec![0.0, 1.0]);
    model.labels = ["low", "high"].map(String::from).into();
    assert_eq!(Model::Trees(model.clone()).check(), Ok(()));
    // The first tree is of `low`: 2 for b ≤ 0; the second of `high`: 1 − 0.5.
    let row = [Some(2.0), Some(-1.0)];
    assert_eq!(model.raws(&row), [2.0, 0.5]);
    let odds = (2.0f64 - 0.5).exp();
    let shares = model.shares(&row);
    assert!((shares[0] - odds / (1.0 + odds)).abs() < 1e-12 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    let (value, reasons) = model.predict(&row);
    assert_eq!((value, model.raw(&row)), (shares[0], 2.0));
    let told: f64 = reasons.iter().map(|reason| reason.contribution).sum();
    assert_eq!(model.start(0) + told, 2.0, "the reasons are those of the class on top");
    model.link = Link::OneVsRest;
    let parts = [sigmoid(2.0), sigmoid(0.5)];
    assert_eq!(model.shares(&row), parts.map(|part| part / (parts[0] + parts[1])));
}

#[test]
fn answers_are_scaled_linked_and_calibrated() {
    let row = [Some(2.0), Some(-1.0)];
    let with = |link, scale, calibration| TreesModel { link, scale, calibration, ..small() }.predict(&row).0;
    // raw = 10 + 2 − 0.5
    assert_eq!(with(Link::Exp, 0.5, None), exp(5.75));
    let isotonic = Calibration::Isotonic { from: vec![0.0, 10.0, 20.0], to: vec![0.0, 0.5, 0.75] };
    assert_eq!(with(Link::Identity, 1.0, Some(isotonic.clone())), 0.5 + 0.15 * 0.25);
    assert_eq!(with(Link::Identity, 10.0, Some(isotonic.clone())), 0.75);
    assert_eq!(with(Link::Identity, -1.0, Some(isotonic)), 0.0);
    let platt = Calibration::Platt { slope: 0.5, intercept: -5.0 };
    assert_eq!(with(Link::Sigmoid, 1.0, Some(platt)), sigmoid(0.75));
}
