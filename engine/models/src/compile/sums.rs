//! The leaves' values of a block of rows, added up tree after tree: two rows in a vector.

use super::forest::{BLOCK, Forest, LANES};
use super::guest::at;
use super::plan::Plan;
use std::ops::Range;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// Trees of one function.
pub const TREES: usize = 64;

/// `(rows: i32)`: adds the values of the leaves that were noted for a range of trees to the raw values.
pub fn function(plan: &Plan<'_>, forest: &Forest, trees: Range<usize>) -> Function {
    let (rows, row, raw, vectors) = (0, 1, 2, 3);
    let classes = plan.model.classes();
    let mut function = Function::new([(2, ValType::I32), (LANES as u32 / 2, ValType::V128)]);
    let mut code = function.instructions();
    groups(&mut code, row, rows, |code| {
        code.local_get(row).i32_const(3).i32_shl().local_set(raw);
        // Without any tree every class is what it starts from.
        let firsts = if plan.trees.is_empty() { 0..classes } else { trees.start..trees.end.min(trees.start + classes) };
        for first in firsts {
            let class = first % classes;
            for pair in 0..LANES as u32 / 2 {
                let sum = at(forest.raws + class as u64 * 8 * BLOCK + 16 * u64::from(pair), 16);
                if first == class {
                    code.v128_const(twice(plan.model.base(class))).local_set(vectors + pair);
                } else {
                    code.local_get(raw).v128_load(sum).local_set(vectors + pair);
                }
            }
            for place in (first..trees.end).step_by(classes) {
                let tables = &forest.trees[place];
                add_pairs(code, vectors, |code, lane| {
                    code.local_get(row);
                    if plan.trees[place].walked {
                        code.i32_const(2).i32_shl().i32_load(at(tables.slot + 4 * lane, 4));
                    } else {
                        code.i32_load8_u(at(tables.slot + lane, 1));
                    }
                    code.i32_const(3).i32_shl();
                    tables.values
                });
            }
            for pair in 0..LANES as u32 / 2 {
                let sum = at(forest.raws + class as u64 * 8 * BLOCK + 16 * u64::from(pair), 16);
                code.local_get(raw).local_get(vectors + pair).v128_store(sum);
            }
        }
    });
    code.end();
    function
}

fn twice(number: f64) -> i128 {
    let [a, b] = [i128::from(number.to_bits()); 2];
    a << 64 | b
}

/// For every 16 rows: the body, with the number of the first of them.
pub fn groups(code: &mut InstructionSink<'_>, row: u32, rows: u32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    code.loop_(BlockType::Empty);
    body(code);
    code.local_get(row).i32_const(LANES as i32).i32_add().local_tee(row).local_get(rows).i32_lt_u().br_if(0).end();
}

/// Adds a number per row to the eight vectors that start at a local. `place` pushes the address of a row's number and
/// returns an offset to it.
pub fn add_pairs(code: &mut InstructionSink<'_>, first: u32, place: impl Fn(&mut InstructionSink<'_>, u64) -> u64) {
    for pair in 0..LANES / 2 {
        let vector = first + pair as u32;
        code.local_get(vector);
        // The second number's address goes below the vector that holds the first.
        let offset = place(code, 2 * pair + 1);
        place(code, 2 * pair);
        code.v128_load64_zero(at(offset, 8)).v128_load64_lane(at(offset, 8), 1).f64x2_add().local_set(vector);
    }
}
