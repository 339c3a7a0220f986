//! `staunch drill`: what would be sent with a score, a connector, a channel or the store down.

use crate::app::Dir;
use crate::drill::{self, Failure, Sums};
use crate::error::Result;
use crate::load::{self, Project};
use crate::output::{self, Format, count, table};
use crate::playback::{self, History};
use crate::scenario::stage::Fault;
use clap::Args;
use serde_json::json;
use staunch_core::plain;
use std::path::PathBuf;

/// Plays the tests, or a history, with one thing down, and says what would be sent; nothing is sent. Ends with 1 where
/// the failure would send something that is not sent otherwise.
///
/// Example: staunch drill examples/retail --fail score:repurchase
#[derive(Debug, Args)]
pub struct Drill {
    #[command(flatten)]
    dir: Dir,
    /// A score, a connector or a channel by its name (`score:churn`, `crm`, `email`), or `store`.
    #[arg(long, value_name = "WHAT")]
    fail: String,
    /// NDJSON events to play instead of the tests.
    #[arg(long)]
    events: Option<PathBuf>,
    /// The stage of all workflows, with --events.
    #[arg(long, default_value = "full")]
    stage: String,
    /// Scores every row with this number instead of asking the plugins, with --events.
    #[arg(long)]
    score: Option<f64>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Drill) -> Result<bool> {
    let stage = playback::stage(&args.stage)?;
    load::fixed_score(&args.dir.dir, args.score)?;
    let project = if args.score.is_some() { load::open_unscored(&args.dir.dir)? } else { load::open(&args.dir.dir)? };
    match (Failure::parse(&project, &args.fail)?, &args.events) {
        (Failure::Store, _) => store(args, &project),
        (Failure::One(fault), None) => Ok(tests(args, &project, &fault)),
        (Failure::One(fault), Some(file)) => {
            let (counts, sums, played) = drill::events(&project, &fault, file, stage, args.score)?;
            played.say_unread();
            let rows: Vec<_> = counts.into_iter().collect();
            let fine = sums.fine() && played.any();
            if args.format == Format::Json {
                let rows = rows.iter().map(|((workflow, step, channel, became), [normal, broken])| {
                    json!({
                        "workflow": workflow, "step": step, "channel": channel, "became": became,
                        "normal": normal, "failure": broken,
                    })
                });
                let rows: Vec<_> = rows.collect();
                output::json(&json!({ "fail": args.fail, "ok": sums.fine(), "sums": sums, "actions": rows,
                    "refused": played.refused, "unread": played.unread }));
                return Ok(fine);
            }
            let heads = ["step", "channel", "became", "as it is", "down"];
            let mut lines = vec![heads.map(str::to_owned).to_vec()];
            lines.extend(rows.iter().map(|((workflow, step, channel, became), [normal, broken])| {
                let step = format!("{workflow}/{step}");
                [&step, *channel, became, &count(*normal), &count(*broken)].map(str::to_owned).to_vec()
            }));
            output::say(&format!("with {} down:\n\n{}\n", Failure::One(fault).word(), table(&lines, &[3, 4])));
            output::say(&sums.verdict());
            Ok(fine)
        }
    }
}

fn tests(args: &Drill, project: &Project, fault: &Fault) -> bool {
    let (cases, sums) = drill::cases(project, fault);
    if args.format == Format::Json {
        let cases: Vec<_> = cases.iter().map(drill::Case::json).collect();
        output::json(&json!({ "fail": args.fail, "ok": sums.fine(), "sums": sums, "cases": cases }));
        return sums.fine();
    }
    let word = Failure::One(fault.clone()).word();
    for case in &cases {
        if case.same() {
            output::say(&output::wrap("same   ", &plain::line(&case.place)));
            continue;
        }
        let mark = if case.more.is_empty() { "other " } else { "MORE  " };
        let head = output::wrap(&format!("{mark} "), &plain::line(&case.place));
        output::say(&format!("{head}\n{}", sides(&case.rows, &format!("{word} down"))));
    }
    if cases.is_empty() {
        output::say("no case found: tests stand in files named NAME.test.yaml; or play a history with --events FILE");
    }
    output::say(&sums.verdict());
    sums.fine()
}

/// One below the other: side by side they would be wider than a terminal.
fn sides(rows: &[[String; 3]], down: &str) -> String {
    let wide = down.chars().count().max("as it is".len());
    let side =
        |name: &str, text: &str| output::wrap(&format!("    {name:wide$}  "), if text.is_empty() { "–" } else { text });
    let row = |[when, normal, broken]: &[String; 3]| {
        if normal == broken {
            return format!("  {when}\n{}", side("both", normal));
        }
        format!("  {when}\n{}\n{}", side("as it is", normal), side(down, broken))
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// Without the database there is no decision and no claim, so there is nothing to play.
fn store(args: &Drill, project: &Project) -> Result<bool> {
    let (events, what) = match &args.events {
        Some(file) => {
            let mut history = History::open(file)?;
            let mut lines = 0u64;
            while history.next()?.is_some() {
                lines += 1;
            }
            (lines, "the file")
        }
        None => {
            let cases = project.tests.iter().flat_map(|file| &file.cases);
            (cases.map(|case| case.events.len() as u64).sum(), "the tests")
        }
    };
    let sums = Sums::default();
    if args.format == Format::Json {
        output::json(&json!({ "fail": args.fail, "ok": true, "sums": sums, "waiting": events }));
        return Ok(true);
    }
    let mut lines = vec![output::wrap(
        "",
        &format!(
            "with the store down: nothing is decided and nothing is sent; {} of {what} {}.",
            output::of(events, "event"),
            if events == 1 { "waits" } else { "wait" }
        ),
    )];
    for (part, text) in [
        ("Ingest", "an event is acknowledged only after its commit, so the broker keeps all of them."),
        ("Timers", "what falls due is decided when the store is back, each for its own time."),
        ("Dispatch", "an action is claimed in the store before a channel is called: no claim, no call."),
        ("After", "events are decided in order; what has expired meanwhile is withheld (expired)."),
    ] {
        lines.push(output::wrap(&format!("{part:<9}"), text));
    }
    lines.extend([String::new(), Sums::default().verdict()]);
    output::say(&lines.join("\n"));
    Ok(true)
}
