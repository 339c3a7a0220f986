//! Values that carry their unit: money, percentages and durations. Each meets its own kind and, where that means
//! something, a number; money and a percentage meet in a product.

use crate::functions::{Failing, fail, finite};
use rhai::{Engine, ImmutableString};
use staunch_core::time::{DAY, SECOND, Span};
use staunch_core::value::{Currency, Length, Money, Percent};
use std::cmp::Ordering;

/// Registers what expressions can do with them.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Money>("money")
        .register_type_with_name::<Percent>("percent")
        .register_type_with_name::<Length>("duration");
    ordered::<Money>(engine);
    ordered::<Percent>(engine);
    ordered::<Length>(engine);
    money(engine);
    percent(engine);
    duration(engine);
}

/// What has an order and a difference.
trait Unit: Copy + Send + Sync + 'static {
    fn order(self, other: Self) -> Failing<Ordering>;
    fn plus(self, other: Self) -> Failing<Self>;
    fn minus(self, other: Self) -> Failing<Self>;
    /// How many times the other fits in.
    fn over(self, other: Self) -> Failing<f64>;
}

fn ordered<T: Unit>(engine: &mut Engine) {
    engine
        .register_fn("==", |a: T, b: T| a.order(b).map(Ordering::is_eq))
        .register_fn("!=", |a: T, b: T| a.order(b).map(Ordering::is_ne))
        .register_fn("<", |a: T, b: T| a.order(b).map(Ordering::is_lt))
        .register_fn("<=", |a: T, b: T| a.order(b).map(Ordering::is_le))
        .register_fn(">", |a: T, b: T| a.order(b).map(Ordering::is_gt))
        .register_fn(">=", |a: T, b: T| a.order(b).map(Ordering::is_ge))
        .register_fn("+", |a: T, b: T| a.plus(b))
        .register_fn("-", |a: T, b: T| a.minus(b))
        .register_fn("/", |a: T, b: T| a.over(b))
        .register_fn("min", |a: T, b: T| smaller(a, b))
        .register_fn("max", |a: T, b: T| larger(a, b))
        .register_fn("min", |a: T, b: T, c: T| smaller(smaller(a, b)?, c))
        .register_fn("max", |a: T, b: T, c: T| larger(larger(a, b)?, c));
}

fn smaller<T: Unit>(a: T, b: T) -> Failing<T> {
    Ok(if a.order(b)?.is_le() { a } else { b })
}

fn larger<T: Unit>(a: T, b: T) -> Failing<T> {
    Ok(if a.order(b)?.is_ge() { a } else { b })
}

impl Unit for Money {
    fn order(self, other: Money) -> Failing<Ordering> {
        if self.currency != other.currency {
            return fail("the amounts are of different currencies");
        }
        Ok(self.micros.cmp(&other.micros))
    }

    fn plus(self, other: Money) -> Failing<Money> {
        self.order(other)?;
        joined(self.micros.checked_add(other.micros), self.currency)
    }

    fn minus(self, other: Money) -> Failing<Money> {
        self.order(other)?;
        joined(self.micros.checked_sub(other.micros), self.currency)
    }

    fn over(self, other: Money) -> Failing<f64> {
        self.order(other)?;
        finite(self.amount() / other.amount())
    }
}

fn joined(micros: Option<i64>, currency: Currency) -> Failing<Money> {
    micros.map_or_else(|| fail("the amount is too large"), |micros| Ok(Money { micros, currency }))
}

fn amount(amount: f64, currency: Currency) -> Failing<Money> {
    Money::new(amount, currency).map_or_else(|| fail("the amount is too large"), Ok)
}

fn coined(number: f64, currency: &str) -> Failing<Money> {
    Currency::parse(currency).map_or_else(|| fail("this is not a currency code"), |currency| amount(number, currency))
}

fn money(engine: &mut Engine) {
    engine
        .register_fn("*", |a: Money, b: f64| amount(a.amount() * b, a.currency))
        .register_fn("*", |a: f64, b: Money| amount(a * b.amount(), b.currency))
        .register_fn("*", |a: Money, b: Percent| amount(a.amount() * b.share, a.currency))
        .register_fn("*", |a: Percent, b: Money| amount(a.share * b.amount(), b.currency))
        .register_fn("/", |a: Money, b: f64| amount(a.amount() / b, a.currency))
        .register_fn("-", |a: Money| Money { micros: a.micros.saturating_neg(), currency: a.currency })
        .register_fn("eur", |number: f64| coined(number, "EUR"))
        .register_fn("money", |number: f64, currency: ImmutableString| coined(number, &currency));
}

impl Unit for Percent {
    fn order(self, other: Percent) -> Failing<Ordering> {
        self.share.partial_cmp(&other.share).map_or_else(|| fail("the result is not a finite number"), Ok)
    }

    fn plus(self, other: Percent) -> Failing<Percent> {
        share(self.share + other.share)
    }

    fn minus(self, other: Percent) -> Failing<Percent> {
        share(self.share - other.share)
    }

    fn over(self, other: Percent) -> Failing<f64> {
        finite(self.share / other.share)
    }
}

fn share(share: f64) -> Failing<Percent> {
    finite(share).map(|share| Percent { share })
}

fn percent(engine: &mut Engine) {
    engine
        .register_fn("*", |a: Percent, b: f64| share(a.share * b))
        .register_fn("*", |a: f64, b: Percent| share(a * b.share))
        // The same division as where a file is read, so that `percent(5)` is a field's `5%`.
        .register_fn("percent", |number: f64| share(number / 100.0));
}

impl Unit for Length {
    fn order(self, other: Length) -> Failing<Ordering> {
        Ok(self.span.cmp(&other.span))
    }

    fn plus(self, other: Length) -> Failing<Length> {
        exact(self.span.0.checked_add(other.span.0))
    }

    fn minus(self, other: Length) -> Failing<Length> {
        exact(self.span.0.checked_sub(other.span.0))
    }

    fn over(self, other: Length) -> Failing<f64> {
        finite(self.span.0 as f64 / other.span.0 as f64)
    }
}

fn exact(micros: Option<i64>) -> Failing<Length> {
    micros.map_or_else(|| fail("the duration is too long"), |micros| Ok(Length { span: Span(micros) }))
}

/// Rounds to whole microseconds.
fn length(micros: f64) -> Failing<Length> {
    let micros = finite(micros)?.round();
    exact((micros.abs() < 9e18).then_some(micros as i64))
}

fn duration(engine: &mut Engine) {
    engine
        .register_fn("*", |a: Length, b: f64| length(a.span.0 as f64 * b))
        .register_fn("*", |a: f64, b: Length| length(a * b.span.0 as f64))
        .register_fn("/", |a: Length, b: f64| length(a.span.0 as f64 / b))
        .register_fn("-", |a: Length| exact(a.span.0.checked_neg()));
    for (name, unit) in [("minutes", 60 * SECOND), ("hours", 3_600 * SECOND), ("days", DAY)] {
        engine.register_fn(name, move |number: f64| length(number * unit as f64));
    }
}
