//! How long 50 plugins take to load: compiled anew, in this process and in children, and out of a warm cache. Each is a
//! model of 100 trees of up to 32 leaves over 20 inputs, all different.
//!
//! `cargo bench -p staunch-scoring --bench load`. Loading anew in children needs the program that compiles:
//! `cargo build --release -p staunch-scoring --example compile-plugin`.

use staunch_models::compile::is_ours;
use staunch_models::{Model, TreesModel, compile, sample};
use staunch_scoring::{Cache, ChildCompiler, Compiler, Host, Lock, LockedPlugin, Sandbox, Setup, sha256_hex};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PLUGINS: u64 = 50;
const TURNS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::TempDir::new()?;
    let lock = workspace(dir.path())?;
    let (cold, _) = load(dir.path(), &lock, Compiler::InProcess, "cold")?;
    println!("{PLUGINS} plugins, compiled in this process: {} ms", cold.as_millis());
    match program() {
        Some(program) => {
            let child = ChildCompiler::new(program, &["serve"]);
            let (cold, _) = load(dir.path(), &lock, Compiler::Child(child), "children")?;
            println!("{PLUGINS} plugins, compiled in children: {} ms", cold.as_millis());
        }
        None => println!("the program that compiles is not built: nothing measured in children"),
    }
    let mut warm = Vec::new();
    for _ in 0..TURNS {
        let (time, hits) = load(dir.path(), &lock, Compiler::InProcess, "cold")?;
        assert_eq!(hits, PLUGINS, "all out of the cache");
        warm.push(time);
    }
    warm.sort_unstable();
    let (median, last) = (warm[TURNS / 2], warm[TURNS - 1]);
    let ratio = median.as_secs_f64() / cold.as_secs_f64();
    println!(
        "{PLUGINS} plugins, warm cache: median {median:.1?}, slowest of {TURNS} {last:.1?}, ratio to cold {ratio:.4}"
    );
    let kept: u64 =
        std::fs::read_dir(dir.path().join("cold"))?.flatten().flat_map(|one| one.metadata()).map(|one| one.len()).sum();
    println!("kept: {} KiB", kept >> 10);
    Ok(())
}

fn workspace(dir: &Path) -> Result<Lock, Box<dyn Error>> {
    std::fs::create_dir(dir.join("plugins"))?;
    let (mut lock, mut bytes, mut packed) = (Lock::default(), 0, Duration::ZERO);
    for number in 0..PLUGINS {
        let name = format!("m{number}");
        let model = TreesModel { name: name.clone(), ..sample::trees(number, 20, 100, 5) };
        let start = Instant::now();
        let component = compile(&Model::Trees(model))?;
        packed += start.elapsed();
        bytes += component.len();
        let path = format!("plugins/{name}.wasm");
        std::fs::write(dir.join(&path), &component)?;
        lock.plugins.insert(name, LockedPlugin { version: "1.0.0".into(), sha256: sha256_hex(&component), path });
    }
    println!("{PLUGINS} components of {} KiB together, made in {} ms", bytes >> 10, packed.as_millis());
    Ok(lock)
}

/// Time from nothing to plugins that can be called, and how many came out of the cache.
fn load(dir: &Path, lock: &Lock, compiler: Compiler, cache: &str) -> Result<(Duration, u64), Box<dyn Error>> {
    let start = Instant::now();
    let cache = Some(Cache::open(&dir.join(cache))?);
    let sandbox = Sandbox::set_up(Setup { trust: Some(is_ours), compiler, cache });
    let sandbox = Arc::new(sandbox.map_err(|failure| failure.to_string())?);
    let (host, problems) = Host::load_in(&Ok(sandbox.clone()), dir, lock);
    let time = start.elapsed();
    assert!(problems.is_empty() && host.names().count() as u64 == PLUGINS, "{problems:?}");
    assert!(host.names().all(|name| host.plugin(name).is_some_and(|plugin| plugin.resets())));
    Ok((time, sandbox.cache_counts().map_or(0, |counts| counts.hits)))
}

fn program() -> Option<std::path::PathBuf> {
    let program = std::env::current_exe().ok()?.ancestors().nth(2)?.join("examples/compile-plugin");
    program.exists().then_some(program)
}
