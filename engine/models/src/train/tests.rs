//! A logistic regression finds what made its rows.

use super::*;
use crate::rng::Rng;

/// 4,000 rows of log-odds −1 + 2·x − y, x in 0..3, y in 0..1 with every fifth missing and then +1.5.
fn table() -> Table {
    let mut rng = Rng::new(42);
    let mut unit = || rng.below(1 << 30) as f64 / f64::from(1 << 30);
    let mut table = Table { inputs: vec!["x".into(), "y".into(), "flat".into()], ..Table::default() };
    table.columns = vec![Vec::new(), Vec::new(), Vec::new()];
    for row in 0..4_000 {
        let (x, y, gap) = (3.0 * unit(), unit(), row % 5 == 0);
        let raw = -1.0 + 2.0 * x + if gap { 1.5 } else { -y };
        table.columns[0].push(Some(x));
        table.columns[1].push((!gap).then_some(y));
        table.columns[2].push(Some(7.0));
        table.labels.push(unit() < sigmoid(raw));
        table.groups.push(row);
    }
    table
}

#[test]
fn recovers_the_truth_and_is_deterministic() {
    let options = TrainOptions::default();
    let model = train(&table(), &options).unwrap();
    let slope = |i: usize| model.inputs[i].weight / model.inputs[i].sd;
    assert!((slope(0) - 2.0).abs() < 0.25, "{}", slope(0));
    assert!((slope(1) + 1.0).abs() < 0.45, "{}", slope(1));
    assert!((model.inputs[1].missing_weight - 2.0).abs() < 0.5, "{}", model.inputs[1].missing_weight);
    assert_eq!((model.inputs[2].weight, model.card.rows), (0.0, 4_000));
    let again = train(&table(), &options).unwrap();
    assert_eq!(Model::Logistic(model).write().unwrap(), Model::Logistic(again).write().unwrap());
}

#[test]
fn gradient_is_zero_at_the_solution() {
    let table = table();
    let model = train(&table, &TrainOptions { missing_weights: false, l2: 3.0, ..TrainOptions::default() }).unwrap();
    let input = &model.inputs[0];
    let (mut intercept, mut slope) = (0.0, -3.0 * input.weight);
    for row in 0..table.len() {
        let error = f64::from(u8::from(table.labels[row])) - model.predict(&table.row(row)).0;
        intercept += error;
        slope += error * (table.columns[0][row].unwrap() - input.mean) / input.sd;
    }
    assert!(intercept.abs() < 1e-6 && slope.abs() < 1e-6, "{intercept} {slope}");
    assert_eq!(model.inputs[1].missing_weight, 0.0);
}

#[test]
fn separable_labels_need_the_penalty() {
    let mut table = table();
    table.labels = table.columns[0].iter().map(|x| x.unwrap() > 1.5).collect();
    let model = train(&table, &TrainOptions::default()).unwrap();
    assert!(model.inputs[0].weight > 3.0);
    let without = train(&table, &TrainOptions { l2: 0.0, ..TrainOptions::default() });
    assert!(matches!(without, Err(ModelError::Training(_))), "{without:?}");
}

#[test]
fn huge_values_stay_finite() {
    let mut table = table();
    for (row, cell) in table.columns[1].iter_mut().enumerate() {
        *cell = Some(if row % 2 == 0 { 1e307 } else { -1e307 });
    }
    let model = train(&table, &TrainOptions::default()).unwrap();
    assert!(model.predict(&table.row(0)).0.is_finite());
}

#[test]
fn too_little_is_refused() {
    let mut table = table();
    table.labels.iter_mut().for_each(|label| *label = false);
    assert!(matches!(train(&table, &TrainOptions::default()), Err(ModelError::TooLittle(_))));
}
