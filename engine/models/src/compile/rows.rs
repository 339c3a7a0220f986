//! What all kinds of compiled models do with rows: checking columns, writing results, picking reasons.

use super::contract::Contract;
use super::failed;
use super::guest::{self, Layout, at};
use crate::error::ModelError;
use crate::model::MAX_REASONS;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};
use wit_parser::{Type, TypeDefKind};

/// `(rows, columns, count: i32) -> i32`: the exported function; returns the address of the answer.
pub fn score_batch(layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let (rows, columns, count, index, results) = (0, 1, 2, 3, 4);
    let column_size = contract.size(&contract.ty("column")?) as i32;
    let result = contract.ty("row-result")?;
    let (result_size, result_align) = (contract.size(&result), contract.align(&result));
    let payload = contract.payload(&contract.result_of("score-batch")?)?;
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(count).i32_const(layout.inputs as i32).i32_ne().if_(BlockType::Empty);
    let (problem, length) = layout.count_problem;
    code.i32_const(problem as i32).i32_const(length as i32).call(guest::REFUSE).return_().end();
    count_up(&mut code, index, Limit::Local(count), |code| {
        code.local_get(columns).local_get(index).i32_const(column_size).i32_mul().i32_add();
        element(code, layout.parameters, index, Layout::STRIDE);
        element(code, layout.slots, index, 8);
        code.local_get(rows).call(guest::COLUMN).i32_eqz().if_(BlockType::Empty);
        element(code, layout.parameters, index, Layout::STRIDE);
        code.i32_load(at(guest::PROBLEM, 4));
        element(code, layout.parameters, index, Layout::STRIDE);
        code.i32_load(at(guest::PROBLEM_LENGTH, 4)).call(guest::REFUSE).return_().end();
    });
    if let Some(place) = layout.rows() {
        code.i32_const(0).local_get(rows).i32_store(at(place, 4));
    }
    code.i32_const(result_align as i32).local_get(rows).i64_extend_i32_u().i64_const(result_size as i64).i64_mul();
    code.call(guest::ALLOC).local_set(results);
    code.i32_const(0).local_set(index);
    count_up(&mut code, index, Limit::Local(rows), |code| {
        code.local_get(index).local_get(results).local_get(index).i32_const(result_size as i32).i32_mul().i32_add();
        code.call(guest::ROW);
    });
    code.i32_const(layout.answer as i32).i32_const(0).i32_store8(at(0, 1));
    code.i32_const(layout.answer as i32).local_get(results).i32_store(at(payload, 4));
    code.i32_const(layout.answer as i32).local_get(rows).i32_store(at(payload + 4, 4));
    code.i32_const(layout.answer as i32).end();
    Ok(function)
}

/// `(text, length: i32) -> i32`: the answer "error".
pub fn refuse(layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let payload = contract.payload(&contract.result_of("score-batch")?)?;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.i32_const(layout.answer as i32).i32_const(1).i32_store8(at(0, 1));
    code.i32_const(layout.answer as i32).local_get(0).i32_store(at(payload, 4));
    code.i32_const(layout.answer as i32).local_get(1).i32_store(at(payload + 4, 4));
    code.i32_const(layout.answer as i32).end();
    Ok(function)
}

