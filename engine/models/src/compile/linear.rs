//! A compiled linear model: its tables, and the functions that stand where an ensemble has those of its trees.
//!
//! All else (columns, texts, links, shares, reasons) is what an ensemble without trees would have, see
//! [`LinearModel::shape`].

use super::exp::{Bound, clamp};
use super::forest::{BLOCK, Forest, numbers};
use super::functions::Functions;
use super::guest::{Layout, at};
use super::kernel::Kernel;
use super::lower::StaticData;
use super::rows::{Limit, count_up, element};
use crate::linear::{LinearInput, LinearModel};
use crate::node::MAX_CODE;
use wasm_encoder::{BlockType, Function, ValType};

/// Bytes of an input's record before what it holds for each class.
const HEAD: u64 = 32;
const LOW: u64 = 0;
const HIGH: u64 = 8;
const MEAN: u64 = 16;
/// Address of the codes, 4 bytes each, and how many there are.
const CODES: u64 = 24;
const COUNT: u64 = 28;

/// Bytes of what an input's record holds for one class.
const CLASS: u64 = 24;
const SLOPE: u64 = 0;
const MISSING: u64 = 8;
/// Address of what each code adds, 8 bytes each.
const STEPS: u64 = 16;

/// Where the tables lie.
#[derive(Clone, Copy)]
pub struct Tables {
    /// By input its record.
    records: u64,
    /// Bytes of one.
    stride: u64,
    /// Where the numbers of the last block lie, 4 bytes.
    last: u64,
}

impl Tables {
    /// Writes them.
    pub fn of(model: &LinearModel, data: &mut StaticData) -> Tables {
        let stride = HEAD + CLASS * model.bases.len() as u64;
        let tables =
            Tables { records: data.reserve(stride * model.inputs.len() as u64, 8), stride, last: data.reserve(4, 4) };
        for (input, record) in model.inputs.iter().zip((tables.records..).step_by(stride as usize)) {
            write(input, record, data);
        }
        tables
    }
}

fn write(input: &LinearInput, record: u64, data: &mut StaticData) {
    for (number, offset) in [(input.low, LOW), (input.high, HIGH), (input.mean, MEAN)] {
        data.write(record + offset, &number.to_le_bytes());
    }
    let codes = data.reserve(4 * input.codes.len() as u64, 4);
    for (code, place) in input.codes.iter().zip((codes..).step_by(4)) {
        data.write_u32(place, u64::from(*code));
    }
    data.write_u32(record + CODES, codes);
    data.write_u32(record + COUNT, input.codes.len() as u64);
    for (class, steps) in input.steps.iter().enumerate() {
        let entry = record + HEAD + CLASS * class as u64;
        data.write(entry + SLOPE, &input.slopes[class].to_le_bytes());
        data.write(entry + MISSING, &input.missing[class].to_le_bytes());
        let steps = numbers(steps.iter().copied(), data);
        data.write_u32(entry + STEPS, steps);
    }
}

/// Adds all functions.
pub fn add(functions: &mut Functions, model: &LinearModel, tables: Tables, forest: &Forest, layout: &Layout) -> Kernel {
    let share = functions.add(&[ValType::I32, ValType::I32, ValType::F64], &[ValType::F64], contribution());
    let block = functions.add(&[ValType::I32; 2], &[], block(model, tables, forest, layout, share));
    let explain = (0..model.bases.len())
        .map(|class| functions.add(&[ValType::I32], &[], explain(class, tables, layout, share)))
        .collect();
    Kernel { block, explain, prepare: None }
}

