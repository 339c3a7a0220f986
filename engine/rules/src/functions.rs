//! The operators and functions of expressions, one by one. Each pair of types that may meet is registered; every
//! other pair reaches a catch-all that fails, so that nothing is silently false.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};
use staunch_core::value::{Currency, Money};
use std::cmp::Ordering;

type Failing<T> = Result<T, Box<EvalAltResult>>;

/// The operators that stand between two values.
pub(crate) const BINARY: [&str; 11] = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];

/// The named functions with the fewest and most arguments.
pub(crate) const NAMED: [(&str, usize, usize); 10] = [
    ("abs", 1, 1),
    ("contains", 2, 2),
    ("eur", 1, 1),
    ("floor", 1, 1),
    ("len", 1, 1),
    ("max", 2, 3),
    ("min", 2, 3),
    ("money", 2, 2),
    ("round", 1, 1),
    ("starts_with", 2, 2),
];

fn fail<T>(message: &str) -> Failing<T> {
    Err(message.into())
}

fn finite(number: f64) -> Failing<f64> {
    if number.is_finite() { Ok(number) } else { fail("the result is not a finite number") }
}

fn order(a: Money, b: Money) -> Failing<Ordering> {
    if a.currency == b.currency { Ok(a.micros.cmp(&b.micros)) } else { fail("the amounts are of different currencies") }
}

fn amount(amount: f64, currency: Currency) -> Failing<Money> {
    Money::new(amount, currency).map_or_else(|| fail("the amount is too large"), Ok)
}

fn joined(a: Money, b: Money, sum: Option<i64>) -> Failing<Money> {
    order(a, b)?;
    sum.map_or_else(|| fail("the amount is too large"), |micros| Ok(Money { micros, currency: a.currency }))
}

/// Registers everything that an expression can call.
pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Money>("money");
    register_numbers(engine);
    register_truth_and_text(engine);
    register_money(engine);
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

fn register_money(engine: &mut Engine) {
    engine
        .register_fn("==", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_eq()))
        .register_fn("!=", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_ne()))
        .register_fn("<", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_lt()))
        .register_fn("<=", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_le()))
        .register_fn(">", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_gt()))
        .register_fn(">=", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(order(a, b)?.is_ge()))
        .register_fn("+", |a: Money, b: Money| joined(a, b, a.micros.checked_add(b.micros)))
        .register_fn("-", |a: Money, b: Money| joined(a, b, a.micros.checked_sub(b.micros)))
        .register_fn("*", |a: Money, b: f64| amount(a.amount() * b, a.currency))
        .register_fn("*", |a: f64, b: Money| amount(a * b.amount(), b.currency))
        .register_fn("/", |a: Money, b: f64| amount(a.amount() / b, a.currency))
        .register_fn("/", |a: Money, b: Money| order(a, b).and_then(|_| finite(a.amount() / b.amount())))
        .register_fn("-", |a: Money| Money { micros: a.micros.saturating_neg(), currency: a.currency });
}

fn register_named(engine: &mut Engine) {
    engine
        .register_fn("min", |a: f64, b: f64| a.min(b))
        .register_fn("max", |a: f64, b: f64| a.max(b))
        .register_fn("min", |a: f64, b: f64, c: f64| a.min(b).min(c))
        .register_fn("max", |a: f64, b: f64, c: f64| a.max(b).max(c))
        .register_fn("min", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(if order(a, b)?.is_le() { a } else { b }))
        .register_fn("max", |a: Money, b: Money| Ok::<_, Box<EvalAltResult>>(if order(a, b)?.is_ge() { a } else { b }))
        .register_fn("abs", |a: f64| a.abs())
        .register_fn("round", |a: f64| a.round())
        .register_fn("floor", |a: f64| a.floor())
        .register_fn("len", |text: ImmutableString| text.chars().count() as f64)
        .register_fn("contains", |text: ImmutableString, part: ImmutableString| text.contains(part.as_str()))
        .register_fn("starts_with", |text: ImmutableString, part: ImmutableString| text.starts_with(part.as_str()))
        .register_fn("eur", |number: f64| money(number, "EUR"))
        .register_fn("money", |number: f64, currency: ImmutableString| money(number, &currency));
}

fn money(number: f64, currency: &str) -> Failing<Money> {
    Currency::parse(currency).map_or_else(|| fail("this is not a currency code"), |currency| amount(number, currency))
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

fn word(value: &Dynamic) -> &'static str {
    if value.is_bool() {
        "bool"
    } else if value.is_float() {
        "number"
    } else if value.is_string() {
        "text"
    } else {
        "money"
    }
}