/// `(column, parameters, slot, rows: i32) -> i32`: notes where a column's values and missing bits lie; 0 where the
/// column is not the expected one.
pub fn column(layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let (column, parameters, slot, rows) = (0, 1, 2, 3);
    let ty = contract.ty("column")?;
    let (name, values) = (contract.field(&ty, "name")?, contract.field(&ty, "values")?);
    let missing = contract.field(&ty, "missing")?.offset;
    let payload = values.offset + contract.payload(&values.ty)?;
    let numbers = contract.case(&values.ty, "numbers")?;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    let mut require = |check: &dyn Fn(&mut InstructionSink<'_>)| {
        check(&mut code);
        code.i32_eqz().if_(BlockType::Empty).i32_const(0).return_().end();
    };
    require(&|code| {
        code.local_get(column).i32_load(at(name.offset + 4, 4));
        code.local_get(parameters).i32_load(at(guest::NAME_LENGTH, 4)).i32_eq();
    });
    require(&|code| {
        code.local_get(column).i32_load(at(name.offset, 4)).local_get(parameters).i32_load(at(guest::NAME, 4));
        code.local_get(parameters).i32_load(at(guest::NAME_LENGTH, 4)).call(guest::SAME);
    });
    require(&|code| {
        code.local_get(column).i32_load8_u(at(values.offset, 1));
        match layout.forest {
            // Numbers are the first case, and texts the other.
            Some(_) => code.local_get(parameters).i32_load(at(guest::TEXTS, 4)).i32_const(0).i32_ne().i32_eq(),
            None => code.i32_const(numbers).i32_eq(),
        };
    });
    require(&|code| {
        code.local_get(column).i32_load(at(payload + 4, 4)).local_get(rows).i32_eq();
    });
    require(&|code| {
        code.local_get(column).i32_load(at(missing + 4, 4));
        code.local_get(rows).i32_const(7).i32_add().i32_const(3).i32_shr_u().i32_eq();
    });
    code.local_get(slot).local_get(column).i32_load(at(payload, 4)).i32_store(at(0, 4));
    code.local_get(slot).local_get(column).i32_load(at(missing, 4)).i32_store(at(4, 4));
    code.i32_const(1).end();
    Ok(function)
}

/// The locals of the functions that score one row, `(row, result: i32)`.
pub const ROW_LOCALS: [(u32, ValType); 2] = [(3, ValType::I32), (2, ValType::F64)];
/// The row's number.
pub const ROW: u32 = 0;
/// Where its `row-result` goes.
pub const RESULT: u32 = 1;
/// Free for loops over inputs.
pub const INDEX: u32 = 2;
/// Address of the slot of an input.
pub const SLOT: u32 = 3;
/// Address of the parameters of an input.
pub const PARAMETERS: u32 = 4;
/// The raw value.
pub const RAW: u32 = 5;
/// Any number.
pub const NUMBER: u32 = 6;

/// The end of every function that scores a row into one number: writes the `row-result` from [`RAW`] and the
/// contributions. `link` turns the raw value on the stack into the answer.
pub fn finish(
    code: &mut InstructionSink<'_>,
    layout: &Layout,
    contract: &Contract,
    link: u32,
) -> Result<(), ModelError> {
    let ty = contract.ty("row-result")?;
    let outcome = contract.field(&ty, "value")?;
    let (scalar, scalar_at) = (contract.case(&outcome.ty, "scalar")?, outcome.offset + contract.payload(&outcome.ty)?);
    code.local_get(RESULT).i32_const(scalar).i32_store8(at(outcome.offset, 1));
    code.local_get(RESULT).local_get(RAW).call(link).f64_store(at(scalar_at, 8));
    why(code, layout, contract)
}

/// Writes raw value and reasons, and ends the function.
pub fn why(code: &mut InstructionSink<'_>, layout: &Layout, contract: &Contract) -> Result<(), ModelError> {
    let ty = contract.ty("row-result")?;
    let raw_field = contract.field(&ty, "raw")?;
    let reasons = contract.field(&ty, "reasons")?.offset;
    let raw_at = raw_field.offset + contract.payload(&raw_field.ty)?;
    code.local_get(RESULT).i32_const(1).i32_store8(at(raw_field.offset, 1));
    code.local_get(RESULT).local_get(RAW).f64_store(at(raw_at, 8));
    // The list is reserved in full; `REASONS` fills it and says how much of it counts.
    let element = reason_type(contract)?;
    let bytes = contract.size(&element) * layout.inputs.min(MAX_REASONS as u64);
    code.local_get(RESULT).i32_const(contract.align(&element) as i32).i64_const(bytes as i64).call(guest::ALLOC);
    code.local_tee(SLOT).i32_store(at(reasons, 4));
    code.local_get(RESULT).local_get(SLOT).call(guest::REASONS).i32_store(at(reasons + 4, 4)).end();
    Ok(())
}

