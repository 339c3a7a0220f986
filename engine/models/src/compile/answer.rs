//! From raw values to answers: links, calibration and the shares of classes, operation by operation as `crate::trees` and
//! `crate::calibration` have them.

use super::forest::{BLOCK, Forest};
use super::guest::{EXP, SIGMOID, at};
use super::rows::{Limit, count_up, element};
use crate::calibration::Calibration;
use crate::trees::{Link, TreesModel};
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// `(raw: f64) -> f64`: the answer of a model without classes.
pub fn answer(model: &TreesModel, forest: &Forest) -> Function {
    let (raw, x, after, before) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::F64), (2, ValType::I32)]);
    let mut code = function.instructions();
    if let Some(Calibration::Platt { slope, intercept }) = model.calibration {
        code.f64_const(slope.into()).local_get(raw).f64_mul().f64_const(intercept.into()).f64_add().call(SIGMOID).end();
        return function;
    }
    code.f64_const(model.scale.into()).local_get(raw).f64_mul();
    match model.link {
        Link::Sigmoid => code.call(SIGMOID),
        Link::Exp => code.call(EXP),
        Link::Identity | Link::Softmax | Link::OneVsRest | Link::Shares => &mut code,
    };
    if let Some(Calibration::Isotonic { from, .. }) = &model.calibration {
        code.local_set(x);
        line(&mut code, forest, from.len() as i32, [x, after, before]);
    }
    code.end();
    function
}

/// Pushes the height of the line through the knots at `x`.
fn line(code: &mut InstructionSink<'_>, forest: &Forest, knots: i32, [x, after, before]: [u32; 3]) {
    let (from, to) = forest.knots;
    let knot = |code: &mut InstructionSink<'_>, table: u64, index: u32| {
        element(code, table, index, 8);
        code.f64_load(at(0, 8));
    };
    // The first knot above x: halve what is left step by step, in bytes. Infinity may stand behind the knots.
    for step in (0..i32::BITS - knots.leading_zeros()).rev() {
        let middle = (1u64 << step) - 1;
        code.local_get(after).i32_const(8 << step).i32_add().local_get(after);
        code.local_get(after).f64_load(at(from + 8 * middle, 8)).local_get(x).f64_le().select().local_set(after);
    }
    code.local_get(after).i32_const(3).i32_shr_u().local_tee(after).i32_const(knots);
    code.local_get(after).i32_const(knots).i32_lt_u().select().local_set(after);
    code.local_get(after).i32_const(1).i32_sub().i32_const(0).local_get(after).select().local_set(before);
    code.local_get(after).i32_eqz().local_get(after).i32_const(knots).i32_eq().i32_or();
    code.if_(BlockType::Result(ValType::F64));
    knot(code, to, before);
    code.else_();
    knot(code, to, before);
    code.local_get(x);
    knot(code, from, before);
    code.f64_sub();
    knot(code, from, after);
    knot(code, from, before);
    code.f64_sub().f64_div();
    knot(code, to, after);
    knot(code, to, before);
    code.f64_sub().f64_mul().f64_add().end();
}

/// `(lane: i32) -> i32`: writes the shares of a row's classes, and a copy of them; returns the class with the largest, the
/// first of equal ones.
pub fn shares(model: &TreesModel, forest: &Forest) -> Function {
    let (lane, class, best, number, top, sum) = (0, 1, 2, 3, 4, 5);
    let classes = Limit::Fixed(model.labels.len() as i32);
    let mut function = Function::new([(2, ValType::I32), (3, ValType::F64)]);
    let mut code = function.instructions();
    code.f64_const(f64::NEG_INFINITY.into()).local_set(top);
    count_up(&mut code, class, classes, |code| {
        code.f64_const(model.scale.into());
        element(code, forest.raws, class, 8 * BLOCK);
        code.local_get(lane).i32_const(3).i32_shl().i32_add().f64_load(at(0, 8)).f64_mul().local_set(number);
        larger(code, number, top);
        share(code, forest.shares, class, number);
    });
    code.i32_const(0).local_set(class);
    count_up(&mut code, class, classes, |code| {
        element(code, forest.shares, class, 8);
        code.f64_load(at(0, 8));
        match model.link {
            Link::OneVsRest => code.call(SIGMOID),
            Link::Shares => {
                let zero = code.local_tee(number).f64_const(0.0.into());
                zero.local_get(number).f64_const(0.0.into()).f64_gt().select()
            }
            _ => code.local_get(top).f64_sub().call(EXP),
        };
        code.local_set(number);
        share(code, forest.shares, class, number);
        code.local_get(sum).local_get(number).f64_add().local_set(sum);
    });
    code.i32_const(0).local_set(class).f64_const(f64::NEG_INFINITY.into()).local_set(top);
    count_up(&mut code, class, classes, |code| {
        element(code, forest.shares, class, 8);
        code.f64_load(at(0, 8)).local_get(sum).f64_div();
        code.f64_const((1.0 / model.labels.len() as f64).into()).local_get(sum).f64_const(0.0.into()).f64_gt().select();
        code.local_set(number);
        share(code, forest.shares, class, number);
        share(code, forest.left_over, class, number);
        code.local_get(class).local_get(best).local_get(number).local_get(top).f64_gt().select().local_set(best);
        larger(code, number, top);
    });
    code.local_get(best).end();
    function
}

/// `top = max(number, top)`.
fn larger(code: &mut InstructionSink<'_>, number: u32, top: u32) {
    code.local_get(number).local_get(top).local_get(number).local_get(top).f64_gt().select().local_set(top);
}

fn share(code: &mut InstructionSink<'_>, table: u64, class: u32, number: u32) {
    element(code, table, class, 8);
    code.local_get(number).f64_store(at(0, 8));
}

/// Writes labels and shares, largest first, into the list at the local `list` with fields at these offsets; uses up the
/// copy of the shares. `free` are two numbers and two floats.
pub fn ranked(
    code: &mut InstructionSink<'_>,
    model: &TreesModel,
    forest: &Forest,
    list: u32,
    [label, share, size]: [u64; 3],
    free: [u32; 5],
) {
    let [count, class, best, number, top] = free;
    let classes = Limit::Fixed(model.labels.len() as i32);
    code.i32_const(0).local_set(count);
    count_up(code, count, classes, |code| {
        // Every share that is left is above this.
        code.f64_const((-1.0).into()).local_set(top).i32_const(0).local_set(class);
        count_up(code, class, classes, |code| {
            element(code, forest.left_over, class, 8);
            code.f64_load(at(0, 8)).local_set(number);
            code.local_get(class).local_get(best).local_get(number).local_get(top).f64_gt().select().local_set(best);
            larger(code, number, top);
        });
        for part in [0, 4] {
            code.local_get(list);
            element(code, forest.labels, best, 8);
            code.i32_load(at(part, 4)).i32_store(at(label + part, 4));
        }
        code.local_get(list).local_get(top).f64_store(at(share, 8));
        element(code, forest.left_over, best, 8);
        code.f64_const((-2.0).into()).f64_store(at(0, 8));
        code.local_get(list).i32_const(size as i32).i32_add().local_set(list);
    });
}
