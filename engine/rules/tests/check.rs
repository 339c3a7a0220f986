//! What the checker says of expressions: code, place and names read.

use proptest::prelude::*;
use staunch_core::codes;
use staunch_core::expr::{Checked, Checker, NameType, Names, Root};
use staunch_core::value::Type;
use staunch_rules::Rules;

struct Place;

impl Names for Place {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let (kind, optional) = match (root, name) {
            (Root::Contact, "plan") => (Type::Text, false),
            (Root::Contact, "nickname") => (Type::Text, true),
            (Root::Contact, "age") => (Type::Number, true),
            (Root::Contact, "days") | (Root::Feature, "orders") | (Root::Score, "risk") => (Type::Number, false),
            (Root::Contact, "mrr") => (Type::Money, false),
            (Root::Contact, "vip") => (Type::Bool, false),
            (Root::Band, "risk") => (Type::Text, false),
            _ => return None,
        };
        Some(NameType { kind, optional })
    }

    fn list(&self, root: Root) -> Vec<String> {
        let names: &[&str] = match root {
            Root::Contact => &["plan", "nickname", "age", "days", "mrr", "vip"],
            Root::Feature => &["orders"],
            Root::Score | Root::Band => &["risk"],
            _ => &[],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn check(source: &str, want: Type) -> Checked {
    Rules::new().check(source, &Place, want)
}

#[test]
fn good_expressions_pass() {
    for (source, want) in [
        ("true", Type::Bool),
        ("score.risk >= 0.8 && contact.mrr > eur(500)", Type::Bool),
        ("contact.plan == \"trial\" || contact.vip", Type::Bool),
        ("(contact.nickname ?? \"\") != \"Bo\"", Type::Bool),
        ("contact.nickname ?? \"\" != \"Bo\"", Type::Bool),
        ("contact.age ?? contact.days > 3", Type::Bool),
        ("band.risk == \"uncertain\"", Type::Bool),
        ("contact.plan.starts_with(\"tr\") && contains(contact.plan, \"i\") && len(contact.plan) > 2", Type::Bool),
        ("!contact.vip", Type::Bool),
        ("feature.orders / max(feature.orders, 1)", Type::Number),
        ("-feature.orders % 2 + abs(-1) * round(2.5) - floor(1_000.5)", Type::Number),
        ("contact.mrr * 12 / eur(3)", Type::Number),
        ("min(contact.mrr, money(5, \"GBP\")) + eur(2) / 2", Type::Money),
        ("feature.orders > 1 // why\n  && contact.vip", Type::Bool),
    ] {
        assert_eq!(check(source, want).problems, vec![], "{source}");
    }
}

#[test]
fn each_mistake_has_its_code_and_place() {
    for (source, want) in [
        ("", &[(codes::EXPR_EMPTY, 0)][..]),
        ("  \n", &[(codes::EXPR_EMPTY, 0)]),
        ("contact.plan = \"x\"", &[(codes::EXPR_SYNTAX, 13)]),
        ("contact.plan ==", &[(codes::EXPR_SYNTAX, 15)]),
        ("contact.plna == \"x\"", &[(codes::EXPR_UNKNOWN_NAME, 0)]),
        ("plan == \"x\"", &[(codes::EXPR_UNKNOWN_NAME, 0)]),
        ("contact_plan == \"x\"", &[(codes::EXPR_UNKNOWN_NAME, 0)]),
        ("contact == \"x\"", &[(codes::EXPR_UNKNOWN_NAME, 0)]),
        ("event.total > eur(3)", &[(codes::EXPR_NO_PLACE, 0)]),
        ("contact.vip && account.size > 3", &[(codes::EXPR_NO_PLACE, 15)]),
        ("contact.days == \"12\"", &[(codes::EXPR_TYPES, 13)]),
        ("contact.mrr > 500", &[(codes::EXPR_TYPES, 12)]),
        ("contact.plan > \"a\"", &[(codes::EXPR_TYPES, 13)]),
        ("contact.vip && contact.days", &[(codes::EXPR_TYPES, 15)]),
        ("contact.days && contact.days + 1", &[(codes::EXPR_TYPES, 0), (codes::EXPR_TYPES, 16)]),
        ("contact.nickname ?? 3 == \"x\"", &[(codes::EXPR_TYPES, 17)]),
        ("contact.nickname == \"x\"", &[(codes::EXPR_NO_DEFAULT, 0)]),
        ("len(contact.nickname) > 2", &[(codes::EXPR_NO_DEFAULT, 4)]),
        ("contact.nickname.len() > 2", &[(codes::EXPR_NO_DEFAULT, 0)]),
        ("contact.days + 1", &[(codes::EXPR_RESULT, 0)]),
        ("lenn(contact.plan) > 3", &[(codes::EXPR_UNKNOWN_FUNCTION, 0)]),
        ("contact.plan.trim() == \"x\"", &[(codes::EXPR_UNKNOWN_FUNCTION, 13)]),
        ("len(contact.plan, 2) > 3", &[(codes::EXPR_TYPES, 0)]),
        ("money(3, \"EURO\") > contact.mrr", &[(codes::EXPR_TYPES, 9)]),
        ("contact.plan in [\"a\"]", &[(codes::EXPR_FORBIDDEN, 16)]),
        ("contact.plan in \"abc\"", &[(codes::EXPR_FORBIDDEN, 13)]),
        ("#{a: 1}", &[(codes::EXPR_FORBIDDEN, 0)]),
        ("contact.plan[0] == 'a'", &[(codes::EXPR_FORBIDDEN, 12), (codes::EXPR_FORBIDDEN, 19)]),
        ("`a${1}` == \"a\"", &[(codes::EXPR_FORBIDDEN, 0)]),
        ("contact.nickname?.len() > 1", &[(codes::EXPR_FORBIDDEN, 0)]),
        ("() == ()", &[(codes::EXPR_FORBIDDEN, 0), (codes::EXPR_FORBIDDEN, 6)]),
        ("2 ** 3 > 1", &[(codes::EXPR_FORBIDDEN, 2)]),
        ("score.risk.label == \"x\"", &[(codes::EXPR_UNKNOWN_NAME, 11)]),
        ("1e999 > 2", &[(codes::EXPR_SYNTAX, 0)]),
        // One problem a name, each at its place, after a character of two bytes.
        ("\"ä\" == contact.plna && contact.dys > 1", &[(codes::EXPR_UNKNOWN_NAME, 8), (codes::EXPR_UNKNOWN_NAME, 24)]),
        ("contact.vip &&\n  feature.order > 3", &[(codes::EXPR_UNKNOWN_NAME, 17)]),
    ] {
        let found: Vec<_> = check(source, Type::Bool).problems.iter().map(|p| (p.code, p.offset)).collect();
        assert_eq!(found, want, "{source}: {:?}", check(source, Type::Bool).problems);
    }
}

#[test]
fn statements_loops_closures_and_eval_are_refused() {
    for source in [
        "let x = 1; x > 0",
        "if true { true } else { false }",
        "loop { }",
        "while true { }",
        "{ true }",
        "|x| x > 1",
        "Fn(\"len\")",
        "eval(\"true\")",
        "fn f() { 1 }",
        "contact.days = 3",
        "contact.days += 3",
        "switch 1 { 1 => true }",
        "print(1)",
        "this.x",
        "import \"a\" as b",
        "throw 1",
        "true; false",
        "contact.plan.len().x > 1",
        "1..3",
        "timestamp() > 1",
        "len.call(contact.plan)",
        "contact?.plan",
    ] {
        let found = check(source, Type::Bool).problems;
        assert!(!found.is_empty(), "{source} was let through");
    }
}

#[test]
fn names_read_are_listed_once() {
    let checked = check("contact.vip || score.risk > 0.5 && score.risk < 0.9", Type::Bool);
    assert_eq!(checked.reads, vec![(Root::Contact, "vip".into()), (Root::Score, "risk".into())]);
}

#[test]
fn long_and_deep_expressions_are_refused_quickly() {
    for source in [
        "1+".repeat(3_000) + "1 > 0",
        format!("{}1{}", "(".repeat(2_000), ")".repeat(2_000)),
        "!".repeat(4_000) + "true",
        "1+".repeat(1_000) + "1 > 0",
    ] {
        let code = check(&source, Type::Bool).problems[0].code;
        assert!(code == codes::EXPR_LIMIT || code == codes::EXPR_SYNTAX, "{code}");
    }
}

#[test]
fn misspelt_names_get_a_suggestion() {
    assert_eq!(check("contact.plna == \"x\"", Type::Bool).problems[0].help, "did you mean `contact.plan`?");
    assert_eq!(check("contcat.plan == \"x\"", Type::Bool).problems[0].help, "did you mean `contact`?");
}

proptest! {
    /// Whatever the text, the check ends, and each place lies inside the text at a character.
    #[test]
    fn random_text_never_panics(source in "\\PC{0,60}") {
        for problem in check(&source, Type::Bool).problems {
            prop_assert!(problem.offset <= source.len() && source.is_char_boundary(problem.offset));
        }
    }

    /// The same for text made of pieces that the parser knows.
    #[test]
    fn random_pieces_never_panic(pieces in prop::collection::vec(prop::sample::select(vec![
        "contact", ".", "plan", "days", "(", ")", "==", "&&", "||", "??", "!", "-", "\"a\"", "1", "0.5", "eur(", "len(", "[", "]", "{", "}",
        "`", "${", "'", "|", ",", ";", "//", "/*", "\n", " ", "in", "if", "?.", "..", "=", "ä", "score.risk", "max(", "\\",
    ]), 0..25)) {
        let source = pieces.concat();
        for problem in check(&source, Type::Bool).problems {
            prop_assert!(problem.offset <= source.len() && source.is_char_boundary(problem.offset));
        }
    }
}
