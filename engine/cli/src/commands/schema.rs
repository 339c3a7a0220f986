//! `staunch schema`: JSON Schemas, so that editors complete and check as people type.

use crate::error::{CliError, Result};
use crate::output;
use clap::Args;
use staunch_workflow::schema;
use std::path::PathBuf;

/// Writes the JSON Schemas of the files of a workspace.
///
/// Example: staunch schema --out .staunch
#[derive(Debug, Args)]
pub struct Schema {
    /// A folder for workflow.schema.json, workspace.schema.json and test.schema.json; without it, all three are printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Schema) -> Result<bool> {
    let schemas = [
        ("workflow", schema::workflow_schema()),
        ("workspace", schema::workspace_schema()),
        ("test", schema::test_schema()),
    ];
    let Some(out) = &args.out else {
        let all = schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema));
        output::json(&serde_json::Value::Object(all.collect()));
        return Ok(true);
    };
    std::fs::create_dir_all(out).map_err(|error| CliError::file(out, &error))?;
    for (name, schema) in schemas {
        let path = out.join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        std::fs::write(&path, text + "\n").map_err(|error| CliError::file(&path, &error))?;
        output::say(&format!("{}", path.display()));
    }
    Ok(true)
}
