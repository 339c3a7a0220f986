//! A row's numbers become columns: ranks among thresholds, classes of codes.

use super::forest::{Forest, parts};
use super::guest::at;
use super::plan::{CHUNK, Column, Plan, RIGHT};
use crate::node::ZERO;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// Inputs of one function.
const INPUTS: usize = 64;
/// Where the row's numbers start.
const ROW: u32 = 0;
/// Of one row among 16: how far from the first byte of all columns its own is.
const LANE: u32 = 1;
const RANK: u32 = 2;
const VALUE: u32 = 3;
const SCRATCH: u32 = 4;
const NUMBER: u32 = 5;

/// Whom the columns are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// 16 rows: a byte per part, a signed one for a rank, because vectors compare signed bytes best.
    Lanes,
    /// One row: the same bytes one after the other, and a byte for each question about a code.
    Single,
}

/// `(row, lane: i32)`, to be called one after the other.
pub fn functions(plan: &Plan<'_>, forest: &Forest, whom: For) -> Vec<Function> {
    let inputs: Vec<usize> = (0..plan.asked.len()).filter(|input| columns(plan, *input).next().is_some()).collect();
    let write = |inputs: &[usize]| {
        let mut function = Function::new([(3, ValType::I32), (1, ValType::F64)]);
        let mut writer = Writer { plan, forest, whom, code: function.instructions() };
        for input in inputs {
            writer.input(*input);
        }
        writer.code.end();
        function
    };
    inputs.chunks(INPUTS).map(write).collect()
}

fn columns<'a>(plan: &'a Plan<'_>, input: usize) -> impl Iterator<Item = (usize, Column)> + 'a {
    plan.columns.iter().copied().enumerate().filter(move |(_, column)| match column {
        Column::Rank { input: of, .. } | Column::Class { input: of } => *of == input,
    })
}

struct Writer<'a, 'c> {
    plan: &'a Plan<'a>,
    forest: &'a Forest,
    whom: For,
    code: InstructionSink<'c>,
}

impl Writer<'_, '_> {
    fn input(&mut self, input: usize) {
        self.code.local_get(ROW).f64_load(at(8 * input as u64, 8)).local_set(NUMBER);
        let asked: Vec<(usize, Column)> = columns(self.plan, input).collect();
        if asked.iter().any(|(_, column)| matches!(column, Column::Rank { .. })) {
            self.rank(input);
        }
        for (place, column) in asked {
            match column {
                Column::Rank { missing_left, zero_missing, .. } => {
                    self.placed(missing_left, zero_missing);
                    self.code.local_set(VALUE);
                    self.store_rank(place, parts(self.plan, column));
                }
                Column::Class { input } => {
                    self.class(input);
                    self.code.local_set(VALUE);
                    self.store(self.forest.lanes[place], |code| {
                        code.local_get(VALUE);
                    });
                    self.tests(place);
                }
            }
        }
    }

    /// Of one row the answers to all questions about a column of classes.
    fn tests(&mut self, place: usize) {
        let first = self.forest.lanes.last().copied().unwrap_or(0);
        let tests = self.plan.tests.iter().zip(&self.forest.tests).zip(first..);
        for ((_, table), number) in tests.filter(|(((column, _), _), _)| *column == place && self.whom == For::Single) {
            self.code.i32_const(0).local_get(VALUE).i32_load8_u(at(*table, 1));
            self.code.i32_store8(at(self.forest.columns + number, 1));
        }
    }

    /// Sets the rank to the number of thresholds below the number; 0 where it is none. Halves what is left step by step
    /// without a branch; `RANK` holds the rank in bytes meanwhile.
    fn rank(&mut self, input: usize) {
        let (table, thresholds) = (self.forest.thresholds[input], self.plan.asked[input].thresholds.len());
        self.code.i32_const(0).local_set(RANK);
        for step in (0..usize::BITS - thresholds.leading_zeros()).rev() {
            let middle = (1u64 << step) - 1;
            // A selection, because a comparison kept as a number makes today's processors wait for the one before.
            self.code.local_get(RANK).i32_const(8 << step).i32_add().local_get(RANK);
            self.code.local_get(RANK).f64_load(at(table + 8 * middle, 8)).local_get(NUMBER).f64_lt();
            self.code.select().local_set(RANK);
        }
        self.code.local_get(RANK).i32_const(3).i32_shr_u().local_set(RANK);
    }

    /// Pushes the rank, or the end where a missing value goes. No threshold lies below what is no number: its rank is 0.
    fn placed(&mut self, missing_left: bool, zero_missing: bool) {
        self.code.local_get(RANK);
        let end = if missing_left { 0 } else { RIGHT };
        if zero_missing {
            // False for what is no number.
            self.code.i32_const(end).local_get(NUMBER).f64_abs().f64_const(ZERO.into()).f64_gt().select();
        } else if !missing_left {
            self.code.i32_const(end).local_get(NUMBER).local_get(NUMBER).f64_eq().select();
        }
    }

    /// Pushes the class of the code.
    fn class(&mut self, input: usize) {
        let asked = &self.plan.asked[input];
        let last = asked.classes.len() as i32 - 1;
        // Cut to a whole number; below zero it is huge without a sign, and huge is the last.
        self.code.local_get(NUMBER).i32_trunc_sat_f64_s().local_tee(VALUE).i32_const(last);
        self.code.local_get(VALUE).i32_const(last).i32_lt_u().select();
        self.code.i32_load8_u(at(self.forest.classes[input], 1)).local_set(VALUE);
        self.code.local_get(NUMBER).f64_abs().f64_const(ZERO.into()).f64_le().if_(BlockType::Empty);
        self.code.i32_const(asked.zero() as i32).local_set(VALUE).end();
        self.code.local_get(VALUE).i32_const(asked.missing() as i32);
        self.code.local_get(NUMBER).local_get(NUMBER).f64_eq().select();
    }

    fn store_rank(&mut self, place: usize, parts: usize) {
        for part in 0..parts {
            self.store(self.forest.lanes[place] + part as u64, |code| {
                if parts == 1 {
                    // RIGHT becomes 127, as 255 would.
                    code.local_get(VALUE).i32_const(128).i32_sub();
                } else {
                    clamped(code, part * CHUNK);
                }
            });
        }
    }

    fn store(&mut self, column: u64, value: impl Fn(&mut InstructionSink<'_>)) {
        let place = match self.whom {
            For::Lanes => {
                self.code.local_get(LANE);
                self.forest.lane_columns + 16 * column
            }
            For::Single => {
                self.code.i32_const(0);
                self.forest.columns + column
            }
        };
        value(&mut self.code);
        self.code.i32_store8(at(place, 1));
    }
}

/// Pushes `clamp(VALUE − first, 0, 255) − 128`.
fn clamped(code: &mut InstructionSink<'_>, first: usize) {
    let (low, high) = (first as i32, (first + CHUNK) as i32);
    code.local_get(VALUE).i32_const(low).local_get(VALUE).i32_const(low).i32_gt_s().select();
    code.local_tee(SCRATCH).i32_const(high).local_get(SCRATCH).i32_const(high).i32_lt_s().select();
    code.i32_const(low + 128).i32_sub();
}
