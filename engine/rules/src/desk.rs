//! One run of the engine. Rhai's variable resolver has to be `'static` and a scope is borrowed, so the resolver knows
//! only the values fetched so far, and says which one it misses.

use rhai::{Caches, Dynamic, Engine, EvalAltResult, Stmt};
use staunch_core::value::{Length, Money, Percent, Value};
use std::cell::RefCell;

/// Values by the number of their name: not fetched, fetched and missing, or there.
pub(crate) type Values = Vec<Option<Option<Value>>>;

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

/// A list of this many values that are not fetched yet.
pub(crate) fn take(names: usize) -> Values {
    let mut values = DESK.with_borrow_mut(|desk| std::mem::take(&mut desk.spare));
    values.resize(names, None);
    values
}

/// Gives a list back when an evaluation is done. The values go at once: they may be personal.
pub(crate) fn give_back(mut values: Values) {
    values.clear();
    DESK.with_borrow_mut(|desk| desk.spare = values);
}

/// What the engine is told when it meets the variable of this number (from 1).
pub(crate) fn resolve(number: usize) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    DESK.with_borrow_mut(|desk| {
        let number = number.wrapping_sub(1);
        if let Some(Some(value)) = desk.values.get(number) {
            return Ok(Some(value.clone().map_or(Dynamic::UNIT, dynamic)));
        }
        desk.missing = Some(number);
        Err("a value is still to be fetched".into())
    })
}

/// What came of a run: a value, `None` where it is missing; and the number of a name that the run stopped at.
pub(crate) type Outcome = (Result<Option<Value>, Box<EvalAltResult>>, Option<usize>);

/// Runs a statement with the values fetched so far.
#[expect(
    deprecated,
    reason = "marked so because its form may change between versions; it keeps resolved functions from run to run"
)]
pub(crate) fn run(engine: &Engine, statement: &[Stmt; 1], values: &mut Values) -> Outcome {
    let mut caches = DESK.with_borrow_mut(|desk| {
        std::mem::swap(&mut desk.values, values);
        desk.missing = None;
        std::mem::take(&mut desk.caches)
    });
    let mut global = engine.new_global_runtime_state();
    let outcome = engine.eval_statements_raw(&mut global, &mut caches, &mut rhai::Scope::new(), statement);
    let missing = DESK.with_borrow_mut(|desk| {
        std::mem::swap(&mut desk.values, values);
        desk.caches = caches;
        desk.missing.take()
    });
    (outcome.and_then(value), missing)
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

fn value(value: Dynamic) -> Result<Option<Value>, Box<EvalAltResult>> {
    if let Ok(truth) = value.as_bool() {
        return Ok(Some(Value::Bool(truth)));
    }
    if let Ok(number) = value.as_float() {
        return Ok(Some(Value::Number(number)));
    }
    if value.is_unit() {
        return Ok(None);
    }
    if let Some(money) = value.read_lock::<Money>() {
        return Ok(Some(Value::Money(*money)));
    }
    if let Some(percent) = value.read_lock::<Percent>() {
        return Ok(Some(Value::Percent(*percent)));
    }
    if let Some(length) = value.read_lock::<Length>() {
        return Ok(Some(Value::Duration(*length)));
    }
    value.into_string().map(|text| Some(Value::Text(text))).map_err(|_| "the result is no value".into())
}
