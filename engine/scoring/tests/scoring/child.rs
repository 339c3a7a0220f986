//! Compiling in a child process: the same code as in this one, and an end for every child that misbehaves.

use crate::guest::{Guest, compiled, model};
use crate::workspace::{request, workspace};
use staunch_models::compile::is_ours;
use staunch_models::{Model, sample};
use staunch_scoring::{ChildCompiler, CompileLimits, Compiler, Host, PluginProblem, Refusal, Sandbox, Scorer, Setup};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The compiling program of the tests, built beside them.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/compile-plugin");
    assert!(program.exists(), "build it: cargo build -p staunch-scoring --example compile-plugin");
    program
}

pub fn child(way: &str) -> ChildCompiler {
    ChildCompiler::new(program(), &[way])
}

pub fn sandbox(child: ChildCompiler) -> Arc<Sandbox> {
    let setup = Setup { trust: Some(is_ours), compiler: Compiler::Child(child), ..Setup::default() };
    Arc::new(Sandbox::set_up(setup).unwrap())
}

fn load(child: ChildCompiler, component: &[u8]) -> (Host, Vec<PluginProblem>) {
    let (dir, lock) = workspace(component);
    Host::load_in(&Ok(sandbox(child)), dir.path(), &lock)
}

fn refused(child: ChildCompiler, component: &[u8]) -> (PluginProblem, Vec<Refusal>) {
    let start = Instant::now();
    let (host, mut problems) = load(child, component);
    assert_eq!(problems.len(), 1);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    (problems.remove(0), host.refusals())
}

fn within(limits: CompileLimits) -> ChildCompiler {
    ChildCompiler { limits, ..child("serve") }
}

#[test]
fn a_child_compiles_what_this_process_would() {
    let trees = staunch_models::compile(&Model::Trees(sample::trees(3, 1, 20, 5))).unwrap();
    let foreign = Guest::answering("(f64.const 0.25)", 1, (0, 0)).build();
    for component in [compiled(model(1)), trees, foreign] {
        let (host, problems) = load(child("serve"), &component);
        assert_eq!(problems, []);
        let (dir, lock) = workspace(&component);
        let (here, _) = Host::load(dir.path(), &lock);
        let rows = [request(&[Some(0.3)]), request(&[None])];
        assert_eq!(host.plugin("m").is_some(), here.plugin("m").is_some());
        assert_eq!(host.score(&rows), here.score(&rows));
        assert_eq!(host.plugin("m").unwrap().resets(), is_ours(&component));
        assert_eq!(host.refusals(), []);
    }
}

#[test]
fn what_a_child_refuses_keeps_its_code() {
    let (problem, _) = refused(child("serve"), &wat::parse_str("(component (core module (memory i64 1)))").unwrap());
    assert_eq!(problem.code, "ST3010");
}

/// A hundred functions as large as they may be.
fn slow() -> Vec<u8> {
    let step =
        "(local.set 0 (f64.add (f64.mul (local.get 0) (local.get 1)) (f64.load (i32.trunc_sat_f64_u (local.get 0)))))";
    let body = step.repeat(9_000);
    let one = |number: usize| format!("(func $f{number} (param f64 f64) (result f64) {body} (local.get 0))");
    let fields: String = (0..100).map(one).collect();
    Guest { fields: fields.leak(), ..Guest::answering("(f64.const 0.25)", 1, (0, 0)) }.build()
}

#[test]
fn a_component_that_takes_too_long_or_too_much_is_given_up() {
    let component = slow();
    let second = within(CompileLimits { time: Duration::from_secs(1), ..CompileLimits::default() });
    let (problem, refusals) = refused(second, &component);
    assert_eq!(problem.code, "ST3030");
    assert!(problem.message.contains("milliseconds of compiling: at most 1000, asked for 1001"), "{}", problem.message);
    let [refusal] = refusals.as_slice() else { panic!("{refusals:?}") };
    assert_eq!((refusal.plugin.as_str(), refusal.code, refusal.limit), ("m", "ST3030", "milliseconds of compiling"));
    assert_eq!((refusal.allowed, refusal.demanded, refusal.times), (1_000, 1_001, 1));

    let little = within(CompileLimits { memory: 300 << 20, ..CompileLimits::default() });
    let (problem, refusals) = refused(little, &component);
    assert_eq!((problem.code, refusals[0].limit), ("ST3030", "bytes of memory to compile"), "{}", problem.message);
    assert!(refusals[0].allowed == 300 << 20 && refusals[0].demanded > 300 << 20);

    let small = within(CompileLimits { output: 1_000, ..CompileLimits::default() });
    let (problem, refusals) = refused(small, &compiled(model(1)));
    assert_eq!((problem.code, refusals[0].limit), ("ST3030", "bytes of machine code"));
    assert!(refusals[0].allowed == 1_000 && refusals[0].demanded > 1_000);
}

#[test]
fn children_that_misbehave_are_ended_and_named() {
    let component = compiled(model(1));
    let limits = CompileLimits { time: Duration::from_secs(1), output: 1 << 20, ..CompileLimits::default() };
    for (way, says) in [
        ("hang", "milliseconds of compiling"),
        ("flood", "bytes of machine code"),
        ("linger", "without an answer"),
        ("nothing", "without an answer (exit status: 0)"),
        ("abort", "without an answer (signal: 6"),
        ("environment", "(exit status: 3): 0 variables"),
    ] {
        let child = ChildCompiler { limits: limits.clone(), ..child(way) };
        let (problem, _) = refused(child, &component);
        assert!(problem.code == "ST3030" && problem.message.contains(says), "{way}: {}", problem.message);
    }
    let (problem, _) = refused(ChildCompiler::new("/no/such/program".into(), &[]), &component);
    assert!(problem.code == "ST3030" && problem.message.contains("cannot be started"), "{}", problem.message);
}

#[test]
fn several_plugins_are_compiled_at_once_and_one_bad_one_spoils_no_other() {
    let (dir, mut lock) = workspace(&compiled(model(1)));
    for number in 0..6 {
        let mut other = model(1);
        other.name = format!("m{number}");
        let bytes = if number == 3 { Guest::scoring("(unreachable)").build() } else { compiled(other) };
        let path = format!("plugins/m{number}.wasm");
        std::fs::write(dir.path().join(&path), &bytes).unwrap();
        let sha256 = staunch_scoring::sha256_hex(&bytes);
        lock.plugins
            .insert(format!("m{number}"), staunch_scoring::LockedPlugin { path, sha256, version: "1.0.0".into() });
    }
    let (host, problems) = Host::load_in(&Ok(sandbox(child("serve"))), dir.path(), &lock);
    let bad: Vec<_> = problems.iter().map(|problem| (problem.plugin.as_str(), problem.code)).collect();
    assert_eq!(bad, [("m3", "ST3018")]);
    assert_eq!(host.names().collect::<Vec<_>>(), ["m", "m0", "m1", "m2", "m4", "m5"]);
}
