//! What one check of a plugin found: how it ended, what was seen, and what to do.

use serde::Serialize;
use serde_json::Value;
use staunch_core::plain::wrap;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth a look.
    Warning,
    /// The plugin must be mended.
    Failed,
    /// Not looked at, for it would say nothing before something else is mended.
    Skipped,
}

impl State {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
            State::Skipped => "skipped",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The check.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was seen.
    pub text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What was measured, for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Value>,
}

impl Finding {
    /// One that is as it should be.
    pub fn ok(name: &'static str, text: impl Into<String>) -> Finding {
        Finding { name, state: State::Ok, text: text.into(), next: None, figures: None }
    }

    /// One that is worth a look.
    pub fn warning(name: &'static str, text: impl Into<String>, next: &str) -> Finding {
        Finding { name, state: State::Warning, text: text.into(), next: Some(next.into()), figures: None }
    }

    /// One that must be mended.
    pub fn failed(name: &'static str, text: impl Into<String>, next: &str) -> Finding {
        Finding { name, state: State::Failed, text: text.into(), next: Some(next.into()), figures: None }
    }

    /// One that was not looked at.
    pub fn skipped(name: &'static str, text: impl Into<String>) -> Finding {
        Finding { name, state: State::Skipped, text: text.into(), next: None, figures: None }
    }
}

/// What a next step stands behind.
const NEXT: &str = "           next: ";

/// One line per check, and another where there is something to do; none is wider than 80 columns.
pub fn lines(found: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let next = finding.next.as_ref().map_or_else(String::new, |next| format!("\n{}", wrap(NEXT, next)));
        let lead = format!("  {:<8} {:<16} ", finding.state.word(), finding.name);
        format!("{}{next}", wrap(&lead, &finding.text))
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// How many checks there were, and how they ended.
pub fn counts(found: &[Finding]) -> String {
    let count = |state| found.iter().filter(|finding| finding.state == state).count();
    let (ok, warnings, failed) = (count(State::Ok), count(State::Warning), count(State::Failed));
    let skipped = match count(State::Skipped) {
        0 => String::new(),
        some => format!(", {some} skipped"),
    };
    format!("{} checks: {ok} ok, {warnings} warnings, {failed} failed{skipped}", found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal_and_what_was_skipped_is_counted() {
        let found = [
            Finding::failed("odd inputs", "word ".repeat(30), &"mend it ".repeat(20)),
            Finding::skipped("latency", "it fails on odd inputs"),
        ];
        let text = lines(&found);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("\n           next: mend it") && text.contains("\n                 mend it"), "{text}");
        assert!(text.ends_with("\n  skipped  latency          it fails on odd inputs"), "{text}");
        assert_eq!(counts(&found), "2 checks: 0 ok, 0 warnings, 1 failed, 1 skipped");
        assert_eq!(counts(&found[..1]), "1 checks: 0 ok, 0 warnings, 1 failed");
    }
}
