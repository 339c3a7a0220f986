//! Percentages and durations: what they give, where they do not go, and what the check says then.

use staunch_core::codes;
use staunch_core::expr::{Checker, EvalError, Evaluator, Expr, NameType, Names, Root, Scope};
use staunch_core::time::Span;
use staunch_core::value::{Length, Money, Percent, Type, Value};
use staunch_rules::Rules;

/// The same names for the check and for the evaluation.
struct Place;

impl Place {
    fn value(name: &str) -> Option<Value> {
        Some(match name {
            "discount" => Value::Percent(Percent::parse("5%")?),
            "trial" => Value::Duration(Length { span: Span::days(2) }),
            "mrr" => Value::Money(Money::parse("90 EUR")?),
            "age" => Value::Number(40.0),
            "plan" => Value::Text("pro".into()),
            _ => return None,
        })
    }
}

impl Scope for Place {
    fn get(&self, _: Root, name: &str) -> Result<Option<Value>, EvalError> {
        Ok(Place::value(name))
    }
}

impl Names for Place {
    fn lookup(&self, _: Root, name: &str) -> Option<NameType> {
        Place::value(name).map(|value| NameType { kind: value.kind(), optional: false })
    }

    fn list(&self, _: Root) -> Vec<String> {
        vec!["age".into()]
    }
}

fn percent(text: &str) -> Value {
    Value::Percent(Percent::parse(text).unwrap())
}

fn duration(days: f64) -> Value {
    Value::Duration(Length { span: Span((days * 86_400e6) as i64) })
}

fn money(text: &str) -> Value {
    Value::Money(Money::parse(text).unwrap())
}

/// Checks and evaluates; the check has to agree with what comes out.
fn value(source: &str) -> Value {
    let rules = Rules::new();
    let value = rules.eval(&Expr::new(source), &Place).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(rules.check(source, &Place, value.kind()).problems, vec![], "{source}");
    value
}

#[test]
fn they_give_what_they_say() {
    for (source, want) in [
        ("percent(5)", percent("5%")),
        ("percent(2) + percent(3) - percent(1)", percent("4%")),
        ("percent(2.5) * 2", percent("5%")),
        ("2 * percent(2.5)", percent("5%")),
        ("percent(10) / percent(5)", Value::Number(2.0)),
        ("contact.mrr * percent(50)", money("45 EUR")),
        ("contact.discount * contact.mrr", money("4.50 EUR")),
        ("contact.mrr - contact.mrr * contact.discount", money("85.50 EUR")),
        ("min(contact.discount, percent(3))", percent("3%")),
        ("max(percent(1), percent(3), percent(2))", percent("3%")),
        ("days(2)", duration(2.0)),
        ("hours(36)", duration(1.5)),
        ("minutes(90) + hours(0.5)", duration(1.0 / 12.0)),
        ("contact.trial - days(3)", duration(-1.0)),
        ("-days(1)", duration(-1.0)),
        ("days(2) * 3", duration(6.0)),
        ("0.5 * days(2)", duration(1.0)),
        ("days(3) / 2", duration(1.5)),
        ("days(3) / hours(12)", Value::Number(6.0)),
        ("min(contact.trial, hours(5), days(1))", duration(5.0 / 24.0)),
        ("max(minutes(1), hours(1))", duration(1.0 / 24.0)),
        ("min(eur(3), eur(2), eur(4))", money("2 EUR")),
    ] {
        assert_eq!(value(source), want, "{source}");
    }
}

#[test]
fn each_compares_with_its_own_kind() {
    for source in [
        "contact.discount == percent(5) && contact.discount != percent(6)",
        "contact.discount < percent(5.1) && contact.discount <= percent(5)",
        "contact.discount > percent(4.9) && contact.discount >= percent(5)",
        "contact.trial == days(2) && contact.trial == hours(48) && contact.trial != minutes(1)",
        "contact.trial > hours(47) && contact.trial >= hours(48) && contact.trial < days(3) && contact.trial <= days(2)",
        "-contact.trial < hours(0)",
    ] {
        assert_eq!(value(source), Value::Bool(true), "{source}");
    }
}

