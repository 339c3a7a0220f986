//! `staunch test`: the workspace's tests on virtual time.

use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::load::{self, Project};
use crate::output::{self, Format};
use crate::scenario::coverage::{self, Coverage};
use crate::scenario::{self, Ran};
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use std::collections::BTreeMap;

/// Runs the tests of a workspace; nothing is sent.
///
/// Example: staunch test examples/retail --coverage
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    dir: Dir,
    /// Only cases with this text in their name.
    #[arg(long, default_value = "")]
    case: String,
    /// Says which cases, arms, waits, steps and exits the tests exercised; has no effect on the exit code.
    #[arg(long)]
    coverage: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Test) -> Result<bool> {
    let project = load::open(&args.dir.dir)?;
    let ran: Vec<Ran> = project.tests.iter().flat_map(|file| scenario::run(&project, file, &args.case)).collect();
    if ran.is_empty() && !args.case.is_empty() {
        let all: usize = project.tests.iter().map(|file| file.cases.len()).sum();
        let message = format!("none of the {all} cases has `{}` in its name", args.case);
        return Err(CliError::new(codes::CLI_UNKNOWN, message, "see all names with `staunch test`"));
    }
    let failed = ran.iter().filter(|one| !one.passed()).count();
    let passed = ran.len() - failed;
    let covered = args.coverage.then(|| cover(&project, &ran));
    if args.format == Format::Json {
        let cases: Vec<_> = ran.iter().map(Ran::json).collect();
        let mut document = json!({ "passed": passed, "failed": failed, "cases": cases });
        if let Some(covered) = covered {
            document["coverage"] = coverage::json(&covered);
        }
        output::json(&document);
        return Ok(failed == 0 && passed > 0);
    }
    ran.iter().for_each(|one| output::say(&one.text()));
    if let Some(covered) = covered {
        output::say(&format!("\n{}\n", coverage::text(&covered)));
    }
    if ran.is_empty() {
        output::say("no case found: tests stand in files named NAME.test.yaml");
    }
    output::say(&format!("{passed} passed, {failed} failed"));
    Ok(failed == 0 && passed > 0)
}

/// The coverage of every workflow, also of those without a test.
fn cover(project: &Project, ran: &[Ran]) -> BTreeMap<String, Coverage> {
    let of = |workflow: &staunch_core::workflow::Workflow| {
        let own = ran.iter().filter(|one| one.workflow == workflow.name);
        let stories: Vec<_> = own.map(|one| &one.story).collect();
        (workflow.name.clone(), Coverage::of(workflow, &stories))
    };
    project.workflows.iter().map(of).collect()
}
