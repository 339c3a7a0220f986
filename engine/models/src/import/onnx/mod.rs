//! ONNX files with operators of `ai.onnx.ml`, as skl2onnx writes pipelines of scikit-learn.
//!
//! `wire` and `proto` read the bytes. `walk` goes through the operators in order and keeps for each tensor what it is: a
//! row of `columns`, each a function of one input, or `scores` of a model over them, with what is `behind` it. An operator that is not known spoils
//! only what depends on it.

mod behind;
mod columns;
mod encode;
mod ensemble;
mod linear;
mod proto;
mod scores;
mod walk;
mod wire;

use super::{Format, broken, unsupported};
use crate::error::ModelError;
use crate::model::Model;

/// Whether a file starts like an ONNX model: its version, then a field that a model has.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=20, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] | [0x08, 1..=20])
}

pub(super) fn read(bytes: &[u8]) -> Result<Model, ModelError> {
    let graph = proto::graph(bytes).map_err(|problem| broken(Format::Onnx, "the file", problem))?;
    walk::model(&graph)
}

/// Why an operator was not read.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// Its parts do not fit each other.
    Broken(String),
    /// It has no like in our models.
    Unsupported(String, &'static str),
    /// What was built is too large.
    Model(ModelError),
}

impl Refusal {
    fn at(self, place: String) -> ModelError {
        match self {
            Refusal::Broken(problem) => broken(Format::Onnx, place, problem),
            Refusal::Unsupported(what, next) => unsupported(Format::Onnx, place, what, next),
            Refusal::Model(error) => error,
        }
    }
}

impl From<&str> for Refusal {
    fn from(problem: &str) -> Refusal {
        Refusal::Broken(problem.into())
    }
}

impl From<String> for Refusal {
    fn from(problem: String) -> Refusal {
        Refusal::Broken(problem)
    }
}

impl From<ModelError> for Refusal {
    fn from(error: ModelError) -> Refusal {
        Refusal::Model(error)
    }
}

/// What to do about an operator that is none of ours.
const OTHERWISE: &str = "build the pipeline from scalers, imputers, one-hot or ordinal encoders and trees or a linear \
                         model, or compute that step before and give the plugin its result";
