//! What can go wrong with tables, models and golden files, each with its stable code and its next step.

use staunch_core::codes::{self, Code};

/// An error of this crate. The text says what and where; [`ModelError::help`] says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A table has no usable content at a place.
    #[error("line {line}, column `{column}`: {problem}")]
    Cell {
        /// Line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// A table cannot be used as a whole.
    #[error("{0}")]
    Table(String),
    /// There is too little to learn from or to measure on.
    #[error("{0}")]
    TooLittle(String),
    /// A setting of the training makes no sense.
    #[error("{0}")]
    Setting(String),
    /// The optimiser found no solution.
    #[error("the training found no solution: {0}")]
    Training(String),
    /// A model file cannot be read or contradicts itself.
    #[error("not a usable model: {0}")]
    Invalid(String),
    /// A model file of another library cannot be read or contradicts itself.
    #[error("{format}, {place}: {problem}")]
    Foreign {
        /// The format that the file has, for people.
        format: &'static str,
        /// Where: a line, a tree and node, a key.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A sound model file of another library has a part that no model of ours can express.
    #[error("{format}, {place}: {what} cannot be expressed")]
    Unsupported {
        /// The format that the file has, for people.
        format: &'static str,
        /// Where: a line, a tree and node, an operator.
        place: String,
        /// The part.
        what: String,
        /// What to do instead.
        next: &'static str,
    },
    /// What the caller says of a model does not fit it.
    #[error("{0}")]
    Options(String),
    /// A model is larger than one may be.
    #[error("the model is too large: {0}")]
    TooLarge(String),
    /// A model cannot become a plugin.
    #[error("the model cannot be compiled: {0}")]
    Compile(String),
    /// A file of golden vectors cannot be used.
    #[error("golden vectors: {0}")]
    Golden(String),
}

impl ModelError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            ModelError::Cell { .. } | ModelError::Table(_) => codes::MODEL_TABLE,
            ModelError::TooLittle(_) => codes::MODEL_TOO_LITTLE,
            ModelError::Setting(_) | ModelError::Training(_) => codes::MODEL_TRAINING,
            ModelError::Invalid(_) | ModelError::Foreign { .. } => codes::MODEL_INVALID,
            ModelError::Unsupported { .. } => codes::MODEL_UNSUPPORTED,
            ModelError::Options(_) => codes::CLI_USAGE,
            ModelError::TooLarge(_) => codes::MODEL_TOO_LARGE,
            ModelError::Compile(_) => codes::MODEL_COMPILE,
            ModelError::Golden(_) => codes::GOLDEN_INVALID,
        }
    }

    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            ModelError::Cell { .. } => {
                "correct the cell, leave it empty where the value is unknown, or ignore the column"
            }
            ModelError::Table(_) => {
                "a table is CSV with a header line, and columns are named as there; see `staunch simulate --features`"
            }
            ModelError::TooLittle(_) => "collect more labelled outcomes, or move the cut-off or shorten the horizon",
            ModelError::Setting(_) => "correct the setting, or leave it out",
            ModelError::Training(_) => "raise the regularisation (`l2`), or ignore columns that repeat each other",
            ModelError::Invalid(_) => "write the model again with `staunch model train`",
            ModelError::Foreign { .. } => {
                "export the model again: LightGBM `save_model`, XGBoost `save_model` to .json or .ubj, scikit-learn through \
                 skl2onnx to ONNX"
            }
            ModelError::Unsupported { next, .. } => next,
            ModelError::Options(_) => {
                "correct what was given beside the file; `staunch model import` with the file alone shows what it says"
            }
            ModelError::TooLarge(_) => "train fewer or shallower trees",
            ModelError::Compile(_) => "use fewer inputs or shorter names",
            ModelError::Golden(_) => {
                "golden.csv has a column per input, and `value`: what the plugin must give for the row, or `declined`"
            }
        }
    }
}
