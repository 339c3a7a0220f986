//! What a compiled logistic regression does with a row: the sequence of `crate::logistic`, operation by operation.

use super::contract::Contract;
use super::exp::{Bound, clamp};
use super::guest::{self, Layout, at};
use super::lower::StaticData;
use super::rows::{self, INDEX, Limit, NUMBER, PARAMETERS, RAW, SLOT, count_up, element};
use crate::error::ModelError;
use crate::logistic::LogisticModel;
use wasm_encoder::{Function, InstructionSink};

/// Offsets within the parameters of an input.
const LOW: u64 = 0;
const HIGH: u64 = 8;
const MEAN: u64 = 16;
const SD: u64 = 24;
const WEIGHT: u64 = 32;
const MISSING: u64 = 40;

/// Writes the numbers of all inputs from the address `start` on.
pub fn parameters(model: &LogisticModel, start: u64, data: &mut StaticData) {
    for (input, at) in model.inputs.iter().zip((start..).step_by(Layout::STRIDE as usize)) {
        let numbers = [input.low, input.high, input.mean, input.sd, input.weight, input.missing_weight];
        for (number, offset) in numbers.into_iter().zip((LOW..).step_by(8)) {
            data.write(at + offset, &number.to_le_bytes());
        }
    }
}

/// `(row, result: i32)`: scores one row into a `row-result`.
pub fn row(base: f64, layout: &Layout, contract: &Contract) -> Result<Function, ModelError> {
    let mut function = Function::new(rows::ROW_LOCALS);
    let mut code = function.instructions();
    code.f64_const(base.into()).local_set(RAW);
    count_up(&mut code, INDEX, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, layout.slots, INDEX, 8);
        code.local_set(SLOT);
        element(code, layout.parameters, INDEX, Layout::STRIDE);
        code.local_set(PARAMETERS);
        contribution(code);
        code.local_set(NUMBER);
        element(code, layout.contributions, INDEX, 8);
        code.local_get(NUMBER).f64_store(at(0, 8));
        code.local_get(RAW).local_get(NUMBER).f64_add().local_set(RAW);
    });
    rows::finish(&mut code, layout, contract, guest::SIGMOID)?;
    Ok(function)
}

/// Pushes what one input adds to the log-odds of a row. The value of a missing cell is read but not used.
fn contribution(code: &mut InstructionSink<'_>) {
    code.local_get(PARAMETERS).f64_load(at(MISSING, 8));
    code.local_get(PARAMETERS).f64_load(at(WEIGHT, 8));
    rows::value(code);
    let bound = |offset| Bound::Loaded(PARAMETERS, offset);
    clamp(code, NUMBER, bound(LOW), bound(HIGH));
    code.local_get(PARAMETERS).f64_load(at(MEAN, 8)).f64_sub();
    code.local_get(PARAMETERS).f64_load(at(SD, 8)).f64_div().f64_mul();
    rows::missing(code);
    code.select();
}
