//! `staunch explain`: the page of an error code.

use crate::error::{CliError, Result};
use crate::output::{self, Format};
use clap::Args;
use serde_json::json;
use staunch_core::codes;
use staunch_core::explain::{self, Page, Reason};
use staunch_core::suggest::closest;

/// Says what a code, or the reason in a receipt, means, and what to do next.
///
/// Example: staunch explain ST1042
///
/// Example: staunch explain quiet_hours
#[derive(Debug, Args)]
pub struct Explain {
    /// The code as it stands in the message, or the reason as it stands in a receipt.
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
    if let Some(reason) = explain::reason(&code.trim().to_lowercase().replace([' ', '-'], "_")) {
        match args.format {
            Format::Json => {
                output::json(&json!({ "reason": reason.word, "means": reason.means, "next": reason.next }));
            }
            Format::Text => output::say(&reason_text(&reason)),
        }
        return Ok(true);
    }
    let (block, page) = find(code)?;
    match args.format {
        Format::Json => output::json(&document(block, &page)),
        Format::Text => output::say(&text(&page)),
    }
    Ok(true)
}

/// A page for a terminal.
fn text(page: &Page) -> String {
    let mut out = format!(
        "{} {}\n\n{}\n\n{}\n{}",
        page.code,
        page.title(),
        output::wrap("", page.means),
        output::wrap("why   ", page.why),
        output::wrap("next  ", page.next)
    );
    if let Some(example) = page.example {
        out += &format!("\nsee   examples/broken/{example}");
    }
    out
}

fn reason_text(reason: &Reason) -> String {
    let (means, next) = (output::wrap("", reason.means), output::wrap("next  ", reason.next));
    format!("reason {}\n\n{means}\n\n{next}", reason.word)
}

/// The page of a code, however it is written: `ST1042`, `st1042` or `1042`.
fn find(code: &str) -> Result<(&'static str, Page)> {
    let upper = code.trim().to_uppercase();
    let wanted = if upper.starts_with("ST") { upper } else { format!("ST{upper}") };
    explain::pages().find(|(_, page)| page.code == wanted).ok_or_else(|| {
        let word = code.trim().to_lowercase();
        if let Some(near) = closest(&word, explain::reasons().map(|reason| reason.word)) {
            let help = format!("did you mean {near}? all codes: `staunch explain --all`");
            return CliError::new(codes::CLI_UNKNOWN, format!("there is no code or reason `{code}`"), help);
        }
        let help = match closest(&wanted, explain::pages().map(|(_, page)| page.code)) {
            Some(near) => format!("did you mean {near}? all of them: `staunch explain --all`"),
            None => "see all of them with `staunch explain --all`".to_owned(),
        };
        CliError::new(codes::CLI_UNKNOWN, format!("there is no code or reason `{code}`"), help)
    })
}

fn document(block: &str, page: &Page) -> serde_json::Value {
    json!({
        "code": page.code, "title": page.title(), "block": block, "means": page.means, "why": page.why,
        "next": page.next, "example": page.example.map(|file| format!("examples/broken/{file}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_wider_than_a_terminal() {
        let pages =
            explain::pages().map(|(_, page)| text(&page)).chain(explain::reasons().map(|one| reason_text(&one)));
        for page in pages {
            assert!(page.lines().all(|line| line.chars().count() <= output::WIDTH), "{page}");
        }
        insta::assert_snapshot!(reason_text(&explain::reason("share").unwrap()), @r"
        reason share

        The workflow stands in stage limited, and the contact is not in its share.

        next  Promote the workflow when its figures are good: `staunch rollout status`
              shows them.
        ");
    }

    #[test]
    fn a_word_that_is_nearly_one_is_offered() {
        let error = |code: &str| find(code).unwrap_err().to_string();
        assert!(error("quiet_hour").contains("did you mean quiet_hours?"), "{}", error("quiet_hour"));
        assert!(error("ST104").contains("did you mean ST10"), "{}", error("ST104"));
    }
}
