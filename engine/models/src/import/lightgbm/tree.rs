//! One tree of a LightGBM file.
//!
//! `decision_type` holds for each split: bit 0 a question to a category, bit 1 the way of rows without a value (left),
//! bits 2 and 3 what counts as none: 0 nothing (then NaN is compared as a zero), 1 zeros and NaN, 2 NaN. A category that
//! is none, or of which the split does not know, goes right.

use super::super::Budget;
use super::{Fields, cut, field, problem, refused};
use crate::error::ModelError;
use crate::node::{MAX_CODE, Node, Split, Test};
use std::str::FromStr;

const CATEGORY: u8 = 1;
const LEFT: u8 = 2;
const NONE: u8 = 0;
const ZERO: u8 = 1;

/// Reads tree `at`; `inputs` is the number of inputs.
pub(super) fn read(
    at: usize,
    fields: &Fields<'_>,
    inputs: usize,
    budget: &mut Budget,
) -> Result<Vec<Node>, ModelError> {
    let tree = Tree { at, fields };
    if fields.get("is_linear").is_some_and(|(text, _)| *text != "0") {
        let next = "train with `linear_tree=false`";
        return Err(refused(tree.place(), "linear models in the leaves (`linear_tree`)", next));
    }
    let leaves: usize = tree.one("num_leaves")?;
    if leaves == 0 {
        return Err(tree.problem("num_leaves", "a tree has at least one leaf"));
    }
    budget.tree(leaves.saturating_mul(2) - 1)?;
    let values: Vec<f64> = tree.list("leaf_value", leaves)?;
    if leaves == 1 {
        return Ok(vec![Node::leaf(values[0])]);
    }
    let splits = Splits::read(&tree, leaves - 1)?;
    let mut nodes = Vec::with_capacity(2 * leaves - 1);
    for place in 0..leaves - 1 {
        let split = splits.split(&tree, place, inputs, budget)?;
        nodes.push(Node { value: splits.values[place], split: Some(split) });
    }
    nodes.extend(values.into_iter().map(Node::leaf));
    Ok(nodes)
}

struct Tree<'a> {
    at: usize,
    fields: &'a Fields<'a>,
}

impl Tree<'_> {
    fn place(&self) -> String {
        format!("tree {}", self.at)
    }

    fn problem(&self, key: &str, text: impl std::fmt::Display) -> ModelError {
        let line = self.fields.get(key).map_or(String::new(), |(_, line)| format!(" (line {line})"));
        problem(format!("tree {}, `{key}`{line}", self.at), text)
    }

    fn one<T: FromStr>(&self, key: &str) -> Result<T, ModelError> {
        let (text, _) = field(self.fields, key, &self.place())?;
        text.trim().parse().map_err(|_| self.problem(key, format!("`{}` is no number of its kind", cut(text))))
    }

    fn list<T: FromStr>(&self, key: &str, expected: usize) -> Result<Vec<T>, ModelError> {
        let (text, _) = field(self.fields, key, &self.place())?;
        // Counted before anything is built: a line may hold more than memory does.
        let count = text.split_ascii_whitespace().count();
        if count != expected {
            return Err(self.problem(key, format!("{count} values where {expected} belong")));
        }
        let number = |word: &str| {
            word.parse().map_err(|_| self.problem(key, format!("`{}` is no number of its kind", cut(word))))
        };
        text.split_ascii_whitespace().map(number).collect()
    }
}

/// The inner nodes, list by list as the file has them.
struct Splits {
    features: Vec<usize>,
    thresholds: Vec<f64>,
    decisions: Vec<u8>,
    left: Vec<i64>,
    right: Vec<i64>,
    values: Vec<f64>,
    boundaries: Vec<usize>,
    words: Vec<u32>,
}

impl Splits {
    fn read(tree: &Tree<'_>, inner: usize) -> Result<Splits, ModelError> {
        let sets: usize = if tree.fields.contains_key("num_cat") { tree.one("num_cat")? } else { 0 };
        let (mut boundaries, mut words) = (Vec::new(), Vec::new());
        if sets > 0 {
            boundaries = tree.list("cat_boundaries", sets.saturating_add(1))?;
            words = tree.list("cat_threshold", boundaries.last().copied().unwrap_or(0))?;
        }
        Ok(Splits {
            features: tree.list("split_feature", inner)?,
            thresholds: tree.list("threshold", inner)?,
            decisions: tree.list("decision_type", inner)?,
            left: tree.list("left_child", inner)?,
            right: tree.list("right_child", inner)?,
            values: tree.list("internal_value", inner)?,
            boundaries,
            words,
        })
    }

    fn split(&self, tree: &Tree<'_>, place: usize, inputs: usize, budget: &mut Budget) -> Result<Split, ModelError> {
        let (input, decision) = (self.features[place], self.decisions[place]);
        if input >= inputs {
            return Err(
                tree.problem("split_feature", format!("feature {input}, the model has {inputs} (the first is 0)"))
            );
        }
        let left = self.child(tree, "left_child", self.left[place])?;
        let right = self.child(tree, "right_child", self.right[place])?;
        let missing = (decision >> 2) & 3;
        if missing == 3 || decision >= 16 {
            return Err(tree.problem("decision_type", format!("{decision} has no meaning")));
        }
        if decision & CATEGORY != 0 {
            let codes = self.codes(tree, self.thresholds[place])?;
            budget.codes(codes.len())?;
            let test = Test::In(codes);
            return Ok(Split { input, test, left, right, missing_left: false, zero_missing: false });
        }
        if self.thresholds[place].is_nan() {
            return Err(tree.problem("threshold", "it is no number"));
        }
        // A split between all numbers and none has an infinite threshold.
        let at = self.thresholds[place].clamp(f64::MIN, f64::MAX);
        let missing_left = if missing == NONE { 0.0 <= at } else { decision & LEFT != 0 };
        Ok(Split { input, test: Test::AtMost(at), left, right, missing_left, zero_missing: missing == ZERO })
    }

    /// The place of a child among our nodes: leaves are written as −1 − their number, and come behind the inner ones.
    fn child(&self, tree: &Tree<'_>, key: &str, child: i64) -> Result<usize, ModelError> {
        let inner = self.features.len();
        let (limit, number, shift) = if child < 0 { (inner + 1, !child, inner) } else { (inner, child, 0) };
        let number = usize::try_from(number).ok().filter(|number| *number < limit);
        number.map(|number| number + shift).ok_or_else(|| tree.problem(key, format!("child {child} does not exist")))
    }

    /// The codes of a set, whose number the file keeps in place of a threshold.
    fn codes(&self, tree: &Tree<'_>, number: f64) -> Result<Vec<u32>, ModelError> {
        let whole = (number >= 0.0 && number.fract() == 0.0 && number <= 1e9).then_some(number as usize);
        let ends = whole.and_then(|set| Some((*self.boundaries.get(set)?, *self.boundaries.get(set + 1)?)));
        let words = ends.and_then(|(from, until)| self.words.get(from..until));
        let words =
            words.ok_or_else(|| tree.problem("threshold", format!("there is no set {number} of categories")))?;
        let mut codes = Vec::new();
        for (word, base) in words.iter().zip((0u32..).step_by(32)) {
            codes.extend((0..32).filter(|bit| word >> bit & 1 == 1).map(|bit| base + bit));
            if codes.last().is_some_and(|code| *code > MAX_CODE) {
                let next = "number the categories from 0 on, without gaps";
                return Err(refused(tree.place(), format!("a category above {MAX_CODE}"), next));
            }
        }
        Ok(codes)
    }
}
