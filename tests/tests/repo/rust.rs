//! A small reader of Rust source: it blanks out comments, strings and characters, and measures functions by braces.
//!
//! It knows tokens, not grammar. A function counts from the line of its `fn` to that of its last brace.

/// A function with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from 1.
    pub line: usize,
    /// How many lines it takes, its signature included.
    pub lines: usize,
}

/// The source with every comment, string and character literal turned into spaces; the lines stay where they are.
pub fn code(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match literal(&chars, at) {
            Some(end) => end.min(chars.len()),
            None => {
                out.push(chars[at]);
                at += 1;
                continue;
            }
        };
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the comment or literal that begins here ends; `None` where none begins.
fn literal(chars: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| chars.get(at + offset).copied();
    match chars[at] {
        '/' if next(1) == Some('/') => Some(find(chars, at, '\n')),
        '/' if next(1) == Some('*') => Some(block(chars, at)),
        '"' => Some(text(chars, at + 1)),
        'r' | 'b' | 'c' if !inside_word(chars, at) => prefixed(chars, at),
        '\'' => character(chars, at),
        _ => None,
    }
}

fn inside_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    chars[from..].iter().position(|c| *c == wanted).map_or(chars.len(), |found| from + found)
}

/// Block comments nest.
fn block(chars: &[char], at: usize) -> usize {
    let (mut depth, mut here) = (0, at);
    while here + 1 < chars.len() {
        match (chars[here], chars[here + 1]) {
            ('/', '*') => (depth, here) = (depth + 1, here + 2),
            ('*', '/') => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
        if depth == 0 {
            return here;
        }
    }
    chars.len()
}

/// Behind the closing quote of a string whose content starts here.
fn text(chars: &[char], from: usize) -> usize {
    let mut here = from;
    while here < chars.len() {
        match chars[here] {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    chars.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#`, `c"…"`, `b'…'`; a raw name such as `r#type` is none of them.
fn prefixed(chars: &[char], at: usize) -> Option<usize> {
    let mut here = at;
    while here < at + 2 && matches!(chars.get(here), Some('r' | 'b' | 'c')) {
        here += 1;
    }
    let raw = chars[at..here].contains(&'r');
    let hashes = chars[here..].iter().take_while(|c| **c == '#').count();
    match chars.get(here + hashes) {
        Some('"') if raw => Some(raw_text(chars, here + hashes + 1, hashes)),
        Some('"') if hashes == 0 => Some(text(chars, here + 1)),
        Some('\'') if hashes == 0 && !raw => character(chars, here),
        _ => None,
    }
}

fn raw_text(chars: &[char], from: usize, hashes: usize) -> usize {
    let mut here = from;
    loop {
        here = find(chars, here, '"') + 1;
        if here > chars.len() || chars[here..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return here + hashes;
        }
    }
}

/// A character literal; a lifetime or a label is none.
fn character(chars: &[char], at: usize) -> Option<usize> {
    match chars.get(at + 1)? {
        '\\' => Some(find(chars, at + 3, '\'') + 1),
        _ if chars.get(at + 2) == Some(&'\'') => Some(at + 3),
        _ => None,
    }
}

/// Every function with a body, in order of place; `code` as [`code`] gives it.
pub fn functions(code: &str) -> Vec<Function> {
    let chars: Vec<char> = code.chars().collect();
    let word = |from: usize| chars[from..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect::<String>();
    let mut found = Vec::new();
    for at in 0..chars.len() {
        if chars[at] != 'f' || inside_word(&chars, at) || word(at) != "fn" {
            continue;
        }
        let gap = chars[at + 2..].iter().take_while(|c| c.is_whitespace()).count();
        let name = word(at + 2 + gap);
        // A pointer to a function has no name, and a declaration no body.
        let Some(open) = (!name.is_empty()).then(|| body(&chars, at)).flatten() else { continue };
        let line = |place: usize| 1 + chars[..place].iter().filter(|c| **c == '\n').count();
        let end = closing(&chars, open);
        found.push(Function { name, line: line(at), lines: line(end) - line(at) + 1 });
    }
    found
}

/// The brace that opens the body of the function that starts here.
fn body(chars: &[char], at: usize) -> Option<usize> {
    let mut depth = 0;
    for (here, c) in chars.iter().enumerate().skip(at) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(here),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn closing(chars: &[char], open: usize) -> usize {
    let mut depth = 0;
    for (here, c) in chars.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return here,
            '}' => depth -= 1,
            _ => {}
        }
    }
    chars.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<(String, usize, usize)> {
        functions(&code(source)).into_iter().map(|one| (one.name, one.line, one.lines)).collect()
    }

    fn one(name: &str, line: usize, lines: usize) -> (String, usize, usize) {
        (name.to_owned(), line, lines)
    }

    #[test]
    fn literals_and_comments_are_blank() {
        let check = |source: &str, expected: &str| assert_eq!(code(source), expected, "{source}");
        check("a // { \"\nb", "a       \nb");
        check("a /* { /* } */ { */ b", "a                   b");
        check(r#"f("{\"}", '{', '\'', b'}')"#, "f(      ,    ,     ,     )");
        check("f(r#\"{\"}\"#, br\"}\", b\"}\", r\"\\\")", "f(        ,      ,     ,     )");
        check("fn f<'a>(x: &'a str) { 'out: loop {} }", "fn f<'a>(x: &'a str) { 'out: loop {} }");
        check("let r#type = bar(\"\");", "let r#type = bar(  );");
        check("'\\u{7f}' '\"' 'ß'", "                ");
        check("\"unfinished {", "             ");
    }

    #[test]
    fn functions_are_measured_from_their_name_to_their_last_brace() {
        assert_eq!(
            names("fn a() {\n  b(\"}\");\n}\n\npub fn c() -> [u8; 2] { [1, 2] }"),
            vec![one("a", 1, 3), one("c", 5, 1)]
        );
        assert_eq!(names("trait T {\n fn none(&self);\n fn some(&self) {\n }\n}"), vec![one("some", 3, 2)]);
        assert_eq!(
            names("struct S { f: fn(u8) -> u8 }\nimpl S { const fn new() -> S { S { f: id } } }"),
            vec![one("new", 2, 1)]
        );
        assert_eq!(
            names("fn outer(\n  x: fn(),\n) where X: Y {\n fn inner() {}\n}"),
            vec![one("outer", 1, 5), one("inner", 4, 1)]
        );
        assert_eq!(names("// fn a() {}\n\"fn b() {}\"; let fnord = r\"fn c() {\";"), vec![]);
    }
}
