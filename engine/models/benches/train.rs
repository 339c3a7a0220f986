//! How long training takes: trees on the two data sets of `tests/data`, with the validation inside.
//!
//! "6 × 100 trees": forests of 100 trees of 31 leaves, five on four fifths of the rows and one on all of them.

use criterion::{Criterion, criterion_group, criterion_main};
use staunch_models::rng::Rng;
use staunch_models::{BoostOptions, Kind, LearnOptions, Table, TableOptions, learn};
use std::fs::File;
use std::hint::black_box;
use std::path::Path;

fn table(path: &str, label: &str, ignore: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(path);
    let options = TableOptions { label: label.into(), ignore: vec![ignore.into()], ..TableOptions::default() };
    Table::read_csv(File::open(path).unwrap(), &options).unwrap()
}

fn train(bench: &mut Criterion) {
    let telco = table("telco-churn/Telco-Customer-Churn.csv", "Churn", "customerID");
    let bank = table("bank-marketing/bank-additional.csv", "y", "duration");
    // As many rows as the full data set has, drawn from the tenth of it; copies of a row stay one group.
    let mut rng = Rng::new(1);
    let many = bank.pick(&(0..45_211).map(|_| rng.below(bank.len())).collect::<Vec<_>>());
    let boost = BoostOptions { trees: 100, patience: 100, ..BoostOptions::default() };
    let trees = LearnOptions { kind: Kind::Trees, boost, ..LearnOptions::default() };
    let chosen = LearnOptions { kind: Kind::Trees, sizes: true, ..LearnOptions::default() };
    let line = LearnOptions { kind: Kind::Logistic, path: true, ..LearnOptions::default() };
    let mut group = bench.benchmark_group("train");
    group.sample_size(10);
    for (name, table) in [("telco, 7,043 rows", &telco), ("bank, 45,211 rows", &many)] {
        for (kind, options) in [
            ("6 × 100 trees", &trees),
            ("trees as `model train` does", &chosen),
            ("logistic regression with its path", &line),
        ] {
            group.bench_function(format!("{name}: {kind}"), |bench| {
                bench.iter(|| learn(black_box(table), options).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, train);
criterion_main!(benches);
