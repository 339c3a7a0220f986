//! What the host does with plugins that are not as the lock says, inputs that do not fit, plugins that keep failing.

use crate::guest::{Guest, answer, compiled, model};
use crate::workspace::{request, workspace};
use staunch_core::score::ScoreRequest;
use staunch_core::value::{Type, Value};
use staunch_scoring::{Host, Lock, Scorer};

fn load_code(dir: &std::path::Path, lock: &Lock) -> String {
    let (host, problems) = Host::load(dir, lock);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].help.is_empty() && host.manifest("m").is_none());
    assert_eq!(host.score(&[request(&[None])])[0].as_ref().unwrap_err().code, problems[0].code);
    problems[0].code.to_owned()
}

#[test]
fn only_the_pinned_bytes_run() {
    let (dir, mut lock) = workspace(&compiled(model(1)));
    let changed = compiled(model(2));
    std::fs::write(dir.path().join("plugins/m.wasm"), &changed).unwrap();
    assert_eq!(load_code(dir.path(), &lock), "ST3002");
    std::fs::remove_file(dir.path().join("plugins/m.wasm")).unwrap();
    assert_eq!(load_code(dir.path(), &lock), "ST3001");
    std::fs::write(dir.path().join("plugins/m.wasm"), compiled(model(1))).unwrap();
    lock.plugins.get_mut("m").unwrap().version = "2.0.0".into();
    assert_eq!(load_code(dir.path(), &lock), "ST3018");
}

#[test]
fn a_broken_plugin_leaves_the_others_alone() {
    let (dir, mut lock) = workspace(&compiled(model(1)));
    let mut other = lock.plugins["m"].clone();
    other.path = "plugins/none.wasm".into();
    lock.plugins.insert("none".into(), other);
    let (host, problems) = Host::load(dir.path(), &lock);
    assert_eq!((problems.len(), host.names().collect::<Vec<_>>()), (1, vec!["m"]));
    let ask = |plugin: &str| ScoreRequest { plugin: plugin.into(), ..request(&[Some(1.0)]) };
    let outcomes = host.score(&[ask("none"), ask("m"), ask("unheard-of"), ask("m")]);
    let codes: Vec<_> =
        outcomes.iter().map(|o| o.as_ref().map(|s| s.value > 0.0).map_err(|f| f.code.as_str())).collect();
    assert_eq!(codes, [Err("ST3001"), Ok(true), Err("ST3003"), Ok(true)]);
}

#[test]
fn a_failure_says_which_version_of_the_plugin_was_asked() {
    let (dir, lock) = workspace(&compiled(model(1)));
    let (host, _) = Host::load(dir.path(), &lock);
    let digest = |request: ScoreRequest| host.score(&[request]).remove(0).unwrap_err().digest;
    let other_inputs = ScoreRequest { inputs: vec![], ..request(&[None]) };
    assert_eq!(digest(other_inputs), Some(lock.plugins["m"].sha256.clone()));
    assert_eq!(digest(ScoreRequest { plugin: "none".into(), ..request(&[None]) }), None);
}

#[test]
fn inputs_are_matched_by_name_and_type() {
    let (dir, lock) = workspace(&compiled(model(2)));
    let (host, _) = Host::load(dir.path(), &lock);
    let ask = |inputs: &[(&str, Option<Value>)]| {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        host.score(&[ScoreRequest { plugin: "m".into(), inputs }]).remove(0)
    };
    let (one, two) = (Some(Value::Number(1.0)), Some(Value::Number(2.0)));
    let straight = ask(&[("x0", one.clone()), ("x1", two.clone())]).unwrap();
    assert_eq!(straight, ask(&[("x1", two.clone()), ("x0", one.clone())]).unwrap());
    let bad = [
        ask(&[("x0", one.clone())]),
        ask(&[("x0", one.clone()), ("y", two.clone())]),
        ask(&[("x0", one.clone()), ("x1", Some(Value::Text("2".into())))]),
        ask(&[("x0", one.clone()), ("x1", Some(Value::Number(f64::NAN)))]),
        ask(&[("x0", one), ("x1", Some(Value::Number(f64::INFINITY)))]),
    ];
    assert!(bad.iter().all(|outcome| outcome.as_ref().unwrap_err().code == "ST3012"), "{bad:?}");
    let given = [("x0".to_owned(), Type::Text), ("z".to_owned(), Type::Number)];
    assert_eq!(host.manifest("m").unwrap().mismatches(&given).len(), 3);
    assert!(
        host.manifest("m").unwrap().mismatches(&[("x1".into(), Type::Money), ("x0".into(), Type::Bool)]).is_empty()
    );
}

