//! The part of Rhai that expressions are made of, as a tree of our own with places. Whatever else Rhai can parse is
//! reported here and nowhere let through.

use crate::functions::{BINARY, NAMED};
use crate::place::offset;
use rhai::{Expr, FnCallExpr, FnCallHashes, Position, Stmt, Token};
use staunch_core::codes;
use staunch_core::expr::{ExprProblem, Root};
use staunch_core::suggest::closest;

/// One node, with the byte offset that a person would point at.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) at: usize,
    /// Where its text begins, which for an operator is where its left side begins.
    pub(crate) start: usize,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Bool(bool),
    Number(f64),
    Text(String),
    /// A name under a root; a part of a score is a name, too (see `chain`).
    Name(Root, String),
    /// `&&`: all but the first part only where it is needed.
    And(Vec<Tree>),
    /// `||`: the same.
    Or(Vec<Tree>),
    /// `??`: the same.
    Default(Vec<Tree>),
    Call(Call),
    /// Already reported.
    Bad,
}

/// An operator or a named function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// How the engine finds it.
    pub(crate) hashes: FnCallHashes,
    pub(crate) operator: Option<Token>,
    pub(crate) args: Vec<Tree>,
}

/// Turns Rhai's tree into ours and collects everything that has no place in an expression.
pub(crate) struct Lowering<'a> {
    pub(crate) source: &'a str,
    pub(crate) problems: Vec<ExprProblem>,
}

