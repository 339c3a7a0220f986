//! What trained models reach on real data: floors under one fixed split of each data set of `tests/data`. How they compare
//! with LightGBM over twenty splits is what `tests/tools/model_quality.py` measures.

use staunch_models::{
    BoostOptions, Golden, Kind, LearnOptions, Model, Table, TableOptions, hold_out, learn, measure, scores,
};
use std::fs::File;
use std::path::Path;

fn table(path: &str, label: &str, ignore: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(path);
    let options = TableOptions { label: label.into(), ignore: vec![ignore.into()], ..TableOptions::default() };
    Table::read_csv(File::open(path).unwrap(), &options).unwrap()
}

/// AUC and calibration error on the fifth of the rows that a seed sets aside.
fn reached(table: &Table, kind: Kind) -> (Model, f64, f64) {
    let boost = BoostOptions { leaves: 6, ..BoostOptions::default() };
    let options = LearnOptions { kind, path: true, boost, seed: 5, ..LearnOptions::default() };
    let (past, unseen) = hold_out(table, 0.2, options.horizon, options.seed).unwrap();
    let (model, _) = learn(&past, &options).unwrap();
    let answers = scores(&model, &unseen).unwrap();
    let measured = measure(&answers, &unseen.labels, &unseen.groups, 10, 1).unwrap();
    (model, measured.auc.value, measured.ece.value)
}

#[test]
fn telco_churn() {
    let table = table("telco-churn/Telco-Customer-Churn.csv", "Churn", "customerID");
    assert_eq!((table.len(), table.inputs.len(), table.positives()), (7_043, 19, 1_869));
    let charges = table.inputs.iter().position(|name| name == "TotalCharges").unwrap();
    assert_eq!(table.columns[charges].iter().filter(|cell| cell.is_none()).count(), 11);
    let (model, auc, ece) = reached(&table, Kind::Trees);
    assert!(auc > 0.843 && ece < 0.03, "AUC {auc}, calibration error {ece}");
    assert_eq!(model.input_names().count(), 19);
}

#[test]
fn bank_marketing() {
    let table = table("bank-marketing/bank-additional.csv", "y", "duration");
    assert_eq!((table.len(), table.inputs.len(), table.positives()), (4_119, 19, 451));
    let (_, auc, ece) = reached(&table, Kind::Trees);
    assert!(auc > 0.796 && ece < 0.03, "AUC {auc}, calibration error {ece}");
}

#[test]
fn logistic_regression_reads_the_numbers_alone() {
    let table = table("telco-churn/Telco-Customer-Churn.csv", "Churn", "customerID");
    let (model, auc, ece) = reached(&table, Kind::Logistic);
    assert_eq!(model.input_names().collect::<Vec<_>>(), ["SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"]);
    assert!(auc > 0.803 && ece < 0.035, "AUC {auc}, calibration error {ece}");
}

#[test]
fn shipped_models_give_their_golden_values() {
    for name in ["repurchase", "churn", "lead-score"] {
        let file = |file: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(name);
            std::fs::read(folder.join(file)).unwrap()
        };
        let (model, golden) = (Model::read(&file("model.json")).unwrap(), Golden::read(&file("golden.csv")).unwrap());
        assert!(golden.rows.len() > 20, "{name}: {} rows", golden.rows.len());
        assert_eq!(golden.differences(&model).unwrap(), [], "{name}");
    }
}
