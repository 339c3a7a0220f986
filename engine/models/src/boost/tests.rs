//! What gradient boosting must keep, on random tables.

use super::*;
use crate::folds::folds;
use crate::learn::{Kind, LearnOptions, learn};
use crate::model::Model;
use crate::node::Test;
use crate::rng::Rng;
use crate::trees::TreesModel;
use proptest::prelude::*;
use staunch_core::Span;

fn unit(rng: &mut Rng) -> f64 {
    rng.below(1 << 30) as f64 / f64::from(1 << 30)
}

/// Two numbers, the first with gaps, and a text of eight kinds; what happens depends on all of them and on the gaps.
fn table(seed: u64, rows: u32) -> Table {
    let mut rng = Rng::new(seed);
    let mut table = Table { inputs: ["a", "b", "city"].map(String::from).to_vec(), ..Table::default() };
    table.columns = vec![Vec::new(); 3];
    table.categories = vec![Vec::new(), Vec::new(), (0..8).map(|n| format!("c{n}")).collect()];
    let effect: Vec<f64> = (0..8).map(|_| 3.0 * unit(&mut rng) - 1.5).collect();
    for row in 0..rows {
        let (a, b, city) = (unit(&mut rng), (20.0 * unit(&mut rng)).floor(), rng.below(8));
        let gap = rng.below(6) == 0;
        let raw = effect[city] + if gap { 2.0 } else { 3.0 * a - 1.5 } - 0.1 * b;
        table.columns[0].push((!gap).then_some(a));
        table.columns[1].push(Some(b));
        table.columns[2].push((rng.below(20) > 0).then_some(city as f64));
        table.labels.push(unit(&mut rng) < sigmoid(raw));
        table.groups.push(row);
    }
    table
}

fn options(boost: BoostOptions) -> LearnOptions {
    LearnOptions { kind: Kind::Trees, boost, ..LearnOptions::default() }
}

fn small() -> BoostOptions {
    BoostOptions { trees: 20, leaves: 8, rate: 0.1, ..BoostOptions::default() }
}

fn forest(table: &Table, boost: &BoostOptions, trees: usize) -> TreesModel {
    let prepared = Prepared::new(table, boost).unwrap();
    let forest = prepared.fit(trees);
    let mut model = crate::sample::trees(1, 0, 0, 0);
    (model.inputs, model.base, model.trees) = (prepared.inputs(table), forest.base, forest.trees);
    Model::Trees(model.clone()).check().unwrap();
    model
}

/// The table in the codes of the model.
fn rows(table: &Table, model: &TreesModel) -> Vec<Vec<Option<f64>>> {
    let table = table.for_model(&Model::Trees(model.clone())).unwrap();
    (0..table.len()).map(|row| table.row(row)).collect()
}

