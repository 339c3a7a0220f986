//! A tree as the engine runs it: each name is one variable that the engine asks for by its number. A name of an author
//! never reaches the engine, so no text can name a variable by itself.

use crate::compare::Comparison;
use crate::desk;
use crate::tree::{Call, Kind, Tree};
use rhai::{Engine, Expr, FnCallExpr, Position, Stmt};
use staunch_core::expr::Root;
use staunch_core::value::Value;
use std::num::NonZeroUsize;

/// What an expression runs as. `&&`, `||`, `??` and comparisons that no call stands around are walked by us, so that a
/// name behind them is fetched only when it is reached; the engine runs the rest, each part in one go.
#[derive(Debug)]
pub(crate) enum Plan {
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Default(Vec<Plan>),
    /// Two sides, and the same for the engine, which is asked where the sides do not go together.
    Compare {
        how: Comparison,
        sides: Box<(Plan, Plan)>,
        whole: Box<Plan>,
    },
    Constant(Value),
    /// A name by its number.
    Name(usize),
    /// One statement of the engine, and the names that it reaches whatever the values are, in order.
    Run([Stmt; 1], Vec<usize>),
}

/// Makes plans. A name's number is its place in `names`, which are in the order of the text.
pub(crate) struct Planner<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) names: Vec<(Root, String)>,
}

impl Planner<'_> {
    /// The plan of a tree, or `None` where something stands in it that expressions do not have.
    pub(crate) fn plan(&mut self, tree: &Tree) -> Option<Plan> {
        Some(match &tree.kind {
            Kind::Bool(truth) => Plan::Constant(Value::Bool(*truth)),
            Kind::Number(number) => Plan::Constant(Value::Number(*number)),
            Kind::Text(text) => Plan::Constant(Value::Text(text.clone())),
            Kind::Name(root, name) => Plan::Name(self.number(*root, name)),
            Kind::And(parts) => Plan::And(self.all(parts)?),
            Kind::Or(parts) => Plan::Or(self.all(parts)?),
            Kind::Default(parts) => Plan::Default(self.all(parts)?),
            Kind::Call(call) => match (Comparison::parse(&call.name), call.args.as_slice()) {
                (Some(how), [a, b]) => {
                    let sides = Box::new((self.plan(a)?, self.plan(b)?));
                    Plan::Compare { how, sides, whole: Box::new(self.run(tree)?) }
                }
                _ => self.run(tree)?,
            },
            Kind::Bad => return None,
        })
    }

    fn all(&mut self, parts: &[Tree]) -> Option<Vec<Plan>> {
        parts.iter().map(|part| self.plan(part)).collect()
    }

    /// A part for the engine. One that reads no name is run now (`eur(500)`), and again where that fails: the message
    /// belongs to the evaluation.
    fn run(&mut self, tree: &Tree) -> Option<Plan> {
        let statement = [Stmt::Expr(Box::new(self.rewrite(tree)?))];
        if !reads(tree)
            && let (Ok(Some(value)), None) = desk::run(self.engine, &statement, &mut Vec::new())
        {
            return Some(Plan::Constant(value));
        }
        let mut always = Vec::new();
        self.reached(tree, &mut always);
        Some(Plan::Run(statement, always))
    }

    fn number(&mut self, root: Root, name: &str) -> usize {
        if let Some(found) = self.names.iter().position(|(other, known)| *other == root && known == name) {
            return found;
        }
        self.names.push((root, name.to_owned()));
        self.names.len() - 1
    }

    /// The names that are reached whatever the values are, in the order of evaluation.
    fn reached(&mut self, tree: &Tree, always: &mut Vec<usize>) {
        match &tree.kind {
            Kind::Name(root, name) => {
                let number = self.number(*root, name);
                if !always.contains(&number) {
                    always.push(number);
                }
            }
            Kind::And(parts) | Kind::Or(parts) | Kind::Default(parts) => {
                parts.iter().take(1).for_each(|part| self.reached(part, always));
            }
            Kind::Call(call) => call.args.iter().for_each(|arg| self.reached(arg, always)),
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Bad => {}
        }
    }

    fn rewrite(&mut self, tree: &Tree) -> Option<Expr> {
        let at = Position::NONE;
        Some(match &tree.kind {
            Kind::Bool(truth) => Expr::BoolConstant(*truth, at),
            Kind::Number(number) => Expr::FloatConstant((*number).into(), at),
            Kind::Text(text) => Expr::StringConstant(text.into(), at),
            // Numbers start at 1 there: the engine has no variable 0.
            Kind::Name(root, name) => {
                let number = NonZeroUsize::new(self.number(*root, name) + 1);
                Expr::Variable(Box::new((number, "value".into())), None, at)
            }
            Kind::And(parts) => Expr::And(Box::new(self.rewrite_all(parts)?), at),
            Kind::Or(parts) => Expr::Or(Box::new(self.rewrite_all(parts)?), at),
            Kind::Default(parts) => Expr::Coalesce(Box::new(self.rewrite_all(parts)?), at),
            Kind::Call(call) => self.call(call)?,
            Kind::Bad => return None,
        })
    }

    fn rewrite_all<T: FromIterator<Expr>>(&mut self, parts: &[Tree]) -> Option<T> {
        parts.iter().map(|part| self.rewrite(part)).collect()
    }

    fn call(&mut self, call: &Call) -> Option<Expr> {
        let made = FnCallExpr {
            name: call.name.as_str().into(),
            hashes: call.hashes,
            args: self.rewrite_all(&call.args)?,
            capture_parent_scope: false,
            op_token: call.operator.clone(),
        };
        Some(Expr::FnCall(Box::new(made), Position::NONE))
    }
}

/// Whether a name stands anywhere in it.
fn reads(tree: &Tree) -> bool {
    match &tree.kind {
        Kind::Name(..) => true,
        Kind::And(parts) | Kind::Or(parts) | Kind::Default(parts) => parts.iter().any(reads),
        Kind::Call(call) => call.args.iter().any(reads),
        Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Bad => false,
    }
}
