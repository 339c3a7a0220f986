//! Guests for the tests: a model compiled by `staunch-models`, and modules written as text with any `score-batch`.

use staunch_models::{Card, LogisticInput, LogisticModel, Model};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// A model named `m` with some inputs `x0`, `x1` … whose weights shrink.
pub fn model(inputs: usize) -> LogisticModel {
    let input = |n: usize| LogisticInput {
        name: format!("x{n}"),
        unit: None,
        mean: 0.3 * n as f64,
        sd: 1.0 / (n + 1) as f64,
        low: -1e6,
        high: 1e6,
        weight: if n.is_multiple_of(3) { -1.0 } else { 0.7 } / (n + 1) as f64,
        missing_weight: if n.is_multiple_of(2) { 0.0 } else { 0.25 },
    };
    let card = Card {
        data_from: Some("2011-01-01T00:00:00Z".into()),
        data_until: Some("2011-09-01T00:00:00Z".into()),
        ..Card::default()
    };
    let (name, version, inputs) = ("m".into(), "1.0.0".into(), (0..inputs).map(input).collect());
    LogisticModel { format: 1, name, version, inputs, intercept: -0.4, bands: Vec::new(), card }
}

pub fn compiled(model: LogisticModel) -> Vec<u8> {
    staunch_models::compile(&Model::Logistic(model)).unwrap()
}

/// A guest whose manifest is that of `model(1)` (one number `x0`, range 0 to 1). The parts are WebAssembly text.
pub struct Guest {
    /// Body of `score-batch (param $rows $columns $count i32) (result i32)`.
    pub score: String,
    /// Body of `describe () (result i32)`; the manifest lies at 64.
    pub describe: &'static str,
    /// Body of the allocator; the default never runs out within one page.
    pub realloc: &'static str,
    /// Further fields of the module. Where they export the interface `values`, it is of the world with that.
    pub fields: &'static str,
    /// The memory's limits.
    pub memory: &'static str,
}

impl Guest {
    pub fn scoring(score: impl Into<String>) -> Guest {
        let realloc = "(global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
            (global.get $heap) (global.set $heap (i32.add (global.get $heap) (local.get 3)))";
        Guest { score: score.into(), describe: "(i32.const 64)", realloc, fields: "", memory: "4" }
    }

    /// One row whose parts are given as text: the value (an f64 expression), how many rows to claim, the reasons'
    /// address and count. The row lies at 40,000, the answer at 39,000.
    pub fn answering(value: &str, rows: u32, reasons: (u32, u32)) -> Guest {
        Guest::scoring(answer(value, rows, reasons))
    }

    pub fn build(&self) -> Vec<u8> {
        self.build_as(staunch_models::compile::WIT, &self.text())
    }

    /// The same for another version of the contract, given by its WIT, with a changed text.
    pub fn build_as(&self, wit: &str, text: &str) -> Vec<u8> {
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = wit_parser::Resolve::new();
        let package = resolve.push_source("scoring.wit", wit).unwrap();
        let world = if self.fields.contains("scoring/values@") { "quick-scorer" } else { "scorer" };
        let world = resolve.select_world(&[package], Some(world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(false).module(&module).unwrap().encode().unwrap()
    }

    pub fn text(&self) -> String {
        let data: String = manifest_data().iter().map(|byte| format!("\\{byte:02x}")).collect();
        let Guest { score, describe, realloc, fields, memory } = self;
        let interface = "staunch:scoring/plugin@1.0.0#";
        format!(
            r#"(module (memory (export "memory") {memory}) (global $heap (mut i32) (i32.const 50000))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
            (func (export "{interface}describe") (result i32) {describe})
            (func $score (export "{interface}score-batch") (param $rows i32) (param $columns i32) (param $count i32) (result i32)
                {score})
            {fields} (data (i32.const 64) "{data}"))"#
        )
    }
}

/// Text that writes an `ok` answer with one row and pushes its address.
pub fn answer(value: &str, rows: u32, (reasons, count): (u32, u32)) -> String {
    format!(
        "(i32.store8 (i32.const 39000) (i32.const 0)) (i32.store (i32.const 39004) (i32.const 40000))
         (i32.store (i32.const 39008) (i32.const {rows})) (i32.store8 (i32.const 40000) (i32.const 0))
         (f64.store (i32.const 40008) {value}) (i32.store8 (i32.const 40016) (i32.const 0))
         (i32.store (i32.const 40032) (i32.const {reasons})) (i32.store (i32.const 40036) (i32.const {count}))
         (i32.const 39000)"
    )
}

/// The static data of a compiled `model(1)`; its manifest lies at the start.
fn manifest_data() -> Vec<u8> {
    let component = compiled(model(1));
    for payload in wasmparser::Parser::new(0).parse_all(&component) {
        if let wasmparser::Payload::DataSection(segments) = payload.unwrap() {
            return segments.into_iter().next().unwrap().unwrap().data.to_vec();
        }
    }
    panic!("a compiled model has static data");
}
