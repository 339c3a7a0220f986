//! Output: for people on a terminal, or one JSON document for machines.

use clap::ValueEnum;
use std::io::Write;

/// How a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document on stdout.
    Json,
}

/// Prints text; a reader that went away (`| head`) is no error.
///
/// What a terminal would act on (control and bidirectional characters, which events and files can hold) is shown as
/// `\uXXXX`, which also keeps JSON valid.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", tame(text));
}

fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && c != '\n' && c != '\t') || bidi {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
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
    fn a_terminal_is_never_steered_by_data() {
        assert_eq!(tame("a\u{1b}[2Jb\u{202e}c\u{9b}\n"), "a\\u001b[2Jb\\u202ec\\u009b\n");
    }

    #[test]
    fn counts_and_tables_line_up() {
        assert_eq!((count(7), count(1_234), count(1_234_567)), ("7".into(), "1,234".into(), "1,234,567".into()));
        let rows = vec![vec!["a".into(), "n".into()], vec!["long".into(), "10".into()]];
        assert_eq!(table(&rows, &[1]), "  a      n\n  long  10");
    }
}
