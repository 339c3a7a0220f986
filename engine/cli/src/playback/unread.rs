//! Lines of a history that could not be read: counted, and the first told with number and cause.

use super::Played;
use crate::output::{self, count};
use serde::Serialize;

/// Lines that are told one by one.
const TOLD: usize = 3;

/// One line that is no event of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its number in the file, from 1.
    pub line: u64,
    /// The code with which a running service would park it.
    pub code: String,
    /// What is wrong; never a value of the event.
    pub message: String,
}

impl Played {
    /// Counts a line that could not be read.
    pub(super) fn refuse(&mut self, line: u64, code: &str, message: String) {
        self.refused += 1;
        if self.unread.len() < TOLD {
            self.unread.push(Unread { line, code: code.to_owned(), message });
        }
    }

    /// Says on stderr which lines could not be read: stdout holds one document.
    pub fn say_unread(&self) {
        if let Some(text) = self.unread_text() {
            output::note(&text);
        }
    }

    fn unread_text(&self) -> Option<String> {
        let first = self.unread.first()?;
        let what = if self.refused == 1 { "1 line".to_owned() } else { format!("{} lines", count(self.refused)) };
        let mut parts = vec![format!("{what} could not be read and took no part:")];
        for one in &self.unread {
            parts.push(output::wrap(&format!("  line {}: {} ", one.line, one.code), &one.message));
        }
        match self.refused - self.unread.len() as u64 {
            0 => {}
            more => parts.push(format!("  and {} more", count(more))),
        }
        parts.push(format!("what a code means, and what to do: staunch explain {}", first.code));
        Some(parts.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_told_with_number_and_cause() {
        let mut played = Played::default();
        assert_eq!((played.unread_text(), played.any()), (None, true), "an empty history is none that cannot be read");
        played.refuse(2, "ST2002", "the body is not JSON: line 1, column 1".into());
        assert_eq!(played.unread_text().unwrap().lines().next(), Some("1 line could not be read and took no part:"));
        for line in 3..1_300 {
            played.refuse(line, "ST2009", "`total` of `order.paid`: expected money, found text; ".repeat(2));
        }
        assert!(!played.any());
        insta::assert_snapshot!(played.unread_text().unwrap(), @r"
        1,298 lines could not be read and took no part:
          line 2: ST2002 the body is not JSON: line 1, column 1
          line 3: ST2009 `total` of `order.paid`: expected money, found text; `total` of
                         `order.paid`: expected money, found text;
          line 4: ST2009 `total` of `order.paid`: expected money, found text; `total` of
                         `order.paid`: expected money, found text;
          and 1,295 more
        what a code means, and what to do: staunch explain ST2002
        ");
    }
}
