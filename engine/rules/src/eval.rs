//! One evaluation. Rhai's variable resolver has to be `'static` and the scope is borrowed, so the resolver knows only
//! the values fetched so far and says which one it misses; that is then fetched and the part runs again. A name that
//! is never reached is never fetched. `&&`, `||` and `??` at the top are walked here and names that are always reached
//! are fetched first, so hardly any part runs twice.

use crate::compile::Compiled;
use crate::runnable::Plan;
use rhai::{Caches, Dynamic, Engine, EvalAltResult, Stmt};
use staunch_core::expr::{EvalError, Scope};
use staunch_core::value::{Length, Money, Percent, Value};
use std::cell::RefCell;

/// Values by the number of their name; `None` where one was not fetched.
type Values = Vec<Option<Dynamic>>;

/// What a thread keeps between evaluations and while the engine runs.
#[derive(Default)]
struct Desk {
    /// The values of the part that runs now. Empty otherwise: a scope may evaluate other expressions while it is asked.
    values: Values,
    /// The number of the name that the part stopped at.
    missing: Option<usize>,
    /// Which function takes which types. Every engine of ours has the same ones.
    caches: Caches,
    /// An empty list whose memory is used again.
    spare: Values,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// What the engine is told when it meets the variable of this number (from 1).
pub(crate) fn resolve(number: usize) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    DESK.with_borrow_mut(|desk| {
        let number = number.wrapping_sub(1);
        if let Some(Some(value)) = desk.values.get(number) {
            return Ok(Some(value.clone()));
        }
        desk.missing = Some(number);
        Err("a value is still to be fetched".into())
    })
}

/// Evaluates; fetches each value that is reached, once.
pub(crate) fn run(engine: &Engine, compiled: &Compiled, scope: &dyn Scope) -> Result<Value, EvalError> {
    let mut values = DESK.with_borrow_mut(|desk| std::mem::take(&mut desk.spare));
    values.resize(compiled.names.len(), None);
    let mut run = Run { engine, compiled, scope, values };
    let outcome = run.plan(&compiled.plan).and_then(|value| run.finish(value));
    let mut values = run.values;
    values.clear();
    DESK.with_borrow_mut(|desk| desk.spare = values);
    outcome
}

struct Run<'a> {
    engine: &'a Engine,
    compiled: &'a Compiled,
    scope: &'a dyn Scope,
    values: Values,
}

