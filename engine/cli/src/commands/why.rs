//! `staunch why`: the chain of receipts of one contact, for people or as JSON.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_core::action::Payload;
use staunch_core::receipt::{Check, Decision, Entry, Said, ScoreNote};
use staunch_core::run::Run;
use staunch_core::value::Value;
use staunch_core::{Time, codes};
use staunch_store::{ActionFilter, Store, StoredAction};
use std::fmt::Write;

/// Says why a contact got something, or did not.
///
/// Example: staunch why .staunch/demo --contact 17850 --workflow winback
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    dir: Dir,
    /// The contact.
    #[arg(long)]
    contact: String,
    /// Only this workflow.
    #[arg(long)]
    workflow: Option<String>,
    /// Only decisions up to this time (RFC 3339).
    #[arg(long)]
    at: Option<String>,
    /// Every decision in full, also those that led to no action.
    #[arg(long)]
    all: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// All that is known about the contact's way through the workflows.
struct Story {
    decisions: Vec<Decision>,
    runs: Vec<Run>,
    actions: Vec<(StoredAction, Vec<staunch_core::decide::ActionOutcome>)>,
}

/// Runs the command.
pub async fn run(args: Why) -> Result<bool> {
    let until = match &args.at {
        None => Time(i64::MAX),
        Some(text) => Time::parse(text)
            .ok_or_else(|| CliError::usage(format!("`{text}` is no time"), "write it as 2011-09-01T12:00:00Z"))?,
    };
    let store = app::store(&args.dir).await?;
    let story = read(store.as_ref(), &args, until).await?;
    if story.decisions.is_empty() {
        let of = args.workflow.as_ref().map_or_else(String::new, |name| format!(" in workflow `{name}`"));
        let message = format!("nothing was decided for contact `{}`{of}", args.contact);
        return Err(CliError::new(
            codes::CLI_UNKNOWN,
            message,
            "check the id; `staunch dead list` shows events that could not be used",
        ));
    }
    match args.format {
        Format::Json => output::json(&json!({
            "contact": args.contact,
            "decisions": story.decisions,
            "runs": story.runs.iter().map(staunch_web::run_json).collect::<Vec<_>>(),
            "actions": story.actions.iter().map(|(action, outcomes)| staunch_web::action_json(action, outcomes)).collect::<Vec<_>>(),
        })),
        Format::Text => output::say(&output::fit(text(&story, &args).trim_end())),
    }
    Ok(true)
}

async fn read(store: &dyn Store, args: &Why, until: Time) -> Result<Story> {
    let mut decisions = store.decisions(&args.contact, args.workflow.as_deref()).await?;
    decisions.retain(|decision| decision.at <= until);
    let mut runs = store.runs(&args.contact).await?;
    runs.retain(|run| args.workflow.as_ref().is_none_or(|name| *name == run.workflow) && run.entry.time <= until);
    let filter = ActionFilter {
        contact: Some(args.contact.clone()),
        workflow: args.workflow.clone(),
        ..ActionFilter::default()
    };
    let mut actions = Vec::new();
    for action in store.actions(&filter).await? {
        if action.action.planned_at <= until {
            let outcomes = store.outcomes(&action.action.id).await?;
            actions.push((action, outcomes));
        }
    }
    Ok(Story { decisions, runs, actions })
}

fn text(story: &Story, args: &Why) -> String {
    let mut out = format!("contact {}\n", args.contact);
    for decision in &story.decisions {
        let entries: Vec<&Entry> = decision
            .entries
            .iter()
            .filter(|entry| args.workflow.as_ref().is_none_or(|name| *name == entry.workflow))
            .collect();
        let full = args.all || entries.iter().any(|entry| !entry.actions.is_empty() || !entry.scores.is_empty());
        if !full {
            short(&mut out, decision, &entries);
            continue;
        }
        head(&mut out, decision);
        for entry in entries {
            let _ = writeln!(
                out,
                "  {}@{} {}: {}",
                entry.workflow,
                &entry.version[..entry.version.len().min(8)],
                entry.at,
                entry.what
            );
            if full {
                body(&mut out, entry, story);
            }
        }
    }
    let (told, silent): (Vec<&Run>, Vec<&Run>) =
        story.runs.iter().partition(|run| args.all || run.exposed_at.is_some() || run.active());
    told.into_iter().for_each(|run| run_line(&mut out, run));
    if !silent.is_empty() {
        let _ = writeln!(out, "\n{} more runs ended before any action", silent.len());
    }
    if !args.all {
        out.push_str("\nDecisions without score or action are one line each; --all shows their rules, too.\n");
    }
    out
}

