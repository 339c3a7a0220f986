//! Sixteen rows at a time: every node of a tree is asked for all of them at once, a byte each.
//!
//! A node's answer selects between the leaf numbers that its two subtrees gave, up to the root. That is more questions
//! than a path has, but each costs a sixteenth of a compare and of a selection, and nothing is ever guessed wrongly by the
//! processor.

use super::forest::Forest;
use super::guest::at;
use super::plan::{CHUNK, Plan, Question, Tree};
use super::sums::groups as groups_of_rows;
use wasm_encoder::{Function, InstructionSink, ValType};

/// Compares of one function: enough to make the call cheap, few enough to compile fast.
const COMPARES: usize = 512;
/// What looking up the leaves of one tree weighs, in compares.
const SUM: usize = 6;

/// Groups of trees, as places in the model, each with at most [`COMPARES`] or one tree.
pub fn groups(plan: &Plan<'_>) -> Vec<Vec<usize>> {
    let (mut groups, mut last, mut nodes): (Vec<Vec<usize>>, Vec<usize>, usize) = (Vec::new(), Vec::new(), 0);
    for (place, tree) in plan.trees.iter().enumerate() {
        let weight = SUM + tree.questions.iter().flatten().map(compares).sum::<usize>();
        if nodes + weight > COMPARES && !last.is_empty() {
            groups.push(std::mem::take(&mut last));
            nodes = 0;
        }
        last.push(place);
        nodes += weight;
    }
    groups.push(last);
    groups
}

fn compares(question: &Question) -> usize {
    match question {
        Question::AtMost { .. } => 1,
        Question::In { left, .. } => left.len().div_ceil(16),
    }
}

const ROWS: u32 = 0;
/// The first of 16 rows.
const ROW: u32 = 1;
/// How far from the first column of a block those of the 16 rows are.
const COLUMNS: u32 = 2;

/// `(rows: i32)`: notes the leaves of a block of rows in a group of trees.
pub fn function(plan: &Plan<'_>, forest: &Forest, group: &[usize]) -> Function {
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    groups_of_rows(&mut code, ROW, ROWS, |code| {
        for &place in group {
            let tree = &plan.trees[place];
            if !tree.walked {
                code.local_get(ROW);
                node(code, forest, tree, 0);
                code.v128_store(at(forest.trees[place].slot, 16));
            }
        }
        code.local_get(COLUMNS).i32_const(forest.stride() as i32).i32_add().local_set(COLUMNS);
    });
    code.end();
    function
}

/// Pushes the value of the leaf that a row reached.
pub fn value(code: &mut InstructionSink<'_>, plan: &Plan<'_>, forest: &Forest, place: usize, lane: u64) {
    let tables = &forest.trees[place];
    code.i32_const(0);
    if plan.trees[place].walked {
        code.i32_load(at(tables.slot + 4 * lane, 4));
    } else {
        code.i32_load8_u(at(tables.slot + lane, 1));
    }
    code.i32_const(3).i32_shl().f64_load(at(tables.values, 8));
}

/// Pushes the numbers of the leaves that 16 rows reach below a node.
fn node(code: &mut InstructionSink<'_>, forest: &Forest, tree: &Tree<'_>, at: usize) {
    let (Some(split), Some(question)) = (&tree.nodes[at].split, &tree.questions[at]) else {
        code.v128_const(splat(tree.places[at]));
        return;
    };
    let leaf = |at: usize| tree.nodes[at].split.is_none();
    if leaf(split.left) && leaf(split.right) {
        // Two leaves have neighbouring numbers, and ones in all bits are −1.
        goes_left(code, forest, question);
        code.v128_const(splat(tree.places[split.right])).i8x16_add();
        return;
    }
    node(code, forest, tree, split.left);
    node(code, forest, tree, split.right);
    goes_left(code, forest, question);
    code.v128_bitselect();
}

/// Pushes bytes of ones for the rows that go left.
fn goes_left(code: &mut InstructionSink<'_>, forest: &Forest, question: &Question) {
    let load = |code: &mut InstructionSink<'_>, column: usize, part: usize| {
        let number = forest.lanes[column] + part as u64;
        code.local_get(COLUMNS).v128_load(at(forest.lane_columns + 16 * number, 16));
    };
    match question {
        Question::AtMost { column, rank } => {
            // At most the k-th is below the next.
            code.v128_const(splat((rank % CHUNK + 1) ^ 0x80));
            load(code, *column, rank / CHUNK);
            code.i8x16_gt_s();
        }
        Question::In { column, left, .. } => {
            for (part, left) in left.chunks(16).enumerate() {
                let table = left.iter().rev().fold(0, |all, left| (all << 8) | if *left { 0xff } else { 0 });
                code.v128_const(table);
                load(code, *column, 0);
                if part > 0 {
                    // Places below the part wrap around, and no place above 15 gives anything.
                    code.v128_const(splat(16 * part)).i8x16_sub();
                }
                code.i8x16_swizzle();
                if part > 0 {
                    code.v128_or();
                }
            }
        }
    }
}

fn splat(byte: usize) -> i128 {
    i128::from_le_bytes([byte as u8; 16])
}
