//! The functions of a compiled ensemble that turn rows of numbers into raw values and contributions.

use super::fill::{self, For};
use super::forest::{Forest, LANES};
use super::functions::Functions;
use super::guest::{Layout, at};
use super::plan::Plan;
use super::rows::{Limit, count_up, element};
use super::sums::{self, TREES};
use super::{dense, lanes, single, walk};
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// Indices of the functions that the exported ones call.
pub struct Kernel {
    /// `(numbers, rows: i32)`: the leaves and raw values of 1 to [`super::forest::BLOCK`] rows, one after the other.
    pub block: u32,
    /// By class `(lane: i32)`: the contributions to it of a row of the last block.
    pub explain: Vec<u32>,
    /// `(rows: i32)`, to be called between a block and its explanations, where there is such.
    pub prepare: Option<u32>,
}

/// Adds all functions.
pub fn add(functions: &mut Functions, plan: &Plan<'_>, forest: &Forest, layout: &Layout) -> Kernel {
    let find = functions.add(&[ValType::I32; 3], &[ValType::I32], walk::find());
    let mut walked = Vec::new();
    for (tree, tables) in plan.trees.iter().zip(&forest.trees).filter(|(tree, _)| tree.walked) {
        walked.push((walk::add(functions, tree, &tables.lists, find), tables.slot));
    }
    let two = [ValType::I32; 2];
    let groups = lanes::groups(plan);
    let single = groups.iter().map(|group| single::function(plan, forest, group)).collect();
    let mut many: Vec<Function> = groups.iter().map(|group| lanes::function(plan, forest, group)).collect();
    let count = plan.trees.len();
    many.extend((0..count.max(1)).step_by(TREES).map(|at| sums::function(plan, forest, at..count.min(at + TREES))));
    let mut parts = |whom: For, takes: &[ValType], sum: Vec<Function>| Parts {
        fill: fill::functions(plan, forest, whom).into_iter().map(|f| functions.add(&two, &[], f)).collect(),
        sum: sum.into_iter().map(|function| functions.add(takes, &[], function)).collect(),
    };
    let (one, many) = (parts(For::Single, &[], single), parts(For::Lanes, &[ValType::I32], many));
    let one = functions.add(&[ValType::I32], &[], self::one(&one, &walked));
    let block = functions.add(&two, &[], block(plan, forest, one, &many, &walked));
    let mut explain: Vec<u32> =
        (0..plan.model.classes()).map(|class| explain(functions, plan, forest, layout, class)).collect();
    let mut prepare = None;
    if let Some(dense) = &forest.dense {
        let (before, each) = dense::add(functions, dense, layout, explain[0]);
        (prepare, explain[0]) = (Some(before), each);
    }
    Kernel { block, explain, prepare }
}

/// Functions that are called one after the other: for every row, and then once.
struct Parts {
    fill: Vec<u32>,
    sum: Vec<u32>,
}

/// `(numbers: i32)`: one row.
fn one(parts: &Parts, walked: &[(u32, u64)]) -> Function {
    let numbers = 0;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    for fill in &parts.fill {
        code.local_get(numbers).i32_const(0).call(*fill);
    }
    for (walk, slot) in walked {
        code.i32_const(0).local_get(numbers).call(*walk).i32_store(at(*slot, 4));
    }
    for sum in &parts.sum {
        code.call(*sum);
    }
    code.end();
    function
}

/// `(numbers, rows: i32)`, see [`Kernel::block`].
fn block(plan: &Plan<'_>, forest: &Forest, one: u32, parts: &Parts, walked: &[(u32, u64)]) -> Function {
    let (numbers, rows, row, place) = (0, 1, 2, 3);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(rows).i32_const(1).i32_eq().if_(BlockType::Empty);
    code.local_get(numbers).call(one).return_().end();
    count_up(&mut code, row, Limit::Local(rows), |code| {
        code.local_get(row).i32_const(4).i32_shr_u().i32_const(forest.stride() as i32).i32_mul();
        code.local_get(row).i32_const(LANES as i32 - 1).i32_and().i32_add().local_set(place);
        for fill in &parts.fill {
            code.local_get(numbers).local_get(place).call(*fill);
        }
        for (walk, slot) in walked {
            code.local_get(row).i32_const(4).i32_mul();
            code.local_get(numbers).call(*walk).i32_store(at(*slot, 4));
        }
        code.local_get(numbers).i32_const(8 * plan.model.inputs.len() as i32).i32_add().local_set(numbers);
    });
    for sum in &parts.sum {
        code.local_get(rows).call(*sum);
    }
    code.end();
    function
}

/// Adds the function that explains a class, and its parts.
fn explain(functions: &mut Functions, plan: &Plan<'_>, forest: &Forest, layout: &Layout, class: usize) -> u32 {
    let trees: Vec<usize> = (class..plan.trees.len()).step_by(plan.model.classes()).collect();
    let one_part = |trees: &[usize]| {
        let mut function = Function::new([(4, ValType::I32)]);
        let mut code = function.instructions();
        for place in trees {
            contribute(&mut code, plan, forest, layout, *place);
        }
        code.end();
        function
    };
    let parts: Vec<u32> =
        trees.chunks(TREES).map(|trees| functions.add(&[ValType::I32], &[], one_part(trees))).collect();
    let (lane, index) = (0, 1);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    count_up(&mut code, index, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, layout.contributions, index, 8);
        code.f64_const(0.0.into()).f64_store(at(0, 8));
    });
    for part in parts {
        code.local_get(lane).call(part);
    }
    code.end();
    functions.add(&[ValType::I32], &[], function)
}

/// Adds what the leaf of a row in one tree contributes.
fn contribute(code: &mut InstructionSink<'_>, plan: &Plan<'_>, forest: &Forest, layout: &Layout, place: usize) {
    let (lane, entry, double, input, end) = (0, 1, 2, 3, 4);
    let tables = &forest.trees[place];
    code.local_get(lane);
    if plan.trees[place].walked {
        code.i32_const(4).i32_mul().i32_load(at(tables.slot, 4));
    } else {
        code.i32_load8_u(at(tables.slot, 1));
    }
    // Offsets of the entry's amount and of its input.
    let add = |code: &mut InstructionSink<'_>, number: u64| {
        code.local_get(double).i32_load16_u(at(tables.shares.inputs + 2 * number, 2)).i32_const(3).i32_shl();
        code.local_tee(input).local_get(input).f64_load(at(layout.contributions, 8));
        code.local_get(entry).f64_load(at(tables.shares.amounts + 8 * number, 8)).f64_add();
        code.f64_store(at(layout.contributions, 8));
    };
    if let Some(width) = tables.shares.width {
        code.i32_const(2 * width as i32).i32_mul().local_tee(double).i32_const(2).i32_shl().local_set(entry);
        (0..width).for_each(|number| add(code, number));
        return;
    }
    code.i32_const(2).i32_shl().local_tee(entry).i32_load(at(tables.shares.starts + 4, 4)).i32_const(1).i32_shl();
    code.local_set(end).local_get(entry).i32_load(at(tables.shares.starts, 4)).i32_const(1).i32_shl().local_set(double);
    code.block(BlockType::Empty).loop_(BlockType::Empty).local_get(double).local_get(end).i32_ge_u().br_if(1);
    code.local_get(double).i32_const(2).i32_shl().local_set(entry);
    add(code, 0);
    code.local_get(double).i32_const(2).i32_add().local_set(double).br(0).end().end();
}
