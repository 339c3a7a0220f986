//! `staunch doctor`: whether everything that a workspace needs is there, and what to do where it is not.

mod around;
mod database;
mod judge;

use crate::app::Dir;
use crate::error::Result;
use crate::load;
use crate::output::{self, Format};
use crate::policies;
use crate::wiring;
use clap::Args;
use judge::Verdict;
use serde_json::json;
use std::sync::Arc;

/// Checks files, plugins, secrets, connections, versions, settings, tables, clocks and room of a workspace, and says what to
/// fix. It changes nothing in the database.
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
    verdict: Verdict,
}

fn finding(part: &'static str, result: std::result::Result<String, String>) -> Finding {
    Finding { part, verdict: result.map_or_else(Verdict::Fail, Verdict::Fine) }
}

impl Finding {
    /// The word, whether it is fine, and the text.
    fn told(&self) -> (&'static str, bool, &str) {
        match &self.verdict {
            Verdict::Fine(text) => ("ok", true, text),
            Verdict::Warn(text) => ("warn", true, text),
            Verdict::Fail(text) => ("FAIL", false, text),
        }
    }

    /// `problem` holds what somebody should act on, `detail` the rest.
    fn json(&self) -> serde_json::Value {
        let (word, ok, text) = self.told();
        let (problem, detail) = if word == "ok" { (None, text) } else { (Some(text), "") };
        json!({ "part": self.part, "ok": ok, "level": word.to_lowercase(), "problem": problem, "detail": detail })
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
        findings.push(Finding { part: "secrets", verdict: around::secrets(dir, &workspace) });
        connections(dir, &workspace, &mut findings).await;
        let channels = wiring::open_channels(dir, &workspace);
        let list = |channels: staunch_channels::Channels| {
            channels.all().map(|one| one.name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        findings.push(finding("channels", channels.map(list).map_err(|error| error.brief())));
    }
    findings.push(Finding { part: "disk", verdict: around::disk(dir) });
    let fine = findings.iter().all(|one| one.told().1);
    if args.format == Format::Json {
        output::json(&json!({ "ok": fine, "parts": findings.iter().map(Finding::json).collect::<Vec<_>>() }));
        return Ok(fine);
    }
    for one in &findings {
        let (word, _, text) = one.told();
        output::say(&output::wrap(&format!("{word:<5} {:<9} ", one.part), text));
    }
    Ok(fine)
}

async fn connections(dir: &std::path::Path, workspace: &staunch_workflow::WorkspaceFile, findings: &mut Vec<Finding>) {
    let (said, current) = database::look(dir, workspace).await;
    let failed = said.iter().any(|(_, verdict)| matches!(verdict, Verdict::Fail(_)));
    findings.extend(said.into_iter().map(|(part, verdict)| Finding { part, verdict }));
    match &workspace.connections.broker {
        Some(reference) => {
            let url = match wiring::resolve(dir, "connections.broker", reference) {
                Ok(url) => url,
                Err(error) => return findings.push(finding("broker", Err(error.brief()))),
            };
            let verdict = match staunch_broker::server_version(&url).await {
                Ok(version) => judge::rabbit(version.as_deref()),
                Err(error) => Verdict::Fail(error.to_string()),
            };
            let answers = matches!(verdict, Verdict::Fine(_));
            findings.push(Finding { part: "broker", verdict });
            if answers {
                queue(dir, workspace, findings).await;
                findings.extend(policies::look(dir, workspace).await.into_iter().map(|one| finding("policies", one)));
            }
        }
        // Opening the database would make or migrate its tables, which only `staunch run` does.
        None if !current => {
            let why =
                if failed { "not asked" } else { "embedded in the database; it has no tables of this version yet" };
            findings.push(finding("broker", Ok(why.into())));
        }
        None => queue(dir, workspace, findings).await,
    }
}

/// Logs in, and asks how many messages wait.
async fn queue(dir: &std::path::Path, workspace: &staunch_workflow::WorkspaceFile, findings: &mut Vec<Finding>) {
    let clock: staunch_broker::Clock = Arc::new(wiring::wall_clock);
    let opened = match wiring::open_any_broker(dir, workspace, clock).await {
        Ok(opened) => opened,
        Err(error) => return findings.push(finding("queue", Err(error.brief()))),
    };
    let depth = opened.depth().await.map(|depth| format!("{depth} messages wait; {}", opened.describe()));
    opened.close().await;
    findings.push(finding("queue", depth.map_err(|error| error.to_string())));
}
