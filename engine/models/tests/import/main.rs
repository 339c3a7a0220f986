//! Models that other libraries trained: they answer as there, and what is none is refused.
//!
//! The files beside this one were made by `make.py` from real data: 220 rows that the training did not see. Where
//! `STAUNCH_FOREIGN_MODELS` names another folder that it filled, those are compared in their place.

mod broken;
mod onnx;
mod rows;

use std::path::{Path, PathBuf};

#[test]
fn models_of_other_libraries_answer_as_there() {
    let kept = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    let folder = std::env::var_os("STAUNCH_FOREIGN_MODELS").map_or_else(kept, PathBuf::from);
    assert!(rows::compare_all(&folder, 100) >= 45);
}
