//! A parsed expression rewritten so that each `root.name` is one variable, which the engine then asks for by name. A
//! dot cannot stand in a variable that an author writes, so no text can name one by itself.

use rhai::{Expr, FnCallExpr, FnCallHashes, Position, Stmt};
use staunch_core::expr::Root;

/// The rewritten statement, or `None` where something stands in it that expressions do not have.
pub(crate) fn runnable(statements: &[Stmt]) -> Option<Stmt> {
    let expr = match statements {
        [Stmt::Expr(expr)] => rewrite(expr)?,
        [Stmt::FnCall(call, at)] => function(call, *at, None)?,
        _ => return None,
    };
    Some(Stmt::Expr(Box::new(expr)))
}

fn rewrite(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::BoolConstant(..) | Expr::FloatConstant(..) | Expr::StringConstant(..) => Some(expr.clone()),
        Expr::And(parts, at) => Some(Expr::And(Box::new(parts.iter().map(rewrite).collect::<Option<_>>()?), *at)),
        Expr::Or(parts, at) => Some(Expr::Or(Box::new(parts.iter().map(rewrite).collect::<Option<_>>()?), *at)),
        Expr::Coalesce(parts, at) => {
            Some(Expr::Coalesce(Box::new(parts.iter().map(rewrite).collect::<Option<_>>()?), *at))
        }
        Expr::FnCall(call, at) => function(call, *at, None),
        Expr::Dot(pair, _, at) => match (&pair.lhs, &pair.rhs) {
            (Expr::Variable(root, ..), Expr::Property(name, _)) => variable(&root.1, &name.2, *at),
            (Expr::Variable(root, ..), Expr::Dot(rest, ..)) => {
                let Expr::Property(name, _) = &rest.lhs else { return None };
                calls(variable(&root.1, &name.2, *at)?, &rest.rhs)
            }
            (base, rest) => calls(rewrite(base)?, rest),
        },
        _ => None,
    }
}

/// `base.f(x).g()` as `g(f(base, x))`.
fn calls(base: Expr, rest: &Expr) -> Option<Expr> {
    match rest {
        Expr::MethodCall(call, at) => function(call, *at, Some(base)),
        Expr::Dot(pair, ..) => calls(calls(base, &pair.lhs)?, &pair.rhs),
        _ => None,
    }
}

fn variable(root: &str, name: &str, at: Position) -> Option<Expr> {
    let root = Root::parse(root)?;
    Some(Expr::Variable(Box::new((None, format!("{}.{name}", root.word()).into())), None, at))
}

fn function(call: &FnCallExpr, at: Position, receiver: Option<Expr>) -> Option<Expr> {
    let mut args: Vec<Expr> = receiver.into_iter().collect();
    for arg in &call.args {
        args.push(rewrite(arg)?);
    }
    let mut made = call.clone();
    // No script can define a function, so only the native one is ever looked for.
    made.hashes = FnCallHashes::from_native_only(call.hashes.native());
    made.capture_parent_scope = false;
    made.args = args.into_iter().collect();
    Some(Expr::FnCall(Box::new(made), at))
}
