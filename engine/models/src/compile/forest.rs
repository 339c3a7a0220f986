//! Where the parts of a compiled ensemble lie in memory: tables that never change, and work space for up to [`BLOCK`] rows.

use super::dense::{self, Dense};
use super::lower::StaticData;
use super::masks::Masks;
use super::plan::{Column, Plan, Tree};
use crate::calibration::Calibration;
use crate::node::{Node, Split, Test};
use crate::trees::Shares;

/// Rows of a vector: a byte each.
pub const LANES: u64 = 16;
/// Rows that are scored at a time, so that the code of a tree is fetched once for all of them.
pub const BLOCK: u64 = 256;
/// Entries per leaf that are written out; the contributions of a tree with longer paths are added up in a loop.
pub const MAX_WIDTH: usize = 24;

/// Bytes of all masks. The trees beyond do without.
const MAX_MASKS: u64 = 4 << 20;

/// Tables of one tree.
pub struct TreeTables {
    /// The leaves' values, 8 bytes each.
    pub values: u64,
    /// What the leaves contribute.
    pub shares: ShareTables,
    /// The leaf of each row: a byte each, or 4 for a tree that is walked.
    pub slot: u64,
    /// Of a tree with at most 64 leaves: how one row finds its leaf.
    pub masks: Option<Masks>,
    /// Of a tree that is walked: by node its codes, 2 bytes each.
    pub lists: Vec<u64>,
}

/// What the leaves of a tree contribute: lists of amounts (8 bytes each) and of inputs (2 bytes each).
pub struct ShareTables {
    pub amounts: u64,
    pub inputs: u64,
    /// Entries of every leaf, filled up with entries that add 0 behind the last input; none where lists are too long.
    pub width: Option<u64>,
    /// Without a width: by leaf its first entry, and behind the last one their number; 4 bytes each.
    pub starts: u64,
}

/// All addresses.
#[derive(Default)]
pub struct Forest {
    /// By input its thresholds, filled up with infinity to one less than a power of two.
    pub thresholds: Vec<u64>,
    /// By input the class of each code, a byte each.
    pub classes: Vec<u64>,
    /// By test of the plan: 1 for the classes that go right, a byte each.
    pub tests: Vec<u64>,
    /// By input the texts that it knows, in order of their bytes: address, length, code, 4 bytes each.
    pub texts: Vec<u64>,
    pub trees: Vec<TreeTables>,
    /// Address and length of each label.
    pub labels: u64,
    /// Knots of an isotonic calibration, from and to.
    pub knots: (u64, u64),
    /// Columns of 16 rows, a byte each, in the order of [`Forest::lanes`]; then those of the next 16.
    pub lane_columns: u64,
    /// By column its parts of [`super::plan::CHUNK`] thresholds: the number of the first part among all.
    pub lanes: Vec<u64>,
    /// Columns of one row in the same order, a byte each, and behind them the tests: 1 for right, 0 for left.
    pub columns: u64,
    /// Raw values of a block, class after class.
    pub raws: u64,
    /// Shares of the classes of a row, and a copy that is used up.
    pub shares: u64,
    pub left_over: u64,
    /// A block of rows of numbers.
    pub matrix: u64,
    /// How many rows the call has, 4 bytes.
    pub rows: u64,
    /// Contributions of a block at a time, where that is possible.
    pub dense: Option<Dense>,
}

