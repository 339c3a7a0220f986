//! The demo: the whole purchase history through the real queue, worker and dispatcher, the same every time; the
//! receipts of its people; and a history that cannot react.

mod salts;
mod why;

use serde_json::Value;
use staunch_tests::staunch;
use std::path::PathBuf;
use tempfile::TempDir;

/// A demo that was played.
struct Demo {
    _folder: TempDir,
    dir: PathBuf,
    document: Value,
}

fn play() -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let answer = staunch(&["demo", "--once", "--dir", dir.to_str().unwrap(), "--format", "json"], &[]).ok();
    let mut document = answer.json();
    // The one value that differs: where the demo lives.
    assert_eq!(document["dir"].take(), dir.to_str().unwrap());
    Demo { _folder: folder, dir, document }
}

/// One test, for a demo takes its time: two are played side by side, and one of them is looked at closely.
#[test]
fn a_year_of_purchases() {
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(play);
        (play(), other.join().unwrap())
    });
    assert_eq!(one.document, other.document, "twice gives two answers");
    check_figures(&one.document);
    why::check(&one);
    salts::check(&one);
}

fn sum(rows: &Value) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum()
}

fn check_figures(document: &Value) {
    let number = |name: &str| document[name].as_u64().unwrap();
    // 18,532 orders, and of each of 4,338 customers an address and a consent before the first.
    assert_eq!((number("events"), number("contacts")), (18_532 + 2 * 4_338, 4_338));
    assert_eq!((number("late"), number("parked")), (0, 0));
    assert!(number("decisions") > number("events"), "no deadline ever came");
    assert!(sum(&document["runs"]) > 4_338 && sum(&document["actions"]) > 1_000);
    for row in document["actions"].as_array().unwrap() {
        let (state, reason) = (row["state"].as_str().unwrap(), row["reason"].as_str());
        assert!(["done", "withheld", "review", "held"].contains(&state), "{row}");
        assert_eq!(reason.is_some(), ["withheld", "held"].contains(&state), "an absence without its reason: {row}");
    }
    for wanted in ["shadow", "holdout", "consent"] {
        let has = |row: &Value| row["reason"] == wanted && row["count"].as_u64() > Some(0);
        assert!(document["actions"].as_array().unwrap().iter().any(has), "nothing is withheld because of {wanted}");
    }
    let goal = &document["goals"][0];
    let rate = |arm: &str| goal[arm]["hits"].as_f64().unwrap() / goal[arm]["of"].as_f64().unwrap();
    let end = |name: &str| goal["difference"][name].as_f64().unwrap();
    assert!((end("value") - (rate("treated") - rate("holdout"))).abs() < 1e-9);
    assert!(end("low") < end("value") && end("value") < end("high"));
    assert!(document["notes"].to_string().contains("cannot react"), "{}", document["notes"]);
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious.txt");
    std::fs::write(&file, "mine").unwrap();
    let answer = staunch(&["demo", "--once", "--dir", folder.path().to_str().unwrap()], &[]).exit(2);
    assert!(answer.err.contains("is not empty"), "{}", answer.err);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(file.is_file());
}
