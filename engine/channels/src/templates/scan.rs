//! A look at the source text of templates: its tags, the blocks that it includes, and where a name stands.
//!
//! The engine tells neither: it resolves includes while it renders, and names of a template come without places.

/// One `{% … %}` in a text.
pub(super) struct Tag<'a> {
    /// The byte of its `{%`.
    pub(super) at: usize,
    /// Its first word, such as `if`.
    pub(super) word: &'a str,
    /// The byte behind that word.
    behind: usize,
}

/// All tags of a text. What stands in a comment counts, too: that refuses too much, and never too little.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    text.match_indices("{%").map(|(at, _)| {
        let inside = text[at + 2..].trim_start_matches(['-', '+']).trim_start();
        let end = inside.find(|c: char| !word_char(c)).unwrap_or(inside.len());
        Tag { at, word: &inside[..end], behind: text.len() - inside.len() + end }
    })
}

/// One `{% include … %}`.
pub(super) struct Include<'a> {
    /// The byte of its `{%`.
    pub(super) at: usize,
    /// The path that it names, and its byte; `None` where it is more or less than one quoted path.
    pub(super) path: Option<(&'a str, usize)>,
}

/// All includes of a text.
pub(super) fn includes(text: &str) -> impl Iterator<Item = Include<'_>> {
    tags(text).filter(|tag| tag.word == "include").map(|tag| Include { at: tag.at, path: quoted(text, tag.behind) })
}

/// The one quoted path between this byte and the end of the tag.
fn quoted(text: &str, from: usize) -> Option<(&str, usize)> {
    let rest = text[from..].trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let path = &rest[1..1 + rest[1..].find(quote)?];
    let end = rest[path.len() + 2..].trim_start();
    let whole = end.trim_start_matches(['-', '+']).starts_with("%}") && !path.contains(['\\', '\n']);
    whole.then(|| (path, text.len() - rest.len() + 1))
}

/// The bytes at which a dotted name stands inside of `{{ }}` or `{% %}`, quoted text and comments left out.
pub(super) fn places(text: &str, name: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{").into_iter().chain(text[from..].find("{%")).min() {
        let comment = text[from..].find("{#").filter(|at| *at < open);
        let start = from + comment.unwrap_or(open) + 2;
        let end = match comment {
            Some(_) => text[start..].find("#}").map_or(text.len(), |end| start + end + 2),
            None => expression(text, start, name, &mut found),
        };
        from = end;
    }
    found
}

/// Looks through one expression or tag; gives where it ends.
fn expression(text: &str, start: usize, name: &str, found: &mut Vec<usize>) -> usize {
    let (mut at, mut before) = (start, ' ');
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("}}") || rest.starts_with("%}") {
            return at + 2;
        }
        if matches!(c, '"' | '\'') {
            at += 1 + rest[1..].find(c).map_or(rest.len() - 1, |end| end + 1);
            before = c;
            continue;
        }
        let starts = !word_char(before) && before != '.' && rest.starts_with(name);
        if starts && !rest[name.len()..].starts_with(word_char) {
            found.push(at);
        }
        at += c.len_utf8();
        before = c;
    }
    text.len()
}

fn word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_name_one_quoted_path_or_none() {
        let check = |text: &str, expected: &[Option<&str>]| {
            let found: Vec<_> = includes(text).map(|one| one.path.map(|(path, _)| path)).collect();
            assert_eq!(found, expected, "{text}");
            for (path, at) in includes(text).filter_map(|one| one.path) {
                assert_eq!(&text[at..at + path.len()], path, "{text}");
            }
        };
        check(
            "a {% include \"blocks/a.txt\" %} b {%- include 'blocks/b.txt' -%}",
            &[Some("blocks/a.txt"), Some("blocks/b.txt")],
        );
        check("ü{%include \"x\"%}", &[Some("x")]);
        for bad in [
            "{% include x %}",
            "{% include ['a', 'b'] %}",
            "{% include 'a' ~ 'b' %}",
            "{% include 'a' ignore missing %}",
            "{% include 'a\\x62' %}",
            "{% include 'a",
            "{% include",
        ] {
            check(bad, &[None]);
        }
        check("{% included 'a' %} {{ include }}", &[]);
    }

    #[test]
    fn a_name_is_found_where_it_is_read() {
        let check = |text: &str, expected: &[usize]| assert_eq!(places(text, "contact.nam"), expected, "{text}");
        check("contact.nam {{ contact.nam }}", &[15]);
        check("{% if contact.nam %}ü{{contact.nam|upper}}", &[6, 24]);
        check("{{ contact.name }} {{ xcontact.nam }} {{ a.contact.nam }} {{ 'contact.nam' }}", &[]);
        check("{# {{ contact.nam }} #}{{ contact.nam }}", &[26]);
        check("{{ \"}}\" ~ contact.nam }}", &[10]);
        check("{{ contact.nam.x }}", &[3]);
        check("{{ 'open", &[]);
        check("{# open {{ contact.nam }}", &[]);
    }
}
