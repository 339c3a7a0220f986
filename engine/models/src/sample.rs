//! Random models and rows, for tests and benchmarks of everything that takes a model. The same seed gives the same.

use crate::model::{Card, FORMAT};
use crate::node::{Node, Split};
use crate::rng::Rng;
use crate::trees::{Link, TreesInput, TreesModel};

/// A sound ensemble named `m` 1.0.0 over inputs `x0`, `x1` …: `count` trees, paths of at most `depth` splits, a sigmoid at
/// the end. Thresholds lie between −4 and 4, some on whole numbers.
pub fn trees(seed: u64, inputs: usize, count: usize, depth: usize) -> TreesModel {
    let mut rng = Rng::new(seed);
    let grow = |_| {
        let mut nodes = Vec::new();
        grow(&mut rng, &mut nodes, inputs, depth);
        nodes
    };
    TreesModel {
        format: FORMAT,
        name: "m".into(),
        version: "1.0.0".into(),
        trees: (0..count).map(grow).collect(),
        inputs: (0..inputs).map(|n| TreesInput::number(format!("x{n}"))).collect(),
        base: -0.4,
        labels: Vec::new(),
        bases: Vec::new(),
        link: Link::Sigmoid,
        scale: 1.0,
        calibration: None,
        bands: Vec::new(),
        card: Card::default(),
    }
}

/// Adds a subtree and returns its index. An inner node expects the mean of its children.
fn grow(rng: &mut Rng, nodes: &mut Vec<Node>, inputs: usize, depth: usize) -> usize {
    let at = nodes.len();
    nodes.push(Node::leaf(between(rng, 0.5)));
    if depth > 0 && inputs > 0 && rng.below(8) > 0 {
        let input = rng.below(inputs);
        let threshold = between(rng, 4.0);
        let threshold = if rng.below(3) == 0 { threshold.round() } else { threshold };
        let missing_left = rng.below(2) == 0;
        let left = grow(rng, nodes, inputs, depth - 1);
        let right = grow(rng, nodes, inputs, depth - 1);
        let value = (nodes[left].value + nodes[right].value) / 2.0;
        nodes[at] = Node { value, split: Some(Split::at_most(input, threshold, [left, right], missing_left)) };
    }
    at
}

/// A number between −`size` and `size`.
fn between(rng: &mut Rng, size: f64) -> f64 {
    (rng.below(1 << 30) as f64 / f64::from(1 << 29) - 1.0) * size
}

/// A value as rows may hold it: ordinary, whole, huge, tiny, subnormal, negative zero, missing.
pub fn cell(rng: &mut Rng) -> Option<f64> {
    let uniform = between(rng, 0.5);
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
