//! Output: for people on a terminal, or one JSON document for machines.

use crate::error::CliError;
use clap::ValueEnum;
pub use staunch_core::plain::{WIDTH, wrap};
use staunch_core::{codes, plain};
use std::io::{self, Write};
use std::sync::OnceLock;

/// How a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document on stdout.
    Json,
}

/// Why stdout could not be written; the first time that it could not.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints text; a reader that went away (`| head`) is no error. What else keeps it from being written is kept for
/// [`unwritten`].
///
/// What a terminal would act on (control and bidirectional characters, which events and files can hold) is shown as
/// `\uXXXX`, which also keeps JSON valid.
pub fn say(text: &str) {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", plain::lines(text)).and_then(|()| out.flush());
    if let Err(error) = written.or_else(gone) {
        let _ = FAILED.set(error);
    }
}

/// A broken pipe is nobody's fault.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// Why what was said did not arrive, such as a full disk behind `>`.
pub fn unwritten() -> Option<CliError> {
    let error = FAILED.get()?;
    let message = format!("the answer could not be written to stdout: {error}");
    Some(CliError::new(codes::CLI_FILE, message, "check the disk, then run it again"))
}

/// Says something beside the answer, on stderr.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", plain::lines(text));
}

/// Prints one JSON document.
pub fn json(value: &serde_json::Value) {
    say(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Rows with aligned columns; the first row is the header. Numbers to the right, `right` names their columns.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let gap = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
            if right.contains(&at) { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text whose lines are no wider than 80 columns: what is too long goes on below, two columns to the right of where it
/// began. Words that are longer themselves stay whole.
pub fn fit(text: &str) -> String {
    let line = |line: &str| {
        if line.chars().count() <= WIDTH {
            return line.to_owned();
        }
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
        let mut out = vec![format!("{indent}{first}")];
        // Spaces inside of a line are columns: they stay as they are.
        for word in rest.split(' ') {
            let last = out.last_mut().map_or(0, |last| last.chars().count());
            match out.last_mut() {
                Some(open) if last + 1 + word.chars().count() <= WIDTH => *open += &format!(" {word}"),
                _ => out.push(format!("{indent}  {word}")),
            }
        }
        out.join("\n")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A number with what it counts: `1 event`, `2 events`.
pub fn of(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A count with a comma between thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_is_no_error_and_a_full_disk_is() {
        assert!(gone(io::ErrorKind::BrokenPipe.into()).is_ok());
        assert!(gone(io::ErrorKind::StorageFull.into()).is_err());
    }

    #[test]
    fn text_is_broken_behind_its_lead() {
        let text = wrap("why   ", &"word ".repeat(30));
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("      word")), "{text}");
        let long = format!("    at  {}", "word ".repeat(30).trim_end());
        let fitted = fit(&format!("short  line\n{long}"));
        assert!(fitted.starts_with("short  line\n    at  word word"), "{fitted}");
        assert!(fitted.lines().skip(2).all(|line| line.starts_with("      word")), "{fitted}");
        assert!(fitted.lines().all(|line| line.chars().count() <= WIDTH), "{fitted}");
        assert_eq!(
            (wrap("a ", ""), of(1, "line"), of(1_200, "line")),
            ("a ".into(), "1 line".into(), "1,200 lines".into())
        );
    }

    #[test]
    fn counts_and_tables_line_up() {
        assert_eq!((count(7), count(1_234), count(1_234_567)), ("7".into(), "1,234".into(), "1,234,567".into()));
        let rows = vec![vec!["a".into(), "n".into()], vec!["long".into(), "10".into()]];
        assert_eq!(table(&rows, &[1]), "  a      n\n  long  10");
    }
}
