//! What a compiled tree ensemble does with a row: straight-line code, a function per tree. A leaf adds what its path
//! contributes, as constants; the figures are those of `crate::trees`, added in the same order.

use super::contract::Contract;
use super::guest::{self, Layout, at};
use super::rows::{self, INDEX, Limit, NUMBER, RAW, SLOT, count_up, element};
use crate::error::ModelError;
use crate::node::{Node, Split, Test};
use crate::trees::{Link, Shares, TreesModel};
use std::collections::VecDeque;
use wasm_encoder::{BlockType, Function, InstructionSink};

/// Splits below each other in one function. What lies deeper gets functions of its own, else one body could grow beyond
/// what a host compiles: 128 leaves with 64 contributions each stay below 256 KiB.
const STEPS: usize = 7;

/// `(row, result: i32)`: scores one row into a `row-result`.
pub fn row(model: &TreesModel, layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let mut function = Function::new(rows::ROW_LOCALS);
    let mut code = function.instructions();
    count_up(&mut code, INDEX, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, layout.slots, INDEX, 8);
        code.local_set(SLOT);
        // Missing values become NaN, which is neither at most a threshold nor above one.
        code.f64_const(f64::NAN.into());
        rows::value(code);
        rows::missing(code);
        code.select().local_set(NUMBER);
        element(code, layout.values, INDEX, 8);
        code.local_get(NUMBER).f64_store(at(0, 8));
        element(code, layout.contributions, INDEX, 8);
        code.f64_const(0.0.into()).f64_store(at(0, 8));
    });
    for (tree, _) in (guest::OWN..).zip(&model.trees) {
        code.call(tree);
    }
    code.f64_const(layout.base.into()).local_set(RAW).i32_const(0).local_set(INDEX);
    count_up(&mut code, INDEX, Limit::Fixed(layout.inputs as i32), |code| {
        code.local_get(RAW);
        element(code, layout.contributions, INDEX, 8);
        code.f64_load(at(0, 8)).f64_add().local_set(RAW);
    });
    let link = (model.link == Link::Sigmoid).then_some(guest::SIGMOID);
    rows::finish(&mut code, layout, contract, link)?;
    Ok(function)
}

/// All trees, `() -> ()` each, in order; behind them the parts of deep ones.
pub fn functions(model: &TreesModel, layout: &Layout) -> Vec<Function> {
    let roots = model.trees.iter().map(|tree| Part { tree, node: 0, shares: Shares::default() });
    let mut writer = Writer { layout, next: guest::OWN + model.trees.len() as u32, open: roots.collect() };
    let mut functions = Vec::new();
    while let Some(part) = writer.open.pop_front() {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        writer.node(&mut code, part, 0);
        code.end();
        functions.push(function);
    }
    functions
}

/// The threshold of a split; `compile` lets no other through.
fn at_most(split: &Split) -> f64 {
    match &split.test {
        Test::AtMost(at) => *at,
        Test::In(_) => f64::NAN,
    }
}

/// A node that code is written for, and what the path to it contributes.
struct Part<'a> {
    tree: &'a [Node],
    node: usize,
    shares: Shares,
}

struct Writer<'a> {
    layout: &'a Layout,
    /// Index of the next function that is asked for.
    next: u32,
    /// Functions to write, in the order of their indices.
    open: VecDeque<Part<'a>>,
}

impl<'a> Writer<'a> {
    fn node(&mut self, code: &mut InstructionSink<'_>, part: Part<'a>, steps: usize) {
        let Part { tree, node, shares } = part;
        let Some(split) = &tree[node].split else { return self.leaf(code, &shares) };
        if steps == STEPS {
            code.call(self.next);
            self.next += 1;
            self.open.push_back(Part { tree, node, shares });
            return;
        }
        let child = |child: usize| {
            let mut shares = shares.clone();
            shares.step(split.input, &tree[node], &tree[child]);
            Part { tree, node: child, shares }
        };
        self.goes_left(code, split);
        code.if_(BlockType::Empty);
        self.node(code, child(split.left), steps + 1);
        code.else_();
        self.node(code, child(split.right), steps + 1);
        code.end();
    }

    /// Pushes 1 where the row goes left.
    fn goes_left(&self, code: &mut InstructionSink<'_>, split: &Split) {
        code.i32_const(0).f64_load(at(self.layout.values + 8 * split.input as u64, 8)).f64_const(at_most(split).into());
        if split.missing_left {
            code.f64_gt().i32_eqz();
        } else {
            code.f64_le();
        }
    }

    /// Adds up the contributions of a path.
    fn leaf(&self, code: &mut InstructionSink<'_>, shares: &Shares) {
        for &(input, share) in &shares.0 {
            let place = at(self.layout.contributions + 8 * input as u64, 8);
            code.i32_const(0).i32_const(0).f64_load(place).f64_const(share.into()).f64_add().f64_store(place);
        }
    }
}
