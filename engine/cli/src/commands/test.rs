//! `staunch test`: the workspace's tests on virtual time.

use crate::app::Dir;
use crate::error::Result;
use crate::load;
use crate::output::{self, Format};
use crate::scenario;
use clap::Args;
use serde_json::json;
use staunch_worker::MessageRenderer;

/// Runs the tests of a workspace; nothing is sent.
///
/// Example: staunch test examples/retail
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    dir: Dir,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Test) -> Result<bool> {
    let project = load::open(&args.dir.dir)?;
    let renderer = MessageRenderer(std::sync::Arc::clone(&project.templates));
    let verdicts: Vec<_> = project.tests.iter().flat_map(|file| scenario::run(&project, &renderer, file)).collect();
    let failed = verdicts.iter().filter(|verdict| !verdict.differences.is_empty()).count();
    let passed = verdicts.len() - failed;
    if args.format == Format::Json {
        let cases = verdicts.iter().map(|one| {
            json!({ "case": one.place, "passed": one.differences.is_empty(), "differences": one.differences, "timeline": one.timeline })
        });
        output::json(&json!({ "passed": passed, "failed": failed, "cases": cases.collect::<Vec<_>>() }));
        return Ok(failed == 0 && passed > 0);
    }
    for verdict in &verdicts {
        if verdict.differences.is_empty() {
            output::say(&format!("ok    {}", verdict.place));
            continue;
        }
        output::say(&format!("FAIL  {}", verdict.place));
        for difference in &verdict.differences {
            output::say(&format!("      {difference}"));
        }
        output::say("      what happened:");
        for line in &verdict.timeline {
            output::say(&format!("      {line}"));
        }
    }
    if verdicts.is_empty() {
        output::say("no case found: tests stand in files named NAME.test.yaml");
    }
    output::say(&format!("{passed} passed, {failed} failed"));
    Ok(failed == 0 && passed > 0)
}
