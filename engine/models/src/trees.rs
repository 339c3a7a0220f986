//! Tree ensembles: their part of the model file, and prediction by them.
//!
//! Every node knows the value that is expected at it, so each step of a row down a tree changes the expectation by
//! value(child) − value(node), and that is what the input asked there contributes (path contributions, after Saabas
//! 2014). The steps add up to value(leaf) − value(root), so with base = the file's `base` + Σ value(root) the sum
//! raw = base + all contributions is the ensemble's answer.

use crate::math::sigmoid;
use crate::model::{Card, Contribution, Head, Input, strongest};
use crate::node::{Node, Split, tree_problem};
use serde::{Deserialize, Serialize};
use staunch_core::score::Band;

/// Trees of a model.
pub const MAX_TREES: usize = 5_000;
/// Nodes of all its trees, leaves included.
pub const MAX_NODES: usize = 100_000;
/// Largest size of `base` and of a node's value, so that no sum of them overflows.
pub const MAX_VALUE: f64 = 1e100;

/// A tree ensemble: `raw = base + Σ value of the leaf that the row reaches in each tree`, `value = link(raw)`.
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
    /// From the raw value to the answer.
    pub link: Link,
    /// The trees; the first node of each is its root.
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
}

/// From the raw value to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The raw value is log-odds, the answer a probability.
    Sigmoid,
    /// The answer is the raw value.
    Identity,
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
    /// The raw value of a row; one that `row` does not hold counts as missing.
    pub fn raw(&self, row: &[Option<f64>]) -> f64 {
        self.sum(&self.contributions(row))
    }

    /// The answer for a row and why, as [`crate::Model::predict`] says.
    pub fn predict(&self, row: &[Option<f64>]) -> (f64, Vec<Contribution>) {
        let contributions = self.contributions(row);
        let raw = self.sum(&contributions);
        let value = match self.link {
            Link::Sigmoid => sigmoid(raw),
            Link::Identity => raw,
        };
        let names = self.inputs.iter().map(|input| input.name.as_str());
        (value, strongest(names.zip(contributions)))
    }

    /// The raw value of a row before any contribution: the manifest's `base`.
    pub fn start(&self) -> f64 {
        self.trees.iter().filter_map(|tree| tree.first()).fold(self.base, |sum, root| sum + root.value)
    }

    /// Per input the lowest threshold, at which a row goes left at all of its splits, and the next number above the
    /// highest; zeros for an input that no tree asks.
    pub(crate) fn ends(&self) -> Vec<(f64, f64)> {
        let mut ends: Vec<Option<(f64, f64)>> = vec![None; self.inputs.len()];
        for split in self.trees.iter().flatten().filter_map(|node| node.split.as_ref()) {
            let (low, high) = ends[split.input].unwrap_or((split.at, split.at));
            ends[split.input] = Some((low.min(split.at), high.max(split.at)));
        }
        // Above the largest number there is none left.
        let above = |x: f64| x.next_up().min(f64::MAX);
        ends.into_iter().map(|ends| ends.map_or((0.0, 0.0), |(low, high)| (low, above(high)))).collect()
    }

    fn sum(&self, contributions: &[f64]) -> f64 {
        contributions.iter().fold(self.start(), |sum, part| sum + part)
    }

    /// What each input contributes: tree after tree, each tree's share of an input in one sum.
    fn contributions(&self, row: &[Option<f64>]) -> Vec<f64> {
        let mut all = vec![0.0; self.inputs.len()];
        for tree in &self.trees {
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
            inputs: self.inputs.iter().map(|input| Input { name: &input.name, unit: &input.unit }).collect(),
            base: self.start(),
            range: (self.link == Link::Sigmoid).then_some((0.0, 1.0)),
            bands: &self.bands,
            card: &self.card,
        }
    }

    pub(crate) fn problem(&self) -> Option<String> {
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
        let wrong = |(at, tree): (usize, &Vec<Node>)| {
            Some(format!("tree {at} (the first is 0): {}", tree_problem(tree, self.inputs.len())?))
        };
        self.trees.iter().enumerate().find_map(wrong)
    }
}

/// The shares of the path that a row takes. The tree was checked: it has a root, and every path ends.
fn path(tree: &[Node], row: &[Option<f64>]) -> Shares {
    let (mut shares, mut node) = (Shares::default(), &tree[0]);
    while let Some(split) = &node.split {
        let next = &tree[side(split, row)];
        shares.step(split.input, node, next);
        node = next;
    }
    shares
}

/// Where a row goes from a split.
fn side(split: &Split, row: &[Option<f64>]) -> usize {
    // A NaN counts as missing: compiled code marks missing values by it.
    let value = row.get(split.input).copied().flatten().filter(|x| !x.is_nan());
    if value.map_or(split.missing_left, |x| x <= split.at) { split.left } else { split.right }
}

#[cfg(test)]
mod tests;
