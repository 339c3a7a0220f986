//! The contract's types and calls, generated from `plugins/wit` so that they cannot drift from it.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit",
        world: "scorer",
        additional_derives: [Clone, PartialEq, serde::Serialize],
    });
}

pub use generated::exports::staunch::scoring::plugin::{
    Band, Card, Class, Column, ColumnValues, DataWindow, Input, InputKind, Manifest, Metric, Outcome, Range, Ranked,
    Reason, ResultKind, RowResult,
};
pub use generated::{Scorer as Guest, ScorerPre as GuestPre};
