//! The core module of a compiled logistic regression: its memory layout and its list of functions.
//!
//! Memory: static data (manifest, names, parameters), then work space of fixed size, then a heap that only grows
//! within a call and is reset when the host has read the answer. Nothing else survives a call.

use super::contract::Contract;
use super::lower::StaticData;
use super::{exp, failed, manifest, rows, runtime};
use crate::error::ModelError;
use crate::model::LogisticModel;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, MemArg, MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// 64 MiB, the host's limit as well.
pub const MAX_PAGES: u64 = 1_024;
/// Address 0 stays unused, so that no list starts there.
const STATIC_BASE: u64 = 64;

/// Functions by index.
pub const REALLOC: u32 = 0;
pub const DESCRIBE: u32 = 1;
pub const SCORE_BATCH: u32 = 2;
pub const AFTER_SCORE: u32 = 3;
pub const ALLOC: u32 = 4;
pub const SAME: u32 = 5;
pub const COLUMN: u32 = 6;
pub const REFUSE: u32 = 7;
pub const ROW: u32 = 8;
pub const REASONS: u32 = 9;
pub const EXP: u32 = 10;
pub const SIGMOID: u32 = 11;
/// The global that holds the heap's end.
pub const HEAP: u32 = 0;

/// Offsets within the parameters of an input, [`Layout::STRIDE`] bytes each.
pub const LOW: u64 = 0;
pub const HIGH: u64 = 8;
pub const MEAN: u64 = 16;
pub const SD: u64 = 24;
pub const WEIGHT: u64 = 32;
pub const MISSING: u64 = 40;
pub const NAME: u64 = 48;
pub const NAME_LENGTH: u64 = 52;
pub const PROBLEM: u64 = 56;
pub const PROBLEM_LENGTH: u64 = 60;

/// Where things lie in memory.
pub struct Layout {
    pub inputs: u64,
    pub intercept: f64,
    pub manifest: u64,
    /// Parameters of the inputs.
    pub parameters: u64,
    /// Address and length of the text for a wrong number of columns.
    pub count_problem: (u64, u64),
    /// Per input, while a call runs: address of its values, address of its missing bits.
    pub slots: u64,
    /// Per input, while a row is scored: its contribution.
    pub contributions: u64,
    /// The answer of `score-batch`.
    pub answer: u64,
    pub heap: u64,
}

impl Layout {
    pub const STRIDE: u64 = 64;

    fn new(model: &LogisticModel, contract: &Contract) -> Result<(Layout, StaticData), ModelError> {
        let mut data = StaticData::new(STATIC_BASE);
        let manifest = data.constant(contract, &contract.ty("manifest")?, &manifest::manifest(model))?;
        let inputs = model.inputs.len() as u64;
        let parameters = data.reserve(inputs * Self::STRIDE, 16);
        for (input, at) in model.inputs.iter().zip((parameters..).step_by(Self::STRIDE as usize)) {
            let numbers = [input.low, input.high, input.mean, input.sd, input.weight, input.missing_weight];
            for (number, offset) in numbers.into_iter().zip((LOW..).step_by(8)) {
                data.write(at + offset, &number.to_le_bytes());
            }
            let problem = format!(
                "input `{}`: a column of numbers with this name, one value per row, is expected here",
                input.name
            );
            for (text, offset) in [(input.name.as_str(), NAME), (problem.as_str(), PROBLEM)] {
                let (start, length) = data.text(text);
                data.write_u32(at + offset, start);
                data.write_u32(at + offset + 4, length);
            }
        }
        let count_problem = data.text(&format!("{inputs} columns are expected"));
        let answer_type = contract.result_of("score-batch")?;
        let slots = data.end();
        let contributions = slots + inputs * 8;
        let answer = (contributions + inputs * 8).next_multiple_of(16);
        let heap = (answer + contract.size(&answer_type)).next_multiple_of(16);
        let intercept = model.intercept;
        Ok((
            Layout { inputs, intercept, manifest, parameters, count_problem, slots, contributions, answer, heap },
            data,
        ))
    }
}

/// Writes the core module.
pub fn module(model: &LogisticModel, contract: &Contract) -> Result<Vec<u8>, ModelError> {
    let (layout, data) = Layout::new(model, contract)?;
    let pages = layout.heap.div_ceil(65_536);
    if pages >= MAX_PAGES {
        return Err(failed("its manifest does not fit into memory"));
    }
    let (i32, i64, f64) = (ValType::I32, ValType::I64, ValType::F64);
    let functions: [(&[ValType], &[ValType], Function); 12] = [
        (&[i32; 4], &[i32], runtime::realloc()),
        (&[], &[i32], runtime::describe(layout.manifest)),
        (&[i32; 3], &[i32], rows::score_batch(&layout, contract)?),
        (&[i32], &[], runtime::reset(layout.heap)),
        (&[i32, i64], &[i32], runtime::alloc()),
        (&[i32; 3], &[i32], runtime::same()),
        (&[i32; 4], &[i32], rows::column(contract)?),
        (&[i32; 2], &[i32], rows::refuse(&layout, contract)?),
        (&[i32; 2], &[], rows::row(&layout, contract)?),
        (&[i32], &[i32], rows::reasons(&layout, contract)?),
        (&[f64], &[f64], exp::exp()),
        (&[f64], &[f64], exp::sigmoid(EXP)),
    ];
    let (mut types, mut indices, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    for (index, (parameters, results, function)) in functions.iter().enumerate() {
        types.ty().function(parameters.iter().copied(), results.iter().copied());
        indices.function(index as u32);
        code.function(function);
    }
    let mut memories = MemorySection::new();
    let (minimum, maximum) = (pages, Some(MAX_PAGES));
    memories.memory(MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let heap_type = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(heap_type, &ConstExpr::i32_const(layout.heap as i32));
    let (base, bytes) = data.parts();
    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(base as i32), bytes);
    let mut module = Module::new();
    module.section(&types).section(&indices).section(&memories).section(&globals);
    module.section(&exports(contract)?).section(&code).section(&segments);
    Ok(module.finish())
}

fn exports(contract: &Contract) -> Result<ExportSection, ModelError> {
    let (memory, realloc) = contract.runtime_names();
    let mut exports = ExportSection::new();
    exports.export(&memory, ExportKind::Memory, 0).export(&realloc, ExportKind::Func, REALLOC);
    exports.export(&contract.export_name("describe", false)?, ExportKind::Func, DESCRIBE);
    exports.export(&contract.export_name("score-batch", false)?, ExportKind::Func, SCORE_BATCH);
    exports.export(&contract.export_name("score-batch", true)?, ExportKind::Func, AFTER_SCORE);
    Ok(exports)
}

/// A memory operand at an offset; `width` is the access's natural width in bytes.
pub fn at(offset: u64, width: u32) -> MemArg {
    MemArg { offset, align: width.trailing_zeros(), memory_index: 0 }
}