impl Run<'_> {
    fn plan(&mut self, plan: &Plan) -> Result<Dynamic, EvalError> {
        match plan {
            Plan::And(parts) => self.logic(parts, false),
            Plan::Or(parts) => self.logic(parts, true),
            Plan::Default(parts) => {
                let mut value = Dynamic::UNIT;
                for part in parts {
                    value = self.plan(part)?;
                    if !value.is_unit() {
                        break;
                    }
                }
                Ok(value)
            }
            Plan::Name(number) => self.fetch(*number).cloned(),
            Plan::Run(statement, always) => self.part(statement, always),
        }
    }

    /// The first part that is `decisive` decides, else the other truth value holds.
    fn logic(&mut self, parts: &[Plan], decisive: bool) -> Result<Dynamic, EvalError> {
        for part in parts {
            let value = self.plan(part)?;
            match value.as_bool() {
                Ok(truth) if truth == decisive => return Ok(truth.into()),
                Ok(_) => {}
                Err(_) if value.is_unit() => return Err(self.missing()),
                Err(_) => {
                    return Err(failed(format!("a condition is needed, this is {}", crate::functions::word(&value))));
                }
            }
        }
        Ok((!decisive).into())
    }

    /// One run of the engine, and again for each name that only the values lead to.
    fn part(&mut self, statement: &[Stmt; 1], always: &[usize]) -> Result<Dynamic, EvalError> {
        for number in always {
            self.fetch(*number)?;
        }
        loop {
            let (outcome, missing) = self.engine_run(statement);
            match (outcome, missing) {
                (_, Some(number)) if self.values.get(number).is_some_and(Option::is_none) => {
                    self.fetch(number)?;
                }
                (Ok(value), _) => return Ok(value),
                (Err(error), _) => return Err(failed(self.explain(&error))),
            }
        }
    }

    #[expect(
        deprecated,
        reason = "marked so because its form may change between versions; it keeps the resolved functions from one run to the next"
    )]
    fn engine_run(&mut self, statement: &[Stmt; 1]) -> (Result<Dynamic, Box<EvalAltResult>>, Option<usize>) {
        let mut caches = DESK.with_borrow_mut(|desk| {
            std::mem::swap(&mut desk.values, &mut self.values);
            desk.missing = None;
            std::mem::take(&mut desk.caches)
        });
        let mut global = self.engine.new_global_runtime_state();
        let outcome = self.engine.eval_statements_raw(&mut global, &mut caches, &mut rhai::Scope::new(), statement);
        let missing = DESK.with_borrow_mut(|desk| {
            std::mem::swap(&mut desk.values, &mut self.values);
            desk.caches = caches;
            desk.missing.take()
        });
        (outcome, missing)
    }

    /// The value of a name, asked for once; the unit where it is missing.
    fn fetch(&mut self, number: usize) -> Result<&Dynamic, EvalError> {
        let slot = &mut self.values[number];
        if slot.is_none() {
            let (root, name) = &self.compiled.names[number];
            *slot = Some(self.scope.get(*root, name)?.map_or(Dynamic::UNIT, dynamic));
        }
        Ok(slot.get_or_insert(Dynamic::UNIT))
    }

    fn finish(&self, value: Dynamic) -> Result<Value, EvalError> {
        if let Ok(truth) = value.as_bool() {
            return Ok(Value::Bool(truth));
        }
        if let Ok(number) = value.as_float() {
            let finite = number.is_finite().then_some(Value::Number(number));
            return finite.ok_or_else(|| failed("the result is not a finite number"));
        }
        if value.is_unit() {
            return Err(self.missing());
        }
        if let Some(money) = value.read_lock::<Money>() {
            return Ok(Value::Money(*money));
        }
        if let Some(percent) = value.read_lock::<Percent>() {
            return Ok(Value::Percent(*percent));
        }
        if let Some(length) = value.read_lock::<Length>() {
            return Ok(Value::Duration(*length));
        }
        value.into_string().map(Value::Text).map_err(|_| failed("the result is no value"))
    }

    /// Rhai's message without values; a missing value is named.
    fn explain(&self, error: &EvalAltResult) -> String {
        let unit = self.values.iter().flatten().any(Dynamic::is_unit);
        match error {
            EvalAltResult::ErrorRuntime(message, _) if unit && message.to_string().contains("is missing") => {
                self.which_missing()
            }
            EvalAltResult::ErrorRuntime(message, _) => message.to_string(),
            EvalAltResult::ErrorMismatchDataType(..) if unit => self.which_missing(),
            EvalAltResult::ErrorMismatchDataType(..) => "a condition is needed, this is another value".to_owned(),
            EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorStackOverflow(_) => {
                "the expression takes too long".to_owned()
            }
            _ => "the expression cannot be evaluated".to_owned(),
        }
    }

    fn missing(&self) -> EvalError {
        failed(self.which_missing())
    }

    fn which_missing(&self) -> String {
        let known = self.compiled.names.iter().zip(&self.values);
        let names: Vec<String> = known
            .filter(|(_, value)| value.as_ref().is_some_and(Dynamic::is_unit))
            .map(|((root, name), _)| format!("`{}`", crate::names::written(*root, name)))
            .collect();
        match names.as_slice() {
            [] => "a value is missing: give it a default with `??`".to_owned(),
            [one] => format!("{one} is missing: give it a default with `??`"),
            more => format!("one of {} is missing: give it a default with `??`", more.join(", ")),
        }
    }
}

fn dynamic(value: Value) -> Dynamic {
    match value {
        Value::Bool(truth) => truth.into(),
        Value::Number(number) => Dynamic::from_float(number),
        Value::Text(text) => text.into(),
        Value::Money(money) => Dynamic::from(money),
        Value::Percent(percent) => Dynamic::from(percent),
        Value::Duration(length) => Dynamic::from(length),
    }
}

fn failed(message: impl Into<String>) -> EvalError {
    EvalError::Failed(message.into())
}
