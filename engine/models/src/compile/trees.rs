//! What a compiled tree ensemble does with the columns of `score-batch`: rows of numbers from them, a block at a time, and
//! results from what the kernel says of those.

use super::answer;
use super::contract::Contract;
use super::failed;
use super::forest::BLOCK;
use super::functions::Functions;
use super::guest::{self, Layout, at};
use super::kernel::Kernel;
use super::plan::Plan;
use super::rows::{self, INDEX, Limit, NUMBER, PARAMETERS, RAW, RESULT, ROW, ROW_LOCALS, SLOT, count_up, element};
use super::{texts, values};
use crate::error::ModelError;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};
use wit_parser::TypeDefKind;

/// Adds everything that a tree ensemble has of its own, and defines [`guest::ROW`].
pub fn add(
    functions: &mut Functions,
    kernel: &Kernel,
    plan: &Plan<'_>,
    layout: &Layout,
    contract: &Contract,
) -> Result<(), ModelError> {
    let forest = layout.forest.as_ref().ok_or_else(|| failed("trees have no place"))?;
    let compare = functions.add(&[ValType::I32; 4], &[ValType::I32], texts::compare());
    let code_of = functions.add(&[ValType::I32; 4], &[ValType::F64], texts::code_of(compare));
    let gather = functions.add(&[ValType::I32], &[], gather(layout, kernel, code_of)?);
    if plan.model.labels.is_empty() {
        let answer = functions.add(&[ValType::F64], &[ValType::F64], answer::answer(plan.model, forest));
        functions.define(guest::ROW, scalar_row(layout, contract, kernel, gather, answer)?);
        return values::add(functions, plan, layout, contract, kernel, answer);
    }
    let shares = functions.add(&[ValType::I32], &[ValType::I32], answer::shares(plan.model, forest));
    functions.define(guest::ROW, classes_row(plan, layout, contract, kernel, [gather, shares])?);
    Ok(())
}