/// A guest that traps on any batch that holds the value 13, and else gives 0.5 to every row.
fn poisonable() -> Guest {
    let score = "(local $i i32) (local $values i32)
        (local.set $values (i32.load (i32.add (local.get $columns) (i32.const 12))))
        (i32.store8 (i32.const 39000) (i32.const 0)) (i32.store (i32.const 39004) (i32.const 80000))
        (i32.store (i32.const 39008) (local.get $rows))
        (loop $next
            (if (f64.eq (f64.load (i32.add (local.get $values) (i32.mul (local.get $i) (i32.const 8)))) (f64.const 13))
                (then unreachable))
            (f64.store (i32.add (i32.const 80008) (i32.mul (local.get $i) (i32.const 40))) (f64.const 0.5))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $rows))))
        (i32.const 39000)";
    Guest { memory: "8", ..Guest::scoring(score) }
}

#[test]
fn a_poison_row_does_not_take_its_neighbours_along() {
    let (dir, lock) = workspace(&poisonable().build());
    let (host, _) = Host::load(dir.path(), &lock);
    let rows = |n: usize| if n % 700 == 400 { 13.0 } else { n as f64 + 100.0 };
    let requests: Vec<_> = (0..1_500).map(|n| request(&[Some(rows(n))])).collect();
    for (n, outcome) in host.score(&requests).into_iter().enumerate() {
        match outcome {
            Ok(scored) => assert!(scored.value == 0.5 && n % 700 != 400),
            Err(failure) => assert!(failure.code == "ST3004" && n % 700 == 400, "{n} {failure}"),
        }
    }
}

#[test]
fn a_plugin_that_keeps_failing_rests_and_comes_back() {
    let (dir, lock) = workspace(&poisonable().build());
    let (host, _) = Host::load(dir.path(), &lock);
    let bad: Vec<_> = (0..100).map(|_| request(&[Some(13.0)])).collect();
    let codes: Vec<String> = host.score(&bad).into_iter().map(|outcome| outcome.unwrap_err().code).collect();
    assert!(
        codes[..5].iter().all(|code| code == "ST3004") && codes[5..].iter().all(|code| code == "ST3011"),
        "{codes:?}"
    );
    let good = [request(&[Some(1.0)]), request(&[Some(2.0)])];
    for _ in 0..64 {
        assert!(host.score(&good).iter().all(|outcome| outcome.as_ref().unwrap_err().code == "ST3011"));
    }
    assert!(host.score(&good).iter().all(Result::is_ok));
}

#[test]
fn a_declined_row_is_no_failure_of_the_plugin() {
    // The fourth case of the outcome with a text of 5 bytes, one of them a line break.
    let score = answer("(f64.const 0)", 1, (0, 0));
    let (stores, address) = score.rsplit_once("(i32.const 39000)").unwrap();
    let declined = "(i32.store8 (i32.const 40000) (i32.const 3)) (i32.store (i32.const 40008) (i32.const 41000))
        (i32.store (i32.const 40012) (i32.const 5)) (i32.store (i32.const 41000) (i32.const 0x0a6f6f74))
        (i32.store8 (i32.const 41004) (i32.const 0x21))";
    let guest = Guest::scoring(format!("{stores} {declined} (i32.const 39000) {address}"));
    let (dir, lock) = workspace(&guest.build());
    let (host, _) = Host::load(dir.path(), &lock);
    for _ in 0..10 {
        let failure = host.score(&[request(&[Some(1.0)])]).remove(0).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("ST3014", "plugin `m`: too !"));
    }
}
