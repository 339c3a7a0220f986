//! Expressions of workflow files: Rhai behind the core's `Evaluator` and `Checker` traits.
//!
//! Only a small, typed part of Rhai is let through (see `tree`): no statements, loops, closures, lists, maps, `eval`,
//! clock or random numbers. What is not on the list is refused at the check and again before it runs.

mod chain;
mod check;
mod compare;
mod compile;
mod desk;
mod engine;
mod eval;
mod functions;
mod infer;
mod names;
mod place;
mod runnable;
mod tree;
mod types;
mod units;

use compile::{Cache, Compiled};
use staunch_core::expr::{Checked, Checker, EvalError, Evaluator, Expr, Names, Scope};
use staunch_core::value::{Type, Value};

/// The longest expression, in bytes.
pub const MAX_LENGTH: usize = 4_096;

/// Checks and evaluates expressions. Cheap to share. A compiled expression is kept by its text, and by the `Expr` itself
/// from its first evaluation on, so that later ones look for nothing.
pub struct Rules {
    engine: rhai::Engine,
    cache: Cache,
}

impl Rules {
    /// An engine with every limit set.
    pub fn new() -> Rules {
        Rules { engine: engine::build(), cache: Cache::default() }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Rules::new()
    }
}

impl Evaluator for Rules {
    fn eval(&self, expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
        if let Some(compiled) = expr.prepared::<Compiled>() {
            return eval::run(&self.engine, compiled, scope);
        }
        let compiled = self.cache.get(&self.engine, &expr.source).map_err(EvalError::Failed)?;
        expr.prepare(compiled.clone());
        eval::run(&self.engine, &compiled, scope)
    }
}

impl Checker for Rules {
    fn check(&self, source: &str, names: &dyn Names, want: Type) -> Checked {
        check::check(&self.engine, source, names, want)
    }
}
