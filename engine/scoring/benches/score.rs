//! What a score costs through the sandbox, with all limits on: 100 trees of up to 32 leaves over 20 inputs with missing
//! values, one row and batches of 256, without and with reasons, and as people of a workflow are scored.
//!
//! `tests/scoring-speed` compares the same calls with LightGBM on a trained model.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use staunch_core::value::Value;
use staunch_models::rng::Rng;
use staunch_models::{Model, compile, sample};
use staunch_scoring::{Plugin, Sandbox};
use std::hint::black_box;
use std::sync::Arc;

const INPUTS: usize = 20;
const ROWS: usize = 4_096;

fn scores(c: &mut Criterion) {
    let model = Model::Trees(sample::trees(7, INPUTS, 100, 5));
    let component = compile(&model).expect("a model that compiles");
    let sandbox = Arc::new(Sandbox::trusting(staunch_models::compile::is_ours).expect("a sandbox"));
    let plugin = Plugin::load(&sandbox, "m", &component).expect("a plugin that loads");
    let mut rng = Rng::new(1);
    let mut number = || if rng.below(12) == 0 { f64::NAN } else { rng.below(1_000) as f64 / 125.0 - 4.0 };
    let rows: Vec<f64> = (0..ROWS * INPUTS).map(|_| number()).collect();
    let value = |x: &f64| (!x.is_nan()).then_some(Value::Number(*x));
    let name = |(place, x): (usize, &f64)| (format!("x{place}"), value(x));
    let named: Vec<Vec<(String, Option<Value>)>> =
        rows.chunks_exact(INPUTS).map(|row| row.iter().enumerate().map(name).collect()).collect();
    let named: Vec<&[(String, Option<Value>)]> = named.iter().map(Vec::as_slice).collect();
    for count in [1, 256] {
        let mut group = c.benchmark_group(format!("rows of a call: {count}"));
        group.throughput(Throughput::Elements(count as u64));
        let mut first = 0;
        let mut next = move || {
            first = (first + count) % (ROWS - count);
            first
        };
        let numbers = |at: usize| &rows[at * INPUTS..(at + count) * INPUTS];
        group.bench_function("values", |b| b.iter(|| black_box(plugin.values(count, numbers(next())))));
        group.bench_function("explained values", |b| {
            b.iter(|| black_box(plugin.explained_values(count, numbers(next()))));
        });
        let people = |at: usize| &named[at..at + count];
        group.bench_function("people", |b| b.iter(|| black_box(plugin.plain_answers(people(next())))));
        group.bench_function("people with reasons", |b| b.iter(|| black_box(plugin.answers(people(next())))));
        group.bench_function("people by columns", |b| {
            b.iter(|| black_box(plugin.answers_by_columns(people(next()))));
        });
        group.finish();
    }
}

fn loading(c: &mut Criterion) {
    let sandbox = Arc::new(Sandbox::trusting(staunch_models::compile::is_ours).expect("a sandbox"));
    let mut group = c.benchmark_group("load");
    group.sample_size(10);
    for (trees, depth) in [(100, 5), (300, 6), (1_000, 5)] {
        let component = compile(&Model::Trees(sample::trees(7, INPUTS, trees, depth))).expect("a model that compiles");
        group.bench_function(format!("{trees} trees of depth {depth}"), |b| {
            b.iter(|| black_box(Plugin::load(&sandbox, "m", &component).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, scores, loading);
criterion_main!(benches);
