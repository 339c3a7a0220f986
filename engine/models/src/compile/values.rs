//! The interface `values`: flat lists of numbers in and out.
//!
//! The heap is emptied before the answer is handed over rather than by a call after it: nothing is reserved between that
//! and the host's reading, and the host is spared a call.

use super::contract::Contract;
use super::failed;
use super::forest::BLOCK;
use super::functions::Functions;
use super::guest::{ALLOC, HEAP, Layout, at};
use super::kernel::Kernel;
use super::plan::Plan;
use super::rows::{Limit, count_up, element};
use crate::error::ModelError;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// Adds the three functions and exports them.
pub fn add(
    functions: &mut Functions,
    plan: &Plan<'_>,
    layout: &Layout,
    contract: &Contract,
    kernel: &Kernel,
    answer: u32,
) -> Result<(), ModelError> {
    let mut texts = Function::new([]);
    texts.instructions().i32_const(layout.known_texts as i32).end();
    let texts = functions.add(&[], &[ValType::I32], texts);
    functions.export(contract.export_name("texts", false)?, texts);
    for (name, explains) in [("score-values", false), ("explain-values", true)] {
        let function = score(plan, layout, kernel, answer, explains)?;
        let index = functions.add(&[ValType::I32; 3], &[ValType::I32], function);
        functions.export(contract.export_name(name, false)?, index);
    }
    Ok(())
}

/// `(rows, numbers, length: i32) -> i32`: the address of the answer, which is an address and a length.
fn score(
    plan: &Plan<'_>,
    layout: &Layout,
    kernel: &Kernel,
    answer: u32,
    explains: bool,
) -> Result<Function, ModelError> {
    let forest = layout.forest.as_ref().ok_or_else(|| failed("trees have no place"))?;
    let (rows, numbers, length, out, lane, block, input, raw) = (0, 1, 2, 3, 4, 5, 6, 7);
    let inputs = plan.model.inputs.len() as u64;
    let width = if explains { 2 + inputs } else { 2 };
    let mut function = Function::new([(4, ValType::I32), (1, ValType::F64)]);
    let mut code = function.instructions();
    code.local_get(rows).i64_extend_i32_u().i64_const(inputs as i64).i64_mul();
    code.local_get(length).i64_extend_i32_u().i64_ne().if_(BlockType::Empty).unreachable().end();
    code.i32_const(8).local_get(rows).i64_extend_i32_u().i64_const(8 * width as i64).i64_mul().call(ALLOC);
    code.local_set(out);
    code.i32_const(layout.answer as i32).local_get(out).i32_store(at(0, 4));
    code.i32_const(layout.answer as i32).local_get(rows).i32_const(width as i32).i32_mul().i32_store(at(4, 4));
    code.block(BlockType::Empty).loop_(BlockType::Empty).local_get(rows).i32_eqz().br_if(1);
    code.local_get(rows).i32_const(BLOCK as i32).local_get(rows).i32_const(BLOCK as i32).i32_lt_u().select();
    code.local_set(block).local_get(rows).local_get(block).i32_sub().local_set(rows);
    code.local_get(numbers).local_get(block).call(kernel.block);
    if let Some(prepare) = kernel.prepare.filter(|_| explains) {
        code.local_get(block).call(prepare);
    }
    code.local_get(numbers).local_get(block).i32_const(8 * inputs as i32).i32_mul().i32_add().local_set(numbers);
    code.i32_const(0).local_set(lane);
    count_up(&mut code, lane, Limit::Local(block), |code| {
        element(code, forest.raws, lane, 8);
        code.f64_load(at(0, 8)).local_set(raw);
        code.local_get(out).local_get(raw).call(answer).f64_store(at(0, 8));
        code.local_get(out).local_get(raw).f64_store(at(8, 8));
        if explains {
            code.local_get(lane).call(kernel.explain[0]).i32_const(0).local_set(input);
            contributions(code, layout, out, input);
        }
        code.local_get(out).i32_const(8 * width as i32).i32_add().local_set(out);
    });
    code.br(0).end().end();
    code.i32_const(layout.heap as i32).global_set(HEAP).i32_const(layout.answer as i32).end();
    Ok(function)
}

/// Copies the contributions of a row behind its first two numbers.
fn contributions(code: &mut InstructionSink<'_>, layout: &Layout, out: u32, input: u32) {
    count_up(code, input, Limit::Fixed(layout.inputs as i32), |code| {
        code.local_get(out).local_get(input).i32_const(3).i32_shl().i32_add();
        element(code, layout.contributions, input, 8);
        code.f64_load(at(0, 8)).f64_store(at(16, 8));
    });
}