impl Lowering<'_> {
    /// The one expression of a parsed text.
    pub(crate) fn statements(&mut self, statements: &[Stmt]) -> Tree {
        match statements {
            [Stmt::Expr(expr)] => self.expr(expr),
            [Stmt::FnCall(call, at)] => self.call(call, *at, None),
            _ => self.forbidden(Position::NONE, "this"),
        }
    }

    pub(crate) fn expr(&mut self, expr: &Expr) -> Tree {
        match expr {
            Expr::BoolConstant(truth, at) => self.node(*at, Kind::Bool(*truth)),
            Expr::FloatConstant(number, at) => self.number(**number, *at),
            Expr::StringConstant(text, at) => self.node(*at, Kind::Text(text.to_string())),
            Expr::And(parts, at) => self.parts(parts, *at, Kind::And),
            Expr::Or(parts, at) => self.parts(parts, *at, Kind::Or),
            Expr::Coalesce(parts, at) => self.parts(parts, *at, Kind::Default),
            Expr::Dot(..) => self.chain(expr),
            Expr::FnCall(call, at) => self.call(call, *at, None),
            Expr::Variable(name, _, at) => self.bare_name(&name.1, *at),
            Expr::CharConstant(_, at) => {
                self.report(*at, codes::EXPR_FORBIDDEN, "text stands in double quotes", "write \"x\" instead of 'x'")
            }
            Expr::Unit(at) => self.report(
                *at,
                codes::EXPR_FORBIDDEN,
                "`()` is no value",
                "give what may be missing a default with `??`",
            ),
            Expr::Array(_, at) => self.forbidden(*at, "a list"),
            Expr::Map(_, at) => self.forbidden(*at, "a map"),
            Expr::Index(_, _, at) => self.forbidden(*at, "`[ ]`"),
            Expr::InterpolatedString(_, at) => self.forbidden(*at, "text with `${ }`"),
            Expr::Stmt(block) => self.forbidden(block.position(), "a block"),
            other => self.forbidden(other.start_position(), "this"),
        }
    }

    pub(crate) fn node(&self, at: Position, kind: Kind) -> Tree {
        let at = offset(self.source, at);
        Tree { at, start: at, kind }
    }

    fn number(&mut self, number: f64, at: Position) -> Tree {
        if number.is_finite() {
            return self.node(at, Kind::Number(number));
        }
        self.report(at, codes::EXPR_SYNTAX, "this number is too large", "write a number that a float can hold")
    }

    fn parts(&mut self, parts: &[Expr], at: Position, kind: fn(Vec<Tree>) -> Kind) -> Tree {
        let parts: Vec<Tree> = parts.iter().map(|part| self.expr(part)).collect();
        let start = parts.first().map_or(0, |part| part.start);
        Tree { at: offset(self.source, at), start, kind: kind(parts) }
    }

    pub(crate) fn name(&mut self, root: &str, name: &str, at: Position) -> Tree {
        match Root::parse(root) {
            Some(root) => self.node(at, Kind::Name(root, name.to_owned())),
            None => self.unknown_root(root, at),
        }
    }

    fn bare_name(&mut self, word: &str, at: Position) -> Tree {
        if Root::parse(word).is_some() {
            let help = format!("write `{word}.` and the name of what you mean");
            return self.report(at, codes::EXPR_UNKNOWN_NAME, &format!("`{word}` alone is no value"), &help);
        }
        self.unknown_root(word, at)
    }

    fn unknown_root(&mut self, word: &str, at: Position) -> Tree {
        let roots = Root::ALL.map(|(_, word)| word);
        let help = match closest(word, roots) {
            Some(root) => format!("did you mean `{root}`?"),
            None => format!("names start with {}; text stands in double quotes", roots.join(", ")),
        };
        self.report(at, codes::EXPR_UNKNOWN_NAME, &format!("`{word}` is not known here"), &help)
    }

    pub(crate) fn call(&mut self, call: &FnCallExpr, at: Position, receiver: Option<Tree>) -> Tree {
        let problems = self.problems.len();
        let mut args: Vec<Tree> = receiver.into_iter().collect();
        args.extend(call.args.iter().map(|arg| self.expr(arg)));
        if self.problems.len() > problems {
            return self.node(at, Kind::Bad);
        }
        let name = call.name.as_str();
        let is_operator = match (&call.op_token, args.len()) {
            (None, _) => false,
            (Some(Token::Bang | Token::UnaryMinus | Token::Minus), 1) => true,
            (Some(_), 2) if BINARY.contains(&name) => true,
            (Some(token), _) => return self.forbidden(at, &format!("`{}`", token.literal_syntax())),
        };
        if !is_operator && let Some(problem) = self.unknown_call(name, args.len(), at) {
            return problem;
        }
        let at = offset(self.source, at);
        let start = args.first().filter(|_| is_operator && args.len() == 2).map_or(at, |arg| arg.start);
        // No script can define a function, so only the native one is ever looked for.
        let hashes = FnCallHashes::from_native_only(call.hashes.native());
        Tree {
            at,
            start,
            kind: Kind::Call(Call { name: name.to_owned(), hashes, operator: call.op_token.clone(), args }),
        }
    }

    fn unknown_call(&mut self, name: &str, count: usize, at: Position) -> Option<Tree> {
        if name == "contains" && self.source[offset(self.source, at)..].starts_with(['i', '!']) {
            return Some(self.forbidden(at, "`in`"));
        }
        let Some((_, fewest, most)) = NAMED.iter().find(|(known, _, _)| *known == name) else {
            let help = match closest(name, NAMED.map(|(known, _, _)| known)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the functions are {}", NAMED.map(|(known, _, _)| known).join(", ")),
            };
            let message = format!("there is no function `{name}`");
            return Some(self.report(at, codes::EXPR_UNKNOWN_FUNCTION, &message, &help));
        };
        if (*fewest..=*most).contains(&count) {
            return None;
        }
        let takes = if fewest == most { format!("{fewest}") } else { format!("{fewest} to {most}") };
        let message = format!("`{name}` takes {takes} values, here are {count}");
        Some(self.report(at, codes::EXPR_TYPES, &message, "give it the values it takes"))
    }

    pub(crate) fn forbidden(&mut self, at: Position, what: &str) -> Tree {
        let help = "expressions compare and compute: && || ! ?? == != < <= > >= + - * / % and the functions";
        self.report(at, codes::EXPR_FORBIDDEN, &format!("{what} has no place in an expression"), help)
    }

    pub(crate) fn report(&mut self, at: Position, code: &'static str, message: &str, help: &str) -> Tree {
        let tree = self.node(at, Kind::Bad);
        self.problems.push(ExprProblem { code, offset: tree.at, message: message.to_owned(), help: help.to_owned() });
        tree
    }
}
