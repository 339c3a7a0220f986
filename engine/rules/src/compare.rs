//! Comparisons without the engine: they are most of what rules do, and a call through the engine costs more than the
//! rest of a rule. What is not on this list, a mistake above all, is left to the engine, which says what is wrong.

use staunch_core::value::Value;
use std::cmp::Ordering;

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    /// Reads the operator.
    pub(crate) fn parse(operator: &str) -> Option<Comparison> {
        Some(match operator {
            "==" => Comparison::Equal,
            "!=" => Comparison::Unequal,
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::More,
            ">=" => Comparison::AtLeast,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::More => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
        }
    }

    /// Whether it holds, or `None` where the engine has to be asked.
    pub(crate) fn of(self, a: &Value, b: &Value) -> Option<bool> {
        let order = match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b)?,
            (Value::Money(a), Value::Money(b)) if a.currency == b.currency => a.micros.cmp(&b.micros),
            (Value::Percent(a), Value::Percent(b)) => a.share.partial_cmp(&b.share)?,
            (Value::Duration(a), Value::Duration(b)) => a.span.cmp(&b.span),
            (Value::Text(a), Value::Text(b)) if self.is_sameness() => same(a == b),
            (Value::Bool(a), Value::Bool(b)) if self.is_sameness() => same(a == b),
            _ => return None,
        };
        Some(self.holds(order))
    }

    fn is_sameness(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::Unequal)
    }
}

fn same(same: bool) -> Ordering {
    if same { Ordering::Equal } else { Ordering::Less }
}

#[cfg(test)]
mod tests {
    use super::Comparison;
    use crate::compile::{Compiled, compile};
    use crate::runnable::Plan;
    use crate::{Rules, eval};
    use proptest::prelude::*;
    use staunch_core::expr::{EvalError, Root, Scope};
    use staunch_core::time::Span;
    use staunch_core::value::{Currency, Length, Money, Percent, Value};

    struct Two(Value, Value);

    impl Scope for Two {
        fn get(&self, _: Root, name: &str) -> Result<Option<Value>, EvalError> {
            Ok(Some(if name == "a" { self.0.clone() } else { self.1.clone() }))
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let small = prop::sample::select(vec![0.0, -0.0, 1.0, 1.5, -2.0, 1e308, f64::NAN, f64::INFINITY]);
        let currency = prop::sample::select(vec!["EUR", "GBP"]);
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            small.clone().prop_map(Value::Number),
            prop::sample::select(vec!["", "a", "b", "true", "1"]).prop_map(|text| Value::Text(text.to_owned())),
            (0i64..3, currency)
                .prop_map(|(micros, code)| Value::Money(Money { micros, currency: Currency::parse(code).unwrap() })),
            small.prop_map(|share| Value::Percent(Percent { share })),
            (-2i64..3).prop_map(|micros| Value::Duration(Length { span: Span(micros) })),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The short way says what the engine says, or nothing.
        #[test]
        fn the_engine_agrees(a in value(), b in value(), op in prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])) {
            let rules = Rules::new();
            let short = Comparison::parse(op).unwrap().of(&a, &b);
            let compiled = compile(&rules.engine, &format!("contact.a {op} contact.b")).unwrap();
            let Plan::Compare { whole, .. } = compiled.plan else { panic!("no comparison") };
            let long = eval::run(&rules.engine, &Compiled { plan: *whole, names: compiled.names }, &Two(a, b));
            if let Some(short) = short {
                prop_assert_eq!(long, Ok(Value::Bool(short)));
            }
        }
    }
}
