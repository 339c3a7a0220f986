//! A tree as the engine runs it: each name is one variable that the engine asks for by its number. A name of an author
//! never reaches the engine, so no text can name a variable by itself.

use crate::tree::{Call, Kind, Tree};
use rhai::{Expr, FnCallExpr, Position, Stmt};
use staunch_core::expr::Root;
use std::num::NonZeroUsize;

/// What an expression runs as. `&&`, `||` and `??` at the top are walked by us, so that a name behind them is fetched
/// only when it is reached, and the engine runs the rest in one go.
#[derive(Debug)]
pub(crate) enum Plan {
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Default(Vec<Plan>),
    /// A name by its number.
    Name(usize),
    /// One statement of the engine, and the names that it reaches whatever the values are, in order.
    Run([Stmt; 1], Vec<usize>),
}

/// The names of an expression in the order of its text; a name's number is its place here.
#[derive(Default)]
pub(crate) struct Numbers {
    pub(crate) names: Vec<(Root, String)>,
}

/// The plan of a tree, or `None` where something stands in it that expressions do not have.
pub(crate) fn plan(tree: &Tree, numbers: &mut Numbers) -> Option<Plan> {
    let parts = |parts: &[Tree], numbers: &mut Numbers| {
        parts.iter().map(|part| plan(part, numbers)).collect::<Option<Vec<Plan>>>()
    };
    Some(match &tree.kind {
        Kind::And(inner) => Plan::And(parts(inner, numbers)?),
        Kind::Or(inner) => Plan::Or(parts(inner, numbers)?),
        Kind::Default(inner) => Plan::Default(parts(inner, numbers)?),
        Kind::Name(root, name) => Plan::Name(numbers.of(*root, name)),
        _ => {
            let statement = Stmt::Expr(Box::new(rewrite(tree, numbers)?));
            let mut always = Vec::new();
            reached(tree, numbers, &mut always);
            Plan::Run([statement], always)
        }
    })
}

impl Numbers {
    fn of(&mut self, root: Root, name: &str) -> usize {
        if let Some(found) = self.names.iter().position(|(other, known)| *other == root && known == name) {
            return found;
        }
        self.names.push((root, name.to_owned()));
        self.names.len() - 1
    }
}

/// The names that are reached whatever the values are, in the order of evaluation.
fn reached(tree: &Tree, numbers: &mut Numbers, always: &mut Vec<usize>) {
    match &tree.kind {
        Kind::Name(root, name) => {
            let number = numbers.of(*root, name);
            if !always.contains(&number) {
                always.push(number);
            }
        }
        Kind::And(parts) | Kind::Or(parts) | Kind::Default(parts) => {
            parts.iter().take(1).for_each(|part| reached(part, numbers, always));
        }
        Kind::Call(call) => call.args.iter().for_each(|arg| reached(arg, numbers, always)),
        Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Bad => {}
    }
}

fn rewrite(tree: &Tree, numbers: &mut Numbers) -> Option<Expr> {
    let at = Position::NONE;
    Some(match &tree.kind {
        Kind::Bool(truth) => Expr::BoolConstant(*truth, at),
        Kind::Number(number) => Expr::FloatConstant((*number).into(), at),
        Kind::Text(text) => Expr::StringConstant(text.into(), at),
        Kind::Name(root, name) => variable(numbers.of(*root, name)),
        Kind::And(parts) => Expr::And(Box::new(all(parts, numbers)?), at),
        Kind::Or(parts) => Expr::Or(Box::new(all(parts, numbers)?), at),
        Kind::Default(parts) => Expr::Coalesce(Box::new(all(parts, numbers)?), at),
        Kind::Call(call) => function(call, numbers)?,
        Kind::Bad => return None,
    })
}

fn all<T: FromIterator<Expr>>(parts: &[Tree], numbers: &mut Numbers) -> Option<T> {
    parts.iter().map(|part| rewrite(part, numbers)).collect()
}

/// Numbers start at 1 there: the engine has no variable 0.
fn variable(number: usize) -> Expr {
    Expr::Variable(Box::new((NonZeroUsize::new(number + 1), "value".into())), None, Position::NONE)
}

fn function(call: &Call, numbers: &mut Numbers) -> Option<Expr> {
    let made = FnCallExpr {
        name: call.name.as_str().into(),
        hashes: call.hashes,
        args: all(&call.args, numbers)?,
        capture_parent_scope: false,
        op_token: call.operator.clone(),
    };
    Some(Expr::FnCall(Box::new(made), Position::NONE))
}
