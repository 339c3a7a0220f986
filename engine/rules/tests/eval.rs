//! What expressions give, what they refuse to give, and what they fetch on the way.

use proptest::prelude::*;
use staunch_core::expr::{Checker, EvalError, Evaluator, Expr, NameType, Names, Root, Scope};
use staunch_core::value::{Money, Type, Value};
use staunch_rules::Rules;
use std::cell::RefCell;

#[derive(Default)]
struct Values(RefCell<Vec<String>>);

impl Scope for Values {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        self.0.borrow_mut().push(format!("{}.{name}", root.word()));
        Ok(Some(match (root, name) {
            (Root::Contact, "plan") => Value::Text("trial".into()),
            (Root::Contact, "mrr") => Value::Money(Money::parse("90 EUR").unwrap()),
            (Root::Contact, "vip") => Value::Bool(true),
            (Root::Contact, "gone") => return Ok(None),
            (Root::Feature, "zero") => Value::Number(0.0),
            (Root::Feature, "three") => Value::Number(3.0),
            (Root::Score, "needed") => return Err(EvalError::NeedScore(name.into())),
            (Root::Score, "down") => return Err(EvalError::ScoreUnavailable(name.into())),
            _ => return Err(EvalError::Failed(format!("no {name}"))),
        }))
    }
}

fn expr(source: &str) -> Expr {
    Expr::new(source)
}

fn eval(source: &str) -> Result<Value, EvalError> {
    Rules::new().eval(&expr(source), &Values::default())
}

#[test]
fn expressions_give_what_they_say() {
    for (source, want) in [
        ("3 / max(4, 1)", Value::Number(0.75)),
        ("7 % 4 - 1", Value::Number(2.0)),
        ("-feature.three + abs(-2)", Value::Number(-1.0)),
        ("round(2.5) + floor(-0.5)", Value::Number(2.0)),
        ("min(3, 2, 1) + max(1, 2, 3)", Value::Number(4.0)),
        ("1 == 1 && 0.1 + 0.2 != 0.3", Value::Bool(true)),
        ("contact.plan == \"trial\"", Value::Bool(true)),
        ("contact.plan.contains(\"ria\") && starts_with(contact.plan, \"tr\")", Value::Bool(true)),
        ("contact.plan.len() == 5 && len(\"ä\") == 1", Value::Bool(true)),
        ("contact.mrr > eur(89.99) && contact.mrr == money(90, \"EUR\")", Value::Bool(true)),
        ("contact.mrr * 2 - eur(0.5)", Value::Money(Money::parse("179.5 EUR").unwrap())),
        ("contact.mrr / eur(45)", Value::Number(2.0)),
        ("(contact.gone ?? \"none\") == \"none\"", Value::Bool(true)),
        ("contact.gone ?? \"none\" == \"none\"", Value::Bool(true)),
        ("contact.gone ?? contact.plan", Value::Text("trial".into())),
        ("!contact.vip || feature.zero == 0", Value::Bool(true)),
        ("feature.three >= 3 && feature.three <= 3 && !(feature.three < 3) && !(feature.three > 3)", Value::Bool(true)),
    ] {
        assert_eq!(eval(source), Ok(want), "{source}");
    }
}

#[test]
fn what_cannot_be_known_fails() {
    for source in [
        "\"500\" > 100",
        "\"500\" == 500",
        "contact.plan != 1",
        "contact.vip == 1",
        "contact.mrr > 500",
        "contact.mrr == money(90, \"GBP\")",
        "contact.mrr + money(1, \"GBP\")",
        "min(contact.mrr, money(1, \"GBP\"))",
        "contact.gone == \"x\"",
        "contact.gone",
        "contact.gone && true",
        "!contact.gone",
        "len(contact.gone) > 1",
        "contact.gone == contact.gone",
        "feature.zero / 0",
        "1 / feature.zero",
        "1 % feature.zero",
        "contact.mrr / feature.zero",
        "1e308 * 10",
        "contact.plan + \"x\"",
        "contact.plan < \"z\"",
        "feature.three && true",
        "true || 3 == \"x\" == 1 / 0 && [1] == [1]",
        "contact_plan == \"trial\"",
        "eval(\"1\")",
        "",
        "let x = 1",
        "feature.unheard > 1",
    ] {
        assert!(matches!(eval(source), Err(EvalError::Failed(_))), "{source}: {:?}", eval(source));
    }
}

