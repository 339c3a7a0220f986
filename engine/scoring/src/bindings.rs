//! The contract's types and calls, generated from `plugins/wit` so that they cannot drift from it.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit",
        world: "scorer",
        additional_derives: [Clone, PartialEq, serde::Serialize, serde::Deserialize],
    });
}

/// The interface that a component may export as well.
mod flat {
    wasmtime::component::bindgen!({
        inline: "package staunch:host; world flat { export staunch:scoring/values@1.0.0; }",
        path: "../../plugins/wit",
        world: "staunch:host/flat",
    });
}

pub use flat::exports::staunch::scoring::values::Guest as FlatGuest;
pub use flat::{Flat, FlatIndices};
pub use generated::exports::staunch::scoring::plugin::{
    Band, Card, Class, Column, ColumnValues, DataWindow, Input, InputKind, Manifest, Metric, Outcome, Range, Ranked,
    Reason, ResultKind, RowResult,
};
pub use generated::{Scorer, ScorerIndices};
