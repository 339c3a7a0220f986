//! Parts of scores: a number, classes and a ranking, as names under `score.`.

use staunch_core::codes;
use staunch_core::expr::{Checker, EvalError, Evaluator, Expr, NameType, Names, Root, Scope};
use staunch_core::value::{Type, Value};
use staunch_rules::Rules;
use std::cell::RefCell;

/// `churn` is a scalar, `topic` has the labels billing and bug, `next` is a ranking.
#[derive(Default)]
struct Scores(RefCell<Vec<String>>);

impl Names for Scores {
    fn lookup(&self, root: Root, name: &str) -> Option<NameType> {
        let (kind, optional) = match (root, name) {
            (Root::Score, "churn" | "topic.p" | "topic.of:billing" | "topic.of:a bug") => (Type::Number, false),
            (Root::Score, "topic.label") => (Type::Text, false),
            (Root::Score, name) if name.starts_with("next.top:") => (Type::Text, true),
            _ => return None,
        };
        Some(NameType { kind, optional })
    }

    fn list(&self, root: Root) -> Vec<String> {
        let names = ["churn", "next.top:0", "topic.label", "topic.of:a bug", "topic.of:billing", "topic.p"];
        if root == Root::Score { names.map(str::to_owned).to_vec() } else { Vec::new() }
    }
}

impl Scope for Scores {
    fn get(&self, _: Root, name: &str) -> Result<Option<Value>, EvalError> {
        self.0.borrow_mut().push(name.to_owned());
        Ok(match name {
            "churn" => Some(Value::Number(0.7)),
            "topic.label" => Some(Value::Text("billing".into())),
            "topic.p" | "topic.of:billing" => Some(Value::Number(0.8)),
            "topic.of:a bug" => Some(Value::Number(0.2)),
            "next.top:0" => Some(Value::Text("shoes".into())),
            "next.top:1" => None,
            _ => return Err(EvalError::Failed(format!("asked for {name}"))),
        })
    }
}

#[test]
fn parts_are_read_by_their_names() {
    for (source, reads) in [
        ("score.churn > 0.5", &["churn"][..]),
        ("score.topic.label == \"billing\"", &["topic.label"]),
        ("score.topic.label.len() == 7 && score.topic.p > 0.5", &["topic.label", "topic.p"]),
        ("score.topic.of(\"billing\") > score.topic.of(\"a bug\")", &["topic.of:a bug", "topic.of:billing"]),
        ("(score.next.top(0) ?? \"none\") == \"shoes\"", &["next.top:0"]),
        ("(score.next.top(1) ?? \"none\").starts_with(\"no\")", &["next.top:1"]),
        ("score.topic . of ( \"billing\" ).round() == 1", &["topic.of:billing"]),
    ] {
        let (rules, scores) = (Rules::new(), Scores::default());
        let checked = rules.check(source, &scores, Type::Bool);
        assert_eq!(checked.problems, vec![], "{source}");
        let names: Vec<_> = checked.reads.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, reads, "{source}");
        assert_eq!(rules.eval(&Expr::new(source), &scores), Ok(Value::Bool(true)), "{source}");
        let mut asked = scores.0.borrow().clone();
        asked.sort();
        assert_eq!(asked, reads, "{source}");
    }
}

