//! What a card must say, by hand.

use super::*;
use crate::evaluate::Measure;
use crate::logistic::LogisticInput;
use crate::model::{Card, FORMAT};
use crate::sample::trees;
use crate::trees::TreesInput;

fn evaluation() -> Evaluation {
    let m = |value| Measure { value, low: value - 0.1, high: value + 0.1 };
    let (auc, log_loss, brier, ece, lift_10) = (m(0.7), m(0.5), m(0.2), m(0.1), m(2.0));
    let bins = Default::default();
    Evaluation { rows: 400, positives: 50, auc, log_loss, brier, ece, lift_10, bins }
}

fn page(model: &Model, report: Option<&Report>, segments: &[(String, Evaluation)]) -> String {
    let (measured, picture) = (Measured::Unseen, Some("calibration.svg"));
    card_markdown(&Page { model, report, evaluation: &evaluation(), measured, segments, picture })
}

#[test]
fn says_how_it_was_trained_and_how_good_it_is_in_each_segment() {
    let tried = |value: &str, log_loss, taken| Tried { what: "l2", value: value.into(), log_loss, taken };
    let report = Report {
        rule: Some(Rule::Time),
        folds: 3,
        tried: vec![tried("10", 0.51, false), tried("1", 0.5, true)],
        left_out: vec![("city".into(), "texts, and a logistic regression reads numbers")],
        bound: vec![("age".into(), Direction::Down)],
        passed_over: vec![("logistic", "no | solution".into())],
        held: Vec::new(),
    };
    let text = page(&Model::Trees(trees(3, 2, 10, 3)), Some(&report), &[("a|b".into(), evaluation())]);
    for part in [
        "held-out rows: 3 cuts in time, each trained on the past",
        "| l2 | 10 | 0.51000 |  |\n| l2 | 1 | 0.50000 | taken |\n",
        "Bound: all else equal, the answer never rises when `age` grows.",
        "Column `city` is no input: texts, and",
        "\nNot taken, logistic: no \\| solution.",
        "| a\\|b | 400 | 50 | 0.700 (0.600 to 0.800) | 0.500 (0.400 to 0.600) | 0.100 (0.000 to 0.200) |",
        "](calibration.svg)",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn says_how_often_trees_ask_an_input() {
    let mut model = trees(3, 2, 10, 3);
    model.inputs.push(TreesInput { unit: Some("days".into()), ..TreesInput::number("idle") });
    let page = page(&Model::Trees(model), None, &[]);
    for part in [
        "| Kind | tree ensemble |",
        "\n10 trees; calibration: none.\n",
        "| idle | days | 0 | – |\n",
        "beyond its thresholds",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn says_what_matters() {
    let input = LogisticInput {
        name: "rec|ency\n# x".into(),
        unit: Some("days".into()),
        mean: 31.25,
        sd: 0.001,
        low: 0.0,
        high: 1e9,
        weight: -0.5,
        missing_weight: 0.0,
    };
    let card =
        Card { owner: "growth".into(), purpose: "Who buys again".into(), rows: 900, positives: 90, ..Card::default() };
    let (name, version, inputs) = ("repurchase".into(), "1.0.0".into(), vec![input]);
    let model = LogisticModel { format: FORMAT, name, version, inputs, intercept: 0.0, bands: Vec::new(), card };
    let page = page(&Model::Logistic(model), None, &[]);
    for part in [
        "# repurchase 1.0.0\n\nWho buys again\n",
        "| Owner | growth |",
        "| Training rows | 900, of them positive: 90 |",
        "400 rows, 50 positive (12.5 %).",
        "| Area under the ROC curve (0.5 is chance) | 0.700 | 0.600 to 0.800 |",
        "| rec\\|ency # x | days | 31.25 | 1.00e-3 | 0 to 1.00e9 | -0.500 | +0.000 |",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("## Bands"));
}
