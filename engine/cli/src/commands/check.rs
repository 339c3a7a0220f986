//! `staunch check`: all problems of all files.

use crate::app::Dir;
use crate::error::Result;
use crate::load;
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_workflow::Severity;

/// Reports every problem of every file of a workspace.
///
/// Example: staunch check examples/retail
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    dir: Dir,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Check) -> Result<bool> {
    let found = load::inspect(&args.dir.dir)?;
    let errors = found.diagnostics.iter().filter(|one| one.severity == Severity::Error).count();
    let warnings = found.diagnostics.len() - errors;
    if args.format == Format::Json {
        output::json(&json!({ "ok": errors == 0, "diagnostics": found.diagnostics }));
        return Ok(errors == 0);
    }
    if !found.diagnostics.is_empty() {
        output::say(&staunch_workflow::render(&found.diagnostics));
    }
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let files = plural(found.files, "file");
    output::say(&format!("{files} checked: {}, {}", plural(errors, "error"), plural(warnings, "warning")));
    if let Some(first) = found.diagnostics.iter().find(|one| one.severity == Severity::Error) {
        output::say(&format!("what a code means, and what to do: staunch explain {}", first.code));
    }
    Ok(errors == 0)
}
