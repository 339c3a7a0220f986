//! Challengers score in the shadow: what they say is noted, and nothing else changes.

use crate::guest::{Guest, compiled, model};
use crate::workspace::{request, workspace};
use staunch_core::score::Scored;
use staunch_scoring::{Host, Lock, Scorer};
use tempfile::TempDir;

/// A workspace with `m` 0.9.0 over two inputs in force and this component as its challenger, pinned as `staunch lock` does.
fn challenged(challenger: &[u8]) -> (TempDir, Lock, Vec<String>) {
    let mut champion = model(2);
    champion.version = "0.9.0".into();
    let (dir, _) = workspace(&compiled(champion));
    std::fs::create_dir(dir.path().join("plugins/challengers")).unwrap();
    std::fs::write(dir.path().join("plugins/challengers/next.wasm"), challenger).unwrap();
    let (lock, problems) = Lock::pin(dir.path());
    (dir, lock, problems.into_iter().map(|problem| problem.message).collect())
}

/// The next version, which reads so many of the inputs.
fn next(inputs: usize) -> Vec<u8> {
    let mut next = model(inputs);
    (next.version, next.intercept) = ("2.0.0".into(), 0.5);
    compiled(next)
}

fn without_shadow(scored: &Scored) -> Scored {
    Scored { shadow: None, ..scored.clone() }
}

#[test]
fn a_challenger_is_noted_and_changes_nothing() {
    let (dir, lock, problems) = challenged(&next(1));
    assert_eq!(problems, Vec::<String>::new());
    let (host, problems) = Host::load(dir.path(), &lock);
    assert_eq!((problems, host.challenger("m").unwrap().manifest().version.as_str()), (Vec::new(), "2.0.0"));
    let mut alone = lock.clone();
    alone.challengers.clear();
    let (alone, _) = Host::load(dir.path(), &alone);
    let rows: Vec<_> =
        (0..300).map(|n| request(&[Some(f64::from(n) / 50.0 - 3.0), (n % 3 > 0).then_some(1.0)])).collect();
    let (with, without) = (host.score(&rows), alone.score(&rows));
    let direct = host.challenger("m").unwrap();
    for ((with, without), row) in with.iter().zip(&without).zip(&rows) {
        let (with, without) = (with.as_ref().unwrap(), without.as_ref().unwrap());
        assert_eq!(&without_shadow(with), without);
        let shadow = with.shadow.as_ref().unwrap();
        let expected = direct.answers(&[&row.inputs[..1]]).remove(0).unwrap().value;
        assert_eq!((shadow.value, shadow.version.as_str()), (Some(expected), "2.0.0"));
        assert_eq!(shadow.digest, lock.challengers["m"].sha256);
    }
}

#[test]
fn a_challenger_that_fails_is_asked_five_times_and_no_more() {
    let (dir, lock, _) = challenged(&Guest::scoring("(unreachable)").build());
    let (host, problems) = Host::load(dir.path(), &lock);
    assert_eq!(problems, []);
    let asked = |_| host.score(&[request(&[Some(1.0), None])]).remove(0).unwrap().shadow;
    let shadows: Vec<_> = (0..8).map(asked).collect();
    for shadow in &shadows[..5] {
        let shadow = shadow.as_ref().unwrap();
        assert!(shadow.value.is_none() && shadow.failure.as_ref().unwrap().starts_with("ST3004"), "{shadow:?}");
    }
    assert_eq!(shadows[5..], [None, None, None]);
}

#[test]
fn a_component_that_cannot_take_the_place_is_no_challenger() {
    let (dir, lock, _) = challenged(&next(3));
    let (host, problems) = Host::load(dir.path(), &lock);
    assert!(host.challenger("m").is_none() && host.plugin("m").is_some());
    assert_eq!((problems[0].plugin.as_str(), problems[0].code), ("m (challenger)", "ST3018"));
    assert!(problems[0].message.contains("it reads `x2`"), "{}", problems[0].message);
    assert_eq!(host.score(&[request(&[Some(1.0), None])])[0].as_ref().unwrap().shadow, None);
    let mut other = model(1);
    other.name = "unheard-of".into();
    let (_, _, problems) = challenged(&compiled(other));
    assert!(problems[0].contains("no plugin of that name is in `plugins`"), "{problems:?}");
}

#[test]
fn only_the_pinned_bytes_of_a_challenger_run() {
    let (dir, lock, _) = challenged(&next(2));
    std::fs::write(dir.path().join("plugins/challengers/next.wasm"), next(1)).unwrap();
    let (host, problems) = Host::load(dir.path(), &lock);
    assert!(host.challenger("m").is_none() && problems[0].code == "ST3002", "{problems:?}");
    assert_eq!(Lock::read(lock.write().as_bytes()).unwrap(), lock);
}