/// Pushes the value of an input whose slot is in [`SLOT`]. That of a missing cell means nothing.
pub fn value(code: &mut InstructionSink<'_>) {
    code.local_get(SLOT).i32_load(at(0, 4)).local_get(ROW).i32_const(8).i32_mul().i32_add().f64_load(at(0, 8));
}

/// Pushes 1 where the input whose slot is in [`SLOT`] is missing, else 0.
pub fn missing(code: &mut InstructionSink<'_>) {
    code.local_get(SLOT).i32_load(at(4, 4)).local_get(ROW).i32_const(3).i32_shr_u().i32_add().i32_load8_u(at(0, 1));
    code.local_get(ROW).i32_const(7).i32_and().i32_shr_u().i32_const(1).i32_and();
}

/// `(list: i32) -> i32`: moves the strongest contributions into a list of reasons, strongest first, and returns how
/// many. Uses up the contributions.
pub fn reasons(layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let (list, count, index, best, strength, candidate) = (0, 1, 2, 3, 4, 5);
    let ty = reason_type(contract)?;
    let (input, share) = (contract.field(&ty, "input")?.offset, contract.field(&ty, "contribution")?.offset);
    let size = contract.size(&ty) as i32;
    let most = layout.inputs.min(MAX_REASONS as u64) as i32;
    let mut function = Function::new([(3, ValType::I32), (2, ValType::F64)]);
    let mut code = function.instructions();
    count_up(&mut code, count, Limit::Fixed(most), |code| {
        code.i32_const(-1).local_set(best).f64_const(0.0.into()).local_set(strength).i32_const(0).local_set(index);
        count_up(code, index, Limit::Fixed(layout.inputs as i32), |code| {
            element(code, layout.contributions, index, 8);
            code.f64_load(at(0, 8)).f64_abs().local_tee(candidate).local_get(strength).f64_gt().if_(BlockType::Empty);
            code.local_get(candidate).local_set(strength).local_get(index).local_set(best).end();
        });
        code.local_get(best).i32_const(0).i32_lt_s().if_(BlockType::Empty).local_get(count).return_().end();
        element(code, layout.parameters, best, Layout::STRIDE);
        code.local_set(index);
        code.local_get(list).local_get(index).i32_load(at(guest::NAME, 4)).i32_store(at(input, 4));
        code.local_get(list).local_get(index).i32_load(at(guest::NAME_LENGTH, 4)).i32_store(at(input + 4, 4));
        code.local_get(list);
        element(code, layout.contributions, best, 8);
        code.f64_load(at(0, 8)).f64_store(at(share, 8));
        element(code, layout.contributions, best, 8);
        code.f64_const(0.0.into()).f64_store(at(0, 8));
        code.local_get(list).i32_const(size).i32_add().local_set(list);
    });
    code.local_get(count).end();
    Ok(function)
}

fn reason_type(contract: &Contract) -> Result<Type, ModelError> {
    let list = contract.field(&contract.ty("row-result")?, "reasons")?.ty;
    match contract.kind(&list)? {
        TypeDefKind::List(element) => Ok(*element),
        _ => Err(failed("`reasons` is not a list")),
    }
}

/// Pushes `base + index × stride`.
pub fn element(code: &mut InstructionSink<'_>, base: u64, index: u32, stride: u64) {
    code.local_get(index).i32_const(stride as i32).i32_mul().i32_const(base as i32).i32_add();
}

/// Where a loop ends.
#[derive(Clone, Copy)]
pub enum Limit {
    /// At the value of a local.
    Local(u32),
    /// At a number.
    Fixed(i32),
}

/// `while counter < limit { body; counter += 1 }`. The body must not leave by a branch.
pub fn count_up(
    code: &mut InstructionSink<'_>,
    counter: u32,
    limit: Limit,
    body: impl FnOnce(&mut InstructionSink<'_>),
) {
    code.block(BlockType::Empty).loop_(BlockType::Empty).local_get(counter);
    match limit {
        Limit::Local(local) => code.local_get(local),
        Limit::Fixed(number) => code.i32_const(number),
    };
    code.i32_ge_u().br_if(1);
    body(code);
    code.local_get(counter).i32_const(1).i32_add().local_set(counter).br(0).end().end();
}
