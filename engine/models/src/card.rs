//! The model card as a page that people read (Mitchell et al. 2019, the parts that apply to a tabular scorer).

use crate::evaluate::Evaluation;
use crate::linear::LinearModel;
use crate::logistic::LogisticModel;
use crate::model::{Head, Model};
use crate::trees::TreesModel;
use std::fmt::Write;

/// The card of a model with its measured qualities, as Markdown. Same input, same text.
pub fn card_markdown(model: &Model, evaluation: &Evaluation) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write_card(&mut page, model, evaluation);
    page
}

fn write_card(page: &mut String, model: &Model, evaluation: &Evaluation) -> std::fmt::Result {
    let head = model.head();
    write_head(page, &head)?;
    write_quality(page, evaluation)?;
    match model {
        Model::Logistic(model) => write_weights(page, model)?,
        Model::Trees(model) => write_splits(page, model)?,
        Model::Linear(model) => write_slopes(page, model)?,
    }
    if !head.bands.is_empty() {
        writeln!(page, "\n## Bands\n\n| Band | From |\n|---|---|")?;
        for band in head.bands {
            writeln!(page, "| {} | {} |", band.name, band.from)?;
        }
    }
    let beyond = match model {
        Model::Logistic(_) | Model::Linear(_) => "a value outside counts as the nearest end",
        Model::Trees(_) => "beyond its thresholds nothing changes any more",
    };
    write_limits(page, beyond)
}

fn write_head(page: &mut String, head: &Head<'_>) -> std::fmt::Result {
    let card = head.card;
    writeln!(page, "# {} {}\n\n{}\n", head.name, head.version, or_dash(&card.purpose))?;
    writeln!(page, "| | |\n|---|---|")?;
    writeln!(page, "| Owner | {} |\n| Kind | {} |", or_dash(&card.owner), head.kind)?;
    if let (Some(from), Some(until)) = (&card.data_from, &card.data_until) {
        writeln!(page, "| Training data | {from} to {until} |")?;
    }
    writeln!(page, "| Training rows | {}, of them positive: {} |", card.rows, card.positives)?;
    writeln!(page, "| Labelled outcomes needed before use | {} |", card.minimum_outcomes)?;
    writeln!(page, "| Expires | {} |", card.expires.as_deref().unwrap_or("never"))
}

fn write_limits(page: &mut String, beyond: &str) -> std::fmt::Result {
    writeln!(page, "\n## Limits\n")?;
    writeln!(page, "- The model knows the ranges above and does not extrapolate: {beyond}.")?;
    writeln!(
        page,
        "- It says what tends to go together, not what an action would change; that is what the holdout is for."
    )?;
    writeln!(page, "- A score inside the training period is not evidence of quality.")
}

fn write_quality(page: &mut String, evaluation: &Evaluation) -> std::fmt::Result {
    let share = 100.0 * evaluation.positives as f64 / evaluation.rows.max(1) as f64;
    writeln!(page, "\n## Quality on rows that the training did not see\n")?;
    writeln!(page, "{} rows, {} positive ({share:.1} %).\n", evaluation.rows, evaluation.positives)?;
    writeln!(page, "| Measure | Value | 95 % interval |\n|---|---|---|")?;
    let measures = [
        ("Area under the ROC curve (0.5 is chance)", evaluation.auc),
        ("Log loss", evaluation.log_loss),
        ("Brier score", evaluation.brier),
        ("Calibration error, ten bins", evaluation.ece),
        ("Lift in the top 10 %", evaluation.lift_10),
    ];
    for (name, m) in measures {
        writeln!(page, "| {name} | {:.3} | {:.3} to {:.3} |", m.value, m.low, m.high)?;
    }
    Ok(())
}

fn write_weights(page: &mut String, model: &LogisticModel) -> std::fmt::Result {
    writeln!(page, "\n## Inputs\n\nWeight: change of the log-odds for one standard deviation more.\n")?;
    writeln!(page, "| Input | Unit | Mean | Standard deviation | Range | Weight | Without a value |")?;
    writeln!(page, "|---|---|---|---|---|---|---|")?;
    for i in &model.inputs {
        let unit = i.unit.as_deref().unwrap_or("–");
        let (low, high) = (short(i.low), short(i.high));
        writeln!(
            page,
            "| {} | {unit} | {} | {} | {low} to {high} | {:+.3} | {:+.3} |",
            i.name,
            short(i.mean),
            short(i.sd),
            i.weight,
            i.missing_weight
        )?;
    }
    Ok(())
}

