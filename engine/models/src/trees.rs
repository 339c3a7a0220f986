//! Tree ensembles: their part of the model file, and prediction by them.
//!
//! Every node knows the value that is expected at it, so each step of a row down a tree changes the expectation by
//! value(child) − value(node), and that is what the input asked there contributes (path contributions, after Saabas
//! 2014). The steps add up to value(leaf) − value(root), so with base = the file's `base` + Σ value(root) the raw value
//! is base + all contributions, up to the rounding of the sums. Raw itself is the file's `base` with the leaves' values
//! added tree after tree. With classes each of them has a raw value of its own, from the trees at its place in every
//! round, and the reasons are those of the class with the largest share.

use crate::calibration::Calibration;
use crate::link::top;
pub use crate::link::{Link, MAX_CLASSES};
use crate::model::{Card, Contribution, Head, Input, strongest};
use crate::node::{Node, Split, Test, tree_problem};
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;

/// Trees of a model.
pub const MAX_TREES: usize = 20_000;
/// Nodes of all its trees, leaves included. A plugin may hold fewer: the size of what is compiled is looked at by itself.
pub const MAX_NODES: usize = 1_000_000;
/// Largest size of `base` and of a node's value, so that no sum of them overflows.
pub const MAX_VALUE: f64 = 1e100;

/// Texts that an input knows.
pub const MAX_CATEGORIES: usize = 10_000;

/// A tree ensemble: `raw = base + Σ value of the leaf that the row reaches in each tree`,
/// `value = calibration(link(scale · raw))`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreesModel {
    /// Format of the file, [`crate::model::FORMAT`].
    pub format: u32,
    /// The plugin's name: small letters, digits and `-`.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// What it reads, in order.
    pub inputs: Vec<TreesInput>,
    /// Raw value that every row starts from, before any tree. The manifest's `base` holds Σ value(root) as well.
    pub base: f64,
    /// Labels of the classes, at least two; none where the answer is one number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// With classes: the raw value that each starts from, in place of `base`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<f64>,
    /// From the raw value to the answer.
    pub link: Link,
    /// What the raw value is multiplied by before the link.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub scale: f64,
    /// From the link's answer to a probability that means what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// The trees; the first node of each is its root. With k classes the tree at place i belongs to class i mod k.
    pub trees: Vec<Vec<Node>>,
    /// Named parts of the answer's range, from low to high; may be empty.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// Where it comes from and how good it is.
    pub card: Card,
}

/// One input of a tree ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreesInput {
    /// Its name.
    pub name: String,
    /// Its unit, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Texts that it knows; the code of each is its place here, and any other text counts as missing. None where the
    /// input is a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
}

impl TreesInput {
    /// An input that is a number.
    pub fn number(name: impl Into<String>) -> TreesInput {
        TreesInput { name: name.into(), unit: None, categories: Vec::new() }
    }
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_one(scale: &f64) -> bool {
    *scale == 1.0
}

/// What a path through one tree contributes, by input (its index), in the order in which the path asks them first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shares(pub(crate) Vec<(usize, f64)>);

impl Shares {
    /// One step of the path. Prediction and compiled code both take their figures from here, so they agree bit for bit.
    pub(crate) fn step(&mut self, input: usize, from: &Node, to: &Node) {
        let change = to.value - from.value;
        match self.0.iter_mut().find(|(known, _)| *known == input) {
            Some((_, share)) => *share += change,
            None => self.0.push((input, change)),
        }
    }
}

impl TreesModel {
    /// The raw value of a row, with classes that of the one with the largest share; what `row` does not hold counts as
    /// missing.
    pub fn raw(&self, row: &[Option<f64>]) -> f64 {
        self.sum(top(&self.shares(row)), row)
    }

    /// The raw value of every class; of one number its own alone.
    pub fn raws(&self, row: &[Option<f64>]) -> Vec<f64> {
        (0..self.classes()).map(|class| self.sum(class, row)).collect()
    }

    /// The share of every class, in the order of the labels; nothing where the answer is one number.
    pub fn shares(&self, row: &[Option<f64>]) -> Vec<f64> {
        if self.labels.is_empty() {
            return Vec::new();
        }
        self.link.shares(self.raws(row).into_iter().map(|raw| self.scale * raw).collect())
    }

    /// The answer for a row and why, as [`crate::Model::predict`] says; with classes the largest share.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        let shares = self.shares(row);
        let class = top(&shares);
        let contributions = self.contributions(class, row);
        let value = shares.get(class).copied().unwrap_or_else(|| self.answer(self.sum(class, row)));
        let names = self.inputs.iter().map(|input| input.name.as_str());
        (value, strongest(names.zip(contributions)))
    }

    /// From the raw value to the answer of a model without classes.
    fn answer(&self, raw: f64) -> f64 {
        let answer = self.link.number(self.scale * raw);
        self.calibration.as_ref().map_or(answer, |calibration| calibration.apply(raw, answer))
    }

    /// How many raw values there are.
    pub fn classes(&self) -> usize {
        self.labels.len().max(1)
    }

    /// The raw value of a class before any contribution; for a model without classes that is the manifest's `base`.
    pub fn start(&self, class: usize) -> f64 {
        self.of(class).filter_map(|tree| tree.first()).fold(self.base(class), |sum, root| sum + root.value)
    }

    /// The raw value of a class before any tree.
    pub fn base(&self, class: usize) -> f64 {
        if self.labels.is_empty() { self.base } else { self.bases[class] }
    }

    /// The trees of a class.
    pub fn of(&self, class: usize) -> impl Iterator<Item = &Vec<Node>> {
        self.trees.iter().skip(class).step_by(self.classes())
    }

