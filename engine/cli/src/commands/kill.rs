//! `staunch kill` and `staunch resume`: the stop switch.

use crate::app::{self, Dir};
use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use staunch_core::policy::{Kill as Order, KillScope};
use std::io::{BufRead, IsTerminal, Write};

/// Stops all sending of a scope at once.
///
/// Example: staunch kill workflow:winback --reason "wrong price in the mail"
#[derive(Debug, Args)]
pub struct Kill {
    /// What to stop: all, workflow:NAME or channel:NAME.
    scope: String,
    /// The workspace.
    #[arg(long, default_value = ".")]
    dir: std::path::PathBuf,
    /// Why. Asked for on a terminal.
    #[arg(long)]
    reason: Option<String>,
    /// Who gives the order.
    #[arg(long = "as", env = "USER", default_value = "operator")]
    by: String,
    /// Withhold what is pending instead of holding it.
    #[arg(long)]
    drop: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Lets the sending of a killed scope go on.
///
/// Example: staunch resume workflow:winback
#[derive(Debug, Args)]
pub struct Resume {
    /// What to resume, as it was killed.
    scope: String,
    /// The workspace.
    #[arg(long, default_value = ".")]
    dir: std::path::PathBuf,
    /// Who gives the order.
    #[arg(long = "as", env = "USER", default_value = "operator")]
    by: String,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn scope(text: &str) -> Result<KillScope> {
    KillScope::parse(text).map_err(|why| CliError::usage(why, "for example `staunch kill workflow:winback`"))
}

/// Runs `kill`.
pub async fn kill(args: Kill) -> Result<bool> {
    let scope = scope(&args.scope)?;
    let reason = match args.reason {
        Some(reason) => reason,
        None => ask_reason()?,
    };
    let dir = Dir { dir: args.dir };
    let store = app::store(&dir).await?;
    known(store.as_ref(), &scope).await?;
    let now = app::now(&dir, store.as_ref()).await?;
    let order = Order { scope, reason, by: args.by, at: now };
    let count = store.kill(&order, args.drop, now).await?;
    let verb = if args.drop { "withheld" } else { "held" };
    match args.format {
        Format::Json => output::json(&json!({ "killed": args.scope, verb: count })),
        Format::Text => output::say(&format!(
            "{} killed: {count} pending actions {verb}; nothing of it is sent any more",
            args.scope
        )),
    }
    Ok(true)
}

/// A workflow that nobody published is a typing error, and a kill that hits nothing is worse than an error.
async fn known(store: &dyn staunch_store::Store, scope: &KillScope) -> Result<()> {
    let KillScope::Workflow(name) = scope else { return Ok(()) };
    let published = store.published().await?;
    let names: Vec<String> = published.current.into_iter().map(|workflow| workflow.name).collect();
    if names.contains(name) {
        return Ok(());
    }
    let help = if names.is_empty() {
        "none is published yet".to_owned()
    } else {
        format!("published are {}", names.join(", "))
    };
    Err(CliError::new(codes::CLI_UNKNOWN, format!("no workflow `{name}` is published here"), help))
}

fn ask_reason() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage("a kill needs a reason", "add --reason \"…\""));
    }
    let _ = write!(std::io::stderr(), "reason: ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match (read, line.trim()) {
        (Ok(_), reason) if !reason.is_empty() => Ok(reason.to_owned()),
        _ => Err(CliError::usage("a kill needs a reason", "add --reason \"…\"")),
    }
}

/// Runs `resume`.
pub async fn resume(args: Resume) -> Result<bool> {
    let scope = scope(&args.scope)?;
    let dir = Dir { dir: args.dir };
    let store = app::store(&dir).await?;
    let now = app::now(&dir, store.as_ref()).await?;
    let Some(released) = store.resume(&scope, &args.by, now).await? else {
        let kills = store.live().await?.kills;
        let list: Vec<String> = kills.into_iter().map(|kill| kill.scope.into()).collect();
        let help =
            if list.is_empty() { "no kill is in force".to_owned() } else { format!("in force: {}", list.join(", ")) };
        return Err(CliError::new(codes::CLI_UNKNOWN, format!("{} is not killed", args.scope), help));
    };
    match args.format {
        Format::Json => {
            output::json(&json!({ "resumed": args.scope, "released": released.released, "expired": released.expired }))
        }
        Format::Text => output::say(&format!(
            "{} resumed: {} actions pending again, {} had expired and are withheld",
            args.scope, released.released, released.expired
        )),
    }
    Ok(true)
}
