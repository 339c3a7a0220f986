//! `staunch explain`: the page of an error code.

use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use staunch_core::explain::{self, Page};
use staunch_core::suggest::closest;

/// Says what a code means, where it comes from, and what to do next.
///
/// Example: staunch explain ST1042
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, as it stands in the message.
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Every page, as one Markdown document.
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &Explain) -> Result<bool> {
    let Some(code) = args.code.as_deref().filter(|_| !args.all) else {
        match args.format {
            Format::Json => {
                let pages: Vec<_> = explain::pages().map(|(block, page)| document(block, &page)).collect();
                output::json(&json!({ "codes": pages }));
            }
            Format::Text => output::say(explain::markdown().trim_end()),
        }
        return Ok(true);
    };
    let (block, page) = find(code)?;
    match args.format {
        Format::Json => output::json(&document(block, &page)),
        Format::Text => output::say(page.text().trim_end()),
    }
    Ok(true)
}

/// The page of a code, however it is written: `ST1042`, `st1042` or `1042`.
fn find(code: &str) -> Result<(&'static str, Page)> {
    let upper = code.trim().to_uppercase();
    let wanted = if upper.starts_with("ST") { upper } else { format!("ST{upper}") };
    explain::pages().find(|(_, page)| page.code == wanted).ok_or_else(|| {
        let help = match closest(&wanted, explain::pages().map(|(_, page)| page.code)) {
            Some(near) => format!("did you mean {near}? all of them: `staunch explain --all`"),
            None => "see all of them with `staunch explain --all`".to_owned(),
        };
        CliError::new(codes::CLI_UNKNOWN, format!("there is no code `{code}`"), help)
    })
}

fn document(block: &str, page: &Page) -> serde_json::Value {
    json!({
        "code": page.code, "title": page.title(), "block": block, "means": page.means, "why": page.why,
        "next": page.next, "example": page.example.map(|file| format!("examples/broken/{file}")),
    })
}
