//! The core module of a compiled model: its memory layout and its list of functions.
//!
//! Memory: static data (manifest, names, parameters), then work space of fixed size, then a heap that only grows
//! within a call and is reset when the host has read the answer. Nothing else survives a call.

use super::contract::Contract;
use super::lower::StaticData;
use super::{exp, failed, logistic, manifest, rows, runtime, trees};
use crate::error::ModelError;
use crate::model::Model;
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
/// The first of the functions that only one kind of model has; all of them take and give nothing.
pub const OWN: u32 = 12;
/// The global that holds the heap's end.
pub const HEAP: u32 = 0;

/// Offsets within the parameters of an input, [`Layout::STRIDE`] bytes each. The first 48 bytes belong to the kind of
/// the model.
pub const NAME: u64 = 48;
pub const NAME_LENGTH: u64 = 52;
pub const PROBLEM: u64 = 56;
pub const PROBLEM_LENGTH: u64 = 60;

/// Where things lie in memory.
pub struct Layout {
    pub inputs: u64,
    /// The raw value that a row starts from.
    pub base: f64,
    pub manifest: u64,
    /// Parameters of the inputs.
    pub parameters: u64,
    /// Address and length of the text for a wrong number of columns.
    pub count_problem: (u64, u64),
    /// Per input, while a call runs: address of its values, address of its missing bits.
    pub slots: u64,
    /// Per input, while a row is scored: its contribution.
    pub contributions: u64,
    /// Per input, while a row is scored by trees: its value, NaN where it is missing.
    pub values: u64,
    /// The answer of `score-batch`.
    pub answer: u64,
    pub heap: u64,
}

impl Layout {
    pub const STRIDE: u64 = 64;

    fn new(model: &Model, contract: &Contract) -> Result<(Layout, StaticData), ModelError> {
        let mut data = StaticData::new(STATIC_BASE);
        let head = model.head();
        let manifest = data.constant(contract, &contract.ty("manifest")?, &manifest::manifest(&head))?;
        let inputs = head.inputs.len() as u64;
        let parameters = data.reserve(inputs * Self::STRIDE, 16);
        if let Model::Logistic(model) = model {
            logistic::parameters(model, parameters, &mut data);
        }
        for (input, at) in head.inputs.iter().zip((parameters..).step_by(Self::STRIDE as usize)) {
            let name = input.name;
            let problem =
                format!("input `{name}`: a column of numbers with this name, one value per row, is expected here");
            for (text, offset) in [(name, NAME), (problem.as_str(), PROBLEM)] {
                let (start, length) = data.text(text);
                data.write_u32(at + offset, start);
                data.write_u32(at + offset + 4, length);
            }
        }
        let count_problem = data.text(&format!("{inputs} columns are expected"));
        let answer_type = contract.result_of("score-batch")?;
        let slots = data.end();
        let contributions = slots + inputs * 8;
        let values = contributions + inputs * 8;
        let end = if matches!(model, Model::Trees(_)) { values + inputs * 8 } else { values };
        let answer = end.next_multiple_of(16);
        let heap = (answer + contract.size(&answer_type)).next_multiple_of(16);
        let base = head.base;
        Ok((
            Layout { inputs, base, manifest, parameters, count_problem, slots, contributions, values, answer, heap },
            data,
        ))
    }
}

/// Writes the core module.
pub fn module(model: &Model, contract: &Contract) -> Result<Vec<u8>, ModelError> {
    let (layout, data) = Layout::new(model, contract)?;
    let pages = layout.heap.div_ceil(65_536);
    if pages >= MAX_PAGES {
        return Err(failed("its manifest does not fit into memory"));
    }
    let (types, indices, code) = functions(model, &layout, contract)?;
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

/// The functions that every model has, and behind them those of its kind.
fn functions(
    model: &Model,
    layout: &Layout,
    contract: &Contract,
) -> Result<(TypeSection, FunctionSection, CodeSection), ModelError> {
    let (row, own) = match model {
        Model::Logistic(_) => (logistic::row(layout, contract)?, Vec::new()),
        Model::Linear(_) => return Err(super::failed("a linear model")),
        Model::Trees(model) => (trees::row(model, layout, contract)?, trees::functions(model, layout)),
    };
    let (i32, i64, f64) = (ValType::I32, ValType::I64, ValType::F64);
    let shared: [(&[ValType], &[ValType], Function); OWN as usize] = [
        (&[i32; 4], &[i32], runtime::realloc()),
        (&[], &[i32], runtime::describe(layout.manifest)),
        (&[i32; 3], &[i32], rows::score_batch(layout, contract)?),
        (&[i32], &[], runtime::reset(layout.heap)),
        (&[i32, i64], &[i32], runtime::alloc()),
        (&[i32; 3], &[i32], runtime::same()),
        (&[i32; 4], &[i32], rows::column(contract)?),
        (&[i32; 2], &[i32], rows::refuse(layout, contract)?),
        (&[i32; 2], &[], row),
        (&[i32], &[i32], rows::reasons(layout, contract)?),
        (&[f64], &[f64], exp::exp()),
        (&[f64], &[f64], exp::sigmoid(EXP)),
    ];
    let (mut types, mut indices, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    for (index, (parameters, results, function)) in shared.iter().enumerate() {
        types.ty().function(parameters.iter().copied(), results.iter().copied());
        indices.function(index as u32);
        code.function(function);
    }
    if !own.is_empty() {
        types.ty().function([], []);
    }
    for function in &own {
        indices.function(OWN);
        code.function(function);
    }
    Ok((types, indices, code))
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
