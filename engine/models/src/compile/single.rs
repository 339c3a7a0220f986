//! One row: its leaf in each tree without a branch. Small trees by masks, see `masks`; in larger ones every node's answer
//! selects between the leaf numbers of its two subtrees.

use super::forest::{BLOCK, Forest};
use super::guest::at;
use super::lanes;
use super::masks::{self, Masks};
use super::plan::{Plan, Tree};
use wasm_encoder::{Function, InstructionSink, ValType};

const RAW: u32 = 0;
const LEAF: u32 = 1;
const ANSWERS: u32 = 2;
const WIDE_ANSWERS: u32 = 3;

/// `()`: notes the leaves of the first row in a group of trees, and adds their values to the raw values. The leaves of
/// walked trees are noted before.
pub fn function(plan: &Plan<'_>, forest: &Forest, group: &[usize]) -> Function {
    let classes = plan.model.classes();
    let mut function = Function::new([(1, ValType::F64), (2, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    for (index, &place) in group.iter().enumerate() {
        let (tree, tables) = (&plan.trees[place], &forest.trees[place]);
        let class = place % classes;
        let sum = at(forest.raws + class as u64 * 8 * BLOCK, 8);
        if place == class {
            code.f64_const(plan.model.base(class).into()).local_set(RAW);
        } else if index == 0 || classes > 1 {
            code.i32_const(0).f64_load(sum).local_set(RAW);
        }
        code.local_get(RAW);
        if tree.walked {
            lanes::value(&mut code, plan, forest, place, 0);
        } else {
            match &tables.masks {
                Some(masks) => leaf(&mut code, forest, masks),
                None => node(&mut code, plan, forest, tree, 0),
            }
            code.local_set(LEAF).i32_const(0).local_get(LEAF).i32_store8(at(tables.slot, 1));
            code.local_get(LEAF).i32_const(3).i32_shl().f64_load(at(tables.values, 8));
        }
        code.f64_add().local_set(RAW);
        if index + 1 == group.len() || classes > 1 {
            code.i32_const(0).local_get(RAW).f64_store(sum);
        }
    }
    // Without any tree every class is what it starts from.
    for class in (0..classes).filter(|_| plan.trees.is_empty()) {
        code.i32_const(0)
            .f64_const(plan.model.base(class).into())
            .f64_store(at(forest.raws + class as u64 * 8 * BLOCK, 8));
    }
    code.end();
    function
}

/// Pushes the number of the leaf that the row reaches in a small tree.
fn leaf(code: &mut InstructionSink<'_>, forest: &Forest, masks: &Masks) {
    for (number, group) in masks.groups.iter().enumerate() {
        gather(code, forest, group);
        // Places that no node takes never go right.
        let above = std::array::from_fn(|place| group.get(place).map_or(i8::MAX, |(_, above)| *above).to_le_bytes()[0]);
        code.v128_const(i128::from_le_bytes(above)).i8x16_gt_s().i8x16_bitmask();
        let shift = 16 * number as i64;
        match (masks.wide, number) {
            (false, 0) => code.local_set(ANSWERS),
            (false, _) => code.i32_const(shift as i32).i32_shl().local_get(ANSWERS).i32_or().local_set(ANSWERS),
            (true, 0) => code.i64_extend_i32_u().local_set(WIDE_ANSWERS),
            (true, _) => {
                code.i64_extend_i32_u().i64_const(shift).i64_shl().local_get(WIDE_ANSWERS).i64_or();
                code.local_set(WIDE_ANSWERS)
            }
        };
    }
    for (number, &(down, count, table)) in masks.pieces.iter().enumerate() {
        // The piece's answers, moved to where they address an entry.
        let (scale, bits) = (masks.scale(), ((1 << count) - 1) << masks.scale());
        if masks.wide {
            code.local_get(WIDE_ANSWERS);
            moved(code, scale as i64 - down as i64, true);
            code.i32_wrap_i64().i32_const(bits).i32_and().i64_load(at(table, 8));
        } else {
            code.local_get(ANSWERS);
            moved(code, scale as i64 - down as i64, false);
            code.i32_const(bits).i32_and().i32_load(at(table, 4));
        }
        if number > 0 {
            if masks.wide {
                code.i64_and()
            } else {
                code.i32_and()
            };
        }
    }
    if masks.wide {
        code.i64_ctz().i32_wrap_i64()
    } else {
        code.i32_ctz()
    };
}

/// Moves the number on the stack up, or down.
fn moved(code: &mut InstructionSink<'_>, up: i64, wide: bool) {
    match (up, wide) {
        (0, _) => code,
        (1.., true) => code.i64_const(up).i64_shl(),
        (1.., false) => code.i32_const(up as i32).i32_shl(),
        (_, true) => code.i64_const(-up).i64_shr_u(),
        (_, false) => code.i32_const(-up as i32).i32_shr_u(),
    };
}

/// Pushes the bytes that up to 16 nodes ask for.
fn gather(code: &mut InstructionSink<'_>, forest: &Forest, group: &[(u64, i8)]) {
    let mut vectors: Vec<u64> = group.iter().map(|(byte, _)| byte / 16).collect();
    vectors.dedup();
    let load = |code: &mut InstructionSink<'_>, vector: u64| {
        code.i32_const(0).v128_load(at(forest.columns + 16 * vector, 16));
    };
    load(code, vectors[0]);
    for (number, vector) in vectors.iter().enumerate() {
        if number == 0 && vectors.len() > 1 {
            continue;
        }
        load(code, *vector);
        let lane = |place: usize| {
            let (byte, first) = (group.get(place).map_or(0, |(byte, _)| *byte), number <= 1);
            let inside = (byte % 16) as u8;
            match byte / 16 {
                of if number > 0 && of == *vector => 16 + inside,
                // What an earlier step gathered stays where it is.
                _ if !first => place as u8,
                _ => inside,
            }
        };
        code.i8x16_shuffle(std::array::from_fn(lane));
    }
}

/// Pushes the number of the leaf that the row reaches below a node.
fn node(code: &mut InstructionSink<'_>, plan: &Plan<'_>, forest: &Forest, tree: &Tree<'_>, place: usize) {
    let (Some(split), Some(question)) = (&tree.nodes[place].split, &tree.questions[place]) else {
        code.i32_const(tree.places[place] as i32);
        return;
    };
    node(code, plan, forest, tree, split.right);
    node(code, plan, forest, tree, split.left);
    let (byte, above) = masks::byte(question, plan, forest);
    code.i32_const(0).i32_load8_s(at(forest.columns + byte, 1)).i32_const(i32::from(above)).i32_gt_s().select();
}
