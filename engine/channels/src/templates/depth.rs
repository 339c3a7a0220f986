//! A measure of templates before they are parsed: the engine's parser and compiler call themselves for every operator of
//! an expression and for every `elif`, and a template that is long enough would overflow the stack of the service.

use minijinja::machinery::{Token, tokenize};

/// Operators in one `{{ }}` or `{% %}`; people write a dozen.
const OPERATORS: usize = 200;
/// `elif`s in one part.
const BRANCHES: usize = 50;

/// Words that are operators.
const WORDS: [&str; 7] = ["not", "and", "or", "in", "is", "if", "else"];

/// What is too much in a text, and what to do instead.
pub(super) struct Excess {
    /// The byte at which it is too much.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: &'static str,
}

/// Where a text has more than the parser takes; read as the parser reads it, so that nothing slips through a string or a
/// comment.
pub(super) fn excess(text: &str) -> Option<Excess> {
    let (mut operators, mut branches) = (0, 0);
    // What the lexer refuses, the parser refuses, too, and has not gone deeper than this has counted.
    for (token, span) in tokenize(text, false, Default::default()).map_while(Result::ok) {
        let at = span.start_offset as usize;
        match token {
            Token::VariableStart | Token::BlockStart => operators = 0,
            Token::Ident("elif") => branches += 1,
            Token::Ident(word) => operators += usize::from(WORDS.contains(&word)),
            token => operators += usize::from(operator(&token)),
        }
        if operators > OPERATORS {
            let message = format!("more than {OPERATORS} operators in one `{{{{ }}}}` or `{{% %}}`");
            let help = "split it: a template shows values, an `expr` of a feature computes them";
            return Some(Excess { at, message, help });
        }
        if branches > BRANCHES {
            let message = format!("more than {BRANCHES} `elif` in one template");
            return Some(Excess { at, message, help: "split it: let a `choose` of the workflow pick among templates" });
        }
    }
    None
}

/// Whether the parser may go one deeper for this token.
fn operator(token: &Token<'_>) -> bool {
    !matches!(
        token,
        Token::TemplateData(_)
            | Token::VariableStart
            | Token::VariableEnd
            | Token::BlockStart
            | Token::BlockEnd
            | Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::Comma
            | Token::Colon
            | Token::ParenClose
            | Token::BracketClose
            | Token::BraceClose
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_counted_in_each_block_by_itself() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(excess(text).map(|one| one.at), expected, "{}", &text[..text.len().min(60)]);
        };
        check(&format!("{{{{ {}1 }}}}", "not ".repeat(200)), None);
        check(&format!("{{{{ {}1 }}}}", "not ".repeat(201)), Some(3 + 200 * 4));
        for one in ["-", "1+", "1~", "1**", "1 and ", "1 if 1 else ", "1|abs|", "a.", "(", "1 == "] {
            assert!(excess(&format!("x {{{{ {}1", one.repeat(201))).is_some(), "{one}");
        }
        check(&"{{ -----1 }}".repeat(1_000), None);
        check(&format!("{{{{ [{}] }}}}", "'a',".repeat(5_000)), None);
        check(&"not - + ".repeat(1_000), None);
        check("{{ 'open", None);
    }

    #[test]
    fn nothing_slips_through_strings_comments_and_raw_text() {
        let deep = "not ".repeat(201);
        for before in ["{{ \"\\\"}}\" ~ ", "{% raw %}{{ \"{% endraw %}{{ ", "{# \" #}{{ ", "{{ 'a' }}{%- if "] {
            assert!(excess(&format!("{before}{deep}1")).is_some(), "{before}");
        }
        assert!(excess(&format!("{{# {{{{ {deep} #}}")).is_none(), "a comment is not parsed");
    }

    #[test]
    fn branches_are_counted() {
        let text = |n| format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(n));
        assert!(excess(&text(50)).is_none());
        assert!(excess(&text(51)).unwrap().message.contains("elif"));
    }
}
