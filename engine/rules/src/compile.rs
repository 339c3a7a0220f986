//! Text to a runnable expression, once for each text.

use crate::MAX_LENGTH;
use crate::check::parse_problem;
use crate::runnable::runnable;
use crate::tree::{Kind, Lowering, Tree};
use rhai::{AST, Engine, Module};
use staunch_core::codes;
use staunch_core::expr::{ExprProblem, Root};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// How many texts are kept. A workspace has far fewer; the bound is for services that live through many versions.
const KEPT: usize = 10_000;

/// An expression ready to run.
pub(crate) struct Compiled {
    pub(crate) ast: AST,
    /// The names it reads, those that are always reached first.
    pub(crate) names: Vec<Reading>,
    /// How many of them are always reached.
    pub(crate) always: usize,
}

/// One name, in parts and as the engine asks for it.
pub(crate) struct Reading {
    pub(crate) root: Root,
    pub(crate) name: String,
    pub(crate) full: String,
}

/// Compiled expressions by their text.
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

fn compile(engine: &Engine, source: &str) -> Result<Compiled, ExprProblem> {
    let ast = parse(engine, source)?;
    let mut lowering = Lowering { source, problems: Vec::new() };
    let tree = lowering.statements(ast.statements());
    if let Some(problem) = lowering.problems.into_iter().next() {
        return Err(problem);
    }
    let statement = runnable(ast.statements()).ok_or_else(|| ExprProblem {
        code: codes::EXPR_FORBIDDEN,
        offset: 0,
        message: "this has no place in an expression".into(),
        help: String::new(),
    })?;
    let mut names = Vec::new();
    collect(&tree, true, &mut names);
    let always = names.len();
    collect(&tree, false, &mut names);
    Ok(Compiled { ast: AST::new([statement], Module::new()), names, always })
}

/// The names of a tree in the order of evaluation, each once; only those that are reached whatever the values are, or all.
fn collect(tree: &Tree, always: bool, names: &mut Vec<Reading>) {
    match &tree.kind {
        Kind::Name(root, name) if !names.iter().any(|known| known.root == *root && known.name == *name) => {
            names.push(Reading { root: *root, name: name.clone(), full: format!("{}.{name}", root.word()) });
        }
        Kind::Logic(parts) | Kind::Default(parts) => {
            let count = if always { 1 } else { parts.len() };
            parts.iter().take(count).for_each(|part| collect(part, always, names));
        }
        Kind::Call(_, args) => args.iter().for_each(|arg| collect(arg, always, names)),
        _ => {}
    }
}
