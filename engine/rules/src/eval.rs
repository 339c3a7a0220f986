//! One evaluation. `&&`, `||`, `??` and comparisons are walked here, everything else runs in the engine. A name that is
//! never reached is never fetched; where only the values show what is reached, the part runs again with the new value.

use crate::compile::Compiled;
use crate::desk::{self, Values};
use crate::runnable::Plan;
use rhai::{Engine, EvalAltResult, Stmt};
use staunch_core::expr::{EvalError, Scope};
use staunch_core::value::Value;

/// Evaluates; fetches each value that is reached, once.
pub(crate) fn run(engine: &Engine, compiled: &Compiled, scope: &dyn Scope) -> Result<Value, EvalError> {
    let mut run = Run { engine, compiled, scope, values: desk::take(compiled.names.len()) };
    let outcome = run.plan(&compiled.plan).and_then(|value| run.finish(value));
    desk::give_back(run.values);
    outcome
}

struct Run<'a> {
    engine: &'a Engine,
    compiled: &'a Compiled,
    scope: &'a dyn Scope,
    values: Values,
}

/// One side of a comparison. Names and constants are not copied.
enum Side<'p> {
    Name(usize),
    Constant(&'p Value),
    Made(Option<Value>),
}

impl<'p> Run<'p> {
    /// The value of a plan, `None` where it is missing.
    fn plan(&mut self, plan: &'p Plan) -> Result<Option<Value>, EvalError> {
        match plan {
            Plan::And(parts) => self.logic(parts, false).map(Some),
            Plan::Or(parts) => self.logic(parts, true).map(Some),
            Plan::Default(parts) => {
                for part in parts {
                    if let Some(value) = self.plan(part)? {
                        return Ok(Some(value));
                    }
                }
                Ok(None)
            }
            Plan::Constant(value) => Ok(Some(value.clone())),
            Plan::Name(number) => self.fetch(*number).map(|value| value.cloned()),
            Plan::Run(statement, always) => self.part(statement, always),
            Plan::Compare { how, sides, whole } => {
                let (a, b) = (self.side(&sides.0)?, self.side(&sides.1)?);
                match self.held(&a).zip(self.held(&b)).and_then(|(a, b)| how.of(a, b)) {
                    Some(truth) => Ok(Some(Value::Bool(truth))),
                    None => self.plan(whole),
                }
            }
        }
    }

    /// The first part that is `decisive` decides, else the other truth value holds.
    fn logic(&mut self, parts: &'p [Plan], decisive: bool) -> Result<Value, EvalError> {
        for part in parts {
            match self.plan(part)? {
                Some(Value::Bool(truth)) if truth == decisive => return Ok(Value::Bool(truth)),
                Some(Value::Bool(_)) => {}
                Some(other) => {
                    return Err(failed(format!("a condition is needed, this is {}", other.kind().word())));
                }
                None => return Err(failed(self.which_missing())),
            }
        }
        Ok(Value::Bool(!decisive))
    }

    fn side(&mut self, plan: &'p Plan) -> Result<Side<'p>, EvalError> {
        Ok(match plan {
            Plan::Name(number) => {
                self.fetch(*number)?;
                Side::Name(*number)
            }
            Plan::Constant(value) => Side::Constant(value),
            other => Side::Made(self.plan(other)?),
        })
    }

    fn held<'s>(&'s self, side: &'s Side<'_>) -> Option<&'s Value> {
        match side {
            Side::Name(number) => self.values.get(*number)?.as_ref()?.as_ref(),
            Side::Constant(value) => Some(value),
            Side::Made(value) => value.as_ref(),
        }
    }

    /// One run of the engine, and again for each name that only the values lead to.
    fn part(&mut self, statement: &[Stmt; 1], always: &[usize]) -> Result<Option<Value>, EvalError> {
        for number in always {
            self.fetch(*number)?;
        }
        loop {
            match desk::run(self.engine, statement, &mut self.values) {
                (_, Some(number)) if self.values.get(number).is_some_and(Option::is_none) => {
                    self.fetch(number)?;
                }
                (Ok(value), _) => return Ok(value),
                (Err(error), _) => return Err(failed(self.explain(&error))),
            }
        }
    }

    /// The value of a name, asked for once.
    fn fetch(&mut self, number: usize) -> Result<Option<&Value>, EvalError> {
        let slot = &mut self.values[number];
        if slot.is_none() {
            let (root, name) = &self.compiled.names[number];
            *slot = Some(self.scope.get(*root, name)?);
        }
        Ok(slot.as_ref().and_then(Option::as_ref))
    }

    fn finish(&self, value: Option<Value>) -> Result<Value, EvalError> {
        match value {
            None => Err(failed(self.which_missing())),
            Some(Value::Number(number)) if !number.is_finite() => Err(failed("the result is not a finite number")),
            Some(value) => Ok(value),
        }
    }

    /// Rhai's message without values; a missing value is named.
    fn explain(&self, error: &EvalAltResult) -> String {
        let absent = self.values.iter().any(|value| matches!(value, Some(None)));
        match error {
            EvalAltResult::ErrorRuntime(message, _) if absent && message.to_string().contains("is missing") => {
                self.which_missing()
            }
            EvalAltResult::ErrorRuntime(message, _) => message.to_string(),
            EvalAltResult::ErrorMismatchDataType(..) if absent => self.which_missing(),
            EvalAltResult::ErrorMismatchDataType(..) => "a condition is needed, this is another value".to_owned(),
            EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorStackOverflow(_) => {
                "the expression takes too long".to_owned()
            }
            _ => "the expression cannot be evaluated".to_owned(),
        }
    }

    fn which_missing(&self) -> String {
        let known = self.compiled.names.iter().zip(&self.values);
        let names: Vec<String> = known
            .filter(|(_, value)| matches!(value, Some(None)))
            .map(|((root, name), _)| format!("`{}`", crate::names::written(*root, name)))
            .collect();
        match names.as_slice() {
            [] => "a value is missing: give it a default with `??`".to_owned(),
            [one] => format!("{one} is missing: give it a default with `??`"),
            more => format!("one of {} is missing: give it a default with `??`", more.join(", ")),
        }
    }
}

fn failed(message: impl Into<String>) -> EvalError {
    EvalError::Failed(message.into())
}
