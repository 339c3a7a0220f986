//! `staunch schema`: JSON Schemas, so that editors complete and check as people type.

use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use staunch_workflow::schema;
use std::path::{Path, PathBuf};

/// Writes the JSON Schemas of the files of a workspace.
///
/// Example: staunch schema --out .staunch
#[derive(Debug, Args)]
pub struct Schema {
    /// A folder for workflow.schema.json, workspace.schema.json, test.schema.json and rollout.schema.json; without it,
    /// all are printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Schema) -> Result<bool> {
    let Some(out) = &args.out else {
        let all = schema::all().into_iter().map(|(name, schema)| (name.to_owned(), schema));
        output::json(&serde_json::Value::Object(all.collect()));
        return Ok(true);
    };
    for path in write(out)? {
        output::say(&format!("{}", path.display()));
    }
    Ok(true)
}

/// Writes every schema into a folder; gives their paths.
///
/// # Errors
/// What the file system says.
pub fn write(out: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(out).map_err(|error| CliError::file(out, &error))?;
    let mut written = Vec::new();
    for (name, schema) in schema::all() {
        let path = out.join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        std::fs::write(&path, text + "\n").map_err(|error| CliError::file(&path, &error))?;
        written.push(path);
    }
    Ok(written)
}
