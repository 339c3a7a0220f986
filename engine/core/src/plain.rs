//! Text before it is shown: what a terminal would act on is written out, and lines fit its width.

/// Columns of a terminal that everybody has.
pub const WIDTH: usize = 80;

/// One line: control characters (line breaks and tabs, too) and characters that turn the direction of text become
/// `\n` or `\u{1b}`, as in source code, so that no name, path or event can draw on a terminal or forge a line.
pub fn line(text: &str) -> String {
    escape(text, false)
}

/// The same for a text of several lines: line breaks and tabs stay.
pub fn lines(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, several: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' if several => out.push(c),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if c.is_control() || turns(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}

/// Overrides of direction, and separators that some terminals take for line breaks.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text behind a lead, its words broken into lines of 80 columns that stand under each other. Its own line breaks go.
pub fn wrap(lead: &str, text: &str) -> String {
    let indent = " ".repeat(lead.chars().count());
    let (mut lines, mut line, mut fresh) = (Vec::new(), lead.to_owned(), true);
    for word in text.split_whitespace() {
        if !fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(word);
        fresh = false;
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_never_steered_by_data() {
        assert_eq!(lines("a\u{1b}[2Jb\u{202e}c\u{9b}\td\n"), "a\\u001b[2Jb\\u202ec\\u009b\td\n");
        assert_eq!(line("a\u{1b}[2J\r\n\tb\u{2028}ü"), "a\\u001b[2J\\r\\n\\tb\\u2028ü");
    }
}
