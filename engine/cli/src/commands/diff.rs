//! `staunch diff`: what the files of a workspace change, by stable ids, and how many people stand where it matters.

use crate::app::Dir;
use crate::difference::{self, Flow, Sides};
use crate::error::Result;
use crate::load;
use crate::output::{self, Format};
use crate::revision::Revision;
use clap::Args;

/// Says what the files change against another version, and how many people stand at the steps that it touches.
///
/// Example: staunch diff examples/retail --against HEAD~1
#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    dir: Dir,
    /// A folder or a git revision; without it, what is published in the store of the workspace.
    #[arg(long, value_name = "REV_OR_DIR")]
    against: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub async fn run(args: Diff) -> Result<bool> {
    let new = load::open(&args.dir.dir)?;
    let store = difference::Store::look(&args.dir.dir, &new.workspace).await;
    let mut sides = Sides { to: args.dir.dir.display().to_string(), ..Sides::default() };
    let flows: Vec<Flow> = match &args.against {
        Some(against) => {
            let revision = Revision::of(&args.dir.dir, against)?;
            let old = load::open(&revision.dir)?;
            sides.from = revision.label;
            sides.policy = staunch_core::compare::policies(&old.workspace.policy, &new.workspace.policy);
            difference::flows(&old.workflows, &new.workflows, &store)
        }
        None => {
            let published = store.published()?;
            sides.from = "what is published".to_owned();
            sides.notes.push("the policy is always live and not published: it is not compared".to_owned());
            difference::flows(published, &new.workflows, &store)
        }
    };
    sides.notes.extend(store.note());
    match args.format {
        Format::Json => output::json(&difference::json(&sides, &flows)),
        Format::Text => output::say(&difference::text(&sides, &flows)),
    }
    Ok(true)
}
