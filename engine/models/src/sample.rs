//! Random models and rows, for tests and benchmarks of everything that takes a model. The same seed gives the same.

use crate::calibration::Calibration;
use crate::linear::{LinearInput, LinearModel};
use crate::model::{Card, FORMAT};
use crate::node::{Node, Split, Test};
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

/// An ensemble as [`trees`] makes them, with everything that a model may have drawn by the seed: lists of codes, inputs that
/// are texts (`c0`, `c1` …), zeros that are missing, classes, any link, scale and calibration.
pub fn rich(seed: u64, inputs: usize, count: usize, depth: usize) -> TreesModel {
    let mut rng = Rng::new(seed);
    let mut model = trees(seed ^ 1, inputs, count, depth);
    for (place, input) in model.inputs.iter_mut().enumerate() {
        if rng.below(4) == 0 {
            let known = [1, 3, 17, 300][rng.below(4)];
            input.categories = (0..known).map(|n| format!("c{}", (n + place) % known)).collect();
        }
    }
    let zeros = rng.below(3) == 0;
    for split in model.trees.iter_mut().flatten().filter_map(|node| node.split.as_mut()) {
        let text = !model.inputs[split.input].categories.is_empty();
        if rng.below(if text { 8 } else { 4 }) < if text { 7 } else { 1 } {
            split.test = Test::In(codes(&mut rng, model.inputs[split.input].categories.len()));
        }
        split.zero_missing = zeros && rng.below(2) == 0;
    }
    let link = LINKS[rng.below(LINKS.len())];
    model.scale = if rng.below(2) == 0 { 1.0 } else { between(&mut rng, 2.0) + 2.5 };
    model.link = link;
    if matches!(link, Link::Softmax | Link::OneVsRest | Link::Shares) {
        let classes = [2, 3, 7, 100][rng.below(4)];
        model.labels = (0..classes).map(|n| format!("label {n}")).collect();
        model.bases = (0..classes).map(|_| between(&mut rng, 0.5)).collect();
        let whole = model.trees.len() / classes * classes;
        model.trees.truncate(whole);
    } else {
        model.calibration = calibration(&mut rng);
    }
    model
}

const LINKS: [Link; 6] = [Link::Sigmoid, Link::Identity, Link::Exp, Link::Softmax, Link::OneVsRest, Link::Shares];

/// A linear model named `m` 1.0.0 with everything that such a one may have drawn by the seed: lines, texts, codes that add
/// something, classes, any link.
pub fn linear(seed: u64, inputs: usize) -> LinearModel {
    let mut rng = Rng::new(seed);
    let link = LINKS[rng.below(LINKS.len())];
    let many = matches!(link, Link::Softmax | Link::OneVsRest | Link::Shares);
    let classes = if many { [2, 3, 7, 100][rng.below(4)] } else { 1 };
    LinearModel {
        format: FORMAT,
        name: "m".into(),
        version: "1.0.0".into(),
        inputs: (0..inputs)
            .map(|place| linear_input(&mut rng, place, [classes, usize::from(link != Link::Exp)]))
            .collect(),
        labels: (0..if many { classes } else { 0 }).map(|n| format!("label {n}")).collect(),
        bases: (0..classes).map(|_| between(&mut rng, 1.0)).collect(),
        link,
        bands: Vec::new(),
        card: Card::default(),
    }
}

/// An input for so many classes; where it is wide its raw values may be too large for e^raw.
fn linear_input(rng: &mut Rng, place: usize, [classes, wide]: [usize; 2]) -> LinearInput {
    let known = [0, 0, 1, 3, 300][rng.below(5)];
    let codes = if rng.below(3) == 0 && known == 0 { Vec::new() } else { codes(rng, known) };
    let low = between(rng, 3.0);
    LinearInput {
        name: format!("x{place}"),
        unit: None,
        categories: (0..known).map(|n| format!("c{}", (n + place) % known)).collect(),
        mean: between(rng, 2.0),
        low,
        high: low + if rng.below(4) < wide { 1e9 } else { 4.0 },
        slopes: (0..classes).map(|_| if known == 0 { between(rng, 1.0) } else { 0.0 }).collect(),
        steps: (0..classes).map(|_| codes.iter().map(|_| between(rng, 1.0)).collect()).collect(),
        missing: (0..classes).map(|_| if rng.below(2) == 0 { 0.0 } else { between(rng, 1.0) }).collect(),
        codes,
    }
}

/// Some codes in ascending order: of `known` texts, or of any whole numbers.
fn codes(rng: &mut Rng, known: usize) -> Vec<u32> {
    let (count, room) = if known > 0 { (rng.below(known + 1), known + 1) } else { (rng.below(9), 12) };
    let mut codes: Vec<u32> = (0..count).map(|_| rng.below(room) as u32).collect();
    if rng.below(20) == 0 {
        codes.push(65_535);
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn calibration(rng: &mut Rng) -> Option<Calibration> {
    match rng.below(3) {
        0 => None,
        1 => Some(Calibration::Platt { slope: between(rng, 2.0), intercept: between(rng, 1.0) }),
        _ => {
            let knots = [1, 2, 3, 8, 40][rng.below(5)];
            let from = (0..knots).map(|n| n as f64 / 20.0 - 0.5 + between(rng, 0.02)).collect();
            let to = (0..knots).map(|n| (n as f64 / knots as f64).powi(2)).collect();
            Some(Calibration::Isotonic { from, to })
        }
    }
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
        7 => Some((uniform * 40.0).trunc() / 2.0),
        _ => Some(uniform * 8.0),
    }
}
