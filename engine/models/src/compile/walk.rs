//! Trees that are too large for one byte per leaf: nested questions to the row's own numbers, one path per row.

use super::functions::Functions;
use super::guest::at;
use super::plan::Tree;
use crate::node::{Split, Test, ZERO};
use std::collections::VecDeque;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// Splits below each other in one function. What lies deeper gets functions of its own, else one body could grow beyond
/// what a host compiles.
const STEPS: usize = 9;
/// Where the row's numbers start.
const ROW: u32 = 0;
const NUMBER: u32 = 1;

/// A subtree that gets a function of its own.
struct Part<'a> {
    tree: &'a Tree<'a>,
    lists: &'a [u64],
    node: usize,
    index: u32,
}

struct Writer<'a, 'f> {
    functions: &'f mut Functions,
    /// Index of [`find`].
    find: u32,
    open: VecDeque<Part<'a>>,
}

/// Adds the functions of a walked tree, `(row: i32) -> i32` each; the first gives the number of the leaf that the row at
/// that address reaches. `lists` are the addresses of the nodes' codes, 2 bytes each.
pub fn add(functions: &mut Functions, tree: &Tree<'_>, lists: &[u64], find: u32) -> u32 {
    let index = functions.reserve(&[ValType::I32], &[ValType::I32]);
    let mut writer = Writer { functions, find, open: VecDeque::from([Part { tree, lists, node: 0, index }]) };
    while let Some(part) = writer.open.pop_front() {
        let mut function = Function::new([(1, ValType::F64)]);
        let mut code = function.instructions();
        writer.node(&mut code, &part, part.node, 0);
        code.end();
        writer.functions.define(part.index, function);
    }
    index
}

impl<'a> Writer<'a, '_> {
    /// Pushes the number of the leaf that is reached below a node.
    fn node(&mut self, code: &mut InstructionSink<'_>, part: &Part<'a>, node: usize, steps: usize) {
        let &Part { tree, lists, .. } = part;
        let Some(split) = &tree.nodes[node].split else {
            code.i32_const(tree.places[node] as i32);
            return;
        };
        if steps == STEPS {
            let index = self.functions.reserve(&[ValType::I32], &[ValType::I32]);
            code.local_get(ROW).call(index);
            self.open.push_back(Part { tree, lists, node, index });
            return;
        }
        code.local_get(ROW).f64_load(at(8 * split.input as u64, 8)).local_set(NUMBER);
        self.goes_left(code, split, lists[node]);
        code.if_(BlockType::Result(ValType::I32));
        self.node(code, part, split.left, steps + 1);
        code.else_();
        self.node(code, part, split.right, steps + 1);
        code.end();
    }

    /// Pushes 1 where the number goes left.
    fn goes_left(&self, code: &mut InstructionSink<'_>, split: &Split, list: u64) {
        match &split.test {
            // What is no number is neither at most nor above.
            Test::AtMost(at) if split.missing_left => {
                code.local_get(NUMBER).f64_const((*at).into()).f64_gt().i32_eqz();
            }
            Test::AtMost(at) => {
                code.local_get(NUMBER).f64_const((*at).into()).f64_le();
            }
            Test::In(codes) => {
                // Below zero it is huge without a sign, and in no list.
                code.local_get(NUMBER).i32_trunc_sat_f64_s().i32_const(list as i32).i32_const(codes.len() as i32);
                code.call(self.find).local_get(NUMBER).local_get(NUMBER);
                if split.missing_left {
                    code.f64_ne().i32_or();
                } else {
                    code.f64_eq().i32_and();
                }
            }
        }
        if split.zero_missing {
            code.local_get(NUMBER).f64_abs().f64_const(ZERO.into());
            if split.missing_left {
                code.f64_le().i32_or();
            } else {
                code.f64_gt().i32_and();
            }
        }
    }
}

/// `(code, list, length: i32) -> i32`: 1 where an ascending list of 2-byte numbers holds the code.
pub fn find() -> Function {
    let (wanted, list, length, half) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(length).i32_eqz().if_(BlockType::Empty).i32_const(0).return_().end();
    code.loop_(BlockType::Empty).local_get(length).i32_const(1).i32_gt_u().if_(BlockType::Empty);
    code.local_get(length).i32_const(1).i32_shr_u().local_set(half);
    // list += half where the number there is at most the one wanted
    code.local_get(list).local_get(half).i32_const(1).i32_shl().i32_add().local_get(list);
    code.local_get(list).local_get(half).i32_const(1).i32_shl().i32_add().i32_load16_u(at(0, 2));
    code.local_get(wanted).i32_le_u().select().local_set(list);
    code.local_get(length).local_get(half).i32_sub().local_set(length).br(1).end().end();
    code.local_get(list).i32_load16_u(at(0, 2)).local_get(wanted).i32_eq().end();
    function
}