#[test]
fn a_missing_value_is_named_and_a_present_one_never_shown() {
    let Err(EvalError::Failed(message)) = eval("contact.plan == \"x\" || contact.gone == \"x\"") else { panic!() };
    assert_eq!(message, "`contact.gone` is missing: give it a default with `??`");
    let Err(EvalError::Failed(message)) = eval("contact.plan == 3") else { panic!() };
    assert_eq!(message, "`==` does not take text and number");
}

#[test]
fn only_what_is_reached_is_fetched_and_once() {
    for (source, want) in [
        ("contact.plan == \"pro\" && score.needed > 0.5", &["contact.plan"][..]),
        ("contact.plan == \"trial\" || score.needed > 0.5", &["contact.plan"]),
        ("contact.plan ?? contact.gone", &["contact.plan"]),
        ("contact.vip && feature.three > feature.zero", &["contact.vip", "feature.three", "feature.zero"]),
        ("feature.three * feature.three > feature.three", &["feature.three"]),
        ("\"contact.gone\" == contact.plan", &["contact.plan"]),
        ("max(contact.plan ?? contact.gone, 1) > 1", &["contact.plan"]),
        ("!(contact.plan == \"pro\" && score.needed > 0.5)", &["contact.plan"]),
        ("len(contact.gone ?? contact.plan) > len(\"ab\") || score.needed > 1", &["contact.gone", "contact.plan"]),
    ] {
        let values = Values::default();
        let _ = Rules::new().eval(&expr(source), &values);
        let mut fetched = values.0.borrow().clone();
        fetched.sort();
        assert_eq!(fetched, want, "{source}");
    }
}

#[test]
fn needs_of_the_scope_come_through() {
    assert_eq!(eval("contact.vip && score.needed > 1"), Err(EvalError::NeedScore("needed".into())));
    assert_eq!(eval("score.down ?? 1"), Err(EvalError::ScoreUnavailable("down".into())));
}

/// A scope that evaluates another expression while it is asked, as derived features do.
struct Nested<'a>(&'a Rules);

impl Scope for Nested<'_> {
    fn get(&self, _: Root, name: &str) -> Result<Option<Value>, EvalError> {
        if name == "inner" {
            self.0.eval(&expr("feature.three + 1"), &Values::default()).map(Some)
        } else {
            Ok(Some(Value::Number(10.0)))
        }
    }
}

#[test]
fn evaluations_may_nest() {
    let rules = Rules::new();
    assert_eq!(rules.eval(&expr("feature.outer > 1 && feature.inner == 4"), &Nested(&rules)), Ok(Value::Bool(true)));
}

/// Any name, of any type, always present.
struct Anything;

impl Names for Anything {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let kind = Values::default().get(root, name).ok()?.map_or(Type::Text, |value| value.kind());
        Some(NameType { kind, optional: name == "gone" })
    }

    fn list(&self, _: Root) -> Vec<String> {
        vec!["plan".into()]
    }
}

fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "1",
        "0",
        "2.5",
        "\"a\"",
        "true",
        "contact.plan",
        "contact.mrr",
        "contact.vip",
        "contact.gone",
        "feature.zero",
        "feature.three",
        "eur(2)",
        "percent(5)",
        "days(2)",
    ])
    .prop_map(str::to_owned)
}

fn tree() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 2, |inner| {
        let op = prop::sample::select(vec!["==", "!=", "<", ">=", "+", "-", "*", "/", "%", "&&", "||", "??"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("abs({a})")),
            inner.prop_map(|a| format!("{a}.len()")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What passes the check gives a value of the type that was asked for, or fails on arithmetic; it never meets types
    /// that do not go together or a missing value.
    #[test]
    fn the_check_is_sound(source in tree()) {
        let rules = Rules::new();
        for want in [Type::Bool, Type::Number, Type::Text, Type::Money, Type::Percent, Type::Duration] {
            if rules.check(&source, &Anything, want).problems.is_empty() {
                match rules.eval(&expr(&source), &Values::default()) {
                    Ok(value) => prop_assert_eq!(value.kind(), want),
                    Err(EvalError::Failed(message)) => {
                        let arithmetic = ["finite", "too large", "too long"].iter().any(|part| message.contains(part));
                        prop_assert!(arithmetic, "{}", message);
                    }
                    Err(other) => prop_assert!(false, "{:?}", other),
                }
            }
        }
    }

    /// Evaluation of any text ends, without a panic.
    #[test]
    fn random_text_never_panics(source in "\\PC{0,60}") {
        let _ = eval(&source);
    }
}
