//! Models that other libraries trained, against what those libraries answer.

mod rows;

use std::path::Path;

#[test]
fn models_of_other_libraries_answer_as_there() {
    let folder = std::env::var("FOREIGN").map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import"), Into::into);
    assert!(rows::compare_all(&folder, 100) >= 1);
}
