//! `staunch review`: the review gate, worked from the command line.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::load;
use crate::output::{self, Format, table};
use clap::{Args, Subcommand};
use serde_json::json;
use staunch_core::action::{ActionState, Payload};
use staunch_core::codes;
use staunch_store::{ActionFilter, ReviewEnd, ReviewVerdict, Store, StoredAction};
use std::path::PathBuf;

/// Lists, shows, approves or rejects actions that wait for a person.
///
/// Example: staunch review list
#[derive(Debug, Args)]
pub struct Review {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits, and until when. Example: staunch review list
    List {
        #[command(flatten)]
        dir: Dir,
        /// How to answer.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// One action as it would go out. Example: staunch review show 3f2a
    Show {
        /// The action's id, or its beginning.
        id: String,
        /// The workspace.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// How to answer.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Lets an action go. Example: staunch review approve 3f2a --as ben@example.com
    Approve(Verdict),
    /// Withholds an action. Example: staunch review reject 3f2a --as ben@example.com
    Reject(Verdict),
}

#[derive(Debug, Args)]
struct Verdict {
    /// The action's id, or its beginning.
    id: String,
    /// Who decides: a member of the gate's role.
    #[arg(long = "as")]
    by: String,
    /// The payload's hash that `review show` printed; without it, the payload as it is now.
    #[arg(long)]
    hash: Option<String>,
    /// The workspace.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

/// Runs the command.
pub async fn run(args: Review) -> Result<bool> {
    match args.command {
        Command::List { dir, format } => list(&dir, format).await,
        Command::Show { id, dir, format } => show(&id, dir, format).await,
        Command::Approve(verdict) => decide(verdict, true).await,
        Command::Reject(verdict) => decide(verdict, false).await,
    }
}

async fn waiting(store: &dyn Store) -> Result<Vec<StoredAction>> {
    let filter = ActionFilter { state: Some(ActionState::Review), ..ActionFilter::default() };
    let mut actions = store.actions(&filter).await?;
    actions.sort_by_key(|one| one.action.review.as_ref().map(|review| review.expires_at));
    Ok(actions)
}

async fn list(dir: &Dir, format: Format) -> Result<bool> {
    let store = app::store(dir).await?;
    let actions = waiting(store.as_ref()).await?;
    if format == Format::Json {
        output::json(
            &json!({ "waiting": actions.iter().map(|one| staunch_web::action_json(one, &[])).collect::<Vec<_>>() }),
        );
        return Ok(true);
    }
    if actions.is_empty() {
        output::say("nothing waits for a review");
        return Ok(true);
    }
    let mut rows = vec![["id", "workflow", "step", "contact", "by", "until"].map(str::to_owned).to_vec()];
    for one in &actions {
        let action = &one.action;
        let (by, until) =
            action.review.as_ref().map_or_else(Default::default, |r| (r.by.clone(), r.expires_at.to_string()));
        rows.push(vec![
            action.id[..12].to_owned(),
            action.workflow.clone(),
            action.step.clone(),
            action.contact.clone(),
            by,
            until,
        ]);
    }
    output::say(&table(&rows, &[]));
    Ok(true)
}

async fn find(store: &dyn Store, id: &str) -> Result<StoredAction> {
    if let Some(action) = store.action(id).await? {
        return Ok(action);
    }
    let none = format!("no action `{id}` waits for a review");
    app::by_prefix(waiting(store).await?, id, |one| &one.action.id, "actions", none, "staunch review list")
}

async fn show(id: &str, dir: PathBuf, format: Format) -> Result<bool> {
    let dir = Dir { dir };
    let store = app::store(&dir).await?;
    let stored = find(store.as_ref(), id).await?;
    if format == Format::Json {
        output::json(&staunch_web::action_json(&stored, &[]));
        return Ok(true);
    }
    let action = &stored.action;
    let message = match &action.payload {
        Payload::Email { subject, text, html } => {
            let html = html.as_ref().map_or_else(String::new, |html| format!("\n\n--- the HTML part ---\n{html}"));
            format!("subject  {subject}\n\n{text}{html}")
        }
        Payload::Nudge { title, text } => format!("title    {title}\n\n{text}"),
        Payload::Webhook { name, fields } => {
            let lines = fields.iter().map(|(field, text)| format!("\n{field:<8} {text}"));
            format!("webhook  {name}{}", lines.collect::<String>())
        }
        Payload::Task { title, assignee, .. } => {
            format!("title    {title}\nfor      {}", assignee.as_deref().unwrap_or("anyone"))
        }
    };
    let review = action
        .review
        .as_ref()
        .map_or_else(String::new, |one| format!("{} by {} until {}", one.gate, one.by, one.expires_at));
    let guards: Vec<String> =
        action.checks.iter().map(|check| format!("  {:<12} {}", check.guard, check.detail)).collect();
    let (id, place) = (&action.id[..12], dir.dir.display());
    output::say(&format!(
        "action   {}\nstate    {}, expires {}\ncontact  {}\nworkflow {} step {}\nreview   {review}\nhash     {}\nguards\n{}\n\n{message}\n\n\
         why:     staunch why {place} --contact {} --workflow {}\n\
         approve: staunch review approve {id} --dir {place} --hash {} --as NAME",
        action.id,
        action.state.word(),
        action.expires_at,
        action.contact,
        action.workflow,
        action.step,
        action.payload_hash,
        guards.join("\n"),
        action.contact,
        action.workflow,
        action.payload_hash
    ));
    Ok(true)
}

async fn decide(args: Verdict, approve: bool) -> Result<bool> {
    let workspace = load::workspace_only(&args.dir)?;
    let dir = Dir { dir: args.dir };
    let store = app::store(&dir).await?;
    let stored = find(store.as_ref(), &args.id).await?;
    let action = &stored.action;
    let role = action.review.as_ref().map_or("", |review| review.by.as_str());
    let members = workspace.roles.get(role).cloned().unwrap_or_default();
    if !members.contains(&args.by) {
        let message = format!("{} is not in the role `{role}` that decides this", args.by);
        return Err(CliError::new(codes::CLI_ROLE, message, format!("members are {}", members.join(", "))));
    }
    let hash = args.hash.unwrap_or_else(|| action.payload_hash.clone());
    let verdict = ReviewVerdict { approve, by: args.by, payload_hash: hash };
    let now = app::now(&dir, store.as_ref()).await?;
    let id = &action.id;
    match store.review(id, &verdict, now).await? {
        ReviewEnd::Taken => {
            output::say(&format!(
                "{id} {}",
                if approve { "approved: it goes when it is due" } else { "rejected: it is withheld" }
            ));
            Ok(true)
        }
        ReviewEnd::Unknown => {
            Err(CliError::new(codes::CLI_UNKNOWN, format!("no action `{id}`"), "see `staunch review list`"))
        }
        ReviewEnd::NotWaiting => {
            let message = format!("{id} does not wait for a review any more: it is {}", stored.action.state.word());
            Err(CliError::new(codes::CLI_UNKNOWN, message, "see `staunch review list`"))
        }
        ReviewEnd::Changed => {
            let help = "look at it again with `staunch review show` and decide on the new text";
            Err(CliError::new(codes::CLI_CHANGED, "the message is not the one that you saw", help))
        }
    }
}
