//! Figures of a test, for people (shown with `--no-capture`) and as a file under the target folder.

use serde_json::Value;

/// Prints the figures and writes them to `target/reports/NAME.json`.
pub fn report(name: &str, figures: &Value) {
    let folder = crate::root().join("target/reports");
    std::fs::create_dir_all(&folder).unwrap();
    let text = serde_json::to_string_pretty(figures).unwrap();
    std::fs::write(folder.join(format!("{name}.json")), &text).unwrap();
    eprintln!("{name}: {text}");
}