    /// The code of a text, `None` where the input does not know it.
    pub fn code(&self, input: usize, text: &str) -> Option<f64> {
        self.inputs[input].categories.iter().position(|known| known == text).map(|place| place as f64)
    }

    /// Per input the lowest threshold, at which a row goes left at all of its splits, and the next number above the
    /// highest; zeros for an input that no tree asks. The largest number as a threshold, which only tells missing values
    /// from others, is no end.
    pub(crate) fn ends(&self) -> Vec<(f64, f64)> {
        let mut ends: Vec<Option<(f64, f64)>> = vec![None; self.inputs.len()];
        for split in self.trees.iter().flatten().filter_map(|node| node.split.as_ref()) {
            let (first, last) = match &split.test {
                Test::AtMost(at) if *at == f64::MAX => continue,
                Test::AtMost(at) => (*at, *at),
                Test::In(codes) => (0.0, codes.last().copied().map_or(0.0, f64::from)),
            };
            let (low, high) = ends[split.input].unwrap_or((first, last));
            ends[split.input] = Some((low.min(first), high.max(last)));
        }
        // Above the largest number there is none left.
        let above = |x: f64| x.next_up().min(f64::MAX);
        ends.into_iter().map(|ends| ends.map_or((0.0, 0.0), |(low, high)| (low, above(high)))).collect()
    }

    /// The raw value of a class: its base, and its trees' leaves in their order.
    fn sum(&self, class: usize, row: &[Option<f64>]) -> f64 {
        self.of(class).fold(self.base(class), |sum, tree| sum + leaf(tree, row).value)
    }

    /// What each input contributes to a class: tree after tree, each tree's share of an input in one sum.
    fn contributions(&self, class: usize, row: &[Option<f64>]) -> Vec<f64> {
        let mut all = vec![0.0; self.inputs.len()];
        for tree in self.of(class) {
            for (input, share) in path(tree, row).0 {
                all[input] += share;
            }
        }
        all
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            kind: "tree ensemble",
            format: self.format,
            name: &self.name,
            version: &self.version,
            inputs: self.inputs.iter().map(Input::of).collect(),
            labels: &self.labels,
            base: self.labels.is_empty().then(|| self.start(0)),
            range: self.range(),
            bands: &self.bands,
            card: &self.card,
        }
    }

    fn range(&self) -> Option<(f64, f64)> {
        let share = self.calibration.is_some() || !self.labels.is_empty() || self.link == Link::Sigmoid;
        share.then_some((0.0, 1.0))
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.shape_problem().or_else(|| self.calibration.as_ref().and_then(Calibration::problem)).or_else(|| {
            let wrong = |(at, tree): (usize, &Vec<Node>)| {
                Some(format!("tree {at} (the first is 0): {}", tree_problem(tree, self.inputs.len())?))
            };
            self.trees.iter().enumerate().find_map(wrong)
        })
    }

    fn shape_problem(&self) -> Option<String> {
        if self.trees.len() > MAX_TREES {
            return Some(format!("{} trees; a model has at most {MAX_TREES}", self.trees.len()));
        }
        let nodes: usize = self.trees.iter().map(Vec::len).sum();
        if nodes > MAX_NODES {
            return Some(format!("{nodes} nodes; a model has at most {MAX_NODES} in all its trees"));
        }
        if !(-MAX_VALUE..=MAX_VALUE).contains(&self.base) {
            return Some(format!("`base` must be finite and at most {MAX_VALUE:e} in size"));
        }
        if !(-MAX_VALUE..=MAX_VALUE).contains(&self.scale) || self.scale == 0.0 {
            return Some(format!("`scale` must be finite, not 0 and at most {MAX_VALUE:e} in size"));
        }
        let known = |input: &&TreesInput| input.categories.len() > MAX_CATEGORIES;
        if let Some(input) = self.inputs.iter().find(known) {
            return Some(format!("input `{}` knows more than {MAX_CATEGORIES} texts", input.name));
        }
        self.class_problem()
    }

    fn class_problem(&self) -> Option<String> {
        if let Some(problem) = self.link.classes_problem(&self.labels, &self.bases) {
            return Some(problem);
        }
        if self.labels.is_empty() {
            return None;
        }
        if !self.trees.len().is_multiple_of(self.labels.len()) {
            return Some(format!("{} trees are no whole rounds of {} classes", self.trees.len(), self.labels.len()));
        }
        let extra = self.calibration.is_some() || !self.bands.is_empty();
        extra.then(|| "calibration and bands are for one number, not for classes".into())
    }
}

/// Where a row goes from a split.
fn next<'a>(tree: &'a [Node], split: &Split, row: &[Option<f64>]) -> &'a Node {
    let left = split.goes_left(row.get(split.input).copied().flatten());
    &tree[if left { split.left } else { split.right }]
}

/// The leaf that a row reaches. The tree was checked: it has a root, and every path ends.
fn leaf<'a>(tree: &'a [Node], row: &[Option<f64>]) -> &'a Node {
    let mut node = &tree[0];
    while let Some(split) = &node.split {
        node = next(tree, split, row);
    }
    node
}

/// The shares of the path that a row takes.
fn path(tree: &[Node], row: &[Option<f64>]) -> Shares {
    let (mut shares, mut node) = (Shares::default(), &tree[0]);
    while let Some(split) = &node.split {
        let next = next(tree, split, row);
        shares.step(split.input, node, next);
        node = next;
    }
    shares
}

#[cfg(test)]
mod tests;