impl Forest {
    /// Writes the tables. The work space follows in [`Forest::place`].
    pub fn tables(plan: &Plan<'_>, data: &mut StaticData) -> Forest {
        let model = plan.model;
        // What only walked trees ask needs no table.
        let used = |input: usize, class: bool| {
            plan.columns.iter().any(|column| match *column {
                Column::Rank { input: of, .. } => of == input && !class,
                Column::Class { input: of } => of == input && class,
            })
        };
        let thresholds = |input| if used(input, false) { padded(&plan.asked[input].thresholds, data) } else { 0 };
        let thresholds = (0..plan.asked.len()).map(thresholds).collect();
        let ids = |input: usize| plan.asked[input].classes.iter().map(|id| *id as u8);
        let classes = |input| if used(input, true) { bytes(ids(input), data) } else { 0 };
        let classes = (0..plan.asked.len()).map(classes).collect();
        let right = |left: &[bool], data: &mut StaticData| bytes(left.iter().map(|left| u8::from(!left)), data);
        let tests = plan.tests.iter().map(|(_, left)| right(left, data)).collect();
        let lanes = numbered(plan);
        let texts = model.inputs.iter().map(|input| texts(&input.categories, data)).collect();
        let trees = trees(plan, &lanes, data);
        let labels = labels(&model.labels, data);
        let knots = match &model.calibration {
            Some(Calibration::Isotonic { from, to }) => (padded(from, data), numbers(to.iter().copied(), data)),
            _ => (0, 0),
        };
        let dense = Dense::tables(plan, trees.iter().map(|tables| tables.slot), data);
        Forest { thresholds, classes, tests, texts, trees, labels, knots, lanes, dense, ..Forest::default() }
    }

    /// Bytes that the columns of 16 rows take.
    pub fn stride(&self) -> u64 {
        LANES * self.lanes.last().copied().unwrap_or(0)
    }

    /// Gives out the work space from `start`, a multiple of 16; returns its end.
    pub fn place(&mut self, plan: &Plan<'_>, start: u64) -> u64 {
        let mut end = start;
        let mut take = |size: u64| {
            let next = (end + size).next_multiple_of(16);
            std::mem::replace(&mut end, next)
        };
        let classes = plan.model.classes() as u64;
        self.lane_columns = take(BLOCK / LANES * self.stride());
        let slots = take(plan.trees.iter().map(slot).sum());
        self.trees.iter_mut().for_each(|tables| tables.slot += slots);
        self.columns = take(self.lanes.last().copied().unwrap_or(0) + plan.tests.len() as u64);
        self.raws = take(8 * BLOCK * classes);
        self.shares = take(8 * classes);
        self.left_over = take(8 * classes);
        self.matrix = take(8 * BLOCK * plan.model.inputs.len() as u64);
        self.rows = take(4);
        if let Some(dense) = &mut self.dense {
            dense.slots = slots;
            dense.sums = take(8 * BLOCK * plan.model.inputs.len() as u64);
            dense.flag = take(4);
        }
        end
    }
}

/// By column the number of its first part; behind them how many parts there are.
fn numbered(plan: &Plan<'_>) -> Vec<u64> {
    let (mut next, mut lanes) = (0, Vec::new());
    for column in &plan.columns {
        lanes.push(next);
        next += parts(plan, *column) as u64;
    }
    lanes.push(next);
    lanes
}

/// The tables of all trees. Their slots are counted from where the work space for them will start.
fn trees(plan: &Plan<'_>, lanes: &[u64], data: &mut StaticData) -> Vec<TreeTables> {
    let inputs = plan.model.inputs.len();
    let mut trees: Vec<TreeTables> = plan.trees.iter().map(|tree| tables(tree, inputs, data)).collect();
    let (before, mut slots) = (data.end(), 0);
    for (tables, tree) in trees.iter_mut().zip(&plan.trees) {
        if data.end() - before < MAX_MASKS {
            tables.masks = Masks::tables(tree, plan, lanes, data);
        }
        tables.slot = slots;
        slots += slot(tree);
    }
    trees
}

/// Bytes that the leaves of a block take.
fn slot(tree: &Tree<'_>) -> u64 {
    BLOCK * if tree.walked { 4 } else { 1 }
}

/// Bytes that the column of a question takes per row.
pub fn parts(plan: &Plan<'_>, column: Column) -> usize {
    match column {
        Column::Rank { input, .. } => plan.asked[input].thresholds.len().div_ceil(super::plan::CHUNK),
        Column::Class { .. } => 1,
    }
}

pub fn bytes(bytes: impl Iterator<Item = u8>, data: &mut StaticData) -> u64 {
    let bytes: Vec<u8> = bytes.collect();
    let at = data.reserve(bytes.len() as u64, 1);
    data.write(at, &bytes);
    at
}

