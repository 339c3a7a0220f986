//! The corpus of hostile components: each ends with its named error, without a hang and without harm to the host.

use crate::child::{child, sandbox};
use crate::corpus::{Case, corpus};
use crate::guest::{Guest, compiled, model};
use crate::workspace::{fate, request, workspace};
use staunch_core::score::ScoreRequest;
use staunch_scoring::{DEADLINE_TICKS, Host, Lock, LockedPlugin, Sandbox, Scorer, TICK, sha256_hex};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Puts a second plugin beside the hostile one.
fn beside(dir: &Path, lock: &mut Lock) {
    let mut sound = model(1);
    sound.name = "sound".into();
    let (bytes, path) = (compiled(sound), "plugins/sound.wasm".to_owned());
    std::fs::write(dir.join(&path), &bytes).unwrap();
    lock.plugins.insert("sound".into(), LockedPlugin { version: "1.0.0".into(), sha256: sha256_hex(&bytes), path });
}

/// What becomes of each case beside a sound plugin, which scores before, together with and after it: the code of the case.
fn codes(sandbox: &Arc<Sandbox>, cases: &[Case]) -> Vec<String> {
    let sound = |host: &Host| {
        let ask = ScoreRequest { plugin: "sound".into(), ..request(&[Some(0.3)]) };
        host.score(&[ask]).remove(0).unwrap().value
    };
    let one = |(name, component, _): &Case| {
        let start = Instant::now();
        let (dir, mut lock) = workspace(component);
        beside(dir.path(), &mut lock);
        let (host, problems) = Host::load_in(&Ok(sandbox.clone()), dir.path(), &lock);
        let before = sound(&host);
        let outcome = host.score(&[request(&[Some(1.0)])]).remove(0);
        let code = outcome.map_or_else(|failure| failure.code, |scored| format!("the score {}", scored.value));
        assert!(problems.iter().all(|problem| problem.plugin == "m" && problem.code == code), "{name}: {problems:?}");
        assert_eq!(sound(&host).to_bits(), before.to_bits(), "{name}");
        // Compiling and starting come on top of the deadline; a hang would not end at all.
        assert!(start.elapsed() < TICK * (DEADLINE_TICKS as u32) * 30, "{name}: {:?}", start.elapsed());
        code
    };
    cases.iter().map(one).collect()
}

fn check(sandbox: &Arc<Sandbox>, cases: &[Case]) {
    let got = codes(sandbox, cases);
    let wrong = cases.iter().zip(&got).filter(|((_, _, codes), got)| !codes.contains(&got.as_str()));
    let wrong: Vec<String> =
        wrong.map(|((name, _, codes), got)| format!("{name}: {got}, expected {codes:?}")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_corpus_has_a_good_answer_to_compare_with() {
    assert_eq!(fate(&Guest::answering("(f64.const 0.25)", 1, (0, 0)).build()), Ok(0.25));
    assert!(fate(&compiled(model(1))).is_ok());
    assert!(corpus().len() >= 100, "{}", corpus().len());
}

#[test]
fn every_hostile_component_ends_with_its_code() {
    check(&Arc::new(Sandbox::new().unwrap()), &corpus());
}

#[test]
fn every_hostile_component_ends_with_its_code_where_a_child_compiles() {
    check(&sandbox(child("serve")), &corpus());
}

#[test]
fn cut_and_flipped_components_do_no_harm() {
    let good = compiled(model(1));
    for cut in (0..good.len()).step_by(97) {
        assert!(fate(&good[..cut]).is_err());
    }
    // A flipped bit may still be a sound plugin that says something else; it may never harm the host.
    for at in (0..good.len()).step_by(29) {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (at % 8);
        match fate(&flipped) {
            Ok(value) => assert!((0.0..=1.0).contains(&value)),
            Err(code) => assert!(code.starts_with("ST30"), "{code}"),
        }
    }
}