/// `(first: i32)`: the next block of rows of the batch, or those that are left, from their columns through the kernel.
fn gather(layout: &Layout, kernel: &Kernel, code_of: u32) -> Result<Function, ModelError> {
    let forest = layout.forest.as_ref().ok_or_else(|| failed("trees have no place"))?;
    // The row's number and the addresses stand where `rows` looks for them.
    let (first, count, place) = (RESULT, 7, 8);
    let mut function = Function::new([(4, ValType::I32), (2, ValType::F64), (2, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(ROW).local_set(first);
    code.i32_const(0).i32_load(at(forest.rows, 4)).local_get(first).i32_sub().local_tee(count);
    code.i32_const(BLOCK as i32).local_get(count).i32_const(BLOCK as i32).i32_lt_u().select().local_set(count);
    code.i32_const(forest.matrix as i32).local_set(place).local_get(count).local_get(first).i32_add().local_set(count);
    count_up(&mut code, ROW, Limit::Local(count), |code| {
        code.i32_const(0).local_set(INDEX);
        count_up(code, INDEX, Limit::Fixed(layout.inputs as i32), |code| {
            element(code, layout.slots, INDEX, 8);
            code.local_set(SLOT);
            element(code, layout.parameters, INDEX, Layout::STRIDE);
            code.local_set(PARAMETERS).local_get(place);
            cell(code, code_of);
            code.f64_store(at(0, 8)).local_get(place).i32_const(8).i32_add().local_set(place);
        });
    });
    code.i32_const(forest.matrix as i32).local_get(count).local_get(first).i32_sub().local_tee(count);
    code.call(kernel.block);
    if let Some(prepare) = kernel.prepare {
        code.local_get(count).call(prepare);
    }
    code.end();
    Ok(function)
}

/// Pushes the number of a cell, NaN where it has none.
fn cell(code: &mut InstructionSink<'_>, code_of: u32) {
    rows::missing(code);
    code.if_(BlockType::Result(ValType::F64)).f64_const(f64::NAN.into()).else_();
    code.local_get(PARAMETERS).i32_load(at(guest::TEXTS, 4)).if_(BlockType::Result(ValType::F64));
    for part in [0, 4] {
        code.local_get(SLOT).i32_load(at(0, 4)).local_get(ROW).i32_const(3).i32_shl().i32_add().i32_load(at(part, 4));
    }
    code.local_get(PARAMETERS).i32_load(at(guest::TABLE, 4)).local_get(PARAMETERS).i32_load(at(guest::TEXTS, 4));
    code.call(code_of).else_();
    rows::value(code);
    code.end().end();
}

/// Pushes the row's place in its block; at the first place the block is scored before.
fn lane(code: &mut InstructionSink<'_>, gather: u32) {
    code.local_get(ROW).i32_const(BLOCK as i32 - 1).i32_and().local_tee(PARAMETERS).i32_eqz().if_(BlockType::Empty);
    code.local_get(ROW).call(gather).end().local_get(PARAMETERS);
}

/// `(row, result: i32)`: a row of a model that gives one number.
fn scalar_row(
    layout: &Layout,
    contract: &Contract,
    kernel: &Kernel,
    gather: u32,
    answer: u32,
) -> Result<Function, ModelError> {
    let forest = layout.forest.as_ref().ok_or_else(|| failed("trees have no place"))?;
    let mut function = Function::new(ROW_LOCALS);
    let mut code = function.instructions();
    lane(&mut code, gather);
    code.i32_const(3).i32_shl().f64_load(at(forest.raws, 8)).local_set(RAW);
    code.local_get(PARAMETERS).call(kernel.explain[0]);
    rows::finish(&mut code, layout, contract, answer)?;
    Ok(function)
}

/// `(row, result: i32)`: a row of a model with classes.
fn classes_row(
    plan: &Plan<'_>,
    layout: &Layout,
    contract: &Contract,
    kernel: &Kernel,
    [gather, shares]: [u32; 2],
) -> Result<Function, ModelError> {
    let forest = layout.forest.as_ref().ok_or_else(|| failed("trees have no place"))?;
    let (count, number) = (7, 8);
    let mut locals = ROW_LOCALS.to_vec();
    locals.extend([(1, ValType::I32), (1, ValType::F64)]);
    let mut function = Function::new(locals);
    let mut code = function.instructions();
    lane(&mut code, gather);
    code.call(shares).local_set(INDEX);
    element(&mut code, forest.raws, INDEX, 8 * BLOCK);
    code.local_get(PARAMETERS).i32_const(3).i32_shl().i32_add().f64_load(at(0, 8)).local_set(RAW);
    for (class, explain) in kernel.explain.iter().enumerate() {
        code.local_get(INDEX).i32_const(class as i32).i32_eq().if_(BlockType::Empty);
        code.local_get(PARAMETERS).call(*explain).end();
    }
    let outcome = contract.field(&contract.ty("row-result")?, "value")?;
    let list = outcome.offset + contract.payload(&outcome.ty)?;
    let class = contract.ty("class")?;
    let TypeDefKind::Record(_) = contract.kind(&class)? else { return Err(failed("`class` is not a record")) };
    let (label, share) = (contract.field(&class, "label")?.offset, contract.field(&class, "share")?.offset);
    let (size, align, labels) = (contract.size(&class), contract.align(&class), plan.model.labels.len());
    code.local_get(RESULT).i32_const(contract.case(&outcome.ty, "classes")?).i32_store8(at(outcome.offset, 1));
    code.local_get(RESULT).i32_const(align as i32).i64_const((size * labels as u64) as i64).call(guest::ALLOC);
    code.local_tee(SLOT).i32_store(at(list, 4)).local_get(RESULT).i32_const(labels as i32).i32_store(at(list + 4, 4));
    let free = [count, INDEX, PARAMETERS, NUMBER, number];
    answer::ranked(&mut code, plan.model, forest, SLOT, [label, share, size], free);
    rows::why(&mut code, layout, contract)?;
    Ok(function)
}
