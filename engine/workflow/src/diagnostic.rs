//! Problems of files for people and for machines: the place, a stable code, what is wrong and what to do next.

use serde::Serialize;
use staunch_core::plain::{WIDTH, wrap};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, and probably should not.
    Warning,
}

impl Severity {
    /// The word in output.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Path as it was handed in.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// One of `staunch_core::codes`, or the code that a plugin's own check gave.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
    /// The line it stands in; empty where there is none.
    #[serde(skip)]
    pub excerpt: String,
}

impl Diagnostic {
    /// Order of place, then of code.
    pub(crate) fn order(&self) -> (&str, usize, usize, &str) {
        (&self.file, self.line, self.column, &self.code)
    }
}

/// All problems as text, each with its line and the place marked.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let parts: Vec<String> = diagnostics.iter().map(render_one).collect();
    parts.join("\n")
}

fn render_one(one: &Diagnostic) -> String {
    let mut out = wrap(&format!("{} {}: ", one.severity.word(), one.code), &one.message);
    let number = one.line.to_string();
    let margin = " ".repeat(number.len());
    out += &format!("\n{margin} --> {}:{}:{}\n", one.file, one.line, one.column);
    if !one.excerpt.trim().is_empty() {
        let (text, column) = window(&one.excerpt, one.column, WIDTH - number.len() - 4);
        out += &format!("{number} | {text}\n{margin} | {}^\n", " ".repeat(column));
    }
    if !one.help.is_empty() {
        out += &wrap(&format!("{margin} = "), &one.help);
        out.push('\n');
    }
    out
}

/// The part of a line around a column that fits, and where the column is in it. Tabs become one space each, so that
/// the mark stands right.
fn window(line: &str, column: usize, width: usize) -> (String, usize) {
    let chars: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let at = column.saturating_sub(1);
    let from = if chars.len() <= width || at < width / 2 {
        0
    } else {
        (at - width / 2).min(chars.len().saturating_sub(width))
    };
    let text: String = chars.iter().skip(from).take(width).collect();
    (text.trim_end().to_owned(), at - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(excerpt: &str, column: usize) -> Diagnostic {
        Diagnostic {
            file: "workflows/a.yaml".into(),
            line: 12,
            column,
            severity: Severity::Error,
            code: "ST1020".into(),
            message: "`piority` has no meaning here, and this sentence is long enough to be wrapped at its end".into(),
            help: "did you mean `priority`?".into(),
            excerpt: excerpt.into(),
        }
    }

    #[test]
    fn text_for_people() {
        insta::assert_snapshot!(render(&[sample("  piority: 60", 3), sample(&format!("{}x: 1", "ä ".repeat(90)), 181)]), @r"
        error ST1020: `piority` has no meaning here, and this sentence is long enough to
                      be wrapped at its end
           --> workflows/a.yaml:12:3
        12 |   piority: 60
           |   ^
           = did you mean `priority`?

        error ST1020: `piority` has no meaning here, and this sentence is long enough to
                      be wrapped at its end
           --> workflows/a.yaml:12:181
        12 | ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä ä x: 1
           |                                                                       ^
           = did you mean `priority`?
        ");
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for column in [1, 40, 100, 181, 183] {
            let text = render(&[sample(&"ä ".repeat(91), column)]);
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
    }
}
