//! What a table must hold, and what validation chooses.

use super::*;
use crate::evaluate::evaluate;
use crate::folds::hold_out;
use crate::rng::Rng;
use crate::table::TableOptions;
use staunch_core::time::{DAY, Time};

fn options(kind: Kind) -> LearnOptions {
    let boost = BoostOptions { leaves: 6, rate: 0.2, patience: 10, ..BoostOptions::default() };
    LearnOptions { kind, path: true, boost, ..LearnOptions::default() }
}

/// Rows of `x` and `y` in 0..1 with the log-odds that `raw` says.
fn table(rows: u32, raw: impl Fn(f64, f64) -> f64) -> Table {
    let mut rng = Rng::new(2);
    let mut unit = || rng.below(1 << 20) as f64 / f64::from(1 << 20);
    let mut table = Table { inputs: vec!["x".into(), "y".into()], columns: vec![Vec::new(); 2], ..Table::default() };
    for row in 0..rows {
        let (x, y) = (unit(), unit());
        table.columns[0].push(Some(x));
        table.columns[1].push(Some(y));
        table.labels.push(unit() < crate::sigmoid(raw(x, y)));
        table.groups.push(row);
    }
    table
}

fn taken<'a>(report: &'a Report, what: &str) -> &'a str {
    report.tried.iter().find(|tried| tried.what == what && tried.taken).map_or("", |tried| &tried.value)
}

#[test]
fn auto_takes_what_fits() {
    let straight = table(2_000, |x, y| 3.0 * x - 2.0 * y);
    let (model, report) = learn(&straight, &options(Kind::Auto)).unwrap();
    assert!(matches!(model, Model::Logistic(_)) && taken(&report, "kind") == "logistic", "{report:?}");
    let crossed = table(2_000, |x, y| if (x > 0.5) == (y > 0.5) { 2.0 } else { -2.0 });
    let (model, report) = learn(&crossed, &options(Kind::Auto)).unwrap();
    assert!(matches!(model, Model::Trees(_)) && taken(&report, "kind") == "trees", "{report:?}");
    assert_eq!(report.held.len(), 2_000);
    let (past, unseen) = hold_out(&crossed, 0.25, Span::days(0), 1).unwrap();
    let (model, _) = learn(&past, &options(Kind::Trees)).unwrap();
    assert!(evaluate(&model, &unseen, 50, 1).unwrap().auc.value > 0.8);
}

#[test]
fn tables_that_teach_nothing_are_refused_by_name() {
    let good = table(400, |x, _| 4.0 * x - 2.0);
    let fails = |spoil: &dyn Fn(&mut Table), kind, expected: &str| {
        let mut table = good.clone();
        spoil(&mut table);
        let error = learn(&table, &options(kind)).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    };
    for kind in [Kind::Logistic, Kind::Trees, Kind::Auto] {
        fails(&|t| t.labels.fill(true), kind, "all 400 labels say true: there is nothing to tell apart");
        fails(&|t| t.columns[1].fill(None), kind, "line 1, column `y`: no row to train on has a value");
        fails(&|t| (t.inputs, t.columns) = Default::default(), kind, "no column is left as an input");
        fails(&|t| *t = t.pick(&(0..15).collect::<Vec<_>>()), kind, "too few to train on one part and validate");
    }
    let late = |t: &mut Table| t.at = (0..400).map(|row| Time(row * DAY)).collect();
    let wide = LearnOptions { horizon: Span::days(390), ..options(Kind::Trees) };
    let mut table = good.clone();
    late(&mut table);
    assert!(matches!(learn(&table, &wide), Err(ModelError::TooLittle(_))));
    fails(&|t| t.columns = vec![vec![Some(1.0); 400]; 2], Kind::Trees, "no tree predicts held-out rows");
    fails(&|t| *t = t.pick(&[]), Kind::Logistic, "no row with a label is left");
}

#[test]
fn validation_by_time_sees_nothing_of_what_comes_later() {
    let mut table = table(2_000, |x, _| 4.0 * x - 2.0);
    table.at = (0..2_000).map(|row| Time(row * DAY)).collect();
    let (_, report) = learn(&table, &LearnOptions { horizon: Span::days(30), ..options(Kind::Trees) }).unwrap();
    assert_eq!((report.rule, report.folds), (Some(Rule::Time), 3));
    // The first half is never held out.
    assert_eq!(report.held.iter().map(|(row, _)| *row).min(), Some(1_000));
    assert_eq!(report.held.len(), 1_000);
}

#[test]
fn columns_that_cannot_be_read_are_named() {
    let mut text = String::from("id,city,x,y\n");
    for row in 0..400 {
        let city = ["Ulm", "Bonn"][row % 2];
        text += &format!("c{row},{city},{},{}\n", row % 40, u8::from(row % 2 == 0 && row % 40 < 33));
    }
    let table =
        Table::read_csv(text.as_bytes(), &TableOptions { label: "y".into(), ..TableOptions::default() }).unwrap();
    let (model, report) = learn(&table, &options(Kind::Trees)).unwrap();
    assert_eq!(report.left_out, [("id".to_owned(), "no text stands in ten rows")]);
    let inputs: Vec<(String, usize)> =
        model.head().inputs.iter().map(|input| (input.name.to_owned(), input.categories.len())).collect();
    assert_eq!(inputs, [("city".into(), 2), ("x".into(), 0)]);
    let (model, report) = learn(&table, &options(Kind::Logistic)).unwrap();
    assert_eq!((report.left_out.len(), model.input_names().collect::<Vec<_>>()), (2, vec!["x"]));
}

