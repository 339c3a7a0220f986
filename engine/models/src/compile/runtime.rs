//! The parts of a compiled plugin that no model changes: memory, comparison of names, `describe`.

use super::guest::{ALLOC, HEAP, MAX_PAGES, at};
use wasm_encoder::{BlockType, Function, ValType};

/// `(align: i32, size: i64) -> i32`: the next free bytes of the heap. Traps beyond 64 MiB.
pub fn alloc() -> Function {
    let (align, size, start, pages) = (0, 1, 2, 3);
    let mut function = Function::new([(2, ValType::I64)]);
    let mut code = function.instructions();
    // start = (heap + align − 1) & −align, in 64 bits so that nothing wraps
    code.global_get(HEAP).i64_extend_i32_u().local_get(align).i64_extend_i32_u().i64_add().i64_const(1).i64_sub();
    code.i64_const(0).local_get(align).i64_extend_i32_u().i64_sub().i64_and().local_tee(start);
    code.local_get(size).i64_add().local_tee(size);
    code.i64_const((MAX_PAGES * 65_536) as i64).i64_gt_u().if_(BlockType::Empty).unreachable().end();
    code.local_get(size).i64_const(65_535).i64_add().i64_const(16).i64_shr_u();
    code.memory_size(0).i64_extend_i32_u().i64_sub().local_tee(pages).i64_const(0).i64_gt_s();
    code.if_(BlockType::Empty);
    code.local_get(pages).i32_wrap_i64().memory_grow(0).i32_const(-1).i32_eq();
    code.if_(BlockType::Empty).unreachable().end().end();
    code.local_get(size).i32_wrap_i64().global_set(HEAP);
    code.local_get(start).i32_wrap_i64().end();
    function
}

/// `(old, old_size, align, new_size: i32) -> i32`: the canonical ABI's `realloc`. Nothing is ever freed before the end
/// of the call.
pub fn realloc() -> Function {
    let (old, old_size, align, new_size, new) = (0, 1, 2, 3, 4);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(align).local_get(new_size).i64_extend_i32_u().call(ALLOC).local_set(new);
    code.local_get(new).local_get(old);
    code.local_get(old_size).local_get(new_size).local_get(old_size).local_get(new_size).i32_lt_u().select();
    code.memory_copy(0, 0).local_get(new).end();
    function
}

/// `() -> i32`: the address of the manifest.
pub fn describe(manifest: u64) -> Function {
    let mut function = Function::new([]);
    function.instructions().i32_const(manifest as i32).end();
    function
}

/// `(answer: i32)`: runs when the host has read an answer, and empties the heap.
pub fn reset(heap: u64) -> Function {
    let mut function = Function::new([]);
    function.instructions().i32_const(heap as i32).global_set(HEAP).end();
    function
}

/// `(a, b, length: i32) -> i32`: 1 where the bytes at a and b are equal.
pub fn same() -> Function {
    let (a, b, length) = (0, 1, 2);
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.loop_(BlockType::Empty);
    code.local_get(length).i32_eqz().if_(BlockType::Empty).i32_const(1).return_().end();
    code.local_get(length).i32_const(1).i32_sub().local_set(length);
    code.local_get(a).local_get(length).i32_add().i32_load8_u(at(0, 1));
    code.local_get(b).local_get(length).i32_add().i32_load8_u(at(0, 1));
    code.i32_eq().br_if(0).end();
    code.i32_const(0).end();
    function
}
