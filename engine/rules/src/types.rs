//! Which types go together, what they give, and what to say where they do not.

use staunch_core::value::Type;

/// The operators that compare two values.
const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Whether the result is a condition whatever the values are.
pub(crate) fn is_condition(name: &str) -> bool {
    COMPARISONS.contains(&name) || ["!", "contains", "starts_with"].contains(&name)
}

/// What an operator or function gives for these types, `None` where it does not take them.
pub(crate) fn result(name: &str, kinds: &[Type]) -> Option<Type> {
    use Type::{Bool, Duration, Money, Number, Percent, Text};
    match (name, kinds) {
        ("==" | "!=", [a, b]) if a == b => Some(Bool),
        ("<" | "<=" | ">" | ">=", [a, b]) if a == b && has_order(*a) => Some(Bool),
        ("+" | "-", [a, b]) if a == b && has_order(*a) => Some(*a),
        ("/", [a, b]) if a == b && has_order(*a) => Some(Number),
        ("*" | "%", [Number, Number]) => Some(Number),
        ("*", [Money | Percent, Money | Percent]) if kinds[0] != kinds[1] => Some(Money),
        ("*", [Number, other @ (Money | Percent | Duration)] | [other @ (Money | Percent | Duration), Number]) => {
            Some(*other)
        }
        ("/", [Money, Number]) => Some(Money),
        ("/", [Duration, Number]) => Some(Duration),
        ("-", [kind @ (Number | Money | Duration)]) => Some(*kind),
        ("!", [Bool]) => Some(Bool),
        ("min" | "max", [first, rest @ ..]) if has_order(*first) && rest.iter().all(|kind| kind == first) => {
            Some(*first)
        }
        ("abs" | "round" | "floor", [Number]) => Some(Number),
        ("contains" | "starts_with", [Text, Text]) => Some(Bool),
        ("len", [Text]) => Some(Number),
        ("eur", [Number]) | ("money", [Number, Text]) => Some(Money),
        ("percent", [Number]) => Some(Percent),
        ("minutes" | "hours" | "days", [Number]) => Some(Duration),
        _ => None,
    }
}

fn has_order(kind: Type) -> bool {
    matches!(kind, Type::Number | Type::Money | Type::Percent | Type::Duration)
}

/// What is wrong where the types do not go together, and what to do.
pub(crate) fn mismatch(name: &str, kinds: &[Type]) -> (String, String) {
    let types: Vec<String> = kinds.iter().map(|kind| a(*kind)).collect();
    let message = if COMPARISONS.contains(&name) && kinds.len() == 2 {
        format!("{} is compared with {}", types[0], types[1])
    } else {
        format!("`{name}` does not take {}", types.join(" and "))
    };
    (message, help(name, kinds).to_owned())
}

fn help(name: &str, kinds: &[Type]) -> &'static str {
    use Type::{Duration, Money, Number, Percent, Text};
    let comparison = COMPARISONS.contains(&name);
    let both = |x: Type, y: Type| matches!(kinds, [a, b] if (*a, *b) == (x, y) || (*a, *b) == (y, x));
    if both(Money, Number) {
        "say which money: `eur(500)` or `money(500, \"GBP\")`"
    } else if both(Percent, Number) {
        "say which: `percent(5)`"
    } else if both(Duration, Number) {
        "say the unit: `days(2)`, `hours(3)` or `minutes(5)`"
    } else if both(Money, Percent) {
        "take the share of an amount first: `contact.mrr * percent(5)`"
    } else if both(Text, Number) && comparison {
        "compare text with text in double quotes and numbers with numbers"
    } else if both(Text, Percent) || both(Text, Duration) || both(Text, Money) {
        "write it without quotes: `percent(5)`, `days(2)`, `eur(500)`"
    } else if matches!(kinds, [x, y] if x == y) && comparison {
        "only numbers, money, percentages and durations have an order; use == or !="
    } else if matches!((name, kinds), ("percent" | "minutes" | "hours" | "days" | "eur", [_])) {
        "give it a number"
    } else {
        "use values of types that go together"
    }
}

/// A type with its article.
pub(crate) fn a(kind: Type) -> String {
    match kind {
        Type::Bool => "a condition".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::Text | Type::Money => kind.word().to_owned(),
        Type::Percent => "a percentage".to_owned(),
        Type::Duration => "a duration".to_owned(),
    }
}
