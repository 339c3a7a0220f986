//! How long it takes to refuse hostile files of the largest size that is read: the aim is 50 ms each.

#[path = "../tests/bombs/list.rs"]
mod list;

use criterion::{Criterion, criterion_group, criterion_main};
use staunch_rules::Rules;
use staunch_workflow::{Files, MAX_FILE, NoPlugins, load_workspace};
use std::time::Duration;

const WORKSPACE: &str = "workspace: w\nzone: UTC\ncurrency: EUR\ncontact:\n  plan: text\nevents:\n  order.paid: { total: money }\npurposes: [marketing]\n";

fn bombs(bench: &mut Criterion) {
    let rules = Rules::new();
    let mut group = bench.benchmark_group("bomb");
    group.sample_size(10).warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(500));
    for bomb in list::bombs(MAX_FILE) {
        let mut files = Files::from([("staunch.yaml".to_owned(), WORKSPACE.as_bytes().to_vec())]);
        files.insert("w.yaml".to_owned(), bomb.text.into_bytes());
        group.bench_function(bomb.name, |bench| {
            bench.iter(|| load_workspace(&files, &rules, &NoPlugins, &Default::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, bombs);
criterion_main!(benches);
