//! Where a character of a scalar's value stands in the file. The value and its text in the file differ by quotes,
//! folded lines and indentation, so the two are walked side by side.

use super::{Scalar, Style};

/// The byte offset in the file of a byte offset in the value; the scalar's start where the two cannot be matched, as
/// behind an escape in quotes.
pub(super) fn place(text: &str, at: usize, scalar: &Scalar, offset: usize) -> usize {
    if scalar.text.is_empty() {
        return at;
    }
    let mut here = first(text, at, scalar.style);
    let mut last = here;
    for (index, wanted) in scalar.text.char_indices() {
        let Some(found) = find(text, here, wanted) else { return at };
        if index >= offset {
            return found;
        }
        last = found + text[found..].chars().next().map_or(0, char::len_utf8);
        here = last;
    }
    last
}

/// Behind the quote, or in the line below the `|`.
fn first(text: &str, at: usize, style: Style) -> usize {
    match style {
        Style::Plain => at,
        Style::Quoted => at + 1,
        Style::Block => text[at..].find('\n').map_or(at, |newline| at + newline + 1),
    }
}

/// The next place of a character: the same one here, or a blank that stands for a line break, or beyond blanks.
fn find(text: &str, here: usize, wanted: char) -> Option<usize> {
    let rest = text.get(here..)?;
    let next = rest.chars().next()?;
    if next == wanted || (wanted == ' ' && matches!(next, '\n' | '\r')) {
        return Some(here);
    }
    let blanks = rest.len() - rest.trim_start().len();
    rest[blanks..].starts_with(wanted).then_some(here + blanks)
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Source, parse};

    /// For each file the value of `k` is searched for `x`, whose place in the file has to be found.
    #[test]
    fn places_are_found_through_every_style() {
        for text in [
            "k: a x\n",
            "k: \"a x\"\n",
            "k: 'ä x'\n",
            "k: |\n  a\n  x\n",
            "k: |\n\n  ä b\n    x\n  c\n",
            "k: >\n  a\n  b x\n",
            "k: a\n  b\n  x\n",
            "k: |2- # or | this\n   a\n  b x\n",
            "l:\n  - k: |-\n      a &&\n      x\n",
            "k: {k: x}\n",
        ] {
            let source = Source::new("t", text);
            let (node, problems) = parse(&source);
            assert!(problems.is_empty(), "{problems:?}");
            let mut node = node.unwrap();
            while let crate::yaml::Kind::Map(entries) = &node.kind {
                node = entries[0].value.clone();
                if let crate::yaml::Kind::List(items) = &node.kind {
                    node = items[0].clone();
                }
            }
            let crate::yaml::Kind::Scalar(scalar) = &node.kind else { panic!() };
            let found = source.inside(&node, scalar.text.find('x').unwrap());
            assert_eq!(Some(found), text.rfind('x'), "{text:?}");
        }
    }

    #[test]
    fn an_escape_falls_back_to_the_start() {
        let source = Source::new("t", "k: \"a\\u0041 x\"\n");
        let node = parse(&source).0.unwrap();
        assert_eq!(source.inside(node.get("k").unwrap(), 3), 3);
    }
}
