//! `exp` and the logistic function as wasm: the very sequence of `crate::math`, operation by operation.

use super::guest::at;
use crate::math::{EXP_MAX, EXP_MIN, EXP_SERIES, LN2_HIGH, LN2_LOW, LOG2_E};
use wasm_encoder::{Function, InstructionSink, ValType};

/// `(f64) -> f64`, see [`crate::math::exp`].
pub fn exp() -> Function {
    let (x, k, r, half, whole) = (0, 1, 2, 3, 4);
    let mut function = Function::new([(2, ValType::F64), (2, ValType::I64)]);
    let mut code = function.instructions();
    code.local_get(x);
    clamp(&mut code, x, Bound::Fixed(EXP_MIN), Bound::Fixed(EXP_MAX));
    code.local_set(x);
    code.local_get(x).f64_const(LOG2_E.into()).f64_mul().f64_nearest().local_set(k);
    code.local_get(x).local_get(k).f64_const(LN2_HIGH.into()).f64_mul().f64_sub();
    code.local_get(k).f64_const(LN2_LOW.into()).f64_mul().f64_sub().local_set(r);
    // 1 + (r + r·r·tail)
    code.f64_const(1.0.into()).local_get(r).local_get(r).local_get(r).f64_mul();
    code.f64_const(EXP_SERIES[0].into());
    for factor in &EXP_SERIES[1..] {
        code.local_get(r).f64_mul().f64_const((*factor).into()).f64_add();
    }
    code.f64_mul().f64_add().f64_add();
    code.local_get(k).i64_trunc_sat_f64_s().local_tee(whole).i64_const(1).i64_shr_s().local_tee(half);
    power_of_two(&mut code);
    code.f64_mul().local_get(whole).local_get(half).i64_sub();
    power_of_two(&mut code);
    code.f64_mul().end();
    function
}

/// `(f64) -> f64`, see [`crate::math::sigmoid`]; `exp` is the index of that function.
pub fn sigmoid(exp: u32) -> Function {
    let (x, small) = (0, 1);
    let mut function = Function::new([(1, ValType::F64)]);
    let mut code = function.instructions();
    code.local_get(x).f64_abs().f64_neg().call(exp).local_set(small);
    code.local_get(small).f64_const(1.0.into()).local_get(x).f64_const(0.0.into()).f64_lt().select();
    code.f64_const(1.0.into()).local_get(small).f64_add().f64_div().end();
    function
}

/// One end of a range.
#[derive(Clone, Copy)]
pub enum Bound {
    /// A constant.
    Fixed(f64),
    /// In memory, at the address in a local plus an offset.
    Loaded(u32, u64),
}

impl Bound {
    fn push(self, code: &mut InstructionSink<'_>) {
        match self {
            Bound::Fixed(number) => code.f64_const(number.into()),
            Bound::Loaded(local, offset) => code.local_get(local).f64_load(at(offset, 8)),
        };
    }
}

/// Clamps the f64 on the stack as Rust's `clamp` does, so that NaN and the sign of zero go the same way in both;
/// `local` is overwritten.
pub fn clamp(code: &mut InstructionSink<'_>, local: u32, low: Bound, high: Bound) {
    code.local_set(local);
    low.push(code);
    code.local_get(local).local_get(local);
    low.push(code);
    code.f64_lt().select().local_set(local);
    high.push(code);
    code.local_get(local).local_get(local);
    high.push(code);
    code.f64_gt().select();
}

fn power_of_two(code: &mut InstructionSink<'_>) {
    code.i64_const(1023).i64_add().i64_const(52).i64_shl().f64_reinterpret_i64();
}