fn write_splits(page: &mut String, model: &TreesModel) -> std::fmt::Result {
    let mut asked = vec![0usize; model.inputs.len()];
    for split in model.trees.iter().flatten().filter_map(|node| node.split.as_ref()) {
        asked[split.input] += 1;
    }
    writeln!(page, "\n## Inputs\n\n{} trees.\n", model.trees.len())?;
    writeln!(page, "| Input | Unit | Splits | Range of the thresholds |\n|---|---|---|---|")?;
    for ((input, asked), (low, high)) in model.inputs.iter().zip(asked).zip(model.ends()) {
        let unit = input.unit.as_deref().unwrap_or("–");
        let range = if asked == 0 { "–".to_owned() } else { format!("{} to {}", short(low), short(high)) };
        writeln!(page, "| {} | {unit} | {asked} | {range} |", input.name)?;
    }
    Ok(())
}

fn write_slopes(page: &mut String, model: &LinearModel) -> std::fmt::Result {
    writeln!(page, "\n## Inputs\n\nWhat one more of a number adds, by class; categories add a value each.\n")?;
    writeln!(page, "| Input | Unit | Adds | Categories | Without a value |\n|---|---|---|---|---|")?;
    for input in &model.inputs {
        let list = |numbers: &[f64]| numbers.iter().map(|x| format!("{x:+.3}")).collect::<Vec<_>>().join(", ");
        let (unit, codes) = (input.unit.as_deref().unwrap_or("–"), input.codes.len());
        writeln!(page, "| {} | {unit} | {} | {codes} | {} |", input.name, list(&input.slopes), list(&input.missing))?;
    }
    Ok(())
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

fn short(x: f64) -> String {
    if x != 0.0 && (x.abs() < 0.01 || x.abs() >= 1e7) {
        format!("{x:.2e}")
    } else {
        format!("{}", (x * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Measure;
    use crate::logistic::LogisticInput;
    use crate::model::{Card, FORMAT};
    use crate::sample::trees;
    use crate::trees::TreesInput;

    fn evaluation() -> Evaluation {
        let m = |value| Measure { value, low: value - 0.1, high: value + 0.1 };
        let (auc, log_loss, brier, ece, lift_10) = (m(0.7), m(0.5), m(0.2), m(0.1), m(2.0));
        Evaluation { rows: 400, positives: 50, auc, log_loss, brier, ece, lift_10 }
    }

    #[test]
    fn says_how_often_trees_ask_an_input() {
        let mut model = trees(3, 2, 10, 3);
        model.inputs.push(TreesInput { unit: Some("days".into()), ..TreesInput::number("idle") });
        let page = card_markdown(&Model::Trees(model), &evaluation());
        for part in ["| Kind | tree ensemble |", "\n10 trees.\n", "| idle | days | 0 | – |\n", "beyond its thresholds"]
        {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn says_what_matters() {
        let input = LogisticInput {
            name: "recency".into(),
            unit: Some("days".into()),
            mean: 31.25,
            sd: 0.001,
            low: 0.0,
            high: 1e9,
            weight: -0.5,
            missing_weight: 0.0,
        };
        let card = Card {
            owner: "growth".into(),
            purpose: "Who buys again".into(),
            rows: 900,
            positives: 90,
            ..Card::default()
        };
        let (name, version, inputs) = ("repurchase".into(), "1.0.0".into(), vec![input]);
        let model = LogisticModel { format: FORMAT, name, version, inputs, intercept: 0.0, bands: Vec::new(), card };
        let page = card_markdown(&Model::Logistic(model), &evaluation());
        for part in [
            "# repurchase 1.0.0\n\nWho buys again\n",
            "| Owner | growth |",
            "| Training rows | 900, of them positive: 90 |",
            "400 rows, 50 positive (12.5 %).",
            "| Area under the ROC curve (0.5 is chance) | 0.700 | 0.600 to 0.800 |",
            "| recency | days | 31.25 | 1.00e-3 | 0 to 1.00e9 | -0.500 | +0.000 |",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("## Bands"));
    }
}
