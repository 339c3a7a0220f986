//! What a tree ensemble is compiled from: its questions, turned into compares of small whole numbers.
//!
//! A row's value of an input is looked up once among all thresholds that the model asks of it: its rank is the number of
//! thresholds below it, and "at most the k-th threshold" is "rank at most k". Codes of categories that every question
//! treats alike share a class in the same way. A missing value has the lowest rank where it goes left and the highest
//! where it goes right, so no question has to look for it again. Ranks are what QuickScorer's successors use as well
//! (RapidScorer, Ye et al. 2018); the trees then become selections without a branch, see `lanes` and `single`.

use crate::node::{Node, Split, Test};
use crate::trees::TreesModel;
use std::collections::HashMap;

/// A rank above all others: no model has as many thresholds.
pub const RIGHT: i32 = 65_535;
/// Thresholds that one byte tells apart.
pub const CHUNK: usize = 255;
/// Leaves that one byte tells apart.
const MAX_LEAVES: usize = 256;
/// Classes of codes that a question is written out for, with those for missing and zero; a byte tells them apart.
const MAX_IDS: usize = 250;
/// The same in a model with more than [`LARGE`] nodes, to keep its code small.
const FEW_IDS: usize = 64;
const LARGE: usize = 20_000;

/// What a row's value of an input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Thresholds below the value; 0 where it is missing and goes left, [`RIGHT`] where it is missing and goes right.
    Rank { input: usize, missing_left: bool, zero_missing: bool },
    /// The class of the code.
    Class { input: usize },
}

/// A question to a column.
#[derive(Clone, Debug)]
pub enum Question {
    /// Left where the rank is at most this.
    AtMost { column: usize, rank: usize },
    /// Left where this holds for the class; `test` is the place of the same in [`Plan::tests`].
    In { column: usize, left: Vec<bool>, test: usize },
}

/// What the trees ask of one input.
#[derive(Debug, Default)]
pub struct Asked {
    /// Ascending, each once.
    pub thresholds: Vec<f64>,
    /// By code the class; the last is that of all higher codes. Class 0 is in no list. Empty where no list asks.
    pub classes: Vec<usize>,
    /// How many classes there are, with [`Asked::missing`] and [`Asked::zero`].
    pub ids: usize,
}

impl Asked {
    /// The class of a missing value.
    pub fn missing(&self) -> usize {
        self.ids - 2
    }

    /// The class of a value that counts as missing where zeros do.
    pub fn zero(&self) -> usize {
        self.ids - 1
    }
}

/// A tree with its leaves in order from left to right.
pub struct Tree<'a> {
    pub nodes: &'a [Node],
    /// By node its place among the leaves.
    pub places: Vec<usize>,
    /// The leaves' nodes.
    pub leaves: Vec<usize>,
    /// By node its question; none for leaves, and none at all for a tree that is walked.
    pub questions: Vec<Option<Question>>,
    /// Whether it is too large for one byte per leaf, so that every row walks through it.
    pub walked: bool,
}

/// The whole ensemble.
pub struct Plan<'a> {
    pub model: &'a TreesModel,
    pub asked: Vec<Asked>,
    pub columns: Vec<Column>,
    /// All different questions about codes: the column, and by class who goes left.
    pub tests: Vec<(usize, Vec<bool>)>,
    pub trees: Vec<Tree<'a>>,
}

/// What was seen before, by what it is.
#[derive(Default)]
struct Known {
    columns: HashMap<Column, usize>,
    tests: HashMap<(usize, Vec<bool>), usize>,
}

