//! `staunch init`: a new workspace that passes `check` and `test` at once, with schemas for editors.

use crate::error::Result;
use crate::files;
use crate::output;
use clap::Args;
use std::path::PathBuf;

/// Makes a new workspace.
///
/// Example: staunch init my-workspace
#[derive(Debug, Args)]
pub struct Init {
    /// Its folder.
    dir: PathBuf,
    /// What to start from: welcome (rules only) or winback (with a scoring plugin).
    #[arg(long, default_value = "welcome")]
    template: String,
    /// Also into a folder that holds something else; what is there already stays.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &Init) -> Result<bool> {
    if !args.force {
        files::stranger(&args.dir)?;
    }
    let count = files::write(&args.template, &args.dir, true)?;
    let ignored = files::ignore_state(&args.dir)?;
    // Editors complete and check as people type: the files name these schemas in their first line.
    super::schema::write(&args.dir.join(".staunch"))?;
    let dir = args.dir.display();
    if !ignored {
        output::note(&format!("{dir}/.gitignore was kept: add the line `.staunch/`, which holds the state of a run"));
    }
    output::say(&format!(
        "{count} files written to {dir}; README.md has the language in one page\n\nnext:\n  staunch check {dir}    all problems of all files\n  staunch test {dir}     its tests, on virtual time\n  staunch run {dir}      the service, on 127.0.0.1:7070; it takes valid changes of the files while it runs\n\nNew workflows start in stage shadow: they decide and show, and send nothing, until\n  staunch rollout promote {dir} --workflow NAME"
    ));
    Ok(true)
}