pub fn numbers(numbers: impl Iterator<Item = f64>, data: &mut StaticData) -> u64 {
    let bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
    let at = data.reserve(bytes.len() as u64, 16);
    data.write(at, &bytes);
    at
}

/// Ascending numbers, filled up with infinity to one less than a power of two.
fn padded(ascending: &[f64], data: &mut StaticData) -> u64 {
    let room = (ascending.len() + 1).next_power_of_two() - 1;
    let padding = std::iter::repeat(f64::INFINITY);
    numbers(ascending.iter().copied().chain(padding).take(room), data)
}

fn texts(known: &[String], data: &mut StaticData) -> u64 {
    let mut sorted: Vec<(&[u8], usize)> = known.iter().map(String::as_bytes).zip(0..).collect();
    sorted.sort();
    let table = data.reserve(12 * sorted.len() as u64, 4);
    for ((text, code), entry) in sorted.into_iter().zip((table..).step_by(12)) {
        let at = bytes(text.iter().copied(), data);
        for (offset, number) in [(0, at), (4, text.len() as u64), (8, code as u64)] {
            data.write_u32(entry + offset, number);
        }
    }
    table
}

fn labels(labels: &[String], data: &mut StaticData) -> u64 {
    let table = data.reserve(8 * labels.len() as u64, 4);
    for (label, entry) in labels.iter().zip((table..).step_by(8)) {
        let (at, length) = data.text(label);
        data.write_u32(entry, at);
        data.write_u32(entry + 4, length);
    }
    table
}

fn tables(tree: &Tree<'_>, inputs: usize, data: &mut StaticData) -> TreeTables {
    let values = numbers(tree.leaves.iter().map(|leaf| tree.nodes[*leaf].value), data);
    let lists = dense::shares(tree);
    let shares = shares(lists, inputs, data);
    let lists = if tree.walked { tree.nodes.iter().map(|node| codes(node, data)).collect() } else { Vec::new() };
    TreeTables { values, shares, slot: 0, masks: None, lists }
}

fn codes(node: &Node, data: &mut StaticData) -> u64 {
    let Some(Split { test: Test::In(codes), .. }) = &node.split else { return 0 };
    let bytes: Vec<u8> = codes.iter().flat_map(|code| (*code as u16).to_le_bytes()).collect();
    let at = data.reserve(bytes.len() as u64, 2);
    data.write(at, &bytes);
    at
}

/// The lists of one tree, by leaf.
fn shares(lists: Vec<Shares>, inputs: usize, data: &mut StaticData) -> ShareTables {
    let longest = lists.iter().map(|list| list.0.len()).max().unwrap_or(0);
    // Not where filling up would double the lists.
    let all: usize = lists.iter().map(|list| list.0.len()).sum();
    let width = (longest <= MAX_WIDTH && longest * lists.len() <= 2 * all + 64).then_some(longest);
    let (mut all, mut starts): (Vec<(usize, f64)>, Vec<u8>) = (Vec::new(), Vec::new());
    for list in lists {
        starts.extend((all.len() as u32).to_le_bytes());
        let fill = width.unwrap_or(0).saturating_sub(list.0.len());
        all.extend(list.0);
        // Each to a place of its own: an addition would wait for the one before at the same place.
        all.extend((0..fill).map(|place| (inputs + place, 0.0)));
    }
    starts.extend((all.len() as u32).to_le_bytes());
    let amounts = numbers(all.iter().map(|(_, amount)| *amount), data);
    let places: Vec<u8> = all.iter().flat_map(|(input, _)| (*input as u16).to_le_bytes()).collect();
    let inputs = data.reserve(places.len() as u64, 2);
    data.write(inputs, &places);
    let at = data.reserve(if width.is_none() { starts.len() as u64 } else { 0 }, 4);
    if width.is_none() {
        data.write(at, &starts);
    }
    ShareTables { amounts, inputs, width: width.map(|width| width as u64), starts: at }
}
