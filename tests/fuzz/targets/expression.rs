//! Any text as an expression. The check ends with each problem at a place inside the text; what it lets through gives a
//! value of the type that was asked for, or fails on arithmetic, whatever the values are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use staunch_core::expr::{Checker, EvalError, Evaluator, Expr, NameType, Names, Root, Scope};
use staunch_core::time::Span;
use staunch_core::value::{Currency, Length, Money, Percent, Type, Value};
use staunch_rules::Rules;
use std::sync::OnceLock;

const TYPES: [Type; 6] = [Type::Bool, Type::Number, Type::Text, Type::Money, Type::Percent, Type::Duration];

/// Every name with its type, and whether it may be missing.
const NAMES: [(Root, &str, Type, bool); 16] = [
    (Root::Contact, "plan", Type::Text, false),
    (Root::Contact, "nickname", Type::Text, true),
    (Root::Contact, "age", Type::Number, true),
    (Root::Contact, "mrr", Type::Money, false),
    (Root::Contact, "vip", Type::Bool, false),
    (Root::Contact, "discount", Type::Percent, true),
    (Root::Contact, "trial", Type::Duration, false),
    (Root::Account, "seats", Type::Number, true),
    (Root::Event, "total", Type::Money, true),
    (Root::Feature, "orders", Type::Number, false),
    (Root::Score, "churn", Type::Number, false),
    (Root::Score, "topic.label", Type::Text, false),
    (Root::Score, "topic.p", Type::Number, false),
    (Root::Score, "topic.of:billing", Type::Number, false),
    (Root::Score, "next.top:0", Type::Text, true),
    (Root::Band, "churn", Type::Text, false),
];

/// Names, and values that follow from a seed.
struct Place(u64);

impl Names for Place {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let found = NAMES.iter().find(|(other, known, ..)| *other == root && *known == name);
        found.map(|(_, _, kind, optional)| NameType { kind: *kind, optional: *optional })
    }

    fn list(&self, root: Root) -> Vec<String> {
        NAMES.iter().filter(|(other, ..)| *other == root).map(|(_, name, ..)| (*name).to_owned()).collect()
    }
}

impl Scope for Place {
    fn get(&self, root: Root, name: &str) -> Result<Option<Value>, EvalError> {
        let known = self.lookup(root, name).expect("only names that the check let through are asked for");
        let turn = name.bytes().fold(self.0, |turn, byte| (turn ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3) >> 1);
        let pick = |count: u64| usize::try_from(turn % count).unwrap_or(0);
        if known.optional && turn & 64 == 0 {
            return Ok(None);
        }
        let number = [0.0, -0.0, 1.0, -1.5, 0.1, 1e308, -1e308, 5e-324][pick(8)];
        let micros = [0, 1, -1, 1_000_000, i64::MAX, i64::MIN, i64::MAX / 2][pick(7)];
        Ok(Some(match known.kind {
            Type::Bool => Value::Bool(pick(2) == 0),
            Type::Number => Value::Number(number),
            Type::Text => Value::Text(["", "trial", "a b", "\u{e4}\u{1f600}", "EUR"][pick(5)].to_owned()),
            Type::Money => {
                let currency = Currency::parse(["EUR", "GBP"][pick(2)]).expect("a currency");
                Value::Money(Money { micros, currency })
            }
            Type::Percent => Value::Percent(Percent { share: number }),
            Type::Duration => Value::Duration(Length { span: Span(micros) }),
        }))
    }
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(Rules::new)
}

/// What the check cannot know: sizes, currencies.
fn is_arithmetic(message: &str) -> bool {
    let parts = ["finite", "too large", "too long", "different currencies", "not a currency code"];
    parts.iter().any(|part| message.contains(part))
}

fn try_type(source: &str, place: &Place, want: Type) {
    let checked = rules().check(source, place, want);
    for problem in &checked.problems {
        assert!(source.is_char_boundary(problem.offset), "{problem:?}");
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem:?}");
    }
    if !checked.problems.is_empty() {
        return;
    }
    let expr = Expr::new(source);
    let outcome = rules().eval(&expr, place);
    match &outcome {
        Ok(value) => assert_eq!(value.kind(), want, "{source}"),
        Err(EvalError::Failed(message)) => assert!(is_arithmetic(message), "{source}: {message}"),
        Err(other) => panic!("{source}: {other}"),
    }
    // The second time it runs from what the expression holds, and says the same.
    let again = rules().eval(&expr, place);
    assert_eq!(format!("{outcome:?}"), format!("{again:?}"), "{source}");
}

fuzz_target!(|data: &[u8]| {
    let Some((seed, rest)) = data.split_first() else { return };
    let Ok(source) = std::str::from_utf8(rest) else { return };
    let place = Place(u64::from(*seed) + 1);
    for want in TYPES {
        try_type(source, &place, want);
    }
    let _ = rules().eval(&Expr::new(source), &Anything);
});

/// Knows every name, for texts that were never checked.
struct Anything;

impl Scope for Anything {
    fn get(&self, _: Root, name: &str) -> Result<Option<Value>, EvalError> {
        Ok((!name.is_empty()).then_some(Value::Number(1.0)))
    }
}
