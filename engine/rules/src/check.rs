//! The check of one expression: read it, refuse what has no place in it, infer its types.

use crate::compile::parse;
use crate::infer::Inference;
use crate::place::offset;
use crate::tree::Lowering;
use crate::types::a;
use rhai::{Engine, ParseErrorType};
use staunch_core::codes;
use staunch_core::expr::{Checked, ExprProblem, Names};
use staunch_core::value::{Currency, Type};

/// All problems of an expression, in order of place, and the names it reads.
pub(crate) fn check(engine: &Engine, source: &str, names: &dyn Names, want: Type) -> Checked {
    let (mut problems, mut reads) = (Vec::new(), Vec::new());
    match parse(engine, source) {
        Err(problem) => problems.push(problem),
        Ok(ast) => {
            let mut lowering = Lowering { source, problems: Vec::new() };
            let tree = lowering.statements(ast.statements());
            problems = lowering.problems;
            let mut inference = Inference { names, problems: Vec::new(), reads: Vec::new() };
            if let Some(kind) = inference.strict(&tree)
                && kind != want
            {
                let message = format!("{} is needed here, this gives {}", a(want), a(kind));
                let help = if want == Type::Bool { "compare it with something" } else { "make it give what is needed" };
                let problem =
                    ExprProblem { code: codes::EXPR_RESULT, offset: tree.start, message, help: help.to_owned() };
                inference.problems.push(problem);
            }
            problems.extend(inference.problems);
            reads = inference.reads;
        }
    }
    problems.sort_by_key(|problem| problem.offset);
    reads.sort();
    reads.dedup();
    Checked { problems, reads }
}

/// A parse error in our words.
pub(crate) fn parse_problem(source: &str, error: &rhai::ParseError) -> ExprProblem {
    let (code, message, help) = match error.err_type() {
        ParseErrorType::ExprTooDeep => {
            (codes::EXPR_LIMIT, "this is nested too deeply".to_owned(), "split it into features with `expr`".to_owned())
        }
        other => (codes::EXPR_SYNTAX, format!("this cannot be read: {other}"), help_for(source, error)),
    };
    ExprProblem { code, offset: offset(source, error.position()), message, help }
}

fn help_for(source: &str, error: &rhai::ParseError) -> String {
    let at = offset(source, error.position());
    let (before, rest) = source.split_at(at);
    let ends = |text: &str, units: &[char]| {
        let number = text.trim_end().strip_suffix(units);
        number.is_some_and(|number| number.ends_with(|c: char| c.is_ascii_digit()))
    };
    // The parser stops at a unit, or behind it where it is an operator or a letter.
    let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).map_or(rest, |end| &rest[..end]);
    if let Some(number) = amount(before, word) {
        return match word {
            "EUR" => format!("write an amount as `eur({number})`"),
            _ => format!("write an amount as `money({number}, \"{word}\")`"),
        };
    }
    let help = if ends(before, &['%']) {
        "write a percentage as `percent(5)`"
    } else if ends(word, &['d', 'h', 'm', 's']) || ends(&format!("{}{word}", last_word(before)), &['d', 'h', 'm', 's'])
    {
        "write a duration as `days(2)`, `hours(3)` or `minutes(5)`"
    } else if rest.starts_with('\'') {
        "put text into double quotes: `\"…\"`"
    } else if rest.starts_with('=') {
        "compare with `==`"
    } else if rest.starts_with("and") || rest.starts_with("or") || rest.starts_with("not") {
        "write && for and, || for or, ! for not"
    } else {
        "expressions compare and compute names, numbers and \"text\": && || ! ?? == != < <= > >= + - * / %"
    };
    help.to_owned()
}

/// The number before a currency code, as in `50 EUR`.
fn amount<'a>(before: &'a str, word: &str) -> Option<&'a str> {
    Currency::parse(word)?;
    let before = before.trim_end();
    let number = &before[before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len()..];
    number.parse::<f64>().is_ok().then_some(number)
}

fn last_word(text: &str) -> &str {
    text.rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(text, |at| text[at..].trim_start_matches(|c: char| !c.is_ascii_alphanumeric()))
}
