//! Rhai's line and column as a byte offset into the source.

use rhai::Position;

/// Lines count from 1, columns in characters from 1; the end of the text has the place behind its last character.
pub(crate) fn offset(source: &str, position: Position) -> usize {
    let (Some(line), column) = (position.line(), position.position().unwrap_or(1)) else {
        return if position.is_none() { 0 } else { source.trim_end().len() };
    };
    let start: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = source[start.min(source.len())..].split('\n').next().unwrap_or("");
    let inside = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    (start + inside).min(source.len())
}

#[cfg(test)]
mod tests {
    use super::offset;
    use rhai::Position;

    #[test]
    fn columns_are_characters() {
        let source = "\"ä\" == x\n  && y";
        assert_eq!(offset(source, Position::new(1, 8)), 8);
        assert_eq!(&source[offset(source, Position::new(2, 3))..], "&& y");
        assert_eq!(offset(source, Position::NONE), 0);
        assert_eq!(offset(source, Position::new(9, 9)), source.len());
    }
}