#[test]
fn everything_else_is_an_error_with_help() {
    let which = "say which: `percent(5)`";
    let unit = "say the unit: `days(2)`, `hours(3)` or `minutes(5)`";
    let share = "take the share of an amount first: `contact.mrr * percent(5)`";
    let quotes = "write it without quotes: `percent(5)`, `days(2)`, `eur(500)`";
    let together = "use values of types that go together";
    for (source, at, help) in [
        ("contact.discount > 5", 17, which),
        ("0.05 == contact.discount", 5, which),
        ("percent(5) + 1 > percent(1)", 11, which),
        ("percent(5) / 2 > percent(1)", 11, which),
        ("percent(percent(5)) > percent(1)", 0, "give it a number"),
        ("contact.discount > \"5%\"", 17, quotes),
        ("contact.trial > 2", 14, unit),
        ("contact.trial - 1 > days(1)", 14, unit),
        ("1 / days(2) > 1", 2, unit),
        ("min(days(2), 1) > days(1)", 0, unit),
        ("contact.trial == \"48h\"", 14, quotes),
        ("contact.mrr + percent(5) > eur(1)", 12, share),
        ("contact.mrr > percent(5)", 12, share),
        ("contact.mrr / percent(5) > eur(1)", 12, share),
        ("percent(5) * percent(5) > percent(1)", 11, together),
        ("days(2) * days(2) > days(1)", 8, together),
        ("days(2) * percent(5) > days(1)", 8, together),
        ("days(2) == percent(5)", 8, together),
        ("days(2) % days(1) > days(1)", 8, together),
        ("-percent(5) < percent(1)", 0, together),
        ("abs(days(2)) > days(1)", 0, together),
        ("round(percent(5)) > percent(1)", 0, together),
        ("days(contact.trial) > days(1)", 0, "give it a number"),
        ("contact.mrr * contact.mrr > eur(1)", 12, together),
    ] {
        let problems = Rules::new().check(source, &Place, Type::Bool).problems;
        let found: Vec<_> = problems.iter().map(|one| (one.code, one.offset, one.help.as_str())).collect();
        assert_eq!(found, [(codes::EXPR_TYPES, at, help)], "{source}: {problems:?}");
        let outcome = Rules::new().eval(&Expr::new(source), &Place);
        assert!(matches!(outcome, Err(EvalError::Failed(_))), "{source}: {outcome:?}");
    }
}

#[test]
fn what_no_value_can_hold_fails() {
    for source in [
        "percent(1e308) * 1e10",
        "percent(5) / percent(0)",
        "days(1e300)",
        "days(1e7) * 1e7",
        "days(1) / 0",
        "days(1) / days(0)",
        "days(100000000) + days(100000000)",
        "-days(100000000) - days(100000000)",
        "contact.mrr * percent(1e300)",
    ] {
        assert!(matches!(Rules::new().eval(&Expr::new(source), &Place), Err(EvalError::Failed(_))), "{source}");
    }
}

#[test]
fn a_unit_written_as_in_files_gets_help() {
    for (source, help) in [
        ("contact.discount > 5%", "write a percentage as `percent(5)`"),
        ("contact.discount > 5% && true", "write a percentage as `percent(5)`"),
        ("contact.trial > 2d", "write a duration as `days(2)`, `hours(3)` or `minutes(5)`"),
        ("contact.trial > 72h && true", "write a duration as `days(2)`, `hours(3)` or `minutes(5)`"),
    ] {
        let problems = Rules::new().check(source, &Place, Type::Bool).problems;
        assert_eq!(problems[0].code, codes::EXPR_SYNTAX, "{source}");
        assert_eq!(problems[0].help, help, "{source}: {problems:?}");
    }
}