/// `(record, entry: i32, x: f64) -> f64`, see [`LinearInput::contribution`]; `entry` is the class's part of the record.
fn contribution() -> Function {
    let (record, entry, x, line, scratch, code_, low, high, middle) = (0, 1, 2, 3, 4, 5, 6, 7, 8);
    let mut function = Function::new([(2, ValType::F64), (4, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(x).local_get(x).f64_ne().if_(BlockType::Empty);
    code.local_get(entry).f64_load(at(MISSING, 8)).return_().end();
    code.local_get(entry).f64_load(at(SLOPE, 8)).local_get(x);
    clamp(&mut code, scratch, Bound::Loaded(record, LOW), Bound::Loaded(record, HIGH));
    code.local_get(record).f64_load(at(MEAN, 8)).f64_sub().f64_mul().local_set(line);
    // The first code that is not below that of x.
    code.local_get(record).i32_load(at(COUNT, 4)).local_set(high);
    code.local_get(x).f64_const((-1.0).into()).f64_gt();
    code.local_get(x).f64_const((f64::from(MAX_CODE) + 1.0).into()).f64_lt().i32_and().if_(BlockType::Empty);
    code.local_get(x).i32_trunc_sat_f64_u().local_set(code_);
    code.block(BlockType::Empty).loop_(BlockType::Empty).local_get(low).local_get(high).i32_ge_u().br_if(1);
    code.local_get(low).local_get(high).i32_add().i32_const(1).i32_shr_u().local_set(middle);
    code.local_get(record).i32_load(at(CODES, 4)).local_get(middle).i32_const(2).i32_shl().i32_add();
    code.i32_load(at(0, 4)).local_get(code_).i32_lt_u().if_(BlockType::Empty);
    code.local_get(middle).i32_const(1).i32_add().local_set(low).else_().local_get(middle).local_set(high).end();
    code.br(0).end().end();
    code.local_get(low).local_get(record).i32_load(at(COUNT, 4)).i32_lt_u().if_(BlockType::Empty);
    code.local_get(record).i32_load(at(CODES, 4)).local_get(low).i32_const(2).i32_shl().i32_add();
    code.i32_load(at(0, 4)).local_get(code_).i32_eq().if_(BlockType::Empty);
    code.local_get(line).local_get(entry).i32_load(at(STEPS, 4)).local_get(low).i32_const(3).i32_shl().i32_add();
    code.f64_load(at(0, 8)).f64_add().return_().end().end().end();
    code.local_get(line).f64_const(0.0.into()).f64_add().end();
    function
}

/// Pushes what the input of a record adds to a class; the number is at the address in `number`.
fn share(code: &mut wasm_encoder::InstructionSink<'_>, [record, number]: [u32; 2], class: usize, share: u32) {
    code.local_get(record).local_get(record).i32_const((HEAD + CLASS * class as u64) as i32).i32_add();
    code.local_get(number).f64_load(at(0, 8)).call(share);
}

/// `(numbers, rows: i32)`, see [`Kernel::block`].
fn block(model: &LinearModel, tables: Tables, forest: &Forest, layout: &Layout, one: u32) -> Function {
    let (numbers, rows, row, input, number, record, raw) = (0, 1, 2, 3, 4, 5, 6);
    let mut function = Function::new([(4, ValType::I32), (1, ValType::F64)]);
    let mut code = function.instructions();
    code.i32_const(0).local_get(numbers).i32_store(at(tables.last, 4));
    count_up(&mut code, row, Limit::Local(rows), |code| {
        for (class, base) in model.bases.iter().enumerate() {
            code.f64_const((*base).into()).local_set(raw).local_get(numbers).local_set(number);
            code.i32_const(0).local_set(input);
            count_up(code, input, Limit::Fixed(layout.inputs as i32), |code| {
                element(code, tables.records, input, tables.stride);
                code.local_set(record).local_get(raw);
                share(code, [record, number], class, one);
                code.f64_add().local_set(raw).local_get(number).i32_const(8).i32_add().local_set(number);
            });
            element(code, forest.raws + 8 * BLOCK * class as u64, row, 8);
            code.local_get(raw).f64_store(at(0, 8));
        }
        code.local_get(numbers).i32_const(8 * layout.inputs as i32).i32_add().local_set(numbers);
    });
    code.end();
    function
}

/// `(lane: i32)`, see [`Kernel::explain`].
fn explain(class: usize, tables: Tables, layout: &Layout, one: u32) -> Function {
    let (lane, input, number, record) = (0, 1, 2, 3);
    let mut function = Function::new([(3, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(0).i32_load(at(tables.last, 4));
    code.local_get(lane).i32_const(8 * layout.inputs as i32).i32_mul().i32_add().local_set(number);
    count_up(&mut code, input, Limit::Fixed(layout.inputs as i32), |code| {
        element(code, tables.records, input, tables.stride);
        code.local_set(record);
        element(code, layout.contributions, input, 8);
        share(code, [record, number], class, one);
        code.f64_store(at(0, 8)).local_get(number).i32_const(8).i32_add().local_set(number);
    });
    code.end();
    function
}
