//! The nodes of a tree: their form in the model file, and what makes a tree of them.

use crate::trees::MAX_VALUE;
use serde::{Deserialize, Serialize};

/// Steps from a root to a leaf.
pub const MAX_DEPTH: usize = 64;

/// A node. In the file a leaf is `{"value"}`, an inner node `{"input", "at" or "in", "left",
/// "right", "missing_left", "value"}`, and `"zero_missing": true` where a zero counts as missing there.
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
    /// Which values go left.
    pub test: Test,
    /// Index of the left child within the tree.
    pub left: usize,
    /// Index of the right child.
    pub right: usize,
    /// Whether a row without a value goes left.
    pub missing_left: bool,
    /// Whether a value of at most [`ZERO`] in size counts as none here.
    pub zero_missing: bool,
}

/// Which values go left at a split.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Those of at most this.
    AtMost(f64),
    /// Those that, cut to a whole number, are one of these: codes of categories, in ascending order.
    In(Vec<u32>),
}

/// What still counts as zero where zeros are missing: LightGBM's `kZeroThreshold`, which is the 32-bit float 1e-35.
pub const ZERO: f64 = 1e-35_f32 as f64;
/// The largest code of a category.
pub const MAX_CODE: u32 = 65_535;

impl Split {
    /// Asks whether a value is at most `at`.
    pub fn at_most(input: usize, at: f64, [left, right]: [usize; 2], missing_left: bool) -> Split {
        Split { input, test: Test::AtMost(at), left, right, missing_left, zero_missing: false }
    }

    /// Whether a value goes left; one that is no number counts as missing.
    pub fn goes_left(&self, value: Option<f64>) -> bool {
        let gone = |x: &f64| x.is_nan() || (self.zero_missing && x.abs() <= ZERO);
        let Some(x) = value.filter(|x| !gone(x)) else { return self.missing_left };
        match &self.test {
            Test::AtMost(at) => x <= *at,
            // A number below zero or above the largest code is in no list.
            Test::In(codes) => x > -1.0 && x < f64::from(MAX_CODE) + 1.0 && codes.binary_search(&(x as u32)).is_ok(),
        }
    }
}

/// A node as the file holds it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a node, an object with its `value`")]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<f64>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<u32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    right: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing_left: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    zero_missing: bool,
    value: f64,
}

impl TryFrom<Written> for Node {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Node, Self::Error> {
        let Written { input, at, codes, left, right, missing_left, zero_missing, value } = written;
        let test = match (at, codes) {
            (None, None) => None,
            (Some(at), None) => Some(Test::AtMost(at)),
            (None, Some(codes)) => Some(Test::In(codes)),
            (Some(_), Some(_)) => return Err("a node holds `at` or `in`, not both"),
        };
        let split = match (input, test, left, right, missing_left) {
            (None, None, None, None, None) if !zero_missing => None,
            (Some(input), Some(test), Some(left), Some(right), Some(missing_left)) => {
                Some(Split { input, test, left, right, missing_left, zero_missing })
            }
            _ => {
                return Err("a node holds either `value` alone or all of `input`, `at` or `in`, `left`, `right`, \
                            `missing_left` and `value`");
            }
        };
        Ok(Node { value, split })
    }
}

impl From<Node> for Written {
    fn from(node: Node) -> Written {
        let (value, mut written) = (node.value, Written::default());
        if let Some(split) = node.split {
            let Split { input, test, left, right, missing_left, zero_missing } = split;
            let (at, codes) = match test {
                Test::AtMost(at) => (Some(at), None),
                Test::In(codes) => (None, Some(codes)),
            };
            let (left, right, missing_left) = (Some(left), Some(right), Some(missing_left));
            written = Written { input: Some(input), at, codes, left, right, missing_left, zero_missing, value };
        }
        Written { value, ..written }
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
        let Split { input, test, left, right, .. } = self.split.as_ref()?;
        match test {
            Test::AtMost(at) if !at.is_finite() => return Some("`at` is not a finite number".into()),
            Test::In(codes) if codes.windows(2).any(|pair| pair[0] >= pair[1]) => {
                return Some("the codes of `in` must ascend".into());
            }
            Test::In(codes) if codes.last().is_some_and(|code| *code > MAX_CODE) => {
                return Some(format!("a code of `in` is above {MAX_CODE}"));
            }
            _ => {}
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
