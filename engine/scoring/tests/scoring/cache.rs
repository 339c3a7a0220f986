//! Plugins out of the cache of compiled code: the same answers, and nothing that was touched is ever loaded.

use crate::guest::{Guest, compiled, model};
use crate::workspace::{request, workspace};
use proptest::prelude::*;
use staunch_core::score::ScoreOutcome;
use staunch_models::compile::is_ours;
use staunch_models::{Model, sample};
use staunch_scoring::{Cache, CacheCounts, Host, Proof, Sandbox, Scorer, Setup};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What one load of one plugin gives: its problems' codes, answers to two rows, and what became of entries.
fn load(
    component: &[u8],
    folder: &Path,
    trust: Option<Proof>,
) -> (Vec<&'static str>, Vec<ScoreOutcome>, bool, CacheCounts) {
    let (dir, lock) = workspace(component);
    let cache = Some(Cache::open(folder).unwrap());
    let sandbox = Arc::new(Sandbox::set_up(Setup { trust, cache, ..Setup::default() }).unwrap());
    let (host, problems) = Host::load_in(&Ok(sandbox.clone()), dir.path(), &lock);
    let answers = host.score(&[request(&[Some(0.3)]), request(&[None])]);
    let resets = host.plugin("m").is_some_and(|plugin| plugin.resets());
    (problems.iter().map(|problem| problem.code).collect(), answers, resets, sandbox.cache_counts().unwrap())
}

fn counts(hits: u64, misses: u64, refused: u64, written: u64) -> CacheCounts {
    CacheCounts { hits, misses, refused, written, unwritten: 0 }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|end| end == "code")).collect()
}

#[test]
fn a_kept_plugin_is_the_plugin() {
    let folder = tempfile::TempDir::new().unwrap();
    let trees = staunch_models::compile(&Model::Trees(sample::rich(3, 1, 20, 5))).unwrap();
    let foreign = Guest::answering("(f64.const 0.25)", 1, (0, 0)).build();
    for component in [compiled(model(1)), trees, foreign] {
        let cold = load(&component, folder.path(), Some(is_ours));
        let warm = load(&component, folder.path(), Some(is_ours));
        assert_eq!((cold.3, warm.3), (counts(0, 1, 0, 1), counts(1, 0, 0, 0)));
        assert_eq!((&cold.0, &cold.1, cold.2), (&warm.0, &warm.1, warm.2));
        assert_eq!((warm.0.len(), warm.2), (0, is_ours(&component)));
    }
}

#[test]
fn what_nobody_trusts_is_not_trusted_out_of_the_cache_either() {
    let folder = tempfile::TempDir::new().unwrap();
    let component = staunch_models::compile(&Model::Trees(sample::trees(3, 1, 4, 3))).unwrap();
    let resets = |trust| load(&component, folder.path(), trust).2;
    assert_eq!(
        [resets(Some(is_ours as Proof)), resets(None), resets(Some(is_ours)), resets(None)],
        [true, false, true, false]
    );
}

#[test]
fn a_plugin_with_a_problem_is_not_kept() {
    let folder = tempfile::TempDir::new().unwrap();
    let bad = Guest { describe: "(unreachable)", ..Guest::scoring("(unreachable)") }.build();
    for _ in 0..2 {
        let (codes, .., counted) = load(&bad, folder.path(), None);
        assert_eq!((codes, counted), (vec!["ST3004"], counts(0, 1, 0, 0)));
    }
    assert_eq!(entries(folder.path()).len(), 0);
}

#[test]
fn an_entry_of_another_plugin_is_not_taken() {
    let folder = tempfile::TempDir::new().unwrap();
    let [one, two] = [0.2, 0.7].map(|value| Guest::answering(&format!("(f64.const {value})"), 1, (0, 0)).build());
    load(&one, folder.path(), None);
    let first = entries(folder.path()).remove(0);
    let kept = std::fs::read(&first).unwrap();
    load(&two, folder.path(), None);
    for entry in entries(folder.path()) {
        std::fs::write(entry, &kept).unwrap();
    }
    let (_, answers, _, counted) = load(&two, folder.path(), None);
    assert_eq!((answers[0].as_ref().unwrap().value, counted), (0.7, counts(0, 0, 1, 1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_touched_entry_is_never_loaded_and_is_written_again(at: prop::sample::Index, bit in 0u8..8, cuts: bool) {
        let folder = tempfile::TempDir::new().unwrap();
        let component = Guest::answering("(f64.const 0.25)", 1, (0, 0)).build();
        let cold = load(&component, folder.path(), None);
        let path = entries(folder.path()).remove(0);
        let whole = std::fs::read(&path).unwrap();
        let mut touched = whole.clone();
        touched[at.index(whole.len())] ^= 1 << bit;
        touched.truncate(if cuts { at.index(whole.len()) } else { whole.len() });
        std::fs::write(&path, touched).unwrap();
        let again = load(&component, folder.path(), None);
        prop_assert_eq!((again.3, &again.1), (counts(0, 0, 1, 1), &cold.1));
        prop_assert_eq!(load(&component, folder.path(), None).3, counts(1, 0, 0, 0));
    }
}
