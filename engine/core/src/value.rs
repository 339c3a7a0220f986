//! Typed values of fields, features and expressions, and their types.

use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Money as millionths of a unit of an ISO 4217 currency, so that sums and comparisons are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Millionths of the unit.
    pub micros: i64,
    /// Three upper-case letters.
    pub currency: Currency,
}

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads three upper-case ASCII letters.
    pub fn parse(text: &str) -> Option<Currency> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Currency(bytes))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Currency::parse(&text).ok_or_else(|| format!("`{text}` is not a currency code"))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

impl Money {
    /// Rounds an amount of whole units to millionths; `None` where it is not finite or too large.
    pub fn new(amount: f64, currency: Currency) -> Option<Money> {
        let micros = (amount * 1e6).round();
        (micros.is_finite() && micros.abs() < 9e18).then_some(Money { micros: micros as i64, currency })
    }

    /// Reads `500 EUR` or `12.50 GBP`.
    pub fn parse(text: &str) -> Option<Money> {
        let (amount, currency) = text.trim().split_once(' ')?;
        Money::new(amount.parse().ok()?, Currency::parse(currency.trim())?)
    }

    /// The amount in whole units.
    pub fn amount(self) -> f64 {
        self.micros as f64 / 1e6
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}", self.amount(), self.currency.as_str())
    }
}

/// A share: 0.05 is `5%`. It is a type of its own, so that `0.5` and `0.5%` are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percent {
    /// The share, 1 = 100 %.
    pub share: f64,
}

impl Percent {
    /// Reads `5%` or `0.5 %`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Percent> {
        let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        number.is_finite().then_some(Percent { share: number / 100.0 })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nine digits hide what the division by 100 did to the author's number.
        let text = format!("{:.9}", self.share * 100.0);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A length of time as a value of a field or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// In microseconds; differences of two may be negative.
    pub span: Span,
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span.0 < 0 { write!(f, "-{}", Span(self.span.0.saturating_neg())) } else { write!(f, "{}", self.span) }
    }
}

/// A value that an expression, a template or a receipt can hold. A missing value is `Option::None`, never a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// Every number is a float.
    Number(f64),
    /// Text; zones, e-mail addresses and choices are text with a check at the door.
    Text(String),
    /// Money with its currency.
    Money(Money),
    /// A share.
    Percent(Percent),
    /// A length of time.
    Duration(Length),
}

/// The type of a declared field, a feature or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A float.
    Number,
    /// Text, zones, e-mail addresses.
    Text,
    /// Money with a currency.
    Money,
    /// A share.
    Percent,
    /// A length of time.
    Duration,
}

impl Type {
    /// The word that files and messages use.
    pub fn word(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Number => "number",
            Type::Text => "text",
            Type::Money => "money",
            Type::Percent => "percent",
            Type::Duration => "duration",
        }
    }
}

impl Value {
    /// The type of this value.
    pub fn kind(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Number(_) => Type::Number,
            Value::Text(_) => Type::Text,
            Value::Money(_) => Type::Money,
            Value::Percent(_) => Type::Percent,
            Value::Duration(_) => Type::Duration,
        }
    }

    /// The number inside: money counts in whole units, a share as 0 to 1, a duration in days, a truth value as 0 or 1,
    /// text not at all.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Money(money) => Some(money.amount()),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Value::Percent(percent) => Some(percent.share),
            Value::Duration(length) => Some(length.span.0 as f64 / crate::time::DAY as f64),
            Value::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Money(money) => write!(f, "{money}"),
            Value::Percent(percent) => write!(f, "{percent}"),
            Value::Duration(length) => write!(f, "{length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_readable() {
        let price = Money::parse("22.200000000000003 GBP").unwrap();
        assert_eq!(price.micros, 22_200_000);
        assert_eq!(price.to_string(), "22.20 GBP");
        assert_eq!(Money::parse("500"), None);
        assert_eq!(Money::parse("500 eur"), None);
        assert_eq!(Money::parse("1e300 EUR"), None);
    }

    #[test]
    fn values_survive_json() {
        for value in [
            Value::Bool(true),
            Value::Number(2.5),
            Value::Text("a".into()),
            Value::Money(Money::parse("5 EUR").unwrap()),
            Value::Percent(Percent::parse("0.5%").unwrap()),
            Value::Duration(Length { span: Span::days(2) }),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
