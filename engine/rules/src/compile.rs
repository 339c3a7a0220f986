//! Text to a runnable expression, once for each text.

use crate::MAX_LENGTH;
use crate::check::parse_problem;
use crate::runnable::{Plan, Planner};
use crate::tree::Lowering;
use rhai::{AST, Engine};
use staunch_core::codes;
use staunch_core::expr::{ExprProblem, Root};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// How many texts are kept. A workspace has far fewer; the bound is for services that live through many versions.
const KEPT: usize = 10_000;

/// An expression ready to run. It depends on the text alone: every engine of ours is built alike.
pub(crate) struct Compiled {
    pub(crate) plan: Plan,
    /// The names it reads, by number.
    pub(crate) names: Vec<(Root, String)>,
}

/// Compiled expressions by their text, for those whose `Expr` does not hold its own yet.
#[derive(Default)]
pub(crate) struct Cache {
    kept: RwLock<HashMap<Arc<str>, Arc<Compiled>>>,
}

impl Cache {
    /// The compiled expression, made now if it is new; or what is wrong with the text.
    pub(crate) fn get(&self, engine: &Engine, source: &Arc<str>) -> Result<Arc<Compiled>, String> {
        // A poisoned lock still holds a map of whole entries.
        if let Some(found) = self.kept.read().unwrap_or_else(|poison| poison.into_inner()).get(source) {
            return Ok(found.clone());
        }
        let compiled = Arc::new(compile(engine, source).map_err(|problem| problem.message)?);
        let mut kept = self.kept.write().unwrap_or_else(|poison| poison.into_inner());
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(source.clone(), compiled.clone());
        Ok(compiled)
    }
}

/// Parses an expression; nothing is refused here but what Rhai itself refuses, the empty and the overlong.
pub(crate) fn parse(engine: &Engine, source: &str) -> Result<AST, ExprProblem> {
    let problem =
        |code, message: &str, help: &str| ExprProblem { code, offset: 0, message: message.into(), help: help.into() };
    if source.trim().is_empty() {
        return Err(problem(codes::EXPR_EMPTY, "the expression is empty", "write a condition, or leave the key out"));
    }
    if source.len() > MAX_LENGTH {
        return Err(problem(codes::EXPR_LIMIT, "the expression is too long", "split it into features with `expr`"));
    }
    engine.compile_expression(source).map_err(|error| parse_problem(source, &error))
}

/// Reads an expression and makes its plan.
pub(crate) fn compile(engine: &Engine, source: &str) -> Result<Compiled, ExprProblem> {
    let ast = parse(engine, source)?;
    let mut lowering = Lowering { source, problems: Vec::new() };
    let tree = lowering.statements(ast.statements());
    if let Some(problem) = lowering.problems.into_iter().next() {
        return Err(problem);
    }
    let mut planner = Planner { engine, names: Vec::new() };
    let plan = planner.plan(&tree).ok_or_else(|| ExprProblem {
        code: codes::EXPR_FORBIDDEN,
        offset: 0,
        message: "this has no place in an expression".into(),
        help: String::new(),
    })?;
    Ok(Compiled { plan, names: planner.names })
}