fn loss(model: &TreesModel, table: &Table) -> f64 {
    let rows = rows(table, model);
    rows.iter().zip(&table.labels).map(|(row, label)| log_loss(model.raw(row), *label)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_tree_lowers_the_loss_of_the_training_rows(seed in any::<u64>()) {
        let table = table(seed, 400);
        let whole = forest(&table, &BoostOptions { rate: 0.05, ..small() }, 20);
        let mut before = f64::INFINITY;
        for count in 0..=whole.trees.len() {
            let now = loss(&TreesModel { trees: whole.trees[..count].to_vec(), ..whole.clone() }, &table);
            prop_assert!(now < before, "tree {}: {} after {}", count, now, before);
            before = now;
        }
        prop_assert!(whole.trees.len() >= 10);
    }

    #[test]
    fn constraints_hold_wherever_they_are_probed(seed in any::<u64>()) {
        // Steep against the constraint of `b`, so that splits would break it if they could.
        let table = table(seed, 600);
        let monotone = vec![("a".to_owned(), Direction::Down), ("b".to_owned(), Direction::Up)];
        let model = forest(&table, &BoostOptions { leaves: 31, rate: 0.3, monotone, ..small() }, 20);
        let mut rng = Rng::new(seed ^ 1);
        for _ in 0..200 {
            let city = (rng.below(9) < 8).then(|| rng.below(8) as f64);
            let (a, b) = (1.4 * unit(&mut rng) - 0.2, 24.0 * unit(&mut rng) - 2.0);
            let (step, more) = (unit(&mut rng), 10.0 * unit(&mut rng));
            let raw = |a, b| model.raw(&[a, b, city]);
            for b in [Some(b), None] {
                prop_assert!(raw(Some(a + step), b) <= raw(Some(a), b) + 1e-12);
            }
            for a in [Some(a), None] {
                prop_assert!(raw(a, Some(b + more)) >= raw(a, Some(b)) - 1e-12);
            }
        }
    }

    #[test]
    fn the_same_rows_in_any_order_give_the_same_bytes(seed in any::<u64>(), timed in any::<bool>(), grouped in any::<bool>()) {
        let mut table = table(seed, 500);
        if timed {
            // Many rows of the same instant.
            table.at = (0..500).map(|row| staunch_core::Time(row / 25)).collect();
        }
        if grouped {
            table.groups.iter_mut().for_each(|group| *group /= 3);
        }
        let options = LearnOptions { seed: 3, ..options(BoostOptions { trees: 8, ..small() }) };
        let bytes = |table: &Table| learn(table, &options).unwrap().0.write().unwrap();
        let first = bytes(&table);
        prop_assert_eq!(&first, &bytes(&table));
        let mut order: Vec<usize> = (0..500).collect();
        let mut rng = Rng::new(seed ^ 2);
        (1..500).for_each(|last| order.swap(last, rng.below(last + 1)));
        prop_assert!(first == bytes(&table.pick(&order)));
    }

    #[test]
    fn an_inner_node_expects_the_mean_of_its_rows(seed in any::<u64>()) {
        let table = table(seed, 400);
        let model = forest(&table, &small(), 5);
        let rows = rows(&table, &model);
        for tree in &model.trees {
            let mut reached = vec![(0.0, 0.0); tree.len()];
            for row in &rows {
                let mut path = vec![0];
                while let Some(split) = &tree[path[path.len() - 1]].split {
                    path.push(if split.goes_left(row[split.input]) { split.left } else { split.right });
                }
                let leaf = tree[path[path.len() - 1]].value;
                path.into_iter().for_each(|node| reached[node] = (reached[node].0 + leaf, reached[node].1 + 1.0));
            }
            for (node, (sum, count)) in tree.iter().zip(reached) {
                prop_assert!(count >= 20.0 && (node.value - sum / count).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn missing_values_go_where_they_fit() {
    // Missing rows behave like high values in one half and like low values in the other.
    for (likely, side) in [(0.9, false), (0.1, true)] {
        let mut rng = Rng::new(9);
        let mut table = Table { inputs: vec!["x".into()], columns: vec![Vec::new()], ..Table::default() };
        for row in 0..1_000 {
            let x = (rng.below(4) > 0).then(|| unit(&mut rng));
            let chance = x.map_or(likely, |x| if x > 0.5 { 0.9 } else { 0.1 });
            table.columns[0].push(x);
            table.labels.push(unit(&mut rng) < chance);
            table.groups.push(row);
        }
        let model = forest(&table, &BoostOptions { leaves: 2, ..small() }, 1);
        let split = model.trees[0][0].split.clone().unwrap();
        let Test::AtMost(at) = split.test else { panic!("x is a number") };
        assert!((at - 0.5).abs() < 0.02 && split.missing_left == side, "{at} {}", split.missing_left);
    }
}

#[test]
fn a_gap_alone_can_be_asked_for() {
    let mut table = table(4, 1_000);
    table.columns[0] = (0..1_000).map(|row| (row % 4 > 0).then_some(f64::from(row % 7))).collect();
    table.labels = (0..1_000).map(|row| (row % 4 == 0) ^ (row % 50 == 0)).collect();
    let model = forest(&table, &BoostOptions { leaves: 2, ..small() }, 1);
    let split = model.trees[0][0].split.clone().unwrap();
    assert_eq!((split.input, split.test, split.missing_left), (0, Test::AtMost(f64::MAX), false));
    assert_eq!(Model::Trees(model).ends()[0], (0.0, 0.0));
}

#[test]
fn texts_are_parted_by_what_they_do() {
    let mut rng = Rng::new(1);
    let names: Vec<String> = (0..12).map(|n| format!("t{n:02}")).collect();
    let mut table =
        Table { inputs: vec!["t".into()], columns: vec![Vec::new()], categories: vec![names], ..Table::default() };
    for row in 0..3_000 {
        let text = rng.below(12);
        table.columns[0].push(Some(text as f64));
        table.labels.push(unit(&mut rng) < if text.is_multiple_of(3) { 0.8 } else { 0.2 });
        table.groups.push(row);
    }
    let model = forest(&table, &BoostOptions { leaves: 2, ..small() }, 1);
    let split = model.trees[0][0].split.clone().unwrap();
    let side = |text: &str| split.goes_left(model.code(0, text));
    let apart: Vec<bool> = (0..12).map(|n| side(&format!("t{n:02}")) == side("t00")).collect();
    assert_eq!(apart, (0..12).map(|n| n % 3 == 0).collect::<Vec<_>>());
    // A text that was never seen goes with the majority, as no row without a text was seen.
    assert_eq!((model.code(0, "new"), side("new")), (None, side("t01")));
}

#[test]
fn it_stops_when_held_out_rows_gain_nothing_more() {
    let table = table(8, 800);
    let boost = BoostOptions { trees: 400, patience: 10, rate: 0.3, ..small() };
    let folds = folds(&table, Span::days(0), 1).unwrap();
    let prepared = Prepared::new(&table, &boost).unwrap();
    let crossed = prepared.cross(&folds);
    assert!((3..200).contains(&crossed.trees), "{}", crossed.trees);
    let more = BoostOptions { patience: 60, ..boost.clone() };
    assert!(Prepared::new(&table, &more).unwrap().cross(&folds).loss <= crossed.loss);
    assert_eq!(crossed.held.len(), 800);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let table = table(1, 200);
    let named = |name: &str| vec![(name.to_owned(), Direction::Up)];
    let cases = [
        (BoostOptions { rate: 0.0, ..small() }, "the learning rate must be above 0"),
        (BoostOptions { leaves: 1, ..small() }, "a tree has 2 to 255 leaves"),
        (BoostOptions { l2: f64::NAN, ..small() }, "`l2` must be a finite number"),
        (BoostOptions { monotone: named("zip"), ..small() }, "no input column `zip`; there are: a, b, city"),
        (BoostOptions { monotone: named("city"), ..small() }, "column `city` holds texts: only numbers"),
    ];
    for (boost, expected) in cases {
        let error = learn(&table, &options(boost)).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
