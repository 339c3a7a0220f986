//! Models of other libraries, trained now by those that are installed, answer as there on rows that they did not see.
//!
//! `tests/python` finds the libraries or installs them. Without them this test fails: a comparison that was not made is
//! no comparison that held.

#[path = "../../engine/models/tests/import/rows.rs"]
mod rows;

use staunch_tests::{root, staunch};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What `make.py` trains on data made up from a seed: models, and 1,200 unseen rows beside each.
fn made() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    MADE.get_or_init(|| {
        let found = Command::new(root().join("tests/python")).output().unwrap();
        assert!(found.status.success(), "no Python with the libraries:\n{}", String::from_utf8_lossy(&found.stderr));
        let python = String::from_utf8(found.stdout).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new(python.trim())
            .arg(root().join("engine/models/tests/import/make.py"))
            .arg(dir.path())
            .args(["--rows", "1200", "--seed", "20261124"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        dir
    })
    .path()
}

#[test]
fn models_trained_now_answer_as_their_libraries() {
    assert!(rows::compare_all(made(), 1_000) >= 45);
}

/// The models that were made, with the rows beside them.
fn models() -> Vec<PathBuf> {
    let known = |path: &PathBuf| {
        path.extension().is_some_and(|end| ["txt", "json", "ubj", "onnx"].iter().any(|one| end == *one))
    };
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(made()).unwrap().map(|entry| entry.unwrap().path()).filter(known).collect();
    all.sort();
    all
}

/// Compiles a model and scores its rows by the command line; gives their number and the largest error.
fn scored(model: &Path) -> (usize, f64) {
    let dir = tempfile::tempdir().unwrap();
    let (wasm, out) = (dir.path().join("m.wasm"), dir.path().join("out.csv"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    staunch(&["model", "compile", &text(model), "-o", &text(&wasm), "--name", "m"], &[]).ok();
    let rows = model.with_extension("csv");
    staunch(&["plugin", "score", &text(&wasm), "--data", &text(&rows), "-o", &text(&out)], &[]).ok();
    let table = |path: &Path| -> Vec<std::collections::HashMap<String, String>> {
        csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
    };
    let (theirs, ours) = (table(&rows), table(&out));
    assert_eq!(theirs.len(), ours.len());
    let mut worst = 0.0f64;
    for (theirs, ours) in theirs.iter().zip(&ours) {
        let number = |text: &String| text.parse::<f64>().ok();
        let shares = theirs.iter().filter(|(name, _)| name.starts_with("share:")).filter_map(|(_, cell)| number(cell));
        let pairs = [
            (ours.get("value"), theirs.get("answer").and_then(number)),
            (ours.get("raw"), theirs.get("raw").and_then(number)),
            (ours.get("p"), shares.fold(None, |top: Option<f64>, share| Some(top.map_or(share, |top| top.max(share))))),
        ];
        let known = pairs.into_iter().filter_map(|(ours, theirs)| Some((ours?.parse::<f64>().unwrap(), theirs?)));
        let mut some = false;
        for (ours, theirs) in known {
            worst = worst.max((ours - theirs).abs() / theirs.abs().max(1.0));
            some = true;
        }
        assert!(some, "{}: nothing to compare", model.display());
    }
    (ours.len(), worst)
}

/// The whole way that a data scientist goes: the library's file to a component, and its answers out of the sandbox.
#[test]
fn compiled_models_answer_as_their_libraries_from_the_command_line() {
    let models = models();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(model) = models.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let name = model.file_stem().unwrap().to_str().unwrap();
                    let (rows, error) = scored(model);
                    println!("{name}: {rows} rows, largest error {error:e}");
                    assert!(rows >= 1_000 && error <= rows::tolerance(name), "{name}: {rows} rows, error {error:e}");
                }
            });
        }
    });
    assert!(models.len() >= 45);
}

#[test]
fn the_command_line_reads_every_format() {
    for (file, says) in [
        ("lgb-binary.txt", "LightGBM text: a tree ensemble"),
        ("xgb-binary.json", "XGBoost JSON: a tree ensemble"),
        ("xgb-binary-ubj.ubj", "XGBoost UBJSON: a tree ensemble"),
        ("onnx-logistic.onnx", "ONNX: a logistic regression"),
        ("onnx-mixed.onnx", "ONNX: a linear model"),
    ] {
        let (from, to) = (made().join(file), made().join(format!("{file}.own")));
        let args = ["model", "import", from.to_str().unwrap(), "-o", to.to_str().unwrap(), "--owner", "growth"];
        let answer = staunch(&args, &[]).ok();
        assert!(answer.out.contains(says), "{}", answer.out);
        let again: PathBuf = made().join(format!("{file}.again"));
        staunch(&["model", "import", to.to_str().unwrap(), "-o", again.to_str().unwrap()], &[]).ok();
        assert_eq!(std::fs::read(&to).unwrap(), std::fs::read(&again).unwrap(), "{file}");
        assert!(std::fs::read_to_string(&to).unwrap().contains("\"owner\": \"growth\""));
    }
}

#[test]
fn the_command_line_says_what_is_wrong_with_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("churn.pkl");
    std::fs::write(&path, b"\x80\x04\x95").unwrap();
    let to = dir.path().join("churn.wasm");
    let answer = staunch(&["model", "compile", path.to_str().unwrap(), "-o", to.to_str().unwrap()], &[]);
    assert!(answer.err.contains("error ST3104") && answer.err.contains("Python pickle"), "{}", answer.err);
    assert!(answer.err.contains("next: export the model again"), "{}", answer.err);
    assert!(!to.exists());
}

/// A model of another library is measured without being imported first. The label is made of its own answer, so it
/// must rank every row right.
#[test]
fn foreign_models_are_measured_as_they_are() {
    for file in ["lgb-binary.txt", "xgb-binary.json", "onnx-logistic.onnx"] {
        let model = made().join(file);
        let mut rows = csv::Reader::from_path(model.with_extension("csv")).unwrap();
        let header = rows.headers().unwrap().clone();
        let answer = header.iter().position(|name| name == "answer").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data.csv");
        let mut out = csv::Writer::from_path(&data).unwrap();
        out.write_record(header.iter().chain(["label"])).unwrap();
        for row in rows.records().map(Result::unwrap) {
            let label = u8::from(row[answer].parse::<f64>().unwrap() > 0.5).to_string();
            out.write_record(row.iter().chain([label.as_str()])).unwrap();
        }
        out.flush().unwrap();
        let args = [
            "model",
            "eval",
            model.to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
            "--label",
            "label",
            "--format",
            "json",
        ];
        let found = staunch(&args, &[]).ok().json();
        assert_eq!(
            (&found["metrics"]["auc"]["value"], &found["rows"]),
            (&serde_json::json!(1.0), &serde_json::json!(1200)),
            "{file}"
        );
    }
}
