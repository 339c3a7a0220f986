//! The nodes of a tree: their form in the model file, and what makes a tree of them.

use crate::trees::MAX_VALUE;
use serde::{Deserialize, Serialize};

/// Steps from a root to a leaf.
pub const MAX_DEPTH: usize = 64;

/// A node. In the file a leaf is `{"value"}`, an inner node `{"input", "at", "left", "right", "missing_left", "value"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Node {
    /// A leaf's answer; at an inner node the answer that is expected of the rows that reach it.
    pub value: f64,
    /// Where rows go from here; a leaf has none.
    pub split: Option<Split>,
}

/// A question to one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The input's index.
    pub input: usize,
    /// A row goes left where its value is at most this.
    pub at: f64,
    /// Index of the left child within the tree.
    pub left: usize,
    /// Index of the right child.
    pub right: usize,
    /// Whether a row without a value goes left.
    pub missing_left: bool,
}

/// A node as the file holds it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    right: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing_left: Option<bool>,
    value: f64,
}

impl TryFrom<Written> for Node {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Node, Self::Error> {
        let Written { input, at, left, right, missing_left, value } = written;
        let split = match (input, at, left, right, missing_left) {
            (None, None, None, None, None) => None,
            (Some(input), Some(at), Some(left), Some(right), Some(missing_left)) => {
                Some(Split { input, at, left, right, missing_left })
            }
            _ => {
                return Err("a node holds either `value` alone or all of `input`, `at`, `left`, `right`, \
                            `missing_left` and `value`");
            }
        };
        Ok(Node { value, split })
    }
}

impl From<Node> for Written {
    fn from(node: Node) -> Written {
        let split = node.split.as_ref();
        Written {
            input: split.map(|split| split.input),
            at: split.map(|split| split.at),
            left: split.map(|split| split.left),
            right: split.map(|split| split.right),
            missing_left: split.map(|split| split.missing_left),
            value: node.value,
        }
    }
}

impl Node {
    /// A leaf.
    pub fn leaf(value: f64) -> Node {
        Node { value, split: None }
    }

    fn problem(&self, nodes: usize, inputs: usize) -> Option<String> {
        if !(-MAX_VALUE..=MAX_VALUE).contains(&self.value) {
            return Some(format!("`value` must be finite and at most {MAX_VALUE:e} in size"));
        }
        let Split { input, at, left, right, .. } = self.split.as_ref()?;
        if !at.is_finite() {
            return Some("`at` is not a finite number".into());
        }
        if *input >= inputs {
            return Some(format!("it asks input {input}, the model has {inputs} (the first is 0)"));
        }
        let outside = [left, right].into_iter().find(|child| **child >= nodes);
        outside.map(|child| format!("its child {child} does not exist, the tree has {nodes} nodes (the first is 0)"))
    }
}

/// The first thing that keeps nodes from being a tree with its root in front over `inputs` inputs.
pub(crate) fn tree_problem(tree: &[Node], inputs: usize) -> Option<String> {
    if tree.is_empty() {
        return Some("it has no node".into());
    }
    let wrong = |(at, node): (usize, &Node)| Some(format!("node {at}: {}", node.problem(tree.len(), inputs)?));
    tree.iter().enumerate().find_map(wrong).or_else(|| shape_problem(tree))
}

/// Whether every node is reached from the root, and only once: then there is no cycle either.
fn shape_problem(tree: &[Node]) -> Option<String> {
    let (mut reached, mut open) = (vec![false; tree.len()], vec![(0, 0)]);
    while let Some((at, depth)) = open.pop() {
        if std::mem::replace(&mut reached[at], true) {
            return Some(format!("node {at}: more than one way leads to it"));
        }
        if depth > MAX_DEPTH {
            return Some(format!("node {at}: more than {MAX_DEPTH} steps from the root"));
        }
        if let Some(split) = &tree[at].split {
            open.extend([(split.right, depth + 1), (split.left, depth + 1)]);
        }
    }
    reached.iter().position(|reached| !reached).map(|at| format!("node {at}: no way leads to it"))
}
