//! What a command says when it cannot do its work: code, what, where, and what to do next.

use staunch_core::codes::{self, Code};
use staunch_core::plain;
use std::borrow::Cow;
use std::fmt;

/// Characters of a message.
const LONGEST: usize = 4_000;

/// An error of usage or environment; the process ends with 2.
#[derive(Debug)]
pub struct CliError {
    code: Code,
    message: String,
    help: String,
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, CliError>;

impl CliError {
    /// An error with its next step.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> CliError {
        CliError { code, message: message.into(), help: help.into() }
    }

    /// Wrong use of a command.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> CliError {
        CliError::new(codes::CLI_USAGE, message, help)
    }

    /// The same error about this thing, such as a database by its path.
    pub fn about(self, what: impl fmt::Display) -> CliError {
        CliError { message: format!("{what}: {}", self.message), ..self }
    }

    /// What is wrong, without what to do: for a list that says so itself.
    pub fn brief(&self) -> String {
        format!("{}: {}", self.code, plain::line(&self.message))
    }

    /// A file that cannot be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> CliError {
        let message = format!("{}: {error}", path.display());
        CliError::new(codes::CLI_FILE, message, "check the path and its permissions")
    }
}

/// A message that a person can read: what a file holds may be megabytes of one name.
fn cut(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &message[..end])),
        None => Cow::Borrowed(message),
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both can hold what a person typed or a file is called: neither may draw on the terminal.
        write!(f, "error {}: {}", self.code, plain::line(&cut(&self.message)))?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n  next: {}", plain::line(&self.help)) }
    }
}

impl From<staunch_store::StoreError> for CliError {
    fn from(error: staunch_store::StoreError) -> CliError {
        let code = match error {
            staunch_store::StoreError::Database { .. } => codes::STORE_DATABASE,
            staunch_store::StoreError::Corrupt { .. } => codes::STORE_CORRUPT,
            staunch_store::StoreError::OtherPayload(_) => codes::STORE_PAYLOAD,
        };
        let message = strip(&error.to_string(), code);
        CliError::new(code, message, "run `staunch doctor` to see which connection is at fault")
    }
}

impl From<staunch_worker::WorkerError> for CliError {
    fn from(error: staunch_worker::WorkerError) -> CliError {
        CliError::new(codes::CLI_STEP, error.to_string(), "nothing is lost: what was not finished is tried again")
    }
}

impl From<staunch_broker::BrokerError> for CliError {
    fn from(error: staunch_broker::BrokerError) -> CliError {
        CliError::new(codes::CLI_STEP, error.to_string(), "run `staunch doctor` to see which connection is at fault")
    }
}

/// The message without the code that the error's own text begins with.
fn strip(text: &str, code: &str) -> String {
    text.strip_prefix(code).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_typed_cannot_forge_a_line() {
        let error = CliError::usage("`a\u{1b}[2J\nok` is no stage", "use \u{202e}full");
        assert_eq!(error.to_string(), "error ST7010: `a\\u001b[2J\\nok` is no stage\n  next: use \\u202efull");
    }

    #[test]
    fn a_name_of_megabytes_is_cut() {
        let text = CliError::usage("é".repeat(1_000_000), "rename it").to_string();
        assert!(text.chars().count() < LONGEST + 100 && text.ends_with("é…\n  next: rename it"));
    }
}
