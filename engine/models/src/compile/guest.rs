//! The core module of a compiled model: its memory layout and its list of functions.
//!
//! Memory: static data (manifest, names, parameters), then work space of fixed size, then a heap that only grows
//! within a call and is reset when the host has read the answer. Nothing else survives a call.

use super::contract::Contract;
use super::forest::{Forest, MAX_WIDTH};
use super::functions::{Functions, Sections};
use super::lower::{Constant, StaticData};
use super::plan::Plan;
use super::{exp, failed, kernel, linear, logistic, manifest, rows, runtime, trees};
use crate::error::ModelError;
use crate::model::{Head, Model};
use wasm_encoder::{
    ConstExpr, DataSection, ExportKind, ExportSection, Function, GlobalSection, GlobalType, MemArg, MemorySection,
    MemoryType, Module, ValType,
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
/// How many functions all kinds of models have.
const SHARED: usize = 12;
/// The global that holds the heap's end.
pub const HEAP: u32 = 0;

/// Offsets within the parameters of an input, [`Layout::STRIDE`] bytes each. The first 48 bytes belong to the kind of
/// the model; trees keep there how many texts the input knows and the address of their table.
pub const TEXTS: u64 = 0;
pub const TABLE: u64 = 4;
pub const NAME: u64 = 48;
pub const NAME_LENGTH: u64 = 52;
pub const PROBLEM: u64 = 56;
pub const PROBLEM_LENGTH: u64 = 60;

/// Where things lie in memory.
pub struct Layout {
    pub inputs: u64,
    pub manifest: u64,
    /// Parameters of the inputs.
    pub parameters: u64,
    /// Address and length of the text for a wrong number of columns.
    pub count_problem: (u64, u64),
    /// Per input, while a call runs: address of its values, address of its missing bits.
    pub slots: u64,
    /// Per input, while a row is scored: its contribution.
    pub contributions: u64,
    /// The answer of the function that is called, apart from its lists.
    pub answer: u64,
    pub heap: u64,
    /// What only trees have.
    pub forest: Option<Forest>,
    /// Per input the texts that it knows, as the contract returns them. Trees only.
    pub known_texts: u64,
    /// What only linear models have.
    pub lines: Option<linear::Tables>,
}

impl Layout {
    pub const STRIDE: u64 = 64;

    fn new(model: &Model, plan: Option<&Plan<'_>>, contract: &Contract) -> Result<(Layout, StaticData), ModelError> {
        let mut data = StaticData::new(STATIC_BASE);
        let head = model.head();
        let manifest = data.constant(contract, &contract.ty("manifest")?, &manifest::manifest(&head))?;
        let inputs = head.inputs.len() as u64;
        let parameters = data.reserve(inputs * Self::STRIDE, 16);
        if let Model::Logistic(model) = model {
            logistic::parameters(model, parameters, &mut data);
        }
        names(&head, parameters, &mut data);
        let count_problem = data.text(&format!("{inputs} columns are expected"));
        let lines = match model {
            Model::Linear(model) => Some(linear::Tables::of(model, &mut data)),
            _ => None,
        };
        let mut known_texts = 0;
        let mut forest = plan.map(|plan| Forest::tables(plan, &mut data));
        if let Some(forest) = &forest {
            for ((input, texts), at) in
                head.inputs.iter().zip(&forest.texts).zip((parameters..).step_by(Self::STRIDE as usize))
            {
                data.write_u32(at + TEXTS, input.categories.len() as u64);
                data.write_u32(at + TABLE, *texts);
            }
            if head.labels.is_empty() {
                let list = |texts: &[String]| Constant::List(texts.iter().map(Constant::text).collect());
                let lists = head.inputs.iter().map(|input| list(input.categories)).collect();
                known_texts = data.constant(contract, &contract.result_of("texts")?, &Constant::List(lists))?;
            }
        }
        let answer_type = contract.result_of("score-batch")?;
        let slots = data.end();
        let contributions = slots + inputs * 8;
        let mut end = (contributions + inputs * 8).next_multiple_of(16);
        if let (Some(forest), Some(plan)) = (&mut forest, plan) {
            // Additions of 0 go behind the contributions.
            end = forest.place(plan, end + 8 * MAX_WIDTH as u64);
        }
        let answer = end;
        let heap = (answer + contract.size(&answer_type)).next_multiple_of(16);
        let layout = Layout {
            inputs,
            manifest,
            parameters,
            count_problem,
            slots,
            contributions,
            answer,
            heap,
            forest,
            known_texts,
            lines,
        };
        Ok((layout, data))
    }

    /// Where the number of rows of a call is kept, if it is.
    pub fn rows(&self) -> Option<u64> {
        self.forest.as_ref().map(|forest| forest.rows)
    }
}

/// Writes the inputs' names, and what is said where a column is not as it should be.
fn names(head: &Head<'_>, parameters: u64, data: &mut StaticData) {
    for (input, at) in head.inputs.iter().zip((parameters..).step_by(Layout::STRIDE as usize)) {
        let (name, what) = (input.name, if input.categories.is_empty() { "numbers" } else { "texts" });
        let problem = format!("input `{name}`: a column of {what} with this name, one value per row, is expected here");
        for (text, offset) in [(name, NAME), (problem.as_str(), PROBLEM)] {
            let (start, length) = data.text(text);
            data.write_u32(at + offset, start);
            data.write_u32(at + offset + 4, length);
        }
    }
}

/// Writes the core module.
pub fn module(model: &Model, contract: &Contract) -> Result<Vec<u8>, ModelError> {
    let shape = match model {
        Model::Linear(model) => Some(model.shape()),
        _ => None,
    };
    let plan = match model {
        Model::Trees(model) => Some(Plan::of(model)),
        _ => shape.as_ref().map(Plan::of),
    };
    let (layout, data) = Layout::new(model, plan.as_ref(), contract)?;
    let pages = layout.heap.div_ceil(65_536);
    if pages >= MAX_PAGES {
        return Err(failed("its manifest and tables do not fit into memory"));
    }
    let mut functions = shared(model, &layout, contract)?;
    if let Some(plan) = &plan {
        let forest = layout.forest.as_ref().ok_or_else(|| failed("the tables have no place"))?;
        let kernel = match (model, layout.lines) {
            (Model::Linear(model), Some(tables)) => linear::add(&mut functions, model, tables, forest, &layout),
            _ => kernel::add(&mut functions, plan, forest, &layout),
        };
        trees::add(&mut functions, &kernel, plan, &layout, contract)?;
    }
    let Sections { types, indices, code, exports: own } = functions.sections()?;
    let mut memories = MemorySection::new();
    let (minimum, maximum) = (pages, Some(MAX_PAGES));
    memories.memory(MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let heap_type = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(heap_type, &ConstExpr::i32_const(layout.heap as i32));
    let (base, bytes) = data.parts();
    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(base as i32), bytes);
    let mut exports = exports(contract)?;
    for (name, index) in own {
        exports.export(&name, ExportKind::Func, index);
    }
    let mut module = Module::new();
    module.section(&types).section(&indices).section(&memories).section(&globals);
    module.section(&exports).section(&code).section(&segments);
    Ok(module.finish())
}

/// The functions that every model has; trees define [`ROW`] later.
fn shared(model: &Model, layout: &Layout, contract: &Contract) -> Result<Functions, ModelError> {
    let row = match model {
        Model::Logistic(model) => Some(logistic::row(model.intercept, layout, contract)?),
        Model::Linear(_) | Model::Trees(_) => None,
    };
    let (i32, i64, f64) = (ValType::I32, ValType::I64, ValType::F64);
    let shared: [(&[ValType], &[ValType], Option<Function>); SHARED] = [
        (&[i32; 4], &[i32], Some(runtime::realloc())),
        (&[], &[i32], Some(runtime::describe(layout.manifest))),
        (&[i32; 3], &[i32], Some(rows::score_batch(layout, contract)?)),
        (&[i32], &[], Some(runtime::reset(layout.heap))),
        (&[i32, i64], &[i32], Some(runtime::alloc())),
        (&[i32; 3], &[i32], Some(runtime::same())),
        (&[i32; 4], &[i32], Some(rows::column(layout, contract)?)),
        (&[i32; 2], &[i32], Some(rows::refuse(layout, contract)?)),
        (&[i32; 2], &[], row),
        (&[i32], &[i32], Some(rows::reasons(layout, contract)?)),
        (&[f64], &[f64], Some(exp::exp())),
        (&[f64], &[f64], Some(exp::sigmoid(EXP))),
    ];
    let mut functions = Functions::default();
    for (parameters, results, function) in shared {
        // Each with a type of its own, as components have had them from the start.
        functions.push_with_type(parameters, results, function);
    }
    Ok(functions)
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
