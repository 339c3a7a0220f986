//! Codes of texts: a search among those that an input knows.

use super::guest::at;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// `(a, length of a, b, length of b: i32) -> i32`: below, at or above 0 as a's bytes come before, with or after b's.
pub fn compare() -> Function {
    let (a, a_length, b, b_length, index, difference) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    let inside = |code: &mut InstructionSink<'_>, length| {
        code.local_get(index).local_get(length).i32_lt_u();
    };
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    inside(&mut code, a_length);
    inside(&mut code, b_length);
    code.i32_and().i32_eqz().br_if(1);
    code.local_get(a).local_get(index).i32_add().i32_load8_u(at(0, 1));
    code.local_get(b).local_get(index).i32_add().i32_load8_u(at(0, 1));
    code.i32_sub().local_tee(difference).if_(BlockType::Empty).local_get(difference).return_().end();
    code.local_get(index).i32_const(1).i32_add().local_set(index).br(0).end().end();
    code.local_get(a_length).local_get(b_length).i32_sub().end();
    function
}

/// `(text, length, table, count: i32) -> f64`: the code of a text among the texts of a table, NaN where it is none.
pub fn code_of(compare: u32) -> Function {
    let (text, length, table, count, low, middle, entry, order) = (0, 1, 2, 3, 4, 5, 6, 7);
    let mut function = Function::new([(4, ValType::I32)]);
    let mut code = function.instructions();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(low).local_get(count).i32_ge_u().br_if(1);
    code.local_get(low).local_get(count).i32_add().i32_const(1).i32_shr_u().local_set(middle);
    code.local_get(table).local_get(middle).i32_const(12).i32_mul().i32_add().local_set(entry);
    code.local_get(text).local_get(length).local_get(entry).i32_load(at(0, 4)).local_get(entry).i32_load(at(4, 4));
    code.call(compare).local_tee(order).i32_eqz().if_(BlockType::Empty);
    code.local_get(entry).i32_load(at(8, 4)).f64_convert_i32_u().return_().end();
    code.local_get(order).i32_const(0).i32_lt_s().if_(BlockType::Empty).local_get(middle).local_set(count);
    code.else_().local_get(middle).i32_const(1).i32_add().local_set(low).end().br(0).end().end();
    code.f64_const(f64::NAN.into()).end();
    function
}
