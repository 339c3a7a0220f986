//! A random scoring model of a hundred trees, as the JSON that `staunch model compile` takes.

use super::rng::Rng;
use serde_json::{Value, json};

/// Trees of the model.
const TREES: usize = 100;
/// Splits on every path.
const DEPTH: usize = 5;

/// What the model reads: name, unit, and the highest value that is usual.
pub(super) const INPUTS: [(&str, &str, f64); 6] = [
    ("events_7d", "events", 25.0),
    ("events_30d", "events", 80.0),
    ("pace", "share", 3.0),
    ("spend_30d", "EUR", 3_000.0),
    ("largest_30d", "EUR", 200.0),
    ("tenure_days", "days", 1_000.0),
];

/// The model file of `churn` 1.0.0: every tree is full, its thresholds lie evenly over what is usual.
pub fn model(seed: u64) -> Value {
    let mut rng = Rng::new(seed);
    let tree = |_| {
        let mut nodes = Vec::new();
        grow(&mut rng, &mut nodes, DEPTH);
        nodes
    };
    let trees: Vec<Vec<Value>> = (0..TREES).map(tree).collect();
    let inputs = INPUTS.map(|(name, unit, _)| json!({ "name": name, "unit": unit }));
    let card = json!({ "owner": "benchmark", "purpose": "None: its figures are random", "rows": 0, "positives": 0,
        "minimum_outcomes": 0 });
    json!({ "kind": "trees", "format": 1, "name": "churn", "version": "1.0.0", "inputs": inputs, "base": 0.0,
        "link": "sigmoid", "trees": trees, "card": card })
}

/// Adds a subtree and gives its place and the value that is expected there.
fn grow(rng: &mut Rng, nodes: &mut Vec<Value>, depth: usize) -> (usize, f64) {
    let place = nodes.len();
    if depth == 0 {
        let value = rng.unit() - 0.5;
        nodes.push(json!({ "value": value }));
        return (place, value);
    }
    let input = rng.below(INPUTS.len() as u64) as usize;
    let at = rng.unit() * INPUTS[input].2;
    let missing_left = rng.below(2) == 0;
    nodes.push(Value::Null);
    let (left, low) = grow(rng, nodes, depth - 1);
    let (right, high) = grow(rng, nodes, depth - 1);
    let value = (low + high) / 2.0;
    nodes[place] = json!({ "input": input, "at": at, "left": left, "right": right, "missing_left": missing_left,
        "value": value });
    (place, value)
}