impl<'a> Plan<'a> {
    /// Plans a model that was checked.
    pub fn of(model: &'a TreesModel) -> Plan<'a> {
        let mut asked: Vec<Asked> = model.inputs.iter().map(|_| Asked::default()).collect();
        for split in model.trees.iter().flatten().filter_map(|node| node.split.as_ref()) {
            match &split.test {
                Test::AtMost(at) => asked[split.input].thresholds.push(*at),
                Test::In(codes) => refine(&mut asked[split.input], codes),
            }
        }
        asked.iter_mut().for_each(close);
        let mut plan = Plan { model, asked, columns: Vec::new(), tests: Vec::new(), trees: Vec::new() };
        let mut known = Known::default();
        for nodes in &model.trees {
            let tree = plan.tree(nodes, &mut known);
            plan.trees.push(tree);
        }
        plan
    }

    fn tree(&mut self, nodes: &'a [Node], known: &mut Known) -> Tree<'a> {
        let (mut leaves, mut places, mut open) = (Vec::new(), vec![0; nodes.len()], vec![0]);
        while let Some(at) = open.pop() {
            match &nodes[at].split {
                Some(split) => open.extend([split.right, split.left]),
                None => {
                    places[at] = leaves.len();
                    leaves.push(at);
                }
            }
        }
        let large = self.model.trees.iter().map(Vec::len).sum::<usize>() > LARGE;
        let most = if large { FEW_IDS } else { MAX_IDS };
        let wide = |split: &Split| matches!(split.test, Test::In(_)) && self.asked[split.input].ids > most;
        let walked = leaves.len() > MAX_LEAVES || nodes.iter().filter_map(|node| node.split.as_ref()).any(wide);
        let mut questions = Vec::new();
        if !walked {
            questions.extend(nodes.iter().map(|node| node.split.as_ref().map(|split| self.question(split, known))));
        }
        Tree { nodes, places, leaves, questions, walked }
    }

    fn question(&mut self, split: &Split, known: &mut Known) -> Question {
        let Split { input, missing_left, zero_missing, .. } = *split;
        let column = match split.test {
            Test::AtMost(_) => Column::Rank { input, missing_left, zero_missing },
            Test::In(_) => Column::Class { input },
        };
        let columns = &mut self.columns;
        let column = *known.columns.entry(column).or_insert_with(|| {
            columns.push(column);
            columns.len() - 1
        });
        let asked = &self.asked[input];
        match &split.test {
            Test::AtMost(at) => {
                let rank = asked.thresholds.partition_point(|threshold| threshold < at);
                Question::AtMost { column, rank }
            }
            Test::In(codes) => {
                let mut left = vec![false; asked.ids];
                codes.iter().for_each(|code| left[asked.classes[*code as usize]] = true);
                left[asked.missing()] = missing_left;
                left[asked.zero()] = if zero_missing { missing_left } else { left[asked.classes[0]] };
                let tests = &mut self.tests;
                let test = *known.tests.entry((column, left.clone())).or_insert_with(|| {
                    tests.push((column, left.clone()));
                    tests.len() - 1
                });
                Question::In { column, left, test }
            }
        }
    }
}

/// Takes the codes of one more list out of the classes that they were in.
fn refine(asked: &mut Asked, codes: &[u32]) {
    let room = codes.last().map_or(0, |last| *last as usize + 1).max(asked.classes.len()).max(1);
    asked.classes.resize(room, 0);
    let mut moved: HashMap<usize, usize> = HashMap::new();
    for code in codes {
        let class = &mut asked.classes[*code as usize];
        *class = *moved.entry(*class).or_insert_with(|| {
            asked.ids += 1;
            asked.ids
        });
    }
}

/// Sorts the thresholds, and numbers the classes that are left: 0 is that of no list.
fn close(asked: &mut Asked) {
    asked.thresholds.sort_by(f64::total_cmp);
    // The two zeros are one threshold: no number lies between them.
    asked.thresholds.dedup_by(|a, b| a == b);
    if asked.classes.is_empty() {
        return;
    }
    asked.classes.push(0);
    let mut names = HashMap::from([(0, 0)]);
    for class in &mut asked.classes {
        let next = names.len();
        *class = *names.entry(*class).or_insert(next);
    }
    asked.ids = names.len() + 2;
}