#[test]
fn models_of_other_columns_are_measured_on_the_same_rows() {
    let line = |row: u32| format!("{},{},{},{}\n", row * 37 % 101, row * 13 % 97, row, row % 3 / 2);
    let text: String = std::iter::once("a,b,id,y\n".to_owned()).chain((0..300).map(line)).collect();
    let held = |ignore: &[&str], text: &str| {
        let ignore = ignore.iter().map(|name| (*name).to_owned()).collect();
        let options = TableOptions { label: "y".into(), ignore, group: Some("id".into()), ..TableOptions::default() };
        let (_, held) = hold_out(&Table::read_csv(text.as_bytes(), &options).unwrap(), 0.2, Span::days(0), 1).unwrap();
        let mut keys = held.keys;
        keys.sort_unstable();
        keys
    };
    assert_eq!(held(&[], &text).len(), 60);
    assert_eq!(held(&[], &text), held(&["b"], &text));
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    assert_eq!(held(&[], &text), held(&[], &lines.join("\n")));
}

#[test]
fn what_no_model_holds_is_refused_before_the_training() {
    let good = table(400, |x, _| 4.0 * x - 2.0);
    for kind in [Kind::Logistic, Kind::Trees, Kind::Auto] {
        let mut wide = good.clone();
        wide.inputs = (0..600).map(|n| format!("x{n}")).collect();
        wide.columns = vec![good.columns[0].clone(); 600];
        let mut long = good.clone();
        long.inputs[1] = "n".repeat(101);
        for (table, words) in [(wide, "600 inputs; a model has at most 512"), (long, "a name is 1 to 100 bytes")] {
            let error = learn(&table, &options(kind)).unwrap_err();
            assert!(matches!(&error, ModelError::Table(text) if text.contains(words)), "{words}: {error}");
        }
        let band = |name: &str, from| staunch_core::score::Band { name: name.into(), from };
        let mut bad = vec![options(kind); 4];
        bad[0].train.name = "Bad Name".into();
        bad[1].train.version = String::new();
        bad[2].train.bands = vec![band("low", 0.5)];
        bad[3].train.bands = vec![band("low", 0.0), band("low", 0.5)];
        for options in bad {
            assert!(matches!(learn(&good, &options), Err(ModelError::Setting(_))), "{:?}", options.train);
        }
    }
}

/// A setting that makes no sense is an error; a kind that cannot be trained is passed over, and that is said.
#[test]
fn auto_hides_nothing() {
    let good = table(400, |x, _| 4.0 * x - 2.0);
    let with = |boost: BoostOptions| LearnOptions { boost, ..options(Kind::Auto) };
    let boost = options(Kind::Auto).boost;
    let bound = |list: &[(&str, Direction)]| list.iter().map(|(name, way)| ((*name).to_owned(), *way)).collect();
    let wrong = [
        BoostOptions { rate: -1.0, ..boost.clone() },
        BoostOptions { monotone: bound(&[("z", Direction::Up)]), ..boost.clone() },
        BoostOptions { monotone: bound(&[("x", Direction::Up), ("x", Direction::Down)]), ..boost.clone() },
    ];
    for boost in wrong {
        let error = learn(&good, &with(boost.clone())).unwrap_err();
        assert!(matches!(error, ModelError::Setting(_) | ModelError::Table(_)), "{boost:?}: {error}");
    }
    let straight = table(2_000, |x, y| 3.0 * x - 2.0 * y);
    let up = BoostOptions { monotone: bound(&[("x", Direction::Up)]), ..boost.clone() };
    let (model, report) = learn(&straight, &with(up.clone())).unwrap();
    assert!(matches!(model, Model::Logistic(_)));
    assert_eq!((report.bound, report.passed_over), (up.monotone, Vec::new()));
    // Up to the middle it rises steeply, from there on it falls a little less than it rose.
    let bent = table(4_000, |x, y| 3.0 * y - if x < 0.4 { 4.0 * (0.4 - x) } else { 5.0 * (x - 0.4) });
    let up = BoostOptions { monotone: bound(&[("x", Direction::Up)]), ..boost };
    let (model, report) = learn(&bent, &with(up)).unwrap();
    assert!(matches!(model, Model::Trees(_)));
    let passed: Vec<&str> = report.passed_over.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(passed, ["logistic"]);
    assert!(report.passed_over[0].1.contains("falls with `x`, which it may not"), "{:?}", report.passed_over);
}

/// Rows of the cut and later, and rows whose label was not known by then, teach nothing: whatever they hold, the model is
/// the same byte for byte, and where they say the opposite it is worse on them than chance.
#[test]
fn what_was_not_known_by_the_cut_teaches_nothing() {
    let mut table = table(1_000, |x, _| 6.0 * x - 3.0);
    table.at = (0..1_000).map(|day| Time(day * DAY)).collect();
    let (cut, horizon) = (Time(730 * DAY), Span::days(30));
    let mut turned = table.clone();
    for row in 701..1_000 {
        turned.labels[row] = !turned.labels[row];
        turned.columns[1][row] = Some(1e9);
    }
    for kind in [Kind::Logistic, Kind::Trees, Kind::Auto] {
        let options = LearnOptions { horizon, ..options(kind) };
        let study = |table: &Table| {
            let (past, future) = table.split(cut, horizon).unwrap();
            let (model, _) = learn(&past, &options).unwrap();
            (model.write().unwrap(), evaluate(&model, &future, 20, 1).unwrap().auc.value, past.len(), future.len())
        };
        let (bytes, auc, past, future) = study(&table);
        assert_eq!((past, future), (701, 270));
        let (again, turned, ..) = study(&turned);
        assert!(bytes == again && auc > 0.7 && turned < 0.5, "{kind:?}: {auc}, {turned}");
    }
}
