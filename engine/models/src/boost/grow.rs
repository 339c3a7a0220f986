//! One tree, grown leaf by leaf: the leaf whose split gains most is split next.

use super::bins::{Column, Meaning};
use super::histogram::{Histogram, Slope, Sums, build, less};
use super::options::{BoostOptions, Direction};
use super::split::{Bounds, Found, Scene, best};
use crate::node::{MAX_DEPTH, Node, Split, Test};

/// What all trees of a training share.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub columns: &'a [Column],
    pub offsets: &'a [usize],
    pub bound: &'a [Option<Direction>],
    pub options: &'a BoostOptions,
}

/// A tree over bins: its nodes in the form of the model file, and the splits as bins know them.
pub(crate) struct Grown {
    /// Nodes; a leaf's value is its answer times the learning rate.
    pub nodes: Vec<Node>,
    splits: Vec<Option<Found>>,
}

impl Grown {
    /// The answer for a row of the binned table.
    pub(crate) fn answer(&self, columns: &[Column], row: usize) -> f64 {
        let mut at = 0;
        while let (Some(split), Some(found)) = (&self.nodes[at].split, &self.splits[at]) {
            let bin = usize::from(columns[found.column].bins[row]);
            at = if found.left.holds(bin) { split.left } else { split.right };
        }
        self.nodes[at].value
    }
}

struct Leaf {
    node: usize,
    depth: usize,
    rows: Vec<u32>,
    sums: Sums,
    histogram: Histogram,
    bounds: Bounds,
    found: Option<Found>,
}

/// Grows a tree on some rows; `None` where no split gains anything.
pub(crate) fn grow(ground: Ground<'_>, rows: &[u32], slopes: &[Slope]) -> Option<Grown> {
    let histogram = build(ground.columns, ground.offsets, rows, slopes);
    let mut sums = Sums::default();
    rows.iter().for_each(|row| sums.add(slopes[*row as usize]));
    let mut tree =
        Growing { ground, nodes: vec![Node::leaf(0.0)], splits: vec![None], sums: vec![sums], leaves: Vec::new() };
    tree.open(Leaf { node: 0, depth: 0, rows: rows.to_vec(), sums, histogram, bounds: Bounds::NONE, found: None });
    while tree.leaves.len() < ground.options.leaves && tree.split(slopes) {}
    (tree.nodes.len() > 1).then(|| tree.finish())
}

struct Growing<'a> {
    ground: Ground<'a>,
    nodes: Vec<Node>,
    splits: Vec<Option<Found>>,
    sums: Vec<Sums>,
    leaves: Vec<Leaf>,
}

impl Growing<'_> {
    fn scene(&self, sums: Sums, bounds: Bounds) -> Scene<'_> {
        Scene::new(self.ground.options, sums, bounds)
    }

    /// Adds a leaf with its answer and the best split that it has.
    fn open(&mut self, mut leaf: Leaf) {
        let Ground { columns, offsets, bound, options } = self.ground;
        let scene = Scene::new(options, leaf.sums, leaf.bounds);
        self.nodes[leaf.node].value = scene.answer(leaf.sums, 0.0);
        if leaf.depth < MAX_DEPTH {
            leaf.found = best(&scene, columns, offsets, &leaf.histogram, bound);
        }
        self.leaves.push(leaf);
    }

    /// Splits the leaf that gains most, the first of equal ones; whether there was one.
    fn split(&mut self, slopes: &[Slope]) -> bool {
        let gain = |leaf: &Leaf| leaf.found.as_ref().map_or(0.0, |found| found.gain);
        let first = (0..self.leaves.len())
            .fold(0, |top, at| if gain(&self.leaves[at]) > gain(&self.leaves[top]) { at } else { top });
        let Some(found) = self.leaves[first].found.take() else { return false };
        let leaf = self.leaves.remove(first);
        let column = &self.ground.columns[found.column];
        let (left_rows, right_rows): (Vec<u32>, Vec<u32>) =
            leaf.rows.iter().partition(|row| found.left.holds(usize::from(column.bins[**row as usize])));
        let sums = [found.sums, leaf.sums.less(found.sums)];
        let (bounds, depth) = (self.bounds(&leaf, &found, sums), leaf.depth + 1);
        let histograms = self.histograms(leaf.histogram, &left_rows, &right_rows, slopes);
        let children = [self.nodes.len(), self.nodes.len() + 1];
        self.nodes.extend([Node::leaf(0.0), Node::leaf(0.0)]);
        self.splits.extend([None, None]);
        self.sums.extend(sums);
        self.nodes[leaf.node].split = Some(self.question(&found, children));
        self.splits[leaf.node] = Some(found);
        let parts = children.into_iter().zip([left_rows, right_rows]).zip(sums).zip(bounds).zip(histograms);
        for ((((node, rows), sums), bounds), histogram) in parts {
            self.open(Leaf { node, depth, rows, sums, histogram, bounds, found: None });
        }
        true
    }

    /// The smaller child is summed up, the other is what remains.
    fn histograms(&self, whole: Histogram, left: &[u32], right: &[u32], slopes: &[Slope]) -> [Histogram; 2] {
        let (columns, offsets) = (self.ground.columns, self.ground.offsets);
        let small = build(columns, offsets, if left.len() < right.len() { left } else { right }, slopes);
        let mut large = whole;
        less(&mut large, &small);
        if left.len() < right.len() { [small, large] } else { [large, small] }
    }

    /// Where the split's column is bound, everything on one side stays on its side of the middle of the two answers.
    fn bounds(&self, leaf: &Leaf, found: &Found, [left, right]: [Sums; 2]) -> [Bounds; 2] {
        let Bounds { low, high } = leaf.bounds;
        let scene = self.scene(leaf.sums, leaf.bounds);
        let middle = f64::midpoint(scene.answer(left, 0.0), scene.answer(right, 0.0));
        match self.ground.bound[self.ground.columns[found.column].input] {
            None => [leaf.bounds; 2],
            Some(Direction::Up) => [Bounds { low, high: middle }, Bounds { low: middle, high }],
            Some(Direction::Down) => [Bounds { low: middle, high }, Bounds { low, high: middle }],
        }
    }

    fn question(&self, found: &Found, [left, right]: [usize; 2]) -> Split {
        let column = &self.ground.columns[found.column];
        let test = match (&column.meaning, found.last) {
            // Values above all that were seen go with the largest of them: only missing rows go the other way.
            (Meaning::Number(cuts), last) => {
                Test::AtMost(last.and_then(|last| cuts.get(last - 1)).copied().unwrap_or(f64::MAX))
            }
            (Meaning::Text(texts), _) => {
                Test::In((0u32..).zip(1..=texts.len()).filter(|(_, bin)| found.left.holds(*bin)).map(|c| c.0).collect())
            }
        };
        let missing_left = found.left.holds(0);
        Split { input: column.input, test, left, right, missing_left, zero_missing: false }
    }

    /// Applies the learning rate, and gives inner nodes the mean of what their rows get.
    fn finish(mut self) -> Grown {
        for at in (0..self.nodes.len()).rev() {
            // Children stand behind their parent, so they are finished.
            self.nodes[at].value = match &self.nodes[at].split {
                None => self.nodes[at].value * self.ground.options.rate,
                Some(split) => {
                    let part = |child: usize| self.nodes[child].value * f64::from(self.sums[child].rows);
                    (part(split.left) + part(split.right)) / f64::from(self.sums[at].rows)
                }
            };
        }
        Grown { nodes: self.nodes, splits: self.splits }
    }
}
