//! One evaluation. Rhai's variable resolver has to be `'static` and the scope is borrowed, so the resolver knows only
//! the values fetched so far and says which one it misses; the loop here fetches that and evaluates again. A name that
//! is never reached is never fetched. Names that are always reached are fetched first, so most rules run once.

use crate::compile::Compiled;
use rhai::{Dynamic, Engine, EvalAltResult};
use staunch_core::expr::{EvalError, Scope};
use staunch_core::value::{Money, Value};
use std::cell::RefCell;

/// The values of the running evaluation by full name, and the name it stopped at.
#[derive(Default)]
struct Known {
    values: Vec<(String, Dynamic)>,
    missing: Option<String>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// What the engine is told when it meets a name.
pub(crate) fn resolve(name: &str) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, value)) = known.values.iter().find(|(other, _)| other == name) {
            return Ok(Some(value.clone()));
        }
        known.missing = Some(name.to_owned());
        Err("a value is still to be fetched".into())
    })
}

/// Evaluates; fetches each value that is reached, once.
pub(crate) fn run(engine: &Engine, compiled: &Compiled, scope: &dyn Scope) -> Result<Value, EvalError> {
    let mut values = Vec::with_capacity(compiled.names.len());
    for reading in &compiled.names[..compiled.always] {
        values.push((reading.full.clone(), fetch(scope, compiled, &reading.full)?));
    }
    loop {
        // The scope may evaluate other expressions while it is asked, so nothing stays behind between two rounds.
        KNOWN.set(Known { values, missing: None });
        let outcome = engine.eval_ast_with_scope::<Dynamic>(&mut rhai::Scope::new(), &compiled.ast);
        let known = KNOWN.take();
        values = known.values;
        match (outcome, known.missing) {
            (_, Some(name)) if !values.iter().any(|(other, _)| *other == name) => {
                let value = fetch(scope, compiled, &name)?;
                values.push((name, value));
            }
            (Ok(value), _) => return finish(value, &values),
            (Err(error), _) => return Err(EvalError::Failed(explain(&error, &values))),
        }
    }
}

fn fetch(scope: &dyn Scope, compiled: &Compiled, full: &str) -> Result<Dynamic, EvalError> {
    let Some(reading) = compiled.names.iter().find(|reading| reading.full == full) else {
        return Err(EvalError::Failed(format!("`{full}` is not known here")));
    };
    Ok(match scope.get(reading.root, &reading.name)? {
        None => Dynamic::UNIT,
        Some(Value::Bool(truth)) => truth.into(),
        Some(Value::Number(number)) => Dynamic::from_float(number),
        Some(Value::Text(text)) => text.into(),
        Some(Value::Money(money)) => Dynamic::from(money),
        Some(Value::Percent(percent)) => Dynamic::from(percent),
        Some(Value::Duration(length)) => Dynamic::from(length),
    })
}

fn finish(value: Dynamic, values: &[(String, Dynamic)]) -> Result<Value, EvalError> {
    if let Ok(truth) = value.as_bool() {
        return Ok(Value::Bool(truth));
    }
    if let Ok(number) = value.as_float() {
        return if number.is_finite() {
            Ok(Value::Number(number))
        } else {
            Err(EvalError::Failed("the result is not a finite number".into()))
        };
    }
    if value.is_unit() {
        return Err(EvalError::Failed(missing(values)));
    }
    if let Some(money) = value.clone().try_cast::<Money>() {
        return Ok(Value::Money(money));
    }
    value.into_string().map(Value::Text).map_err(|_| EvalError::Failed("the result is no value".into()))
}

/// Rhai's message without values; a missing value is named.
fn explain(error: &EvalAltResult, values: &[(String, Dynamic)]) -> String {
    let unit = values.iter().any(|(_, value)| value.is_unit());
    match error {
        EvalAltResult::ErrorRuntime(message, _) if unit && message.to_string().contains("is missing") => {
            missing(values)
        }
        EvalAltResult::ErrorRuntime(message, _) => message.to_string(),
        EvalAltResult::ErrorMismatchDataType(..) if unit => missing(values),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) => format!("expected {wanted}, found {found}"),
        EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorStackOverflow(_) => {
            "the expression takes too long".to_owned()
        }
        _ => "the expression cannot be evaluated".to_owned(),
    }
}

fn missing(values: &[(String, Dynamic)]) -> String {
    let names: Vec<String> =
        values.iter().filter(|(_, value)| value.is_unit()).map(|(name, _)| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "a value is missing: give it a default with `??`".to_owned(),
        [one] => format!("{one} is missing: give it a default with `??`"),
        more => format!("one of {} is missing: give it a default with `??`", more.join(", ")),
    }
}
