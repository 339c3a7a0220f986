//! What `model eval` says of a model is what scikit-learn says of the same answers.

use serde_json::Value;
use staunch_models::{Evaluation, measure};
use staunch_tests::{root, staunch};
use std::path::Path;
use std::process::Command;

/// Rows of one charge belong together: some 1,600 groups of unequal size.
const GROUP: &str = "MonthlyCharges";

/// A file's columns by name, as texts.
fn column(path: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let place = reader.headers().unwrap().iter().position(|known| known == name).unwrap();
    reader.records().map(|row| row.unwrap()[place].to_owned()).collect()
}

fn theirs(answers: &Path, groups: &Path) -> Value {
    let found = Command::new(root().join("tests/python")).output().unwrap();
    assert!(found.status.success(), "no Python with the libraries:\n{}", String::from_utf8_lossy(&found.stderr));
    let python = String::from_utf8(found.stdout).unwrap();
    let tool = root().join("tests/tools/figures.py");
    let made = Command::new(python.trim()).arg(tool).args([answers, groups]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&made.stdout).unwrap()
}

/// The same answers measured here, not rounded.
fn ours(answers: &Path, groups: &[String]) -> Evaluation {
    let scores: Vec<f64> = column(answers, "value").iter().map(|text| text.parse().unwrap()).collect();
    let labels: Vec<bool> = column(answers, "label").iter().map(|text| text == "1").collect();
    let mut known: Vec<&String> = groups.iter().collect();
    known.sort_unstable();
    known.dedup();
    let numbers: Vec<u32> = groups.iter().map(|group| known.binary_search(&group).unwrap() as u32).collect();
    measure(&scores, &labels, &numbers, 500, 1).unwrap()
}

#[test]
fn figures_and_calibration_agree_with_scikit_learn() {
    let dir = tempfile::tempdir().unwrap();
    let (answers, groups) = (dir.path().join("answers.csv"), dir.path().join("groups.csv"));
    let (model, data) =
        (root().join("plugins/churn/model.json"), root().join("tests/data/telco-churn/Telco-Customer-Churn.csv"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let args = ["model", "eval", &text(&model), "--data", &text(&data), "--label", "Churn", "--group", GROUP];
    let said = staunch(&[&args[..], &["-o", &text(&answers), "--format", "json"]].concat(), &[]).ok();
    let said: Value = serde_json::from_str(&said.out).unwrap();
    let group = column(&data, GROUP);
    std::fs::write(&groups, format!("{GROUP}\n{}\n", group.join("\n"))).unwrap();
    let (theirs, ours) = (theirs(&answers, &groups), ours(&answers, &group));

    let measures = [
        ("auc", ours.auc),
        ("log_loss", ours.log_loss),
        ("brier", ours.brier),
        ("ece", ours.ece),
        ("lift_10", ours.lift_10),
    ];
    for (name, measure) in measures {
        let (value, written) = (theirs[name].as_f64().unwrap(), said["metrics"][name]["value"].as_f64().unwrap());
        assert!((measure.value - value).abs() < 1e-9, "{name}: {} here, {value} there", measure.value);
        assert!((written - value).abs() < 1e-6, "{name}: {written} is said, {value} there");
    }
    let used: Vec<_> = ours.bins.iter().filter(|bin| bin.rows > 0).collect();
    let bins = theirs["bins"].as_array().unwrap();
    assert_eq!(used.len(), bins.len());
    for (bin, there) in used.into_iter().zip(bins) {
        assert_eq!(bin.rows as u64, there[0].as_u64().unwrap());
        assert!((bin.said - there[1].as_f64().unwrap()).abs() < 1e-9, "{bin:?}: {there}");
        assert!((bin.happened - there[2].as_f64().unwrap()).abs() < 1e-9, "{bin:?}: {there}");
    }
    // Other random draws of the same groups: the ends agree as far as 500 draws fix them.
    let ends = theirs["interval"].as_array().unwrap();
    let width = ours.auc.high - ours.auc.low;
    for (here, there) in [ours.auc.low, ours.auc.high].into_iter().zip(ends) {
        assert!((here - there.as_f64().unwrap()).abs() < 0.15 * width, "{here} here, {there} there, {width} wide");
    }
}