/// A decision that led to no score and no action, in one line.
fn short(out: &mut String, decision: &Decision, entries: &[&Entry]) {
    let event =
        decision.event.as_ref().map_or_else(|| "deadline".to_owned(), |event| format!("{} {}", event.kind, event.id));
    let late = if decision.late { " (late: state only)" } else { "" };
    let what: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
    let what = if what.is_empty() { "known; no workflow was touched".to_owned() } else { what.join("; ") };
    let _ = writeln!(out, "{} {event}{late}: {what}", decision.at);
}

fn head(out: &mut String, decision: &Decision) {
    match &decision.event {
        Some(event) => {
            let fields: Vec<String> = event.fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let late = if decision.late { " (late: state only)" } else { "" };
            let _ = writeln!(out, "\n{} event {} {} {}{late}", event.time, event.kind, event.id, fields.join(", "));
        }
        None => {
            let _ = writeln!(out, "\n{} a deadline came", decision.at);
        }
    }
}

fn body(out: &mut String, entry: &Entry, story: &Story) {
    for step in &entry.trace {
        let expr = step.expr.as_ref().map_or_else(String::new, |expr| format!("  {expr}"));
        let _ = writeln!(out, "  rule    {}{expr}  → {}", step.step, step.result);
        for (name, value) in &step.values {
            let _ = writeln!(out, "          {name} = {}", shown(value.as_ref()));
        }
    }
    for (name, value) in &entry.features {
        let _ = writeln!(out, "  feature {name} = {}", round(*value));
    }
    for score in &entry.scores {
        score_text(out, score);
    }
    for id in &entry.actions {
        if let Some((action, outcomes)) = story.actions.iter().find(|(action, _)| action.action.id == *id) {
            action_text(out, action, outcomes);
        }
    }
}

fn score_text(out: &mut String, score: &ScoreNote) {
    let value = score.value.map_or_else(|| "unavailable".to_owned(), round);
    let band = score.band.as_ref().map_or_else(String::new, |band| format!(" ({band})"));
    let _ = writeln!(
        out,
        "  score   {} = {value}{band}, plugin {}{}",
        score.name,
        score.plugin,
        if score.digest.is_some() { ", sha256" } else { "" }
    );
    if let Some(digest) = &score.digest {
        let _ = writeln!(out, "          {digest}");
    }
    if score.value.is_none() {
        let failure = score.failure.as_deref().unwrap_or("its answer has another shape than the workflow reads");
        // The plugin stands above.
        let _ = writeln!(out, "          {}", failure.replacen(&format!("plugin `{}`: ", score.plugin), "", 1));
    }
    if score.in_training {
        let _ = writeln!(out, "          inside the training period: the model has seen what it predicts");
    }
    if let Some(shadow) = &score.shadow {
        let said = match (shadow.value, &shadow.failure) {
            (Some(value), _) => round(value),
            (None, failure) => format!("nothing: {}", failure.as_deref().unwrap_or("unknown")),
        };
        let choice = shadow.choice.as_ref().map_or_else(String::new, |choice| format!(" ({choice})"));
        let _ = writeln!(out, "          challenger {} said {said}{choice}; nothing was decided by it", shadow.version);
    }
    for reason in &score.reasons {
        let input = score.inputs.iter().find(|(name, _)| name.rsplit('.').next() == Some(reason.input.as_str()));
        let value = input.map_or_else(String::new, |(_, value)| format!(" (= {})", shown(value.as_ref())));
        let _ = writeln!(out, "          {:+.3} {}{value}", reason.contribution, reason.input);
    }
}

