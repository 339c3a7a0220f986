//! Contributions of a block of rows at a time: input after input, the shares of all trees that ask it, looked up by leaf.

use super::forest::{BLOCK, LANES, numbers};
use super::functions::Functions;
use super::guest::{Layout, at};
use super::lower::StaticData;
use super::plan::{Plan, Tree};
use super::rows::{Limit, count_up, element};
use super::sums::{add_pairs, groups};
use crate::trees::Shares;
use wasm_encoder::{BlockType, Function, ValType};

/// Bytes of all tables. A model that needs more has its rows explained one by one.
const MAX_BYTES: usize = 4 << 20;
/// Fewer rows are explained one by one.
const MIN_ROWS: i32 = 3;

/// Addresses.
pub struct Dense {
    /// By input the address of its first entry, and behind the last one the end; 4 bytes each.
    starts: u64,
    /// Where the leaves of the first tree are noted.
    pub slots: u64,
    /// Sums of a block of rows, input after input.
    pub sums: u64,
    /// 1 while the sums are those of the last block.
    pub flag: u64,
}

impl Dense {
    /// Writes the tables: an entry is how far from the first the tree's leaves are noted, and the address of the shares by
    /// leaf.
    pub fn tables(plan: &Plan<'_>, slots: impl Iterator<Item = u64>, data: &mut StaticData) -> Option<Dense> {
        let bytes = |tree: &Tree<'_>| 8 * tree.leaves.len() * asked(tree).len();
        let large = plan.trees.iter().map(bytes).sum::<usize>() > MAX_BYTES;
        if large || plan.model.classes() > 1 || plan.trees.iter().any(|tree| tree.walked) {
            return None;
        }
        let mut entries: Vec<Vec<(u64, u64)>> = plan.model.inputs.iter().map(|_| Vec::new()).collect();
        for (tree, slot) in plan.trees.iter().zip(slots) {
            let shares = shares(tree);
            for input in asked(tree) {
                let share = |list: &Shares| list.0.iter().find(|(of, _)| *of == input).map_or(0.0, |(_, share)| *share);
                entries[input].push((slot, numbers(shares.iter().map(share), data)));
            }
        }
        let starts = data.reserve(4 * (entries.len() as u64 + 1), 4);
        let all = data.reserve(8 * entries.iter().map(Vec::len).sum::<usize>() as u64, 4);
        let (mut at, mut start) = (all, starts);
        for list in entries {
            data.write_u32(start, at);
            for (slot, table) in list {
                data.write_u32(at, slot);
                data.write_u32(at + 4, table);
                at += 8;
            }
            start += 4;
        }
        data.write_u32(start, at);
        Some(Dense { starts, slots: 0, sums: 0, flag: 0 })
    }
}

/// The inputs that a tree asks, ascending.
fn asked(tree: &Tree<'_>) -> Vec<usize> {
    let mut asked: Vec<usize> = tree.nodes.iter().filter_map(|node| Some(node.split.as_ref()?.input)).collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

/// By leaf what its path contributes.
pub fn shares(tree: &Tree<'_>) -> Vec<Shares> {
    let mut lists = vec![Shares::default(); tree.leaves.len()];
    let mut open = vec![(0, Shares::default())];
    while let Some((at, shares)) = open.pop() {
        let Some(split) = &tree.nodes[at].split else {
            lists[tree.places[at]] = shares;
            continue;
        };
        for child in [split.left, split.right] {
            let mut shares = shares.clone();
            shares.step(split.input, &tree.nodes[at], &tree.nodes[child]);
            open.push((child, shares));
        }
    }
    lists
}

/// Adds `(rows: i32)`, which prepares the contributions of the last block, and `(lane: i32)`, which hands over those of one
/// of its rows; `one` does so without preparation.
pub fn add(functions: &mut Functions, dense: &Dense, layout: &Layout, one: u32) -> (u32, u32) {
    (
        functions.add(&[ValType::I32], &[], prepare(dense, layout)),
        functions.add(&[ValType::I32], &[], take(dense, layout, one)),
    )
}

fn prepare(dense: &Dense, layout: &Layout) -> Function {
    let (rows, input, entry, end, slot, table, row, start) = (0, 1, 2, 3, 4, 5, 6, 7);
    let first = 8;
    let mut function = Function::new([(7, ValType::I32), (LANES as u32 / 2, ValType::V128)]);
    let mut code = function.instructions();
    code.i32_const(0).local_get(rows).i32_const(MIN_ROWS).i32_ge_u().i32_store(at(dense.flag, 4));
    code.local_get(rows).i32_const(MIN_ROWS).i32_lt_u().if_(BlockType::Empty).return_().end();
    count_up(&mut code, input, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, dense.starts, input, 4);
        code.local_tee(entry).i32_load(at(4, 4)).local_set(end).local_get(entry).i32_load(at(0, 4)).local_set(start);
        code.i32_const(0).local_set(row);
        groups(code, row, rows, |code| {
            for pair in 0..LANES as u32 / 2 {
                code.v128_const(0).local_set(first + pair);
            }
            code.local_get(start).local_set(entry);
            code.block(BlockType::Empty).loop_(BlockType::Empty).local_get(entry).local_get(end).i32_ge_u().br_if(1);
            code.local_get(entry).i32_load(at(0, 4)).local_get(row).i32_add().local_set(slot);
            code.local_get(entry).i32_load(at(4, 4)).local_set(table);
            add_pairs(code, first, |code, lane| {
                code.local_get(slot).i32_load8_u(at(dense.slots + lane, 1)).i32_const(3).i32_shl();
                code.local_get(table).i32_add();
                0
            });
            code.local_get(entry).i32_const(8).i32_add().local_set(entry).br(0).end().end();
            element(code, dense.sums, input, 8 * BLOCK);
            code.local_get(row).i32_const(3).i32_shl().i32_add().local_set(slot);
            for pair in 0..LANES as u32 / 2 {
                code.local_get(slot).local_get(first + pair).v128_store(at(16 * u64::from(pair), 16));
            }
        });
    });
    code.end();
    function
}

fn take(dense: &Dense, layout: &Layout, one: u32) -> Function {
    let (lane, input) = (0, 1);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(0).i32_load(at(dense.flag, 4)).i32_eqz().if_(BlockType::Empty);
    code.local_get(lane).call(one).return_().end();
    count_up(&mut code, input, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, layout.contributions, input, 8);
        element(code, dense.sums, input, 8 * BLOCK);
        code.local_get(lane).i32_const(3).i32_shl().i32_add().f64_load(at(0, 8)).f64_store(at(0, 8));
    });
    code.end();
    function
}
