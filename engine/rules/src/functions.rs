//! The operators and functions of expressions, one by one. Each pair of types that may meet is registered; every
//! other pair reaches a catch-all that fails, so that nothing is silently false.

use crate::units;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};
use staunch_core::value::{Length, Money, Percent};

pub(crate) type Failing<T> = Result<T, Box<EvalAltResult>>;

/// The operators that stand between two values.
pub(crate) const BINARY: [&str; 11] = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];

/// The named functions with the fewest and most arguments.
pub(crate) const NAMED: [(&str, usize, usize); 14] = [
    ("abs", 1, 1),
    ("contains", 2, 2),
    ("days", 1, 1),
    ("eur", 1, 1),
    ("floor", 1, 1),
    ("hours", 1, 1),
    ("len", 1, 1),
    ("max", 2, 3),
    ("min", 2, 3),
    ("minutes", 1, 1),
    ("money", 2, 2),
    ("percent", 1, 1),
    ("round", 1, 1),
    ("starts_with", 2, 2),
];

pub(crate) fn fail<T>(message: &str) -> Failing<T> {
    Err(message.into())
}

pub(crate) fn finite(number: f64) -> Failing<f64> {
    if number.is_finite() { Ok(number) } else { fail("the result is not a finite number") }
}

/// Registers everything that an expression can call.
pub(crate) fn register(engine: &mut Engine) {
    register_numbers(engine);
    register_truth_and_text(engine);
    units::register(engine);
    register_named(engine);
    register_catch_all(engine);
}

fn register_numbers(engine: &mut Engine) {
    engine
        .register_fn("==", |a: f64, b: f64| a == b)
        .register_fn("!=", |a: f64, b: f64| a != b)
        .register_fn("<", |a: f64, b: f64| a < b)
        .register_fn("<=", |a: f64, b: f64| a <= b)
        .register_fn(">", |a: f64, b: f64| a > b)
        .register_fn(">=", |a: f64, b: f64| a >= b)
        .register_fn("+", |a: f64, b: f64| finite(a + b))
        .register_fn("-", |a: f64, b: f64| finite(a - b))
        .register_fn("*", |a: f64, b: f64| finite(a * b))
        .register_fn("/", |a: f64, b: f64| finite(a / b))
        .register_fn("%", |a: f64, b: f64| finite(a % b))
        .register_fn("-", |a: f64| -a);
}

fn register_truth_and_text(engine: &mut Engine) {
    engine
        .register_fn("==", |a: bool, b: bool| a == b)
        .register_fn("!=", |a: bool, b: bool| a != b)
        .register_fn("!", |a: bool| !a)
        .register_fn("==", |a: ImmutableString, b: ImmutableString| a == b)
        .register_fn("!=", |a: ImmutableString, b: ImmutableString| a != b);
}

fn register_named(engine: &mut Engine) {
    engine
        .register_fn("min", |a: f64, b: f64| a.min(b))
        .register_fn("max", |a: f64, b: f64| a.max(b))
        .register_fn("min", |a: f64, b: f64, c: f64| a.min(b).min(c))
        .register_fn("max", |a: f64, b: f64, c: f64| a.max(b).max(c))
        .register_fn("abs", |a: f64| a.abs())
        .register_fn("round", |a: f64| a.round())
        .register_fn("floor", |a: f64| a.floor())
        .register_fn("len", |text: ImmutableString| text.chars().count() as f64)
        .register_fn("contains", |text: ImmutableString, part: ImmutableString| text.contains(part.as_str()))
        .register_fn("starts_with", |text: ImmutableString, part: ImmutableString| text.starts_with(part.as_str()));
}

/// What no typed version takes. Rhai's own versions would come next, and call values of two types merely unequal.
fn register_catch_all(engine: &mut Engine) {
    for op in BINARY {
        engine.register_fn(op, move |a: Dynamic, b: Dynamic| refuse(op, &[a, b]));
    }
    for op in ["!", "-"] {
        engine.register_fn(op, move |a: Dynamic| refuse(op, &[a]));
    }
    for (name, fewest, most) in NAMED {
        for count in fewest..=most {
            match count {
                1 => engine.register_fn(name, move |a: Dynamic| refuse(name, &[a])),
                2 => engine.register_fn(name, move |a: Dynamic, b: Dynamic| refuse(name, &[a, b])),
                _ => engine.register_fn(name, move |a: Dynamic, b: Dynamic, c: Dynamic| refuse(name, &[a, b, c])),
            };
        }
    }
}

/// Names the types only: the values may be personal.
fn refuse(name: &str, values: &[Dynamic]) -> Failing<Dynamic> {
    if values.iter().any(Dynamic::is_unit) {
        return fail("a value is missing: give it a default with `??`");
    }
    let types: Vec<&str> = values.iter().map(word).collect();
    fail(&format!("`{name}` does not take {}", types.join(" and ")))
}

/// The word for the type of a value.
pub(crate) fn word(value: &Dynamic) -> &'static str {
    if value.is_bool() {
        "bool"
    } else if value.is_float() {
        "number"
    } else if value.is_string() {
        "text"
    } else if value.is::<Money>() {
        "money"
    } else if value.is::<Percent>() {
        "percent"
    } else if value.is::<Length>() {
        "duration"
    } else {
        "nothing"
    }
}