fn action_text(out: &mut String, stored: &StoredAction, outcomes: &[staunch_core::decide::ActionOutcome]) {
    let action = &stored.action;
    let reason = action.reason.map_or_else(String::new, |reason| format!(" ({})", reason.word()));
    let what = match &action.payload {
        Payload::Email { subject, .. } => format!("email “{subject}”"),
        Payload::Nudge { title, .. } => format!("nudge “{title}”"),
        Payload::Task { title, .. } => format!("task “{title}”"),
        Payload::Webhook { name, .. } => format!("webhook “{name}”"),
    };
    let _ = writeln!(out, "  action  {} {what}", action.step);
    let _ = writeln!(out, "          {} {}{reason}, arm {}", action.id, action.state.word(), action.arm.word());
    checks(out, "at the decision", &action.checks);
    if !stored.gate.is_empty() {
        checks(out, "at the last-moment gate", &stored.gate);
    }
    if let Some(review) = &action.review {
        let by = stored
            .reviewer
            .as_ref()
            .map_or_else(|| format!("waits for {}", review.by), |by| format!("answered by {by}"));
        let _ = writeln!(out, "          review {}: {by}, until {}", review.gate, review.expires_at);
    }
    if let Some(at) = stored.finished_at {
        let note = stored.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        let _ = writeln!(out, "          outcome {} at {at}, attempts {}{note}", action.state.word(), stored.attempts);
    }
    for outcome in outcomes {
        let _ = writeln!(out, "          outcome {} at {}", outcome.kind, outcome.at);
    }
}

fn checks(out: &mut String, when: &str, checks: &[Check]) {
    let _ = writeln!(out, "          guards {when}:");
    for check in checks {
        let said = match check.said {
            Said::Pass => "pass ",
            Said::Wait => "wait ",
            Said::Never => "never",
        };
        let counter = match (check.counter, check.limit) {
            (Some(counter), Some(limit)) => format!(" [{} of {}]", round(counter), round(limit)),
            (None, Some(limit)) => format!(" [limit {}]", round(limit)),
            _ => String::new(),
        };
        let until = check.until.filter(|at| at.0 != i64::MAX).map_or_else(String::new, |at| format!(" until {at}"));
        let _ = writeln!(out, "    {said} {:<12} {}{counter}{until}", check.guard, check.detail);
    }
}

fn run_line(out: &mut String, run: &Run) {
    let arm = run.assignment.as_ref().map_or_else(|| "none yet".to_owned(), |place| place.arm.word().to_owned());
    let goal = match (run.exposed_at, run.goal_at) {
        (_, Some(at)) => format!("goal reached at {at}"),
        (Some(_), None) => "goal not reached".to_owned(),
        (None, None) => "never came to an action".to_owned(),
    };
    let _ = writeln!(
        out,
        "\nrun {} of {}: entered {}, {}, arm {arm}, {goal}",
        &run.id[..run.id.len().min(8)],
        run.workflow,
        run.entry.time,
        run.word()
    );
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(
        || "(missing)".to_owned(),
        |value| match value {
            Value::Number(number) => round(*number),
            other => other.to_string(),
        },
    )
}

/// Four digits behind the point, without trailing zeros.
fn round(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(digest: Option<&str>) -> String {
        let note = ScoreNote {
            name: "mine".into(),
            plugin: "loyalty".into(),
            value: None,
            band: None,
            classes: Vec::new(),
            ranking: Vec::new(),
            failure: Some("ST3014: plugin `loyalty`: no tier known".into()),
            reasons: Vec::new(),
            digest: digest.map(str::to_owned),
            inputs: Vec::new(),
            in_training: false,
            shadow: None,
        };
        let mut out = String::new();
        score_text(&mut out, &note);
        out
    }

    #[test]
    fn an_unavailable_score_names_its_plugin_once_and_the_version_that_failed() {
        assert_eq!(
            unavailable(Some("ab12")),
            "  score   mine = unavailable, plugin loyalty, sha256\n          ab12\n          ST3014: no tier known\n"
        );
        // Receipts that were stored before, and plugins that could not be loaded.
        assert_eq!(
            unavailable(None),
            "  score   mine = unavailable, plugin loyalty\n          ST3014: no tier known\n"
        );
    }
}
