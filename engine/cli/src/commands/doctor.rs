//! `staunch doctor`: whether everything that a workspace needs is there, and what to do where it is not.

use crate::app::Dir;
use crate::error::Result;
use crate::load;
use crate::output::{self, Format};
use crate::policies;
use crate::wiring;
use clap::Args;
use serde_json::json;
use std::sync::Arc;

/// Checks files, plugins, connections and secrets of a workspace, and says what to fix.
///
/// Example: staunch doctor my-workspace
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    dir: Dir,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

struct Finding {
    part: &'static str,
    problem: Option<String>,
    detail: String,
}

fn finding(part: &'static str, result: std::result::Result<String, String>) -> Finding {
    match result {
        Ok(detail) => Finding { part, problem: None, detail },
        Err(problem) => Finding { part, problem: Some(problem), detail: String::new() },
    }
}

/// Runs the command.
pub async fn run(args: Doctor) -> Result<bool> {
    let dir = &args.dir.dir;
    let mut findings = Vec::new();
    let inspected = load::inspect(dir)?;
    let errors = inspected.diagnostics.iter().filter(|one| one.severity == staunch_workflow::Severity::Error).count();
    let files = if errors == 0 {
        Ok(format!("{} files without errors", inspected.files))
    } else {
        Err(format!("{errors} errors; see them with `staunch check {}`", dir.display()))
    };
    findings.push(finding("files", files));
    if let Ok(workspace) = load::workspace_only(dir) {
        connections(dir, &workspace, &mut findings).await;
        let channels = wiring::open_channels(dir, &workspace);
        let list = |channels: staunch_channels::Channels| {
            channels.all().map(|one| one.name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        findings.push(finding("channels", channels.map(list).map_err(|error| error.brief())));
    }
    let fine = findings.iter().all(|one| one.problem.is_none());
    if args.format == Format::Json {
        let rows = findings.iter().map(|one| json!({ "part": one.part, "ok": one.problem.is_none(), "problem": one.problem, "detail": one.detail }));
        output::json(&json!({ "ok": fine, "parts": rows.collect::<Vec<_>>() }));
        return Ok(fine);
    }
    for one in &findings {
        match &one.problem {
            None => output::say(&output::wrap(&format!("ok    {:<9} ", one.part), &one.detail)),
            Some(problem) => output::say(&output::wrap(&format!("FAIL  {:<9} ", one.part), problem)),
        }
    }
    Ok(fine)
}

async fn connections(dir: &std::path::Path, workspace: &staunch_workflow::WorkspaceFile, findings: &mut Vec<Finding>) {
    let stored = match wiring::open_store(dir, workspace).await {
        Ok(stored) => stored,
        Err(error) => return findings.push(finding("database", Err(error.brief()))),
    };
    let place = if stored.embedded { "SQLite in .staunch/staunch.db" } else { "Postgres" };
    let answer = stored.store.ping().await.map(|()| format!("{place} answers"));
    findings.push(finding("database", answer.map_err(|error| error.to_string())));
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let broker = wiring::open_broker(dir, workspace, Arc::clone(&stored.queue), clock).await;
    let answer = match broker {
        Err(error) => Err(error.brief()),
        Ok(broker) => {
            let depth = broker.depth().await;
            let depth = depth.map(|depth| format!("answers, {depth} messages wait; {}", broker.describe()));
            broker.close().await;
            depth.map_err(|error| error.to_string())
        }
    };
    findings.push(finding("broker", answer));
    findings.extend(policies::look(dir, workspace).await.into_iter().map(|one| finding("policies", one)));
}
