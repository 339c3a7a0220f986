//! What may stand in one line that a person or a mail server reads.

/// Longest line in characters; longer ones are mistakes, not subjects.
const LONGEST: usize = 500;

/// What is wrong with a header line or a title, if anything: line breaks and other control characters could start a
/// header of their own, and characters that turn the direction of text can make a line read as another.
pub(crate) fn line_problem(line: &str) -> Option<&'static str> {
    if line.chars().any(|c| matches!(c, '\r' | '\n' | '\u{2028}' | '\u{2029}')) {
        Some("it holds a line break")
    } else if line.chars().any(char::is_control) {
        Some("it holds a control character")
    } else if line.chars().any(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
        Some("it holds a character that overrides the direction of text")
    } else if line.chars().count() > LONGEST {
        Some("it is longer than 500 characters")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::line_problem;

    #[test]
    fn only_one_plain_line_passes() {
        for good in ["", "Grüße, 你好 👋", "שלום", "tab-free: yes", &"x".repeat(500)] {
            assert_eq!(line_problem(good), None, "{good}");
        }
        for bad in [
            "a\r\nBcc: x@example.com",
            "a\nb",
            "a\rb",
            "a\0b",
            "a\tb",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{202E}b",
            "\u{2066}",
        ] {
            assert!(line_problem(bad).is_some(), "{bad:?}");
        }
        assert!(line_problem(&"x".repeat(501)).is_some());
    }
}