#[test]
fn a_part_that_is_not_there_says_why() {
    let classes = "take a part of it: `score.topic.label`, `score.topic.p` or `score.topic.of(\"a bug\")`";
    let ranking = "take one of it: `score.next.top(0) ?? \"none\"`";
    let scalar = "compare `score.churn` itself, or use `band.churn` where it has bands";
    for (source, at, message, help) in [
        (
            "score.churn.label == \"x\"",
            12,
            "`score.churn` is a number and has no `.label`; only a score of classes has it",
            scalar,
        ),
        (
            "score.churn.of(\"x\") > 1",
            12,
            "`score.churn` is a number and has no `.of`; only a score of classes has it",
            scalar,
        ),
        (
            "(score.churn.top(0) ?? \"\") == \"x\"",
            13,
            "`score.churn` is a number and has no `.top`; only a ranking has it",
            scalar,
        ),
        ("score.churn.value > 1", 12, "`score.churn` is a number and has no `.value`", scalar),
        ("score.topic > 0.5", 0, "`score.topic` is a score of classes, not a value", classes),
        ("score.topic.top(0) == \"x\"", 12, "`score.topic` is a score of classes and has no `.top`", classes),
        ("score.topic.lable == \"x\"", 12, "`score.topic` is a score of classes and has no `.lable`", classes),
        (
            "score.topic.of(\"biling\") > 0.5",
            12,
            "`score.topic` has no label `biling`",
            "did you mean `score.topic.of(\"billing\")`?",
        ),
        ("score.topic.of(\"x\") > 0.5", 12, "`score.topic` has no label `x`", "its labels: a bug, billing"),
        ("score.next == \"x\"", 0, "`score.next` is a ranking, not a value", ranking),
        ("score.next.label == \"x\"", 11, "`score.next` is a ranking and has no `.label`", ranking),
        ("score.chrun > 0.5", 0, "`score.chrun` is not known here", "did you mean `score.churn`?"),
        (
            "score.topik.label == \"x\"",
            12,
            "`score.topik.label` is not known here",
            "did you mean `score.topic.label`?",
        ),
    ] {
        let problems = Rules::new().check(source, &Scores::default(), Type::Bool).problems;
        let found: Vec<_> =
            problems.iter().map(|one| (one.code, one.offset, one.message.as_str(), one.help.as_str())).collect();
        assert_eq!(found, [(codes::EXPR_UNKNOWN_NAME, at, message, help)], "{source}");
    }
}

#[test]
fn the_arguments_of_parts_are_written_out() {
    let (of, top) = ("`.of` takes one label as text", "`.top` takes one whole number from 0 to 99");
    for (source, at, message) in [
        ("score.topic.of(1) > 0.5", 12, of),
        ("score.topic.of(score.topic.label) > 0.5", 12, of),
        ("score.topic.of() > 0.5", 12, of),
        ("score.topic.of(\"a\", \"b\") > 0.5", 12, of),
        ("score.topic.of > 0.5", 12, of),
        ("(score.next.top(1.5) ?? \"\") == \"x\"", 12, top),
        ("(score.next.top(100) ?? \"\") == \"x\"", 12, top),
        ("(score.next.top(-1) ?? \"\") == \"x\"", 12, top),
        ("(score.next.top(\"0\") ?? \"\") == \"x\"", 12, top),
        ("(score.next.top(score.churn) ?? \"\") == \"x\"", 12, top),
        ("(score.next.top ?? \"\") == \"x\"", 12, top),
        ("score.topic.label() == \"x\"", 12, "this part of a score stands without parentheses"),
    ] {
        let problems = Rules::new().check(source, &Scores::default(), Type::Bool).problems;
        let found: Vec<_> = problems.iter().map(|one| (one.code, one.offset, one.message.as_str())).collect();
        assert_eq!(found, [(codes::EXPR_TYPES, at, message)], "{source}");
        let outcome = Rules::new().eval(&Expr::new(source), &Scores::default());
        assert!(matches!(outcome, Err(EvalError::Failed(_))), "{source}: {outcome:?}");
    }
}

#[test]
fn a_ranking_may_end_early() {
    let problems = Rules::new().check("score.next.top(3) == \"x\"", &Scores::default(), Type::Bool).problems;
    assert_eq!((problems[0].code, problems[0].offset), (codes::EXPR_NO_DEFAULT, 0));
    assert_eq!(problems[0].message, "`score.next.top(3)` may be missing");
    let outcome = Rules::new().eval(&Expr::new("score.next.top(1) == \"x\""), &Scores::default());
    let message = "`score.next.top(1)` is missing: give it a default with `??`";
    assert_eq!(outcome, Err(EvalError::Failed(message.into())));
}

#[test]
fn a_place_without_scores_has_no_parts() {
    struct Nothing;
    impl Names for Nothing {
        fn lookup(&self, _: Root, _: &str) -> Option<NameType> {
            None
        }
        fn list(&self, _: Root) -> Vec<String> {
            Vec::new()
        }
    }
    let problems = Rules::new().check("score.topic.of(\"x\") > 1", &Nothing, Type::Bool).problems;
    assert_eq!(problems[0].code, codes::EXPR_NO_PLACE);
    assert_eq!(problems[0].message, "`score.topic.of(\"x\")`: there is no `score` at this place");
}
