//! The part of Rhai that expressions are made of, as a tree of our own with places. Whatever else Rhai can parse is
//! reported here and nowhere let through.

use crate::functions::{BINARY, NAMED};
use crate::place::offset;
use rhai::{ASTFlags, Expr, FnCallExpr, Position, Stmt, Token};
use staunch_core::codes;
use staunch_core::expr::{ExprProblem, Root};
use staunch_core::suggest::closest;

/// One node, with the byte offset that a person would point at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) at: usize,
    /// Where its text begins, which for an operator is where its left side begins.
    pub(crate) start: usize,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Bool,
    Number,
    Text(String),
    Name(Root, String),
    /// `&&` and `||`: all but the first part only where it is needed.
    Logic(Vec<Tree>),
    /// `??`.
    Default(Vec<Tree>),
    /// An operator or a named function.
    Call(String, Vec<Tree>),
    /// Already reported.
    Bad,
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

    fn expr(&mut self, expr: &Expr) -> Tree {
        match expr {
            Expr::BoolConstant(_, at) => self.node(*at, Kind::Bool),
            Expr::FloatConstant(number, at) => self.number(**number, *at),
            Expr::StringConstant(text, at) => self.node(*at, Kind::Text(text.to_string())),
            Expr::And(parts, at) | Expr::Or(parts, at) => self.parts(parts, *at, Kind::Logic),
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

    fn node(&self, at: Position, kind: Kind) -> Tree {
        let at = offset(self.source, at);
        Tree { at, start: at, kind }
    }

    fn number(&mut self, number: f64, at: Position) -> Tree {
        if number.is_finite() {
            return self.node(at, Kind::Number);
        }
        self.report(at, codes::EXPR_SYNTAX, "this number is too large", "write a number that a float can hold")
    }

    fn parts(&mut self, parts: &[Expr], at: Position, kind: fn(Vec<Tree>) -> Kind) -> Tree {
        let parts: Vec<Tree> = parts.iter().map(|part| self.expr(part)).collect();
        let start = parts.first().map_or(0, |part| part.start);
        Tree { at: offset(self.source, at), start, kind: kind(parts) }
    }

    /// `root.name`, and calls behind a dot: `contact.email.contains("x")` is `contains(contact.email, "x")`.
    fn chain(&mut self, expr: &Expr) -> Tree {
        let mut links = Vec::new();
        let base = unchain(expr, &mut links);
        let Some(base) = base else { return self.forbidden(expr.start_position(), "`?.`") };
        if let Some(Link::Index(at)) = links.iter().find(|link| matches!(link, Link::Index(_))) {
            return self.forbidden(*at, "`[ ]`");
        }
        let (mut tree, named) = match (base, links.first()) {
            (Expr::Variable(root, _, at), Some(Link::Property(name, _))) => (self.name(&root.1, name, *at), 1),
            _ => (self.expr(base), 0),
        };
        for link in links.into_iter().skip(named) {
            tree = match link {
                Link::Call(call, at) => self.call(call, at, Some(tree)),
                Link::Property(name, at) if matches!(&tree.kind, Kind::Name(Root::Score, _)) => self.report(
                    at,
                    codes::NOT_AVAILABLE,
                    &format!("`.{name}` of a score is not available in this version"),
                    "a score is a number here: compare it, or use `band.` with its name",
                ),
                Link::Property(name, at) => self.forbidden(at, &format!("`.{name}` behind a value")),
                Link::Index(at) | Link::Other(at) => self.forbidden(at, "this"),
            };
        }
        tree
    }

    fn name(&mut self, root: &str, name: &str, at: Position) -> Tree {
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

    fn call(&mut self, call: &FnCallExpr, at: Position, receiver: Option<Tree>) -> Tree {
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
        Tree { at, start, kind: Kind::Call(name.to_owned(), args) }
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

    fn forbidden(&mut self, at: Position, what: &str) -> Tree {
        let help = "expressions compare and compute: && || ! ?? == != < <= > >= + - * / % and the functions";
        self.report(at, codes::EXPR_FORBIDDEN, &format!("{what} has no place in an expression"), help)
    }

    fn report(&mut self, at: Position, code: &'static str, message: &str, help: &str) -> Tree {
        let tree = self.node(at, Kind::Bad);
        self.problems.push(ExprProblem { code, offset: tree.at, message: message.to_owned(), help: help.to_owned() });
        tree
    }
}

/// One part behind a dot.
enum Link<'a> {
    Property(&'a str, Position),
    Call(&'a FnCallExpr, Position),
    Index(Position),
    Other(Position),
}

/// Rhai nests `a.b.c()` to the right; this gives `a`, and `b`, `c()` as links. `None` where a `?.` stands in it.
fn unchain<'a>(expr: &'a Expr, links: &mut Vec<Link<'a>>) -> Option<&'a Expr> {
    let Expr::Dot(pair, flags, _) = expr else { return Some(expr) };
    let mut safe = flags.intersects(ASTFlags::NEGATED);
    let mut rest = &pair.rhs;
    while let Expr::Dot(pair, flags, _) = rest {
        safe |= flags.intersects(ASTFlags::NEGATED);
        links.push(link(&pair.lhs));
        rest = &pair.rhs;
    }
    links.push(link(rest));
    (!safe).then_some(&pair.lhs)
}

fn link(expr: &Expr) -> Link<'_> {
    match expr {
        Expr::Property(name, at) => Link::Property(&name.2, *at),
        Expr::MethodCall(call, at) => Link::Call(call, *at),
        Expr::Index(_, _, at) => Link::Index(*at),
        other => Link::Other(other.start_position()),
    }
}
